package feeds

import (
	"context"
	"fmt"
	"iter"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/enshi-daily/enshi/posts"
)

// maxArchive is how large an archived document gets: entries beyond it lose
// their content and keep the rest. Readers exist that refuse 5 MB.
const maxArchive = 4 << 20

// archiveFormats are the formats that RFC 5005 is for.
var archiveFormats = [...]Format{Atom, RSS}

// archivePath is where an archived document is below the output directory.
func (a Addresses) archivePath(t posts.Topic, p part, f Format) string {
	end := ".xml"
	if f == RSS {
		end = ".rss.xml"
	}
	return a.Directory(t) + archiveDir + "/" + p.month.String() + "-" + strconv.Itoa(int(p.number)) + end
}

var archiveName = regexp.MustCompile(`^([0-9]{4})-(0[1-9]|1[0-2])-([1-9][0-9]{0,5})(\.rss)?\.xml$`)

// parseArchive reads the name of an archived document.
func parseArchive(name string) (p part, f Format, ok bool) {
	match := archiveName.FindStringSubmatch(name)
	if match == nil {
		return part{}, "", false
	}
	number := func(digits string) int {
		n, _ := strconv.Atoi(digits) // few digits and nothing else
		return n
	}
	f = Atom
	if match[4] != "" {
		f = RSS
	}
	return part{month: month(number(match[1])*12 + number(match[2]) - 1), number: int32(number(match[3]))}, f, true
}

// newestArchive is the address of a topic's newest archived document in a
// format, "" if there is none.
func (b *Builder) newestArchive(t posts.Topic, f Format) string {
	parts := b.o.Archives.chain(t).parts
	if len(parts) == 0 || !slices.Contains(archiveFormats[:], f) {
		return ""
	}
	return b.archiveURL(t, parts[len(parts)-1], f)
}

func (b *Builder) archiveURL(t posts.Topic, p part, f Format) string {
	return b.o.PublicURL + EncodePath(b.o.Addresses.archivePath(t, p, f))
}

// archivedFeed is what a part of a topic says of itself. It has the id of the
// live feed, whose history it is, and no hub: nobody subscribes to it. One that
// stands alone is not marked as archived: the W3C validator takes that for a
// mistake (ArchiveIncomplete).
func (b *Builder) archivedFeed(t posts.Topic, i int, format Format) *feed {
	f, parts := b.newFeed(t, format), b.o.Archives.chain(t).parts
	f.current, f.self = f.self, b.archiveURL(t, parts[i], format)
	f.hubs, f.prev, f.next = nil, "", ""
	if i > 0 {
		f.prev = b.archiveURL(t, parts[i-1], format)
	}
	if i+1 < len(parts) {
		f.next = b.archiveURL(t, parts[i+1], format)
	}
	f.archived = f.prev != "" || f.next != ""
	return f
}

// Archives builds the archived documents of every topic of Options.Archives,
// which must follow the catalogue: month by month, so that memory does not grow
// with the archive. A post is rendered once, unless its month is too large to
// be held. What goes wrong is treated as Documents does.
func (b *Builder) Archives(ctx context.Context, c *posts.Catalogue) iter.Seq2[Document, error] {
	return func(yield func(Document, error) bool) {
		l := b.o.Archives
		topics := slices.DeleteFunc(l.Topics(), b.o.Addresses.Retired)
		next := make([]int, len(topics)) // part of each topic
		run := archiveRun{b: b, marshallers: newMarshallers()}
		for _, m := range l.chain(posts.Everything).months() {
			sheet := b.newSheet(c, m)
			var pages []page
			for i, t := range topics {
				parts := l.chain(t).parts
				for ; next[i] < len(parts) && parts[next[i]].month <= m; next[i]++ {
					pages = append(pages, page{t, next[i]})
				}
			}
			if !run.month(ctx, sheet, pages, yield) {
				return
			}
		}
	}
}

// months are the months that a chain has parts of, oldest first.
func (ch *chain) months() []month {
	months := make([]month, 0, len(ch.parts))
	for _, p := range ch.parts {
		months = append(months, p.month)
	}
	return slices.Compact(months)
}

// archive joins the fragments of an archived document: all of them, newest
// first. Whether one is given in full depends on those that came before it
// alone.
func (b *Builder) archive(o draft) (Document, error) {
	doc, f := o.doc, o.feed
	before, after, err := b.frame(f, doc.Format)
	if err != nil {
		return doc, fmt.Errorf("build %s: %w", doc.Path, err)
	}
	room := maxArchive - len(before) - len(after) - slack
	size := 0
	full := make(map[*slot]bool, len(o.entries))
	chosen := make([]*slot, 0, len(o.entries))
	for _, s := range o.entries {
		if s.fragment == nil {
			doc.Recipe = "" // another time it may be there
			continue
		}
		full[s] = o.full && !s.huge && size+s.fragment.size(doc.Format, true) <= room
		size += s.fragment.size(doc.Format, full[s])
		f.see(s)
		chosen = append(chosen, s)
	}
	if before, after, err = b.frame(f, doc.Format); err != nil { // now with its date
		return doc, fmt.Errorf("build %s: %w", doc.Path, err)
	}
	slices.SortFunc(chosen, func(a, b *slot) int { return newestFirst(a.post, b.post) })
	doc.Updated, doc.Entries = f.updated, len(chosen)
	doc.Body = append(make([]byte, 0, len(before)+size+len(after)), before...)
	for _, s := range chosen {
		doc.Body = s.fragment.appendTo(doc.Body, doc.Format, full[s])
	}
	doc.Body = append(doc.Body, after...)
	return doc, nil
}

// IsArchive says whether a path below the output directory is that of an
// archived document.
func IsArchive(path string) bool {
	dir, name, _ := cutLast(path)
	_, last, _ := cutLast(dir)
	_, _, ok := parseArchive(name)
	return ok && last == archiveDir
}

// cutLast splits a path before its last part.
func cutLast(path string) (dir, name string, found bool) {
	i := strings.LastIndexByte(path, '/')
	if i < 0 {
		return "", path, false
	}
	return path[:i], path[i+1:], true
}
