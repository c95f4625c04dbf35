package feeds_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/mmcdole/gofeed"

	"github.com/enshi-daily/enshi/feeds"
	"github.com/enshi-daily/enshi/feeds/lint"
	"github.com/enshi-daily/enshi/posts"
)

// checkDocuments holds documents to the validator's rules and reads them with
// another program's parser.
func checkDocuments(tb testing.TB, docs map[string]feeds.Document) {
	tb.Helper()
	for path, doc := range docs {
		for _, p := range lint.Lint(doc.Body, doc.MediaType, selfOf(doc)) {
			tb.Errorf("%s: %v\n%.3000s", path, p, doc.Body)
		}
		if doc.Format == "" {
			continue
		}
		parsed, err := gofeed.NewParser().Parse(bytes.NewReader(doc.Body))
		if err != nil {
			tb.Errorf("%s: %v\n%.3000s", path, err, doc.Body)
			continue
		}
		if len(parsed.Items) != doc.Entries {
			tb.Errorf("%s has %d items, want %d", path, len(parsed.Items), doc.Entries)
		}
	}
}

// ids reads the ids of a document's entries back.
func ids(tb testing.TB, doc feeds.Document) []posts.ID {
	tb.Helper()
	parsed, err := gofeed.NewParser().Parse(bytes.NewReader(doc.Body))
	if err != nil {
		tb.Fatalf("%s: %v", doc.Path, err)
	}
	list := []posts.ID{}
	for _, item := range parsed.Items {
		list = append(list, posts.ID(item.GUID))
	}
	return list
}

func TestEveryFormatSaysTheSame(t *testing.T) {
	p := newPost(1, "category:恩施日报", "tag:头条", "tag:恩施日报")
	p.Title, p.Authors = "A & B </b> &amp; <三>", []string{"王林", "", "李 & 张", "王林"}
	p.SourceURL, p.SourceName = "http://paper.example/a b?中=<1>", "清江报"
	p.URL = "/2026/%E4%B8%80 二.html"
	b := newBuilder(t, func(o *feeds.Options) {
		o.Hubs = []string{"https://hub.example/"}
		o.Content = func(*posts.Post) (posts.Content, error) {
			return posts.Content{HTML: "<p>甲]]>乙 &amp;\x00\x0b</p>", Summary: "摘 < 要 &", Image: "https://img.example/图.jpg"}, nil
		}
	})
	docs := build(t, b, newCatalogue(p))
	checkDocuments(t, docs)
	for _, f := range feeds.Formats {
		parsed, err := gofeed.NewParser().Parse(bytes.NewReader(docs[natural().Path(posts.Everything, f)].Body))
		if err != nil {
			t.Fatal(err)
		}
		item := parsed.Items[0]
		if want := saidAs(p.Title, f); item.Title != want {
			t.Errorf("%s: title %q, want %q", f, item.Title, want)
		}
		if want := "https://news.example/ens/2026/%E4%B8%80%20%E4%BA%8C.html"; item.Link != want {
			t.Errorf("%s: link %q, want %q", f, item.Link, want)
		}
		summary := "摘 < 要 &"
		if f == feeds.RSS {
			summary = "摘 &lt; 要 &amp;" // an RSS description is HTML
		}
		if item.Description != summary {
			t.Errorf("%s: summary %q, want %q", f, item.Description, summary)
		}
		if want := "<p>甲]]>乙 &amp;</p>"; item.Content != want {
			t.Errorf("%s: content %q, want %q", f, item.Content, want)
		}
		if diff := cmp.Diff([]string{"恩施日报", "头条"}, item.Categories); diff != "" {
			t.Errorf("%s: categories (-want +got):\n%s", f, diff)
		}
		var authors []string
		for _, a := range item.Authors {
			authors = append(authors, a.Name)
		}
		want := []string{"王林", "李 & 张"}
		if f == feeds.RSS {
			want = want[:1] // gofeed reads one dc:creator alone
		}
		if diff := cmp.Diff(want, authors); diff != "" {
			t.Errorf("%s: authors (-want +got):\n%s", f, diff)
		}
		if !item.PublishedParsed.Truncate(time.Second).Equal(p.Date) {
			t.Errorf("%s: published %v, want %v", f, item.PublishedParsed, p.Date)
		}
		body := string(docs[natural().Path(posts.Everything, f)].Body)
		for _, want := range []string{"http://paper.example/a%20b?%E4%B8%AD=%3C1%3E", "https://img.example/%E5%9B%BE.jpg", "https://hub.example/", "李 "} {
			if !strings.Contains(body, want) {
				t.Errorf("%s lacks %q", f, want)
			}
		}
	}
}

func TestWithdrawnEntryStaysThirtyDaysAndSaysNothing(t *testing.T) {
	gone := newPost(1, "tag:头条")
	gone.Title, gone.Authors, gone.Withdrawn = "秘密", []string{"王林"}, true
	gone.Updated = gone.Date.AddDate(0, 0, 10)
	last := newPost(2)
	b := newBuilder(t, func(o *feeds.Options) {
		o.Content = func(p *posts.Post) (posts.Content, error) {
			if p.Withdrawn {
				t.Error("a withdrawn post was rendered")
			}
			return content(p)
		}
	})
	for _, days := range []int{40, 41} {
		last.Date = gone.Date.AddDate(0, 0, days)
		last.Updated = last.Date
		docs := build(t, b, newCatalogue(gone, last))
		checkDocuments(t, docs)
		for _, f := range feeds.Formats {
			doc := docs[natural().Path(posts.Tag("头条"), f)]
			if got, want := doc.Entries == 1, days == 40; got != want {
				t.Errorf("%s, newest post %d days later: withdrawn entry there = %v, want %v", f, days, got, want)
			}
			body := string(doc.Body)
			if strings.Contains(body, "秘密") || strings.Contains(body, "王林") || doc.Entries == 1 && !strings.Contains(body, "已撤回") {
				t.Errorf("%s tells of what was withdrawn:\n%s", f, body)
			}
		}
	}
}

func TestCorrectionIsVisibleAndMovesUpdated(t *testing.T) {
	p := newPost(1)
	p.Correction, p.Updated = "“三亩”应为“三公顷” & <更多>", p.Date.Add(time.Hour)
	docs := build(t, newBuilder(t, nil), newCatalogue(p))
	checkDocuments(t, docs)
	for _, f := range feeds.Formats {
		doc := docs[natural().Path(posts.Everything, f)]
		parsed, _ := gofeed.NewParser().Parse(bytes.NewReader(doc.Body))
		item := parsed.Items[0]
		if want := "<p><strong>更正：“三亩”应为“三公顷” &amp; &lt;更多&gt;</strong></p>\n<p>正文 p1</p>\n"; item.Content != strings.TrimSpace(want) && item.Content != want {
			t.Errorf("%s: content %q, want %q", f, item.Content, want)
		}
		if !strings.HasPrefix(item.Description, "更正：“三亩”") {
			t.Errorf("%s: summary %q has no correction", f, item.Description)
		}
		if !doc.Updated.Equal(p.Updated) {
			t.Errorf("%s: Updated = %v, want %v", f, doc.Updated, p.Updated)
		}
	}
}

func TestPostThatCannotBeRenderedIsLeftOutAndReported(t *testing.T) {
	broken, nameless, good := newPost(1, "tag:头条"), newPost(2), newPost(3, "tag:头条")
	nameless.ID = ""
	twin := newPost(4)
	twin.ID, twin.Path = good.ID, "_posts/0-"+twin.Slug+".md"
	var reported []string
	b := newBuilder(t, func(o *feeds.Options) {
		o.Content = func(p *posts.Post) (posts.Content, error) {
			if p == broken {
				return posts.Content{}, errors.New("changed while it was read")
			}
			c, err := content(p)
			c.Diagnostics = []posts.Diagnostic{{Path: p.Path, Severity: posts.Warning, Message: "odd"}}
			return c, err
		}
		o.Report = func(d posts.Diagnostic) { reported = append(reported, d.String()) }
	})
	c := newCatalogue(broken, nameless, good, twin)
	docs := build(t, b, c)
	checkDocuments(t, docs)
	for _, path := range []string{"feed.xml", "rss.xml", "feed.json", "tag/头条/atom.xml"} {
		if diff := cmp.Diff([]posts.ID{good.ID}, ids(t, docs[path])); diff != "" {
			t.Errorf("%s (-want +got):\n%s", path, diff)
		}
	}
	shadowed := twin
	if other, _ := c.ByID(good.ID); other == twin {
		shadowed = good
	}
	want := []string{
		shadowed.Path + ": error: left out of the feeds: it has the id of " + map[*posts.Post]string{good: twin.Path, twin: good.Path}[shadowed],
		nameless.Path + ": error: left out of the feeds: it has no id",
		broken.Path + ": error: left out of the feeds: changed while it was read",
		map[*posts.Post]string{good: twin.Path, twin: good.Path}[shadowed] + ": warning: odd",
	}
	slices.Sort(want)
	slices.Sort(reported)
	if diff := cmp.Diff(want, reported); diff != "" {
		t.Errorf("reports (-want +got):\n%s", diff)
	}
}

func TestPostIsRenderedOnceARun(t *testing.T) {
	var mu sync.Mutex
	calls := map[posts.ID]int{}
	b := newBuilder(t, func(o *feeds.Options) {
		o.Limit = 10
		o.Content = func(p *posts.Post) (posts.Content, error) {
			mu.Lock()
			defer mu.Unlock()
			calls[p.ID]++
			return content(p)
		}
	})
	var list []*posts.Post
	for n := range 100 {
		list = append(list, newPost(n, "category:恩施", fmt.Sprintf("tag:t%d", n%3), "tag:头条"))
	}
	build(t, b, newCatalogue(list...))
	for id, n := range calls {
		if n != 1 {
			t.Errorf("%s was rendered %d times", id, n)
		}
	}
	// Three tags take the newest thirty; all other feeds are among them.
	if len(calls) != 30 {
		t.Errorf("%d posts were rendered, want the 30 that documents hold", len(calls))
	}
}

func TestSamePostsSameBytes(t *testing.T) {
	c, body := archive(120)
	b := newBuilder(t, func(o *feeds.Options) { o.Content = body })
	one := runtime.GOMAXPROCS(1)
	first := build(t, b, c)
	runtime.GOMAXPROCS(4)
	second := build(t, b, c)
	runtime.GOMAXPROCS(one)
	if len(first) != len(second) {
		t.Errorf("%d documents on one processor, %d on four", len(first), len(second))
	}
	for path, doc := range first {
		if !bytes.Equal(doc.Body, second[path].Body) || !doc.Updated.Equal(second[path].Updated) {
			t.Errorf("%s differs on four processors", path)
		}
	}
	var order [2][]string
	for i := range order {
		for doc := range b.Documents(context.Background(), c) {
			order[i] = append(order[i], doc.Path)
		}
	}
	if diff := cmp.Diff(order[0], order[1]); diff != "" {
		t.Errorf("order differs:\n%s", diff)
	}
}

func TestDocumentStaysBelowMaxBytes(t *testing.T) {
	c, body := archive(60)
	for _, limit := range []int{20_000, 50_000, 150_000} {
		t.Run(fmt.Sprint(limit), func(t *testing.T) {
			b := newBuilder(t, func(o *feeds.Options) { o.Content, o.MaxBytes = body, limit })
			docs := build(t, b, c)
			for _, f := range feeds.Formats {
				doc := docs[natural().Path(posts.Everything, f)]
				checkDocuments(t, map[string]feeds.Document{doc.Path: doc})
				if len(doc.Body) > limit || len(doc.Body) < limit/2 {
					t.Errorf("%s has %d bytes, want at most %d and not much less", doc.Path, len(doc.Body), limit)
				}
			}
		})
	}
}

func TestHugePostIsGivenAsExcerptAndNeverBlocks(t *testing.T) {
	huge, titan, small := newPost(3), newPost(2), newPost(1)
	titan.Title = strings.Repeat("长", 30_000)
	var reported []string
	b := newBuilder(t, func(o *feeds.Options) {
		o.MaxBytes = 100_000
		o.Content = func(p *posts.Post) (posts.Content, error) {
			if p == huge {
				return posts.Content{HTML: "<p>" + strings.Repeat("长", 30_000) + "</p>", Summary: "短"}, nil
			}
			return content(p)
		}
		o.Report = func(d posts.Diagnostic) { reported = append(reported, d.Path) }
	})
	docs := build(t, b, newCatalogue(huge, titan, small))
	checkDocuments(t, docs)
	for _, f := range feeds.Formats {
		doc := docs[natural().Path(posts.Everything, f)]
		if diff := cmp.Diff([]posts.ID{huge.ID, small.ID}, ids(t, doc)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", doc.Path, diff)
		}
		if bytes.Contains(doc.Body, []byte("长长")) || !bytes.Contains(doc.Body, []byte("正文 p1")) {
			t.Errorf("%s: want the huge post as an excerpt and the small one in full", doc.Path)
		}
	}
	if diff := cmp.Diff([]string{titan.Path}, reported); diff != "" {
		t.Errorf("reports (-want +got):\n%s", diff)
	}
}

func TestExcerptLeavesContentOut(t *testing.T) {
	p := newPost(1, "tag:全文")
	b := newBuilder(t, func(o *feeds.Options) {
		o.Excerpt = true
		o.Excerpts = map[posts.Topic]bool{posts.Tag("全文"): false}
	})
	docs := build(t, b, newCatalogue(p))
	checkDocuments(t, docs)
	for _, f := range feeds.Formats {
		if bytes.Contains(docs[natural().Path(posts.Everything, f)].Body, []byte("正文")) {
			t.Errorf("%s: the feed of excerpts has the content", f)
		}
		if !bytes.Contains(docs[natural().Path(posts.Tag("全文"), f)].Body, []byte("正文")) {
			t.Errorf("%s: the feed in full lacks the content", f)
		}
	}
}

func TestEmptyAndForgottenTopicsAreValidFeeds(t *testing.T) {
	known := []posts.Topic{posts.Tag("旧闻"), posts.Everything, posts.Category("利川")}
	b := newBuilder(t, nil)
	docs := build(t, b, newCatalogue(), known...)
	checkDocuments(t, docs)
	if len(docs) != 10 {
		t.Errorf("Documents built %d, want three feeds of three topics and the OPML", len(docs))
	}
	var feed struct{ Items []any }
	if err := json.Unmarshal(docs["tag/旧闻/feed.json"].Body, &feed); err != nil || feed.Items == nil || len(feed.Items) > 0 {
		t.Errorf("items = %v, %v, want an empty array", feed.Items, err)
	}
}

func TestCancelledRunEndsWithItsError(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	b := newBuilder(t, nil)
	var last error
	n := 0
	for _, err := range b.Documents(ctx, newCatalogue(newPost(1, "tag:a"))) {
		n++
		last = err
		cancel()
	}
	if n != 2 || !errors.Is(last, context.Canceled) {
		t.Errorf("after the cancellation %d more came, last error %v", n-1, last)
	}
}

func TestUpdatedIsUniqueAmongPostsOfOneSecond(t *testing.T) {
	var list []*posts.Post
	for n := range 50 {
		p := newPost(n)
		p.Date = time.Date(2026, 1, 5, 0, 0, 0, 0, zone)
		p.Updated = p.Date
		list = append(list, p)
	}
	docs := build(t, newBuilder(t, nil), newCatalogue(list...))
	checkDocuments(t, docs) // DuplicateUpdated
	if got := docs["feed.xml"].Entries; got != 50 {
		t.Errorf("feed.xml has %d entries, want 50", got)
	}
}

func TestListPutsTheSiteFirstAndBusyTopicsNext(t *testing.T) {
	gone := newPost(9, "tag:a")
	gone.Withdrawn = true
	c := newCatalogue(newPost(1, "tag:b", "category:x"), newPost(2, "tag:b"), newPost(3, "tag:a"), gone)
	day := func(n int) time.Time { return newPost(n).Updated }
	want := []feeds.Summary{
		{Topic: posts.Everything, Entries: 3, Updated: day(9)},
		{Topic: posts.Tag("b"), Entries: 2, Updated: day(2)},
		{Topic: posts.Category("x"), Entries: 1, Updated: day(1)},
		{Topic: posts.Tag("a"), Entries: 1, Updated: day(9)},
	}
	if diff := cmp.Diff(want, feeds.List(c)); diff != "" {
		t.Errorf("List (-want +got):\n%s", diff)
	}
}
