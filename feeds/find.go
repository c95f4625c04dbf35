package feeds

import (
	"bytes"
	"iter"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/text/unicode/norm"

	"github.com/enshi-daily/enshi/posts"
)

// Place is what an address means.
type Place struct {
	Topic  posts.Topic
	Format Format // "" for the page and for archives
	Path   string // the one path of it below the output directory, decoded; a page's ends with a slash
}

// URLPath is the one spelling of the place.
func (p Place) URLPath() string { return EncodePath(p.Path) }

// Find says what a path means, given as its decoded segments: one of ours, by
// configured slug, by natural slug or by name, or one of jekyll-feed's. Of the
// topics that it could mean, it takes the first that exists says yes to, or
// that is retired. The path was canonical if URLPath is how it was asked for.
func (a Addresses) Find(segments []string, exists func(posts.Topic) bool) (Place, bool) {
	for _, p := range a.candidates(segments) {
		if a.retired[p.Topic] || exists(p.Topic) {
			return p, true
		}
	}
	return Place{}, false
}

func (a Addresses) candidates(segments []string) []Place {
	normal := make([]string, len(segments))
	for i, s := range segments {
		normal[i] = norm.NFC.String(s)
	}
	older := a.jekyllFeed(strings.Join(normal, "/"))
	if p, ok := a.ours(normal); ok {
		return append([]Place{p}, older...)
	}
	return older
}

// ours reads a path of today's form.
func (a Addresses) ours(segments []string) (Place, bool) {
	if len(segments) == 0 {
		return Place{}, false
	}
	t, rest := posts.Everything, segments
	if len(segments) > 1 && segments[0] != archiveDir {
		var ok bool
		if t, ok = a.named(segments[0], segments[1]); !ok {
			return Place{}, false
		}
		rest = segments[2:]
	}
	switch {
	case len(rest) == 0, len(rest) == 1 && rest[0] == "":
		return Place{Topic: t, Path: a.Directory(t)}, true
	case len(rest) == 2 && rest[0] == archiveDir && rest[1] != "":
		return Place{Topic: t, Path: a.Directory(t) + archiveDir + "/" + rest[1]}, true
	case len(rest) != 1:
		return Place{}, false
	}
	f, ok := formatOf(t, rest[0])
	switch {
	case !ok:
		return Place{}, false
	case f == "":
		return Place{Topic: t, Path: a.Directory(t)}, true
	}
	return Place{Topic: t, Format: f, Path: a.Path(t, f)}, true
}

// archiveDir holds a topic's archived documents, below its directory.
const archiveDir = "archive"

// named is the topic whose directory a path names: by its configured slug, by
// its natural one, else by its name.
func (a Addresses) named(kind, name string) (posts.Topic, bool) {
	if t, ok := a.byDir[kind+"/"+name]; ok {
		return t, true
	}
	if t, ok := a.natural[kind+"/"+name]; ok {
		return t, true
	}
	return topicOf(kind, name)
}

// jekyllFeed reads a path under which jekyll-feed would have put a feed, of any
// topic: whoever had a feed made for a tag may have done it by hand.
func (a Addresses) jekyllFeed(file string) []Place {
	if a.before.FeedPath == "" {
		return nil
	}
	var all []Place
	add := func(t posts.Topic, ok bool) {
		if ok {
			all = append(all, Place{Topic: t, Format: Atom, Path: a.Path(t, Atom)})
		}
	}
	add(posts.Everything, file == a.before.FeedPath)
	name, ok := strings.CutSuffix(file, ".xml")
	if !ok {
		return all
	}
	if tag, ok := strings.CutPrefix(name, a.before.FeedTagsPath); ok {
		add(topicOf(string(posts.KindTag), tag))
	}
	if category, ok := strings.CutPrefix(name, jekyllCategories); ok {
		add(topicOf(string(posts.KindCategory), category))
	}
	return all
}

// jekyllCategories is where jekyll-feed puts the feeds of categories.
const jekyllCategories = "feed/"

// Copies are the paths at which a static server, which cannot redirect, finds a
// topic's feed, or its page for the format "", under older addresses: the
// natural one if another is configured, and those that jekyll-feed wrote. None
// of them is a path of today's form.
func (a Addresses) Copies(t posts.Topic, f Format) []string {
	if a.retired[t] {
		return nil
	}
	var paths []string
	if natural := string(t.Kind()) + "/" + naturalSlug(t.Name()); a.slugs[t] != "" && natural+"/" != a.Directory(t) {
		paths = append(paths, natural+"/"+fileName(t, f))
	}
	if f != Atom || a.before.FeedPath == "" {
		return paths
	}
	s := a.before
	add := func(file string) {
		p, ours := a.ours(strings.Split(file, "/"))
		if ours = ours && (p.Path == file || p.Path+indexName == file); !ours && file != OPMLPath && isFile(file) {
			paths = append(paths, file)
		}
	}
	name := t.Name()
	switch t.Kind() {
	case posts.KindAll:
		add(s.FeedPath)
	case posts.KindCategory:
		if slices.ContainsFunc(s.FeedCategories, func(c string) bool { return norm.NFC.String(c) == name }) {
			add(jekyllCategories + name + ".xml")
		}
	case posts.KindTag:
		if s.HasTagFeed(name) {
			add(s.FeedTagsPath + name + ".xml")
		}
	}
	return paths
}

// isFile says whether a path is one that a file can have below a directory, in
// its shortest spelling.
func isFile(file string) bool {
	if path.Clean(file) != file || !filepath.IsLocal(filepath.FromSlash(file)) || file == "." || strings.HasPrefix(file, stateDir+"/") {
		return false
	}
	for part := range strings.SplitSeq(file, "/") {
		if len(part) > maxName-len(gzipSuffix) || strings.ContainsFunc(part, unsafeRune) {
			return false
		}
	}
	return true
}

// WithCopies repeats each document at its Copies, under the same self link. A
// copy has a topic and no format, and yields to whatever is there.
func (a Addresses) WithCopies(docs iter.Seq2[Document, error]) iter.Seq2[Document, error] {
	return func(yield func(Document, error) bool) {
		for doc, err := range docs {
			paths := []string(nil)
			if err == nil && doc.Topic != "" && doc.Path == a.Path(doc.Topic, doc.Format) {
				paths = a.Copies(doc.Topic, doc.Format)
			}
			copies := make([]Document, len(paths))
			for i, file := range paths {
				copies[i] = doc
				copies[i].Path, copies[i].Format, copies[i].Yields = file, "", true
				copies[i].Body = bytes.Clone(doc.Body)
			}
			if !yield(doc, err) {
				return
			}
			for _, c := range copies {
				if !yield(c, nil) {
					return
				}
			}
		}
	}
}

// Has says whether a path is one of those that a topic's documents have now; f
// is "" for pages and copies. What was published elsewhere is out of date.
func (a Addresses) Has(file string, t posts.Topic, f Format) bool {
	switch {
	case a.retired[t]:
		return false
	case f != "":
		return strings.HasPrefix(file, a.Directory(t))
	case file == a.Path(t, ""):
		return true
	}
	for _, of := range append([]Format{""}, Formats[:]...) {
		if slices.Contains(a.Copies(t, of), file) {
			return true
		}
	}
	return false
}

// HavingCopies makes have (Options.Have) ask for a document's copies too, so
// that one whose copies are not there is made again. The topics are those whose
// documents it will be asked for.
func (a Addresses) HavingCopies(have func(path, recipe string) bool, topics ...posts.Topic) func(path, recipe string) bool {
	known := a.Knowing(topics...)
	return func(file, recipe string) bool {
		if !have(file, recipe) {
			return false
		}
		p, ok := known.Find(strings.Split(file, "/"), func(posts.Topic) bool { return true })
		if !ok || file != a.Path(p.Topic, p.Format) {
			return true // an archive, or no topic's
		}
		for _, c := range a.Copies(p.Topic, p.Format) {
			if !have(c, recipe) {
				return false
			}
		}
		return true
	}
}
