package posts

import (
	"context"
	"errors"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
	"time"
)

// maxLook is up to how many files are looked at one by one.
const maxLook = 1000

// Look scans again what may have changed since prev: the files of these paths,
// relative to the site's root, those that were not settled, and the posts whose
// date has come. What it costs does not grow with the archive. Where that would
// not do (a folder changed, or too much) it is Scan.
func (r *Reader) Look(ctx context.Context, prev *Scan, paths []string) (*Scan, error) {
	if prev == nil || prev.reader != r || r.opts.Site.Limit > 0 {
		return r.Scan(ctx, prev)
	}
	w, err := r.newWalker()
	if err != nil {
		return nil, err
	}
	looked := make(map[string]bool, len(paths))
	for _, list := range [][]string{paths, prev.Unsettled, prev.restless} {
		for _, file := range list {
			looked[file] = true
		}
	}
	now := r.opts.Now()
	for _, f := range prev.ahead {
		if !f.at.After(now) {
			looked[f.path] = true
		}
	}
	if len(looked) > maxLook || !w.look(prev.folders, looked) {
		return r.Scan(ctx, prev)
	}
	scan := &Scan{Diagnostics: w.diags, reader: r, number: r.scans.Add(1), folders: prev.folders}
	found, err := r.update(ctx, scan, prev, w.sources)
	if err != nil {
		return nil, err
	}
	scan.files = prev.files.with(slices.Collect(maps.Keys(looked)), found)
	scan.patch(prev, looked, now)
	return scan, nil
}

// look takes the files that are posts, and drops from looked those that could
// be none. It reports false if only a walk can tell what changed.
func (w *walker) look(folders map[string]string, looked map[string]bool) bool {
	for file := range looked {
		if _, known := folders[file]; known {
			return false
		}
		info, err := fs.Stat(w.fsys, file)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			info = nil
		case err != nil, info.IsDir():
			return false
		}
		root, known := folders[path.Dir(file)]
		switch {
		case known && !strings.HasPrefix(path.Base(file), "."):
			w.take(root, file, func() (fs.FileInfo, error) { return info, nil })
		case known:
		case strings.Contains("/"+file, "/_posts/"), strings.Contains("/"+file, "/_drafts/"), info == nil && above(file, folders):
			return false
		default:
			delete(looked, file)
		}
	}
	slices.SortFunc(w.sources, func(a, b source) int { return strings.Compare(a.path, b.path) })
	return true
}

// above says whether a folder of posts is below dir.
func above(dir string, folders map[string]string) bool {
	for folder := range folders {
		if strings.HasPrefix(folder, dir+"/") {
			return true
		}
	}
	return false
}

// patch makes s, which has the records of all files, what prev was but for the
// files looked at and the posts whose date has come.
func (s *Scan) patch(prev *Scan, looked map[string]bool, now time.Time) {
	elsewhere := func(file string) bool { return !looked[file] }
	for _, d := range prev.Diagnostics {
		if elsewhere(d.Path) {
			s.Diagnostics = append(s.Diagnostics, d)
		}
	}
	c := change{from: prev.number}
	arrives := func(p *Post) {
		if p.Date.After(now) && !s.reader.opts.Site.Future {
			s.future = append(s.future, p)
			return
		}
		c.added = append(c.added, p)
	}
	for _, f := range prev.ahead {
		if elsewhere(f.path) {
			s.ahead = append(s.ahead, f)
		}
	}
	for _, p := range prev.future {
		if elsewhere(p.Path) {
			arrives(p)
		}
	}
	for file := range looked {
		before, _ := prev.files.get(file)
		after, _ := s.files.get(file)
		if before != nil && before.post != nil {
			if _, there := slices.BinarySearchFunc(prev.Posts, before.post, newestFirst); there {
				c.removed = append(c.removed, before.post)
			}
		}
		if after == nil {
			continue
		}
		s.Diagnostics = append(s.Diagnostics, after.diags...)
		s.foretell(after)
		if after.post == nil || after.hidden {
			continue
		}
		if !after.post.Settled {
			s.restless = append(s.restless, file)
		}
		arrives(after.post)
	}
	c.cancel()
	s.Posts, s.change = patched(prev.Posts, c.removed, c.added), c
	s.tidy()
}

// cancel drops the posts that were taken away and put back as they were.
func (c *change) cancel() {
	same := make(map[*Post]bool)
	for _, p := range c.removed {
		if slices.Contains(c.added, p) {
			same[p] = true
		}
	}
	c.added = slices.DeleteFunc(c.added, func(p *Post) bool { return same[p] })
	c.removed = slices.DeleteFunc(c.removed, func(p *Post) bool { return same[p] })
	slices.SortFunc(c.added, newestFirst)
	slices.SortFunc(c.removed, newestFirst)
}

// patched returns a copy of a list that is newest first, without some of its
// posts and with others.
func patched(list, removed, added []*Post) []*Post {
	out := make([]*Post, len(list), len(list)+len(added))
	copy(out, list)
	for _, p := range removed {
		if at, there := slices.BinarySearchFunc(out, p, newestFirst); there {
			out = slices.Delete(out, at, at+1)
		}
	}
	for _, p := range added {
		at, _ := slices.BinarySearchFunc(out, p, newestFirst)
		out = slices.Insert(out, at, p)
	}
	return out
}
