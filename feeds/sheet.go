package feeds

import (
	"fmt"
	"slices"

	"github.com/enshi-daily/enshi/posts"
)

// draft is a document whose entries are chosen and not yet rendered.
type draft struct {
	doc     Document
	feed    *feed
	full    bool
	entries []*slot
}

// sheet is the posts of one month, each with its place in documents.
type sheet struct {
	b     *Builder
	book  *recipeBook
	slots map[member]*slot
	bad   []posts.Diagnostic // posts that have none
}

// newSheet makes the slots of a month's posts, in the order in which they came:
// a later one never changes the fraction of one before.
func (b *Builder) newSheet(c *posts.Catalogue, m month) *sheet {
	list := postsOf(c.Posts(posts.Everything), m)
	s := &sheet{b: b, book: newRecipeBook(b.revision), slots: make(map[member]*slot, len(list))}
	byMember := make(map[member]*posts.Post, len(list))
	for _, p := range list {
		if err := checkID(c, p); err != nil {
			s.bad = append(s.bad, leftOut(p, err))
		} else if !expired(c, p) {
			byMember[memberOf(p)] = p
		}
	}
	taken := make(map[instant]bool, len(list))
	ch := b.o.Archives.chain(posts.Everything)
	first, last := ch.span(m)
	for _, id := range ch.members[ch.start(first):ch.start(last)] {
		if p := byMember[id]; p != nil {
			made := &slot{post: p, updated: latest(p)}
			made.fraction = uniqueFraction(taken, made)
			s.slots[id] = made
		}
	}
	return s
}

func leftOut(p *posts.Post, err error) posts.Diagnostic {
	return posts.Diagnostic{Path: p.Path, Severity: posts.Error, Message: fmt.Sprintf("left out of the feeds: %v", err)}
}

// page is a part of a topic.
type page struct {
	topic posts.Topic
	part  int
}

// entries are the posts of a page that are still in its topic and month, in the
// order in which they came.
func (s *sheet) entries(p page) []*slot {
	var list []*slot
	for _, id := range s.b.o.Archives.chain(p.topic).of(p.part) {
		made := s.slots[id]
		if made == nil || !belongs(made.post, p.topic) {
			continue
		}
		if made.recipe == (recipe{}) {
			made.recipe = s.book.entry(made)
		}
		list = append(list, made)
	}
	return list
}

// belongs says whether a topic has a post. A post's names are mostly in the
// normal form that its topics have.
func belongs(p *posts.Post, t posts.Topic) bool {
	names := p.Tags
	if t.Kind() == posts.KindCategory {
		names = p.Categories
	}
	return t == posts.Everything || slices.Contains(names, t.Name()) || slices.Contains(p.Topics(), t)
}

func (s *sheet) draft(p page, entries []*slot, f Format) draft {
	b := s.b
	o := draft{feed: b.archivedFeed(p.topic, p.part, f), full: !b.excerpt(p.topic), entries: entries}
	o.doc = Document{
		Path:      b.o.Addresses.archivePath(p.topic, b.o.Archives.chain(p.topic).parts[p.part], f),
		MediaType: f.MediaType(), Topic: p.topic, Format: f,
		Recipe: s.book.feed(o.feed, !o.full, s.book.entries(entries)).String(),
	}
	return o
}
