package web

import (
	"cmp"
	"slices"
	"strings"

	"github.com/enshi-daily/enshi/feeds"
	"github.com/enshi-daily/enshi/posts"
)

// shelf is a catalogue as pages show it, worked out once when it comes.
type shelf struct {
	catalogue  *posts.Catalogue
	categories []topicCount // most posts first, then by name
	tags       []topicCount
	bySlug     map[string]posts.Topic // decoded page path without slashes around
}

type topicCount struct {
	topic posts.Topic
	posts int
}

func newShelf(c *posts.Catalogue, paths feeds.Addresses) *shelf {
	s := &shelf{catalogue: c, bySlug: make(map[string]posts.Topic, len(c.Topics()))}
	for _, t := range c.Topics() {
		s.bySlug[strings.TrimSuffix(paths.Directory(t), "/")] = t
		n := topicCount{t, len(c.Posts(t))}
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
	return t == posts.Everything || len(s.catalogue.Posts(t)) > 0
}

// topicNamed is the topic of a kind as addresses write it.
func topicNamed(kind, name string) (posts.Topic, bool) {
	switch {
	case name == "":
	case kind == string(posts.KindCategory):
		return posts.Category(name), true
	case kind == string(posts.KindTag):
		return posts.Tag(name), true
	}
	return "", false
}

// current returns the catalogue, or errNotReady before the first.
func (s *Server) current() (*shelf, error) {
	if shelf := s.shelf.Load(); shelf != nil {
		return shelf, nil
	}
	return nil, errNotReady
}
