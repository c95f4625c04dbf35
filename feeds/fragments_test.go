package feeds_test

import (
	"strings"
	"sync/atomic"
	"testing"

	"github.com/enshi-daily/enshi/feeds"
	"github.com/enshi-daily/enshi/posts"
)

// TestFragmentsKeepTheNewest gives entries room for two feeds of three: a new post
// in the feed that was written last costs one rendering, as its other entries are
// newer than those of the feed before.
func TestFragmentsKeepTheNewest(t *testing.T) {
	const limit, body = 4, 100_000 // bytes, kept twice
	var rendered atomic.Int64
	there := map[string]string{} // recipes by path
	b := newBuilder(t, func(o *feeds.Options) {
		o.Have = func(path, recipe string) bool { return there[path] == recipe }
		o.Limit, o.Fragments = limit, feeds.NewFragments(2*limit*(2*body+10_000))
		o.Content = func(p *posts.Post) (posts.Content, error) {
			rendered.Add(1)
			return posts.Content{HTML: "<p>" + strings.Repeat("茶", body/3) + "</p>", Summary: p.Slug}, nil
		}
	})
	var list []*posts.Post
	for i, topic := range []string{"tag:甲", "tag:乙", "category:news"} {
		for n := range limit {
			list = append(list, newPost(limit*i+n, topic))
		}
	}
	c := newCatalogue(list...)
	publish := func() {
		for path, doc := range build(t, b, c) {
			there[path] = doc.Recipe
		}
	}
	publish()
	if got := rendered.Load(); got != 3*limit {
		t.Fatalf("the first time %d posts rendered, want %d", got, 3*limit)
	}
	for i, topic := range []string{"tag:乙", "tag:乙", "tag:甲"} {
		rendered.Store(0)
		c = c.With(posts.Delta{Added: []*posts.Post{newPost(100+i, topic)}})
		publish()
		if want := []int64{1, 1, 1 + limit - 1}[i]; rendered.Load() != want {
			t.Errorf("a new post of %s: %d rendered, want %d", topic, rendered.Load(), want)
		}
	}
}
