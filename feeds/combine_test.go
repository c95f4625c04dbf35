package feeds_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/mmcdole/gofeed"

	"github.com/enshi-daily/enshi/feeds"
	"github.com/enshi-daily/enshi/feeds/lint"
	"github.com/enshi-daily/enshi/posts"
)

// combine returns a union as a document, linted.
func (c *counter) combine(f feeds.Format, topics ...posts.Topic) (feeds.File, feeds.Document) {
	c.Helper()
	file, err := c.Combine(context.Background(), topics, f)
	if err != nil {
		c.Fatalf("Combine(%v): %v", topics, err)
	}
	doc := feeds.Document{Path: "combine", MediaType: file.MediaType, Format: f, Body: read(c, file), Entries: file.Entries}
	for _, p := range lint.Lint(doc.Body, doc.MediaType, publicURL+feeds.CombineURL(topics, f)) {
		c.Errorf("%v: %v\n%.2000s", topics, p, doc.Body)
	}
	return file, doc
}

func TestCombineURL(t *testing.T) {
	for _, tt := range []struct {
		topics []posts.Topic
		format feeds.Format
		want   string
	}{
		{[]posts.Topic{posts.Tag("b"), posts.Category("a")}, feeds.Atom, "/combine?topic=category:a&topic=tag:b"},
		{[]posts.Topic{posts.Tag("b"), posts.Tag("a"), posts.Tag("b")}, feeds.RSS, "/combine?topic=tag:a&topic=tag:b&format=rss"},
		{[]posts.Topic{posts.Tag("茶"), posts.Tag("A/B & C+=:")}, feeds.JSON, "/combine?topic=tag:A%2FB%20%26%20C%2B%3D%3A&topic=tag:%E8%8C%B6&format=json"},
	} {
		if got := feeds.CombineURL(tt.topics, tt.format); got != tt.want {
			t.Errorf("CombineURL(%q, %s) = %s, want %s", tt.topics, tt.format, got, tt.want)
		}
	}
}

func TestUnionHoldsTheNewestOfItsTopics(t *testing.T) {
	all := []posts.Topic{posts.Category("要闻"), posts.Category("生活"), posts.Tag("茶"), posts.Tag("A/B"), posts.Tag("无")}
	for seed := range uint64(3) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			r := rand.New(rand.NewPCG(seed, 3))
			var list []*posts.Post
			for n := range 40 + r.IntN(150) {
				var chosen []string
				for _, topic := range all[:4] {
					if r.IntN(5) == 0 {
						chosen = append(chosen, string(topic))
					}
				}
				list = append(list, newPost(n, chosen...))
			}
			c := newCounter(t, t.TempDir())
			c.show(list...)
			slices.Reverse(list)
			for range 6 {
				topics := slices.Clone(all)
				r.Shuffle(len(topics), func(i, j int) { topics[i], topics[j] = topics[j], topics[i] })
				topics = topics[:2+r.IntN(3)]
				want := []posts.ID{}
				for _, p := range list {
					in := func(topic posts.Topic) bool { return slices.Contains(p.Topics(), topic) }
					if len(want) < feeds.DefaultLimit && slices.ContainsFunc(topics, in) {
						want = append(want, p.ID)
					}
				}
				for _, f := range feeds.Formats {
					_, doc := c.combine(f, topics...)
					if diff := cmp.Diff(want, ids(t, doc)); diff != "" {
						t.Errorf("%v differs from the filter (-want +got):\n%s", topics, diff)
					}
				}
			}
		})
	}
}

func TestUnionHasItsOwnIdAndTitle(t *testing.T) {
	c := newCounter(t, t.TempDir())
	list := newMonth(1, 3, time.January, "category:要闻", "tag:茶", "tag:酒")
	c.show(list...)
	said := func(f feeds.Format, topics ...posts.Topic) (id, title string) {
		_, doc := c.combine(f, topics...)
		parsed, err := gofeed.NewParser().ParseString(string(doc.Body))
		if err != nil {
			t.Fatal(err)
		}
		_, rest, _ := strings.Cut(string(doc.Body), "<id>")
		id, _, _ = strings.Cut(rest, "</id>")
		return id, parsed.Title
	}
	id, title := said(feeds.Atom, posts.Tag("茶"), posts.Category("要闻"))
	if again, _ := said(feeds.Atom, posts.Category("要闻"), posts.Tag("茶")); again != id {
		t.Errorf("the order of topics changes the id %s to %s", id, again)
	}
	if other, _ := said(feeds.Atom, posts.Tag("酒"), posts.Category("要闻")); other == id || !strings.HasPrefix(id, "urn:uuid:") {
		t.Errorf("two unions have the id %s", id)
	}
	if want := "要闻 + 茶 - 山城日报"; title != want {
		t.Errorf("title %q, want %q", title, want)
	}
	if c.rendered.Load() != 6 {
		t.Errorf("%d posts rendered for two unions, want 6", c.rendered.Load())
	}
}

func TestPolledUnionCostsNothing(t *testing.T) {
	c := newCounter(t, t.TempDir())
	list := newMonth(1, 3, time.January, "category:要闻", "tag:茶")
	c.show(list...)
	first, _ := c.combine(feeds.RSS, posts.Category("要闻"), posts.Tag("茶"))
	c.show(append(list, dated(9, time.Date(2026, 3, 20, 0, 0, 0, 0, zone), "tag:酒"))...)
	if again, _ := c.combine(feeds.RSS, posts.Tag("茶"), posts.Category("要闻")); again != first || c.rendered.Load() != 3 {
		t.Errorf("asked again: %+v, %d posts rendered, want %+v and 3", again, c.rendered.Load(), first)
	}
	c.show(append(list, dated(9, time.Date(2026, 3, 20, 0, 0, 0, 0, zone), "tag:茶"))...)
	if again, _ := c.combine(feeds.RSS, posts.Tag("茶"), posts.Category("要闻")); again.ETag == first.ETag || again.Entries != 4 || !again.Modified.After(first.Modified) {
		t.Errorf("a post more: %+v, want other bytes than %+v", again, first)
	}
}

func TestUnionWithdrawsAndRefuses(t *testing.T) {
	c := newCounter(t, t.TempDir())
	list := newMonth(1, 3, time.January, "category:要闻", "tag:茶")
	list[0].Withdrawn = true
	list[1].Withdrawn, list[1].Updated = true, time.Date(2026, 3, 15, 0, 0, 0, 0, zone)
	c.show(append(list, dated(9, time.Date(2026, 3, 20, 0, 0, 0, 0, zone), "tag:酒"))...)
	_, doc := c.combine(feeds.Atom, posts.Category("要闻"), posts.Tag("茶"))
	if got := ids(t, doc); !slices.Equal(got, []posts.ID{list[2].ID, list[1].ID}) {
		t.Errorf("entries %v, want the standing one and the one withdrawn of late", got)
	}
	many := make([]posts.Topic, feeds.MaxCombined+1)
	for i := range many {
		many[i] = posts.Tag(fmt.Sprint(i))
	}
	for _, topics := range [][]posts.Topic{nil, many} {
		if _, err := c.Combine(context.Background(), topics, feeds.Atom); !errors.Is(err, feeds.ErrNoDocument) {
			t.Errorf("Combine of %d topics: %v, want ErrNoDocument", len(topics), err)
		}
	}
	if _, err := c.Combine(context.Background(), many[:2], "html"); !errors.Is(err, feeds.ErrNoDocument) {
		t.Errorf("Combine as html: %v, want ErrNoDocument", err)
	}
}

func TestKeptUnionsAreBounded(t *testing.T) {
	dir := t.TempDir()
	files := func() int {
		all, err := os.ReadDir(filepath.Join(dir, ".enshi", "combined"))
		if err != nil {
			t.Fatal(err)
		}
		return len(all)
	}
	ask := func(first, n int) {
		c := newCounter(t, dir)
		c.show(newMonth(1, 1, time.January, "tag:茶")...)
		for i := range n {
			if _, err := c.Combine(context.Background(), []posts.Topic{posts.Tag("茶"), posts.Tag(fmt.Sprint(first + i))}, feeds.Atom); err != nil {
				t.Fatal(err)
			}
		}
	}
	ask(0, 520)
	if got := files(); got != 2*512 {
		t.Errorf("%d files kept, want 512 documents and their twins", got)
	}
	ask(1000, 10) // by a new process
	if got := files(); got != 2*512 {
		t.Errorf("%d files kept after a restart, want 512 documents and their twins", got)
	}
}

func TestPruneRemovesWhatNobodyReads(t *testing.T) {
	dir := t.TempDir()
	c := newCounter(t, dir)
	c.show(newMonth(1, 3, time.January, "tag:茶", "tag:酒")...)
	tea, wine := []posts.Topic{posts.Tag("茶")}, []posts.Topic{posts.Tag("酒")}
	here, gone := feeds.Owner{ID: "AAAA-AAAAAAA", URL: "https://x.example/my/1/feed.xml"}, feeds.Owner{ID: "BBBB_BBBBBBB", URL: "https://x.example/my/2/feed.xml"}
	before := feeds.Owner{ID: here.ID, URL: "https://x.example/my/0/feed.xml"}
	var stays feeds.File
	for _, r := range []feeds.Reading{{gone, tea, feeds.Atom}, {before, tea, feeds.Atom}, {here, wine, feeds.Atom}, {here, tea, feeds.RSS}, {here, tea, feeds.Atom}} {
		var err error
		if stays, err = c.Private(t.Context(), r.Owner, r.Topics, r.Format); err != nil {
			t.Fatal(err)
		}
	}
	away := errors.New("away")
	reads := func(_ context.Context, id string) ([]feeds.Reading, error) {
		switch id {
		case here.ID:
			return []feeds.Reading{{here, tea, feeds.Atom}}, nil
		case gone.ID:
			return nil, away
		}
		return nil, fmt.Errorf("asked for %q", id)
	}
	files := func() []string {
		names, err := filepath.Glob(filepath.Join(dir, ".enshi", "private", "*"))
		if err != nil {
			t.Fatal(err)
		}
		return names
	}
	if err := c.Prune(t.Context(), reads); !errors.Is(err, away) || len(files()) != 4 {
		t.Errorf("Prune: %v, left %q, want what is read, and what nobody knows about", err, files())
	}
	away = nil
	if err := newCounter(t, dir).Prune(t.Context(), reads); err != nil {
		t.Errorf("Prune: %v", err)
	}
	if diff := cmp.Diff([]string{stays.Name, stays.Gzip}, files()); diff != "" {
		t.Errorf("left (-want +got):\n%s", diff)
	}
	if _, err := c.Private(t.Context(), before, tea, feeds.Atom); err != nil {
		t.Errorf("asked for again: %v", err)
	}
}
