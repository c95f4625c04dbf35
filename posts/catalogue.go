package posts

import (
	"maps"
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
	tallies map[Topic]tally
	byID    layered[ID, *Post]
}

// tally is what is counted of a topic's posts.
type tally struct {
	standing int       // those that are not withdrawn
	updated  time.Time // the newest of all
}

func count(list []*Post) (n tally) {
	for _, p := range list {
		if !p.Withdrawn {
			n.standing++
		}
		if p.Updated.After(n.updated) {
			n.updated = p.Updated
		}
	}
	return n
}

// NewCatalogue indexes published posts, which must have their IDs. It takes
// the slice over.
func NewCatalogue(site Site, published []*Post) *Catalogue {
	slices.SortFunc(published, newestFirst)
	c := &Catalogue{
		site:    site,
		all:     published,
		byTopic: make(map[Topic][]*Post),
		tallies: make(map[Topic]tally),
	}
	byID := make(map[ID]*Post, len(published))
	for _, p := range published {
		byID[p.ID] = p
		for _, t := range p.Topics() {
			c.byTopic[t] = append(c.byTopic[t], p)
		}
	}
	c.byID = layer(byID)
	c.topics = slices.Sorted(maps.Keys(c.byTopic))
	c.tallies[Everything] = count(c.all)
	for t, list := range c.byTopic {
		c.tallies[t] = count(list)
	}
	return c
}

// Delta is what is different between two catalogues of one site. A post that
// changed is in both lists, as it was and as it is.
type Delta struct {
	Removed, Added []*Post
}

// With returns the catalogue that c is after some changes. What it costs grows
// with the archive by a few copied pointers a post.
func (c *Catalogue) With(d Delta) *Catalogue {
	next := &Catalogue{
		site: c.site, topics: c.topics,
		all:     patched(c.all, d.Removed, d.Added),
		byTopic: maps.Clone(c.byTopic),
		tallies: maps.Clone(c.tallies),
	}
	removed, added := make(map[Topic][]*Post), make(map[Topic][]*Post)
	gone, named := make([]ID, 0, len(d.Removed)), make(map[ID]*Post, len(d.Added))
	for _, p := range d.Removed {
		gone = append(gone, p.ID)
		for _, t := range p.Topics() {
			removed[t] = append(removed[t], p)
		}
	}
	for _, p := range d.Added {
		named[p.ID] = p
		for _, t := range p.Topics() {
			added[t] = append(added[t], p)
		}
	}
	next.byID = c.byID.with(gone, named)
	for t, list := range removed {
		next.replace(t, patched(next.byTopic[t], list, added[t]))
		delete(added, t)
	}
	for t, list := range added {
		next.replace(t, patched(next.byTopic[t], nil, list))
	}
	next.tallies[Everything] = count(next.all)
	if !sameKeys(next.byTopic, c.byTopic) {
		next.topics = slices.Sorted(maps.Keys(next.byTopic))
	}
	return next
}

// Newest is c without the posts that no live document shows: each list ends with
// its nth post that is not withdrawn. Counts and dates are still those of all.
func (c *Catalogue) Newest(n int) *Catalogue {
	next := &Catalogue{site: c.site, topics: c.topics, tallies: c.tallies, byTopic: make(map[Topic][]*Post, len(c.byTopic))}
	byID := make(map[ID]*Post)
	keep := func(list []*Post) []*Post {
		list = beginning(list, n)
		for _, p := range list {
			byID[p.ID], _ = c.ByID(p.ID)
		}
		return list
	}
	next.all = keep(c.all)
	for t, list := range c.byTopic {
		next.byTopic[t] = keep(list)
	}
	next.byID = layer(byID)
	return next
}

// beginning copies a list up to its nth post that is not withdrawn.
func beginning(list []*Post, n int) []*Post {
	end, standing := 0, 0
	for ; end < len(list) && standing < n; end++ {
		if !list[end].Withdrawn {
			standing++
		}
	}
	return slices.Clone(list[:end])
}

// replace gives a topic another list. It is for a catalogue that nobody has yet.
func (c *Catalogue) replace(t Topic, list []*Post) {
	if len(list) == 0 {
		delete(c.byTopic, t)
		delete(c.tallies, t)
		return
	}
	c.byTopic[t], c.tallies[t] = list, count(list)
}

func sameKeys(a, b map[Topic][]*Post) bool {
	for t := range a {
		if _, ok := b[t]; !ok {
			return false
		}
	}
	return len(a) == len(b)
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
	p, ok := c.byID.get(id)
	return p, ok
}

// Updated is the newest Updated of a topic's posts, the zero time if it has
// none.
func (c *Catalogue) Updated(t Topic) time.Time { return c.tallies[t].updated }

// Count is how many posts of a topic are not withdrawn.
func (c *Catalogue) Count(t Topic) int { return c.tallies[t].standing }
