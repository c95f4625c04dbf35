package posts

import (
	"cmp"
	"io/fs"
	"slices"
	"time"
)

// Scan is what one look at the site found. It is never changed.
type Scan struct {
	Posts       []*Post // the published ones, in a Catalogue's order; new ones have no ID before they are recognised
	Diagnostics []Diagnostic
	Wake        time.Time // when the next date that lay ahead has come, of a post or of a change to one; zero if none is
	Unsettled   []string  // new files left out and changed ones kept as they were, until they settle
	Reread      int       // files read; the others are as the scan before found them

	reader   *Reader
	files    layered[string, *record]
	folders  map[string]string // of posts, and which _posts or _drafts each belongs to
	future   []*Post           // to be published at their date
	restless []string          // files whose posts are not settled yet
	ahead    []foretold        // files to be read again at a date in them

	number uint64 // among the reader's scans, from 1
	change change
}

// change is what a scan that looked at some files found different.
type change struct {
	from           uint64  // the number of the scan it began from; 0 if every file was looked at
	added, removed []*Post // published ones, by identity of the pointer
}

// foretold is a file with a date that lies ahead.
type foretold struct {
	path string
	at   time.Time
}

// stamp tells whether a file changed without reading it.
type stamp struct {
	size  int64
	mtime int64 // nanoseconds
	inode uint64
}

func stampOf(info fs.FileInfo) stamp {
	return stamp{size: info.Size(), mtime: info.ModTime().UnixNano(), inode: inode(info)}
}

// record is what is known of one file. It is never changed.
type record struct {
	read  stamp // of the version that parsed is of; zero if it was never read
	seen  stamp // as last seen; differs from read while a change settles
	since int64 // when seen was first seen, in nanoseconds
	parsed
}

// observe is the record of a file that was seen now and not read yet.
func observe(s stamp, before *record, now time.Time) *record {
	r := &record{seen: s, since: now.UnixNano()}
	if before == nil {
		return r
	}
	if before.seen == s {
		r.since = before.since
	}
	r.read, r.parsed = before.read, before.parsed
	return r
}

// settled says whether the file was left alone for the settle time: by its own
// clock, or, which also holds for a clock that is ahead, by ours.
func (r *record) settled(settle time.Duration, now time.Time) bool {
	if settle <= 0 {
		return true
	}
	limit := now.Add(-settle).UnixNano()
	return r.seen.mtime <= limit || r.since <= limit
}

// overdue says that a date in the file has come since it was read.
func (r *record) overdue(now time.Time) bool { return r.until != 0 && r.until <= now.UnixNano() }

// finish fills s from its records: what is published now.
func (s *Scan) finish(site *Site, now time.Time) {
	files := s.files.merged()
	published := make([]*Post, 0, len(files))
	for _, r := range files {
		s.Diagnostics = append(s.Diagnostics, r.diags...)
		s.foretell(r)
		if r.post == nil || r.hidden {
			continue
		}
		if !r.post.Settled {
			s.restless = append(s.restless, r.post.Path)
		}
		if r.post.Date.After(now) && !site.Future {
			s.future = append(s.future, r.post)
			continue
		}
		published = append(published, r.post)
	}
	slices.SortFunc(published, newestFirst)
	if site.Limit > 0 && len(published) > site.Limit {
		published = slices.Clone(published[:site.Limit])
	}
	s.Posts = published
	s.tidy()
}

// tidy puts what is in no order into one, and finds the moment to wake at.
func (s *Scan) tidy() {
	slices.Sort(s.Unsettled)
	slices.SortFunc(s.Diagnostics, func(a, b Diagnostic) int {
		return cmp.Or(cmp.Compare(a.Path, b.Path), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Message, b.Message))
	})
	for _, p := range s.future {
		s.wakeAt(p.Date)
	}
	for _, f := range s.ahead {
		s.wakeAt(f.at)
	}
}

func (s *Scan) wakeAt(t time.Time) {
	if s.Wake.IsZero() || t.Before(s.Wake) {
		s.Wake = t
	}
}

// foretell notes when a file is to be read again.
func (s *Scan) foretell(r *record) {
	if r.until != 0 {
		s.ahead = append(s.ahead, foretold{r.post.Path, time.Unix(0, r.until).In(r.post.Date.Location())})
	}
}

// newestFirst is a Catalogue's order.
func newestFirst(a, b *Post) int {
	return cmp.Or(b.Date.Compare(a.Date), cmp.Compare(b.Path, a.Path))
}
