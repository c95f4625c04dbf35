package posts

import (
	"cmp"
	"slices"
	"time"
)

// Catalogue is an immutable index of all published posts at one moment. It is
// built once, swapped whole, and safe for concurrent use. Every list is newest
// first: by Date, then by Path, both descending, as Jekyll sorts its indexes.
type Catalogue struct {
	site    Site
	all     []*Post
	topics  []Topic
	byTopic map[Topic][]*Post
	byID    map[ID]*Post
}

// NewCatalogue indexes published posts, which must have their IDs. It takes
// the slice over.
func NewCatalogue(site Site, published []*Post) *Catalogue {
	slices.SortFunc(published, func(a, b *Post) int {
		return cmp.Or(b.Date.Compare(a.Date), cmp.Compare(b.Path, a.Path))
	})
	c := &Catalogue{
		site:    site,
		all:     published,
		byTopic: make(map[Topic][]*Post),
		byID:    make(map[ID]*Post, len(published)),
	}
	for _, p := range published {
		c.byID[p.ID] = p
		for _, t := range p.Topics() {
			c.byTopic[t] = append(c.byTopic[t], p)
		}
	}
	for t := range c.byTopic {
		c.topics = append(c.topics, t)
	}
	slices.Sort(c.topics)
	return c
}

// Site is the site that the posts were read from.
func (c *Catalogue) Site() Site { return c.site }

// Topics returns every topic that has posts, without Everything, in canonical
// order. The caller must not change it.
func (c *Catalogue) Topics() []Topic { return c.topics }

// Posts returns the posts of a topic, newest first, all of them for
// Everything. The caller must not change it.
func (c *Catalogue) Posts(t Topic) []*Post {
	if t == Everything {
		return c.all
	}
	return c.byTopic[t]
}

// ByID returns the post with that identity.
func (c *Catalogue) ByID(id ID) (*Post, bool) {
	p, ok := c.byID[id]
	return p, ok
}

// Updated is the newest Updated of a topic's posts, the zero time if it has
// none.
func (c *Catalogue) Updated(t Topic) time.Time {
	var newest time.Time
	for _, p := range c.Posts(t) {
		if p.Updated.After(newest) {
			newest = p.Updated
		}
	}
	return newest
}
