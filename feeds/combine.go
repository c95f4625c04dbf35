package feeds

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/enshi-daily/enshi/posts"
)

// MaxCombined is of how many topics a union can be.
const MaxCombined = 20

// Where unions are kept, out of the way of every address: those that are one
// person's for the owner of this process alone.
const (
	unionDir   = stateDir + "/combined/"
	privateDir = stateDir + "/private/"
)

// unionSum is how many bytes of a hash are in the name of a union's file.
const unionSum = 16

// union is several topics as one feed.
type union struct {
	topics []posts.Topic // in canonical order
	format Format
	owner  Owner // zero: everybody may have it
}

// Owner is whose topics a private feed brings.
type Owner struct {
	ID  string // what the feed's id is made of: it outlives address and topics
	URL string // where the owner reads it, absolute
}

// CombineURL is the one spelling of the address of a union of topics, from its
// path on: the topics in canonical order, and the format unless it is Atom.
func CombineURL(topics []posts.Topic, f Format) string {
	var b strings.Builder
	b.WriteString("/combine")
	for i, t := range posts.SortTopics(topics) {
		between := "&"
		if i == 0 {
			between = "?"
		}
		name := strings.ReplaceAll(EncodePath(t.Name())[1:], "/", "%2F")
		b.WriteString(between + "topic=" + string(t.Kind()) + ":" + name)
	}
	if f != Atom {
		b.WriteString("&format=" + string(f))
	}
	return b.String()
}

// path is where a union is kept.
func (u union) path() string {
	sum := sha256.Sum256([]byte(CombineURL(u.topics, u.format) + u.owner.URL))
	name := hex.EncodeToString(sum[:unionSum])
	if u.owner.URL != "" {
		return privateDir + u.owner.ID + name
	}
	return unionDir + name
}

// unionDraft chooses the posts of a union: the newest of those of its topics'
// live feeds, each once.
func (b *Builder) unionDraft(c *posts.Catalogue, u union) draft {
	var list []*posts.Post
	full := true
	for _, t := range u.topics {
		list = append(list, b.live(c, t)...)
		full = full && !b.excerpt(t)
	}
	slices.SortFunc(list, newestFirst)
	list = slices.Compact(list)
	list = list[:min(len(list), b.o.Limit)]

	o := draft{feed: b.unionFeed(u), full: full, entries: make([]*slot, len(list))}
	taken, book := make(map[instant]bool), newRecipeBook(b.revision)
	for i, p := range list {
		s := &slot{post: p, updated: latest(p), err: checkID(c, p)}
		s.fraction = uniqueFraction(taken, s)
		s.recipe = book.entry(s)
		o.entries[i] = s
	}
	o.doc = Document{Path: u.path(), MediaType: u.format.MediaType(), Format: u.format}
	o.doc.Recipe = book.feed(o.feed, !full, book.entries(o.entries)).String()
	return o
}

// unionFeed is what a union says of itself. Its id is made of its topics' ids,
// so that it is as lasting as they are. No hub hears of its changes.
func (b *Builder) unionFeed(u union) *feed {
	names := make([]string, len(u.topics))
	ids := make([]string, len(u.topics))
	for i, t := range u.topics {
		names[i], ids[i] = b.name(t), b.feedID(t)
	}
	name := strings.Join(names, " + ")
	f := &feed{
		id:          uuid.NewSHA1(uuid.NameSpaceURL, []byte("combine\n"+strings.Join(ids, "\n"))).URN(),
		title:       name + " - " + b.o.Title,
		description: fmt.Sprintf(b.words.unionOf, name, b.o.Title),
		self:        b.o.PublicURL + CombineURL(u.topics, u.format),
		page:        b.o.PublicURL + b.o.Addresses.PagePath(posts.Everything),
		updated:     emptySince(),
		empty:       true,
	}
	if u.owner.URL != "" {
		f.id = uuid.NewSHA1(uuid.NameSpaceURL, []byte("my\n"+u.owner.ID)).URN()
		f.title, f.self = b.words.own+" - "+b.o.Title, u.owner.URL
		if slices.Contains(u.topics, posts.Everything) {
			f.description = fmt.Sprintf(b.words.allOf, b.o.Title)
		}
	}
	return f
}
