package web_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/enshi-daily/enshi/feeds"
	"github.com/enshi-daily/enshi/feeds/lint"
	"github.com/enshi-daily/enshi/posts"
	"github.com/enshi-daily/enshi/web"
)

// newDemandSite is a site with archives and unions: newPosts, a topic with a
// slug, and a retired one.
func newDemandSite(t *testing.T, change func(*web.Options)) *site {
	t.Helper()
	a, err := feeds.NewAddresses(feeds.AddressOptions{
		Slugs: map[posts.Topic]string{posts.Tag("硒都"): "xidu"}, Retired: []posts.Topic{posts.Tag("旧")},
	})
	if err != nil {
		t.Fatal(err)
	}
	list := newPosts()
	list[0].Tags = append(list[0].Tags, "硒都", "旧")
	for i := range 101 {
		date := time.Date(2025, 12, 1, i, 0, 0, 0, zone())
		list = append(list, &posts.Post{
			ID: posts.ID(fmt.Sprintf("https://news.example/d%d", i)), Path: fmt.Sprintf("_posts/d%d.md", i), Title: fmt.Sprintf("十二月%d", i),
			URL: fmt.Sprintf("/2025/d%d.html", i), Slug: fmt.Sprintf("d%d", i), Date: date, Updated: date, Tags: []string{"硒都"},
		})
	}
	return openSite(t, a, list, func(o *web.Options) {
		demand, err := feeds.NewDemand(o.Documents.(*feeds.Publisher))
		if err != nil {
			t.Fatal(err)
		}
		c := newCatalogue(list)
		layout, _ := (*feeds.Layout)(nil).Follow(c)
		b, err := feeds.NewBuilder(feeds.Options{
			Title: "山城日报", SiteURL: "https://news.example", PublicURL: public, Addresses: a, Archives: layout,
			Content: func(p *posts.Post) (posts.Content, error) { return posts.Content{HTML: "<p>" + p.Slug + "</p>"}, nil },
		})
		if err != nil {
			t.Fatal(err)
		}
		demand.Show(b, c)
		o.Demand = demand
		if change != nil {
			change(o)
		}
	})
}

// checkServed holds an answer to the validator's rules.
func checkServed(t *testing.T, s *site, path string, f feeds.Format, entries int) {
	t.Helper()
	r := s.get(path)
	if r.status != http.StatusOK || r.header.Get("Content-Type") != f.MediaType() {
		t.Fatalf("GET %s = %d, %s", path, r.status, r.header.Get("Content-Type"))
	}
	for _, p := range lint.Lint([]byte(r.body), r.header.Get("Content-Type"), public+path) {
		t.Errorf("%s: %v", path, p)
	}
	mark := map[feeds.Format]string{feeds.Atom: "<entry>", feeds.RSS: "<item>", feeds.JSON: `"date_published"`}[f]
	if got := strings.Count(r.body, mark); got != entries {
		t.Errorf("%s has %d entries, want %d", path, got, entries)
	}
}

func TestArchivesAreServed(t *testing.T) {
	s := newDemandSite(t, nil)
	for path, entries := range map[string]int{
		"/archive/2025-12-1": 100, "/archive/2025-12-2": 1, "/archive/2026-01-1": 3, "/category/%E8%A6%81%E9%97%BB/archive/2026-01-1": 2, "/tag/xidu/archive/2025-12-2": 1,
	} {
		checkServed(t, s, path+".xml", feeds.Atom, entries)
		checkServed(t, s, path+".rss.xml", feeds.RSS, entries)
	}
	for path, want := range map[string]string{
		"/tag/%E7%A1%92%E9%83%BD/archive/2025-12-2.xml":          "/tag/xidu/archive/2025-12-2.xml",
		"/category/%e8%a6%81%e9%97%bb/archive/2026-01-1.rss.xml": "/category/%E8%A6%81%E9%97%BB/archive/2026-01-1.rss.xml",
		"/tag/A%2FB/archive/2026-01-1.xml":                       paths().PagePath(posts.Tag("A/B")) + "archive/2026-01-1.xml",
		"//archive/2025-12-1.xml":                                "/archive/2025-12-1.xml",
	} {
		if r := s.get(path); r.status != http.StatusMovedPermanently || r.header.Get("Location") != public+want {
			t.Errorf("GET %s = %d, %s, want 301 to %s", path, r.status, r.header.Get("Location"), want)
		}
	}
	for path, want := range map[string]int{
		"/archive/2025-11-1.xml": 404, "/archive/2025-12-3.xml": 404, "/archive/2025-12-01.xml": 404, "/archive/2025-12-1.json": 404,
		"/archive/": 404, "/archive/2025-12-1.xml/x": 404, "/tag/nobody/archive/2025-12-1.xml": 404,
		"/tag/%E6%97%A7/archive/2026-01-1.xml": 410,
	} {
		if r := s.get(path); r.status != want {
			t.Errorf("GET %s = %d, want %d", path, r.status, want)
		}
	}
	if r := s.post("/archive/2025-12-1.xml", nil); r.status != http.StatusMethodNotAllowed || r.header.Get("Allow") != "GET, HEAD, OPTIONS" {
		t.Errorf("POST to an archive = %d, Allow %q", r.status, r.header.Get("Allow"))
	}
}

func TestUnionsAreServed(t *testing.T) {
	s := newDemandSite(t, nil)
	both := "/combine?topic=category:%E8%A6%81%E9%97%BB&topic=tag:GDP%3Cb%3E%22"
	checkServed(t, s, both, feeds.Atom, 3)
	checkServed(t, s, both+"&format=rss", feeds.RSS, 3)
	checkServed(t, s, both+"&format=json", feeds.JSON, 3)
	if r, want := s.get(both), `<title>要闻 + GDP&#x3C;b&#x3E;" - 山城日报</title>`; !strings.Contains(r.body, want) {
		t.Errorf("the title is not %s: %.800s", want, r.body)
	}
}

func TestOtherQueriesLeadToTheUnion(t *testing.T) {
	s := newDemandSite(t, nil)
	both := "/combine?topic=category:%E8%A6%81%E9%97%BB&topic=tag:%E8%8C%B6"
	for query, want := range map[string]string{
		"topic=tag:茶&topic=category:要闻":                                                                      both,
		"topic=tag%3A%E8%8C%B6&topic=category%3A%e8%a6%81%E9%97%BB":                                          both,
		"topic=tag:%E8%8C%B6&topic=category:%E8%A6%81%E9%97%BB&topic=tag:%E8%8C%B6&format=atom&utm_source=x": both,
		"format=rss&topic=tag:%E8%8C%B6&topic=category:%E8%A6%81%E9%97%BB":                                   both + "&format=rss",
		"topic=tag:%E8%8C%B6&topic=tag:xidu":                                                                 "/combine?topic=tag:%E7%A1%92%E9%83%BD&topic=tag:%E8%8C%B6",
		"topic=tag:%E8%8C%B6":                                                                                "/tag/%E8%8C%B6/atom.xml",
		"topic=tag:%E8%8C%B6&topic=tag:%E8%8C%B6&format=json":                                                "/tag/%E8%8C%B6/feed.json",
		"topic=tag:%E7%A1%92%E9%83%BD&topic=tag:xidu&format=rss":                                             "/tag/xidu/rss.xml",
		"topic=tag:%E8%8C%B6&topic=*":                                                                        "/feed.xml",
		"topic=*&format=json":                                                                                "/feed.json",
		"topic=tag:cafe&topic=tag:%E8%8C%B6&topic=category:cafe%CC%81":                                       "", // tag:cafe is no topic
	} {
		r := s.get("/combine?" + strings.NewReplacer("茶", "%E8%8C%B6", "要闻", "%E8%A6%81%E9%97%BB").Replace(query))
		if want == "" {
			if r.status != http.StatusNotFound {
				t.Errorf("?%s = %d, want 404", query, r.status)
			}
			continue
		}
		if r.status != http.StatusMovedPermanently || r.header.Get("Location") != public+want {
			t.Errorf("?%s = %d, %s, want 301 to %s", query, r.status, r.header.Get("Location"), want)
		}
	}
	if r := s.get("/%63ombine?" + both[len("/combine?"):]); r.header.Get("Location") != public+both {
		t.Errorf("another path leads to %s", r.header.Get("Location"))
	}
}

func TestUnionsThatCannotBe(t *testing.T) {
	s := newDemandSite(t, nil)
	many := ""
	for i := range 21 {
		many += fmt.Sprintf("&topic=tag:%d", i)
	}
	for query, want := range map[string]int{
		"":                                       400,
		"topic=":                                 400,
		"topic=nonsense&topic=tag:1":             400,
		"topic=tag:%zz":                          400,
		"topic=tag:%E8%8C%B6&format=html":        400,
		"topic=tag:%E8%8C%B6&format=rss&format=": 400,
		many[1:]:                                 400,
		"topic=tag:%E8%8C%B6&topic=tag:%E9%85%92": 404,
		"topic=tag:%E8%8C%B6&topic=tag:%E6%97%A7": 410,
	} {
		r := s.get("/combine?"+query, "Accept-Language", "en")
		if r.status != want || !strings.Contains(r.body, "<h1") {
			t.Errorf("?%.60s = %d, want %d and a page", query, r.status, want)
		}
		if want == http.StatusNotFound && !strings.Contains(r.body, "One of the topics to be combined") {
			t.Errorf("?%s does not say why: %s", query, r.body)
		}
	}
	if r := s.post("/combine?topic=tag:a", nil); r.status != http.StatusMethodNotAllowed {
		t.Errorf("POST = %d", r.status)
	}
	if r := newSite(t, nil).get("/combine?topic=tag:a"); r.status != http.StatusNotFound {
		t.Errorf("without Demand: %d, want 404", r.status)
	}
}

func TestDocumentsOnDemandAreConditional(t *testing.T) {
	s := newDemandSite(t, func(o *web.Options) { o.Hubs = []string{"https://hub.example/"} })
	for _, path := range []string{"/archive/2025-12-1.xml", "/combine?topic=category:%E8%A6%81%E9%97%BB&topic=tag:%E8%8C%B6"} {
		plain, packed := s.get(path), s.get(path, "Accept-Encoding", "gzip")
		if packed.header.Get("Content-Encoding") != "gzip" || unpack(t, "gzip", packed.body) != plain.body {
			t.Errorf("%s: gzip holds something else", path)
		}
		tag, modified := plain.header.Get("ETag"), plain.header.Get("Last-Modified")
		if tag == packed.header.Get("ETag") || tag == "" || modified == "" || plain.header.Get("Cache-Control") != "public, max-age=300" || plain.header.Get("Vary") != "Accept-Encoding" {
			t.Errorf("%s: head %v", path, plain.header)
		}
		if link := plain.header.Get("Link"); link != "" {
			t.Errorf("%s: Link %s: no hub hears of it", path, link)
		}
		known := [][]string{{"If-None-Match", tag}, {"If-None-Match", packed.header.Get("ETag")}}
		if strings.HasPrefix(path, "/archive/") {
			known = append(known, []string{"If-Modified-Since", modified})
		}
		for _, head := range known {
			for _, method := range []string{http.MethodGet, http.MethodHead} {
				if r := s.do(method, path, "", head...); r.status != http.StatusNotModified || r.body != "" {
					t.Errorf("%s %s with %v = %d", method, path, head, r.status)
				}
			}
		}
		if r := s.do(http.MethodHead, path, ""); r.status != http.StatusOK || r.body != "" || r.header.Get("Content-Length") != plain.header.Get("Content-Length") {
			t.Errorf("HEAD %s = %d, length %s", path, r.status, r.header.Get("Content-Length"))
		}
	}
}

// TestForgottenUnionIsNoOlder has a union lose its newest post while nobody asks
// for it: who polls by date alone must hear of that.
func TestForgottenUnionIsNoOlder(t *testing.T) {
	s := newDemandSite(t, nil)
	const path = "/combine?topic=category:%E8%A6%81%E9%97%BB&topic=tag:%E8%8C%B6"
	known := s.get(path).header.Get("Last-Modified")
	if r := s.get(path, "If-Modified-Since", known); known == "" || r.status != http.StatusOK || r.body == "" {
		t.Errorf("GET since %q = %d, want 200: the date does not tell", known, r.status)
	}
}

// busy builds nothing.
type busy struct{ err error }

func (b busy) Archive(context.Context, posts.Topic, string) (feeds.File, error) {
	return feeds.File{}, b.err
}

func (b busy) Private(context.Context, feeds.Owner, []posts.Topic, feeds.Format) (feeds.File, error) {
	return feeds.File{}, b.err
}

func (b busy) Prune(context.Context, func(context.Context, string) ([]feeds.Reading, error)) error {
	return b.err
}

func (b busy) Combine(context.Context, []posts.Topic, feeds.Format) (feeds.File, error) {
	return feeds.File{}, b.err
}

func TestDemandThatIsBusyAsksForPatience(t *testing.T) {
	s := newDemandSite(t, func(o *web.Options) { o.Demand = busy{fmt.Errorf("archive: %w", feeds.ErrBusy)} })
	for _, path := range []string{"/archive/2025-12-1.xml", "/combine?topic=category:%E8%A6%81%E9%97%BB&topic=tag:%E8%8C%B6"} {
		if r := s.get(path); r.status != http.StatusServiceUnavailable || r.header.Get("Retry-After") == "" || r.header.Get("Cache-Control") != "no-store" {
			t.Errorf("GET %s = %d, %v", path, r.status, r.header)
		}
	}
}
