package feeds

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/text/unicode/norm"

	"github.com/enshi-daily/enshi/posts"
)

// Addresses say where every document is, where it was before, and what a path
// means. They are immutable and safe for concurrent use. The zero value knows
// no configured slugs, no retired topics and no older site.
type Addresses struct {
	slugs   map[posts.Topic]string // configured
	byDir   map[string]posts.Topic // "tag/SLUG" of those
	natural map[string]posts.Topic // "tag/SLUG" that does not show the topic's name, or is no longer its slug
	retired map[posts.Topic]bool
	before  posts.Site
}

// AddressOptions are what an operator says of addresses, and what was there
// before.
type AddressOptions struct {
	Slugs   map[posts.Topic]string // ASCII letters, digits and hyphens in place of a topic's name
	Retired []posts.Topic          // topics without documents
	Before  posts.Site             // whose jekyll-feed addresses still lead to ours; the zero value for none
}

var asciiSlug = regexp.MustCompile(`^[a-z0-9-]{1,100}$`)

// NewAddresses checks the options. A topic keeps its natural address as an
// alias of the configured one. A topic that nobody configured, but whose name
// is a configured slug, gives way: its slug is marked as those of unsafe names.
func NewAddresses(o AddressOptions) (Addresses, error) {
	a := Addresses{
		slugs: make(map[posts.Topic]string, len(o.Slugs)), byDir: make(map[string]posts.Topic, len(o.Slugs)),
		natural: make(map[string]posts.Topic), retired: make(map[posts.Topic]bool, len(o.Retired)), before: o.Before,
	}
	a.before.FeedPath = norm.NFC.String(a.before.FeedPath)
	a.before.FeedTagsPath = norm.NFC.String(a.before.FeedTagsPath)
	for _, t := range o.Retired {
		a.retired[t] = true
		a.remember(t)
	}
	var problems []error
	for _, t := range slices.Sorted(maps.Keys(o.Slugs)) {
		slug := o.Slugs[t]
		dir := string(t.Kind()) + "/" + slug
		switch other, taken := a.byDir[dir]; {
		case t.Name() == "":
			problems = append(problems, fmt.Errorf("feeds: slug of %s: expected a category or a tag", t))
		case !asciiSlug.MatchString(slug):
			problems = append(problems, fmt.Errorf("feeds: slug %q of %s: expected letters a-z, digits and hyphens", slug, t))
		case taken:
			problems = append(problems, fmt.Errorf("feeds: slug %q of %s: %s has it", slug, t, other))
		case t.Name() != slug && o.Slugs[posts.Topic(string(t.Kind())+":"+slug)] != "":
			problems = append(problems, fmt.Errorf("feeds: slug %q of %s: it is another topic's name", slug, t))
		default:
			a.slugs[t], a.byDir[dir] = slug, t
			a.remember(t)
		}
	}
	return a, errors.Join(problems...)
}

// remember lets the natural slug of a topic be found.
func (a *Addresses) remember(t posts.Topic) {
	if t.Name() != "" {
		a.natural[string(t.Kind())+"/"+naturalSlug(t.Name())] = t
	}
}

// Knowing returns addresses that also find these topics where their slug does
// not show their name.
func (a Addresses) Knowing(topics ...posts.Topic) Addresses {
	more := maps.Clone(a.natural)
	if more == nil {
		more = make(map[string]posts.Topic)
	}
	for _, t := range topics {
		if slug := a.Slug(t); slug != t.Name() && a.slugs[t] == "" {
			more[string(t.Kind())+"/"+slug] = t
		}
	}
	a.natural = more
	return a
}

// Topics are those that have documents: Everything, the catalogue's, and those
// that may have no posts: the known ones, and those of older feeds; none that is
// retired.
func (a Addresses) Topics(c *posts.Catalogue, known ...posts.Topic) []posts.Topic {
	topics := make([]posts.Topic, 0, len(c.Topics())+len(known))
	for _, t := range slices.Concat(c.Topics(), known, a.before.FeedTopics()) {
		if t != posts.Everything && t.Name() != "" && !a.retired[t] {
			topics = append(topics, t)
		}
	}
	return append([]posts.Topic{posts.Everything}, posts.SortTopics(topics)...)
}

// Retired says whether the operator has given a topic up.
func (a Addresses) Retired(t posts.Topic) bool { return a.retired[t] }

// Slug is the directory of a topic below that of its kind.
func (a Addresses) Slug(t posts.Topic) string {
	if slug, ok := a.slugs[t]; ok {
		return slug
	}
	slug := naturalSlug(t.Name())
	if a.taken(t, slug) {
		return markedSlug(norm.NFC.String(t.Name()))
	}
	return slug
}

func (a Addresses) taken(t posts.Topic, slug string) bool {
	if len(a.byDir) == 0 {
		return false
	}
	other, ok := a.byDir[string(t.Kind())+"/"+slug]
	return ok && other != t
}

// Displaced are the topics among some whose name is another topic's configured
// slug, with that topic.
func (a Addresses) Displaced(topics []posts.Topic) map[posts.Topic]posts.Topic {
	displaced := make(map[posts.Topic]posts.Topic)
	for _, t := range topics {
		if a.slugs[t] == "" && a.taken(t, naturalSlug(t.Name())) {
			displaced[t] = a.byDir[string(t.Kind())+"/"+t.Name()]
		}
	}
	return displaced
}

// Directory holds all that is a topic's: a path below the output directory with
// a slash at its end, "" for Everything.
func (a Addresses) Directory(t posts.Topic) string {
	if t == posts.Everything {
		return ""
	}
	return string(t.Kind()) + "/" + a.Slug(t) + "/"
}

// Path is where a topic's feed is kept below the output directory, decoded and
// without a leading slash; its page for the format "". Two topics never share
// one, whatever else exists.
func (a Addresses) Path(t posts.Topic, f Format) string {
	return a.Directory(t) + fileName(t, f)
}

// URLPath is the path of a topic's feed in addresses, as EncodePath spells it.
func (a Addresses) URLPath(t posts.Topic, f Format) string { return EncodePath(a.Path(t, f)) }

// PagePath is the path of a topic's HTML page in addresses, with a slash at
// either end.
func (a Addresses) PagePath(t posts.Topic) string { return EncodePath(a.Directory(t)) }

// OPMLPath is the path of the list of all feeds.
const OPMLPath = "feeds.opml"

// indexName is the file that static servers show for a directory.
const indexName = "index.html"

func fileName(t posts.Topic, f Format) string {
	site := t == posts.Everything
	switch {
	case f == Atom && site:
		return "feed.xml"
	case f == Atom:
		return "atom.xml"
	case f == RSS:
		return "rss.xml"
	case f == JSON:
		return "feed.json"
	}
	return indexName
}

// formatOf is the reverse of fileName.
func formatOf(t posts.Topic, name string) (Format, bool) {
	for _, f := range append([]Format{""}, Formats[:]...) {
		if fileName(t, f) == name {
			return f, true
		}
	}
	return "", false
}

// topicOf is the topic that a path names.
func topicOf(kind, name string) (posts.Topic, bool) {
	switch {
	case strings.TrimSpace(name) == "":
	case kind == string(posts.KindCategory):
		return posts.Category(name), true
	case kind == string(posts.KindTag):
		return posts.Tag(name), true
	}
	return "", false
}
