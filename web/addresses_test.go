package web_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/enshi-daily/enshi/feeds"
	"github.com/enshi-daily/enshi/posts"
	"github.com/enshi-daily/enshi/web"
)

// movedSite is a site that took over from jekyll-feed, with a topic under a
// slug and a title, and one that was given up.
func movedSite(t testing.TB) *site {
	t.Helper()
	a, err := feeds.NewAddresses(feeds.AddressOptions{
		Slugs:   map[posts.Topic]string{"category:要闻": "news", "tag:A/B": "ab"},
		Retired: []posts.Topic{"tag:茶", "tag:从前"},
		Before:  posts.Site{FeedPath: "atom.xml", FeedTagsPath: "feed/by_tag/", FeedCategories: []string{"活动"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return openSite(t, a, newPosts(), func(o *web.Options) {
		o.Titles = map[posts.Topic]string{"category:要闻": "山城<要闻>"}
	})
}

func TestOldAddressesMoveToTheNew(t *testing.T) {
	s := movedSite(t)
	for target, want := range map[string]string{
		"/atom.xml":                                "/feed.xml",
		"//atom.xml":                               "/feed.xml",
		"/feed/%E8%A6%81%E9%97%BB.xml":             "/category/news/atom.xml",
		"/feed/要闻.xml":                             "/category/news/atom.xml",
		"/feed/活动.xml":                             "/category/%E6%B4%BB%E5%8A%A8/atom.xml", // without posts
		"/feed/by_tag/A%2FB.xml":                   "/tag/ab/atom.xml",
		"/feed/by_tag/A/B.xml":                     "/tag/ab/atom.xml",
		"/feed/cafe%CC%81.xml":                     "/category/caf%C3%A9/atom.xml",
		"/category/%E8%A6%81%E9%97%BB/":            "/category/news/",
		"/category/%E8%A6%81%E9%97%BB":             "/category/news/",
		"/category/%E8%A6%81%E9%97%BB/index.html":  "/category/news/",
		"/category/%E8%A6%81%E9%97%BB/?lang=en":    "/category/news/?lang=en",
		"/category/%E8%A6%81%E9%97%BB/atom.xml":    "/category/news/atom.xml",
		"/category/%E8%A6%81%E9%97%BB/rss.xml?x=1": "/category/news/rss.xml?x=1",
		"/category/要闻/feed.json":                   "/category/news/feed.json",
		"/category/news":                           "/category/news/",
		paths().URLPath("tag:A/B", feeds.JSON):     "/tag/ab/feed.json",
		"/tag/A%2fB/":                              "/tag/ab/",
	} {
		s.movesTo(target, want)
	}
	for _, target := range []string{"/feed/nothing.xml", "/feed/by_tag/nothing.xml", "/feed/by_tag/.xml", "/category/ab/", "/tag/news/atom.xml", "/category/news/nothing.xml"} {
		if status, _ := s.raw(target); status != http.StatusNotFound {
			t.Errorf("GET %s = %d, want 404", target, status)
		}
	}
	if r := s.do(http.MethodPost, "/atom.xml", ""); r.status != http.StatusMethodNotAllowed || r.header.Get("Allow") != "GET, HEAD, OPTIONS" {
		t.Errorf("POST /atom.xml = %d, Allow %q", r.status, r.header.Get("Allow"))
	}
	if r := s.do(http.MethodGet, "/category/%E8%A6%81%E9%97%BB/archive/2026-01-1.xml", ""); r.header.Get("Location") != public+"/category/news/archive/2026-01-1.xml" {
		t.Errorf("an archive moves to %q", r.header.Get("Location"))
	}
}

func TestAliasWinsOverWhatIsLeftOnDisk(t *testing.T) {
	s := newSite(t, nil)
	moved := movedSite(t)
	s.options.Paths = moved.options.Paths // as after a new configuration, before anything is published
	server, err := web.New(s.options)
	if err != nil {
		t.Fatal(err)
	}
	s.http.Config.Handler = server.Handler()
	for _, f := range feeds.Formats {
		if status, _ := s.raw(paths().URLPath("tag:茶", f)); status != http.StatusGone {
			t.Errorf("the %s feed of a retired topic = %d, want 410 though it lies there", f, status)
		}
	}
	if _, err := s.publisher.Prune(s.options.Paths); err != nil {
		t.Fatal(err)
	}
	if status, _ := s.raw("/category/%E8%A6%81%E9%97%BB/atom.xml"); status != http.StatusNotFound {
		t.Errorf("before the first catalogue = %d, want 404", status)
	}
}

func TestRetiredTopicIsGone(t *testing.T) {
	s := movedSite(t)
	for _, target := range []string{
		"/tag/%E8%8C%B6/", "/tag/%E8%8C%B6", "/tag/茶/atom.xml", "/tag/%E8%8C%B6/rss.xml", "/tag/%E8%8C%B6/feed.json",
		"/tag/%E8%8C%B6/archive/2026-01-1.xml", "/feed/by_tag/%E8%8C%B6.xml", "/tag/从前/atom.xml", "//tag/%E8%8C%B6/",
	} {
		for _, method := range []string{http.MethodGet, http.MethodHead} {
			r := s.request(method, target)
			if r.status != http.StatusGone || r.header.Get("Cache-Control") != "public, max-age=300" {
				t.Errorf("%s %s = %d, Cache-Control %q, want 410", method, target, r.status, r.header.Get("Cache-Control"))
			}
			if method == http.MethodGet && !strings.Contains(r.body, "这个主题已经停了") {
				t.Errorf("GET %s says nothing of it:\n%s", target, r.body)
			}
		}
	}
	for _, target := range []string{"/", "/feeds.opml", "/subscribe?topic=tag:茶"} {
		if _, body := s.rawBody(target); strings.Contains(body, `value="tag:茶"`) || strings.Contains(body, ">茶<") || strings.Contains(body, "/%E8%8C%B6/") {
			t.Errorf("%s still offers the topic", target)
		}
	}
}

func TestRetiredTopicIsKeptByWhoHasIt(t *testing.T) {
	s := newSite(t, nil)
	before := s.enrol("a@example.org", map[string][]string{"scope": {"some"}, "topic": {"tag:茶"}})
	s.options.Paths = movedSite(t).options.Paths
	server, err := web.New(s.options)
	if err != nil {
		t.Fatal(err)
	}
	server.SetCatalogue(newCatalogue(newPosts()))
	s.http.Config.Handler = server.Handler()
	link := local(s.addresses.Preferences(before.ID, before.Generation))
	if r := s.get(link); !strings.Contains(r.body, `value="tag:茶" checked`) {
		t.Errorf("the topic is not among the person's:\n%s", r.body)
	}
	s.post(link, map[string][]string{"scope": {"some"}, "topic": {"tag:茶", "category:要闻"}, "cadence": {"weekly"}})
	after := s.record("a@example.org")
	if len(after.Topics) != 2 || after.Topics[1] != "tag:茶" {
		t.Errorf("topics after saving: %q, want the retired one kept", after.Topics)
	}
	form := map[string][]string{"address": {"b@example.org"}, "scope": {"some"}, "topic": {"tag:茶"}}
	if r := s.post("/subscribe", form); r.status != http.StatusUnprocessableEntity {
		t.Errorf("a new sign-up for it = %d, want 422", r.status)
	}
}

func TestTopicIsCalledByItsTitle(t *testing.T) {
	s := movedSite(t)
	for _, target := range []string{"/", "/category/news/", "/subscribe"} {
		_, body := s.rawBody(target)
		if !strings.Contains(body, "山城&lt;要闻&gt;") {
			t.Errorf("%s does not use the title", target)
		}
		checkMarkup(t, body)
	}
}

func TestCountsLeaveWithdrawnPostsOut(t *testing.T) {
	list := newPosts()
	list[0].Withdrawn = true
	s := openSite(t, paths(), list, nil)
	r := s.get(paths().PagePath("category:要闻"))
	if !strings.Contains(r.body, "共 1 篇") || strings.Contains(r.body, "第0篇") {
		t.Errorf("the page counts or shows a withdrawn post:\n%s", r.body)
	}
	if home := s.get("/").body; strings.Contains(home, "第0篇") || !strings.Contains(home, "要闻</a> <span class=\"count\">1<") {
		t.Errorf("the start page counts or shows a withdrawn post:\n%s", home)
	}
}

func TestPagesShowTheRenderedSummary(t *testing.T) {
	s := openSite(t, paths(), newPosts(), func(o *web.Options) {
		o.Summary = func(p *posts.Post) string { return "摘自正文 " + p.Slug }
	})
	for _, target := range []string{"/", paths().PagePath("category:要闻")} {
		if body := s.get(target).body; !strings.Contains(body, "摘自正文 p1") {
			t.Errorf("%s lacks the summary", target)
		}
	}
}
