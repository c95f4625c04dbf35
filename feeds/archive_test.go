package feeds_test

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/enshi-daily/enshi/feeds"
	"github.com/enshi-daily/enshi/internal/golden"
	"github.com/enshi-daily/enshi/posts"
)

// dated is newPost at another date.
func dated(n int, date time.Time, topics ...string) *posts.Post {
	p := newPost(n, topics...)
	p.Date, p.Updated = date, date
	p.URL = fmt.Sprintf("/%s/p%d.html", date.Format("2006/01/02"), n)
	p.Path = fmt.Sprintf("_posts/%s-p%d.md", date.Format("2006-01-02"), n)
	return p
}

// newMonth makes count posts of one month, an hour apart.
func newMonth(first, count int, month time.Month, topics ...string) []*posts.Post {
	list := make([]*posts.Post, count)
	for i := range list {
		list[i] = dated(first+i, time.Date(2026, month, 1, i, 0, 0, 0, zone), topics...)
	}
	return list
}

// archives builds all archived documents by path.
func archives(tb testing.TB, l *feeds.Layout, c *posts.Catalogue, change func(*feeds.Options)) map[string]feeds.Document {
	tb.Helper()
	b := newBuilder(tb, func(o *feeds.Options) {
		o.Archives = l
		if change != nil {
			change(o)
		}
	})
	docs := map[string]feeds.Document{}
	for doc, err := range b.Archives(context.Background(), c) {
		if err != nil {
			tb.Fatalf("%s: %v", doc.Path, err)
		}
		if _, twice := docs[doc.Path]; twice {
			tb.Errorf("%s was built twice", doc.Path)
		}
		docs[doc.Path] = doc
		lintDocument(tb, doc)
	}
	return docs
}

func follow(tb testing.TB, l *feeds.Layout, c *posts.Catalogue) *feeds.Layout {
	tb.Helper()
	next, _ := l.Follow(c)
	if again, changed := next.Follow(c); changed || len(again.Topics()) != len(next.Topics()) {
		tb.Error("Follow changed a layout that follows already")
	}
	return next
}

func TestArchivedDocuments(t *testing.T) {
	list := slices.Concat(newMonth(1, 3, time.January, "category:要闻"), newMonth(4, 3, time.February, "category:要闻", "tag:清江"), newMonth(7, 2, time.April, "category:要闻"))
	list[4].Correction = "开放时间是九点"
	list[5].Withdrawn, list[5].Updated = true, list[7].Date
	gone := dated(9, list[3].Date.Add(time.Minute), "category:要闻")
	gone.Withdrawn = true // too long ago: its identity is kept nowhere
	c := newCatalogue(append(list, gone)...)
	docs := archives(t, follow(t, nil, c), c, func(o *feeds.Options) {
		o.Hubs = []string{"https://hub.example/"}
		o.Content = smallContent
	})
	checkDocuments(t, docs)
	if len(docs) != 2*(3+3+1) {
		t.Errorf("Archives built %d documents", len(docs))
	}
	for _, name := range []string{"archive/2026-02-1.xml", "archive/2026-02-1.rss.xml", "tag/清江/archive/2026-02-1.xml"} {
		doc := docs[name]
		if doc.Entries != 3 {
			t.Errorf("%s has %d entries, want 3", name, doc.Entries)
		}
		if !feeds.IsArchive(name) {
			t.Errorf("IsArchive(%s) = false", name)
		}
		golden.Equal(t, "archive/"+strings.ReplaceAll(name, "/", "_"), doc.Body)
	}
}

func TestLiveFeedsLeadToTheNewestArchive(t *testing.T) {
	c := newCatalogue(slices.Concat(newMonth(1, 120, time.January, "tag:茶"), newMonth(200, 1, time.March))...)
	docs := build(t, newBuilder(t, func(o *feeds.Options) { o.Archives = follow(t, nil, c) }), c)
	checkDocuments(t, docs)
	without := build(t, newBuilder(t, nil), c)
	for path, want := range map[string]string{
		"feed.xml":       "/archive/2026-03-1.xml",
		"rss.xml":        "/archive/2026-03-1.rss.xml",
		"tag/茶/atom.xml": "/tag/%E8%8C%B6/archive/2026-01-2.xml",
		"tag/茶/rss.xml":  "/tag/%E8%8C%B6/archive/2026-01-2.rss.xml",
	} {
		if link := `rel="prev-archive"`; !bytes.Contains(docs[path].Body, []byte(`href="`+publicURL+want+`"`)) || bytes.Contains(without[path].Body, []byte(link)) {
			t.Errorf("%s does not lead to %s, or does so without archives", path, want)
		}
	}
	for _, path := range []string{"feed.json", "feeds.opml", "tag/茶/feed.json"} {
		if !bytes.Equal(docs[path].Body, without[path].Body) {
			t.Errorf("archives change %s", path)
		}
	}
}

// TestArchivesHoldEveryPostOnce is the property that the whole layout is for:
// through any history, the archived documents of a topic hold what a filter
// over the posts gives, and what is in a full one stays.
func TestArchivesHoldEveryPostOnce(t *testing.T) {
	for seed := range uint64(2) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			h := history{TB: t, rand: rand.New(rand.NewPCG(seed, 7)), publisher: newPublisher(t, t.TempDir())}
			h.add(120)
			for range 8 {
				h.step()
			}
			checkDocuments(t, h.docs)
		})
	}
}

// history is a site that changes at random, with what it published last.
type history struct {
	testing.TB
	rand      *rand.Rand
	posts     []*posts.Post
	made      int
	layout    *feeds.Layout
	docs      map[string]feeds.Document
	publisher *feeds.Publisher
}

func (h *history) topics() []string {
	var chosen []string
	for _, t := range []string{"category:要闻", "tag:茶"} {
		if h.rand.IntN(3) > 0 {
			chosen = append(chosen, t)
		}
	}
	return chosen
}

func (h *history) add(n int) {
	for range n {
		h.made++
		date := time.Date(2026, time.Month(1+h.rand.IntN(2)), 1+h.rand.IntN(28), h.rand.IntN(24), 0, 0, 0, zone)
		h.posts = append(h.posts, dated(h.made, date, h.topics()...))
	}
}

// step changes some posts, publishes and compares with a filter.
func (h *history) step() {
	touched := map[posts.ID]bool{}
	for range h.rand.IntN(4) {
		i := h.rand.IntN(len(h.posts))
		touched[h.posts[i].ID] = true
		if h.rand.IntN(2) == 0 {
			h.posts = slices.Delete(h.posts, i, i+1)
			continue
		}
		moved := *h.posts[i]
		moved.Categories, moved.Tags = dated(0, moved.Date, h.topics()...).Categories, dated(0, moved.Date, h.topics()...).Tags
		h.posts[i] = &moved
	}
	h.add(h.rand.IntN(40))
	c := newCatalogue(slices.Clone(h.posts)...)
	before, docs := h.docs, map[string]feeds.Document(nil)
	if h.rand.IntN(2) == 0 { // a new process knows only what was saved
		read, err := h.publisher.ReadLayout()
		if err != nil {
			h.Fatal(err)
		}
		h.layout = read
	}
	h.layout = follow(h, h.layout, c)
	if err := h.publisher.SaveLayout(h.layout); err != nil {
		h.Fatal(err)
	}
	docs = archives(h, h.layout, c, nil)
	h.docs = docs
	for _, topic := range []posts.Topic{posts.Everything, posts.Category("要闻"), posts.Tag("茶")} {
		h.compare(topic)
	}
	for path, old := range before {
		h.unmoved(old, docs[path], touched)
	}
}

var entryID = regexp.MustCompile(`<entry>\s*<updated>[^<]*</updated>\s*<id>([^<]+)</id>|<guid isPermaLink="false">([^<]+)</guid>`)

// entryIDs is ids for documents of plain ids, and much faster.
func entryIDs(doc feeds.Document) []posts.ID {
	list := []posts.ID{}
	for _, match := range entryID.FindAllSubmatch(doc.Body, -1) {
		list = append(list, posts.ID(slices.Concat(match[1], match[2])))
	}
	return list
}

// compare holds a topic's archived documents to a filter.
func (h *history) compare(topic posts.Topic) {
	h.Helper()
	want := []posts.ID{}
	for _, p := range h.posts {
		if topic == posts.Everything || slices.Contains(p.Topics(), topic) {
			want = append(want, p.ID)
		}
	}
	for _, end := range []string{".xml", ".rss.xml"} {
		got := []posts.ID{}
		for path, doc := range h.docs {
			if doc.Topic != topic || strings.HasSuffix(path, ".rss.xml") != (end == ".rss.xml") {
				continue
			}
			if doc.Entries > 100 || len(doc.Body) > 4<<20 {
				h.Errorf("%s has %d entries", path, doc.Entries)
			}
			got = append(got, entryIDs(doc)...)
		}
		slices.Sort(want)
		slices.Sort(got)
		if diff := cmp.Diff(want, got); diff != "" {
			h.Errorf("archives of %s (%s) differ from the filter (-want +got):\n%s", topic, end, diff)
		}
	}
}

// unmoved holds an archived document to what it was one step before.
func (h *history) unmoved(old, now feeds.Document, touched map[posts.ID]bool) {
	h.Helper()
	was, is := entryIDs(old), entryIDs(now)
	for _, id := range was {
		if !slices.Contains(is, id) && !touched[id] {
			h.Errorf("%s lost %s", old.Path, id)
		}
	}
	if old.Entries < 100 {
		return
	}
	same := true
	for _, id := range is {
		if !slices.Contains(was, id) {
			h.Errorf("%s was full and got %s", old.Path, id)
		}
	}
	for _, id := range was {
		same = same && !touched[id]
	}
	last := !bytes.Contains(old.Body, []byte(`rel="next-archive"`))
	if same && !last && !bytes.Equal(old.Body, now.Body) {
		h.Errorf("%s was full and has other bytes", old.Path)
	}
}

func TestFreshLayoutIsAFunctionOfThePosts(t *testing.T) {
	list := slices.Concat(newMonth(1, 130, time.January, "tag:茶"), newMonth(200, 30, time.May, "category:要闻"))
	c := newCatalogue(slices.Clone(list)...)
	slices.Reverse(list)
	other := newCatalogue(list...)
	first, second := archives(t, follow(t, nil, c), c, nil), archives(t, follow(t, nil, other), other, nil)
	if diff := cmp.Diff(first, second); diff != "" {
		t.Errorf("two fresh builds differ: %s", diff)
	}
	if got := first["archive/2026-01-1.xml"].Entries; got != 100 {
		t.Errorf("the first part has %d entries, want 100", got)
	}
}

func TestArchivesOfLargePostsCloseEarly(t *testing.T) {
	list := newMonth(1, 10, time.January)
	for _, p := range list {
		p.Size = 400 << 10
	}
	list[3].Size = 20 << 20 // given as an excerpt: takes next to nothing
	c := newCatalogue(list...)
	docs := archives(t, follow(t, nil, c), c, nil)
	for path, want := range map[string]int{"archive/2026-01-1.xml": 8, "archive/2026-01-2.xml": 2} {
		if got := docs[path].Entries; got != want {
			t.Errorf("%s has %d entries, want %d", path, got, want)
		}
	}
}

func TestArchiveNeverGrowsBeyondItsLimit(t *testing.T) {
	c := newCatalogue(newMonth(1, 60, time.January)...)
	docs := archives(t, follow(t, nil, c), c, func(o *feeds.Options) {
		o.Content = func(p *posts.Post) (posts.Content, error) {
			return posts.Content{HTML: "<p>" + strings.Repeat("清江", 16<<10) + "</p>", Summary: "摘要"}, nil
		}
	})
	for path, doc := range docs {
		if len(doc.Body) > 4<<20 || doc.Entries != 60 {
			t.Errorf("%s has %d bytes and %d entries, want at most 4 MiB and all 60", path, len(doc.Body), doc.Entries)
		}
		if full := bytes.Count(doc.Body, []byte("<p>清江")); full != 42 {
			t.Errorf("%s has %d whole entries, want 42", path, full)
		}
	}
}

func TestArchivesReportWhatTheyLeaveOut(t *testing.T) {
	c := newCatalogue(newMonth(1, 3, time.January, "tag:茶")...)
	var reported []string
	docs := archives(t, follow(t, nil, c), c, func(o *feeds.Options) {
		o.Report = func(d posts.Diagnostic) { reported = append(reported, d.String()) }
		o.Content = func(p *posts.Post) (posts.Content, error) {
			if p.Slug == "p2" {
				return posts.Content{}, fmt.Errorf("it is gone")
			}
			return content(p)
		}
	})
	for path, doc := range docs {
		if doc.Entries != 2 || doc.Recipe != "" {
			t.Errorf("%s has %d entries and recipe %q, want 2 and none", path, doc.Entries, doc.Recipe)
		}
	}
	want := []string{"_posts/2026-01-01-p2.md: error: left out of the feeds: it is gone"}
	if diff := cmp.Diff(want, reported); diff != "" {
		t.Errorf("Report (-want +got):\n%s", diff)
	}
}

func TestArchivesThatAreThereAreNotMade(t *testing.T) {
	c := newCatalogue(slices.Concat(newMonth(1, 3, time.January, "tag:茶"), newMonth(5, 3, time.March))...)
	l, publisher := follow(t, nil, c), newPublisher(t, t.TempDir())
	var rendered atomic.Int64
	run := func(c *posts.Catalogue, l *feeds.Layout) feeds.Report {
		b := newBuilder(t, func(o *feeds.Options) {
			o.Archives, o.Have = l, publisher.Has
			o.Content = func(p *posts.Post) (posts.Content, error) { rendered.Add(1); return content(p) }
		})
		return publish(t, publisher, b.Archives(context.Background(), c))
	}
	if report := run(c, l); report.Written != 6 || rendered.Load() != 6 {
		t.Errorf("first: %d written, %d rendered", report.Written, rendered.Load())
	}
	if report := run(c, l); report.Unchanged != 6 || rendered.Load() != 6 {
		t.Errorf("again: %d unchanged, %d rendered in all, want 6 and 6", report.Unchanged, rendered.Load())
	}
	c = newCatalogue(append(slices.Clone(c.Posts(posts.Everything)), dated(9, time.Date(2026, 3, 9, 0, 0, 0, 0, zone)))...)
	if report := run(c, follow(t, l, c)); report.Written != 2 || report.Unchanged != 4 {
		t.Errorf("a post more: %+v, want its two documents written", report)
	}
}
