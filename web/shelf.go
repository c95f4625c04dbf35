package web

import (
	"cmp"
	"slices"

	"github.com/enshi-daily/enshi/feeds"
	"github.com/enshi-daily/enshi/posts"
)

// shelf is a catalogue as pages show it, worked out once when it comes.
type shelf struct {
	catalogue  *posts.Catalogue
	categories []topicCount // most posts first, then by name
	tags       []topicCount
	paths      feeds.Addresses // that know the topics
}

type topicCount struct {
	topic posts.Topic
	posts int
}

func newShelf(c *posts.Catalogue, paths feeds.Addresses) *shelf {
	s := &shelf{catalogue: c, paths: paths.Knowing(c.Topics()...)}
	for _, t := range c.Topics() {
		if paths.Retired(t) {
			continue
		}
		n := topicCount{t, c.Count(t)}
		if t.Kind() == posts.KindCategory {
			s.categories = append(s.categories, n)
		} else {
			s.tags = append(s.tags, n)
		}
	}
	for _, list := range [][]topicCount{s.categories, s.tags} {
		slices.SortStableFunc(list, func(a, b topicCount) int {
			return cmp.Or(cmp.Compare(b.posts, a.posts), cmp.Compare(a.topic, b.topic))
		})
	}
	return s
}

// has says whether a topic can be followed.
func (s *shelf) has(t posts.Topic) bool {
	return t == posts.Everything || len(s.catalogue.Posts(t)) > 0 && !s.paths.Retired(t)
}

// offers says whether a topic can be followed now: before there is a catalogue,
// one that has a feed.
func (s *Server) offers(t posts.Topic) bool {
	if shelf := s.shelf.Load(); shelf != nil {
		return shelf.has(t)
	}
	_, kept := s.o.Documents.Lookup(s.Paths.Path(t, feeds.Atom))
	return t == posts.Everything || kept && !s.Paths.Retired(t)
}

// current returns the catalogue, or errNotReady before the first.
func (s *Server) current() (*shelf, error) {
	if shelf := s.shelf.Load(); shelf != nil {
		return shelf, nil
	}
	return nil, errNotReady
}
