package web_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/enshi-daily/enshi/feeds"
	"github.com/enshi-daily/enshi/posts"
	"github.com/enshi-daily/enshi/subscribers"
	"github.com/enshi-daily/enshi/web"
)

// request sends a request line as it stands, which no client would.
func (s *site) request(method, target string) reply {
	s.t.Helper()
	c, err := net.Dial("tcp", s.http.Listener.Addr().String())
	if err != nil {
		s.t.Fatal(err)
	}
	defer c.Close()
	fmt.Fprintf(c, "%s %s HTTP/1.1\r\nHost: feeds.example\r\nConnection: close\r\n\r\n", method, target)
	r, err := http.ReadResponse(bufio.NewReader(c), &http.Request{Method: method})
	if err != nil {
		s.t.Fatalf("%s %.80q: %v", method, target, err)
	}
	defer r.Body.Close()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		s.t.Fatalf("%s %.80q: %v", method, target, err)
	}
	return reply{r.StatusCode, r.Header, string(body)}
}

func (s *site) raw(target string) (status int, location string) {
	s.t.Helper()
	r := s.request(http.MethodGet, target)
	return r.status, r.header.Get("Location")
}

func (s *site) rawBody(target string) (status int, body string) {
	s.t.Helper()
	r := s.request(http.MethodGet, target)
	return r.status, r.body
}

func TestHostilePathsLeadNowhere(t *testing.T) {
	s := newSite(t, nil)
	for _, target := range []string{
		"/../feed.xml", "/..", "/.", "/./feed.xml", "/category/../feed.xml", "/category/%2e%2e/feed.xml", "/tag/../../etc/passwd",
		"/%2e%2e/%2e%2e/etc/passwd.xml", "/..%2f..%2fetc%2fpasswd.xml", "/category/..%5c..%5cfeed.xml", "/tag/%252e%252e/atom.xml",
		`/category\feed.xml`, "//example.org/", "//example.org/%2f..", "/category//atom.xml", "/feed.xml%00", "/%00", "/feed.xml%20",
		"/feed.xml/", "/.enshi/manifest.json", "/.enshi/identities.json", "/%zz", "/category/%", "/category/%ff/",
		"/feed.xml.gz", "/feed.xml.br", "/category/%0d%0aSet-Cookie:x/", "*", "/" + strings.Repeat("a/", 3000),
		"/assets/../enshi.css", "/assets/%2e%2e%2fenshi.css", "/confirm/", "/confirm/a/b", "/tag//", "/wp-login.php",
		"/tag/%2F/", "/tag/%2F/atom.xml", "/tag/%c0%ae%c0%ae/atom.xml", "/tag/%e0%80%af/", "/tag/\x00/", "/tag/%E8%A6/", "/tag/%ED%A0%80/",
		"/tag/" + strings.Repeat("%E6%81%A9", 400) + "/atom.xml", "/" + strings.Repeat("a", 10000), "/tag/" + strings.Repeat("/", 9000) + "x",
		"/feed/../../x.xml", "/feed/by_tag/%2e%2e%2fx.xml", "/feed/%2Fetc%2Fpasswd.xml", "/index.html/", "/tag/index.html", "/?/../x", "/;/feed.xml",
		"/tag/%E8%8C%B6/..;/atom.xml", "/tag/%E8%8C%B6/archive/../../x.xml", "/tag/%E8%8C%B6/archive/%2e%2e/x.xml", "/%EF%BC%8E%EF%BC%8E/feed.xml",
	} {
		status, _ := s.raw(target)
		if target == "/?/../x" {
			if status != http.StatusOK {
				t.Errorf("GET %.60q = %d, want the start page", target, status)
			}
			continue
		}
		if status != http.StatusBadRequest && status != http.StatusNotFound {
			t.Errorf("GET %.60q = %d, want 400 or 404", target, status)
		}
	}
	if log := s.log.String(); strings.Contains(log, "handler broke") {
		t.Errorf("a request broke a handler:\n%s", log)
	}
}

func TestTopicsWithHostileNames(t *testing.T) {
	names := []string{"/", ".", "..", "../../etc/passwd", "a\x01b", "a\nb", `a\b`, "AI", "ai", "Ai", "index.html", "atom.xml", "%2e%2e", "a?b#c", strings.Repeat("恩", 120), "\u202egnp", " "}
	var list []*posts.Post
	for i, name := range names {
		p := *newPosts()[0]
		p.ID, p.Path, p.Tags = posts.ID(fmt.Sprintf("https://news.example/h%d", i)), fmt.Sprintf("_posts/h%d.md", i), []string{name}
		p.Title = fmt.Sprintf("只在这里%d。", i)
		list = append(list, &p)
	}
	s := openSite(t, paths(), list, nil)
	for i, name := range names {
		topic := posts.Tag(name)
		for _, f := range feeds.Formats {
			status, body := s.rawBody(paths().URLPath(topic, f))
			if status != http.StatusOK || !strings.Contains(body, fmt.Sprintf("只在这里%d。", i)) || strings.Count(body, "只在这里") > 60 {
				t.Errorf("%s feed of %q at %s = %d", f, name, paths().URLPath(topic, f), status)
			}
			for j := range names {
				if j != i && strings.Contains(body, fmt.Sprintf("只在这里%d。", j)) {
					t.Errorf("the feed of %q has an entry of %q", name, names[j])
				}
			}
		}
		if status, body := s.rawBody(paths().PagePath(topic)); status != http.StatusOK || !strings.Contains(body, fmt.Sprintf("只在这里%d。", i)) {
			t.Errorf("page of %q at %s = %d", name, paths().PagePath(topic), status)
		}
		// However its name is asked for, nothing else is shown.
		status, location := s.raw("/tag/" + url.PathEscape(name) + "/atom.xml")
		if known := public + paths().URLPath(topic, feeds.Atom); status == http.StatusMovedPermanently && location != known || status >= 500 {
			t.Errorf("GET of the name %q = %d, %s, want 301 to %s or a refusal", name, status, location, known)
		}
	}
}

func TestOtherSpellingsMoveToTheOne(t *testing.T) {
	s := newSite(t, nil)
	news, tea, cafe, slash := posts.Category("要闻"), posts.Tag("茶"), posts.Category("café"), posts.Tag("A/B")
	for _, tt := range []struct{ name, target, want string }{
		{"lower-case hex", "/category/%e8%a6%81%e9%97%bb/", paths().PagePath(news)},
		{"raw", "/category/要闻/", paths().PagePath(news)},
		{"no slash", "/category/%E8%A6%81%E9%97%BB", paths().PagePath(news)},
		{"index.html", "/category/%E8%A6%81%E9%97%BB/index.html", paths().PagePath(news)},
		{"index.html of the site", "/index.html", "/"},
		{"NFD", "/category/cafe%CC%81/", paths().PagePath(cafe)},
		{"needlessly encoded", "/t%61g/%E8%8C%B6/", paths().PagePath(tea)},
		{"name instead of slug", "/tag/A%2FB/", paths().PagePath(slash)},
		{"query kept", "/category/要闻/?lang=en", paths().PagePath(news) + "?lang=en"},
		{"feed, raw", "/category/要闻/atom.xml", paths().URLPath(news, feeds.Atom)},
		{"feed, lower-case hex", "/tag/%e8%8c%b6/feed.json", paths().URLPath(tea, feeds.JSON)},
		{"feed, NFD", "/category/cafe%CC%81/rss.xml", paths().URLPath(cafe, feeds.RSS)},
		{"feed, name instead of slug", "/tag/A%2FB/rss.xml", paths().URLPath(slash, feeds.RSS)},
		{"feed of the site, encoded", "/feed%2Exml", "/feed.xml"},
		{"double slash", "//feed.xml", "/feed.xml"},
		{"double slashes", "/category//%E8%A6%81%E9%97%BB///atom.xml", paths().URLPath(news, feeds.Atom)},
		{"double slash, page", "//tag/%E8%8C%B6//", paths().PagePath(tea)},
		{"double slash, start page", "//", "/"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s.movesTo(tt.target, tt.want)
		})
	}
}

// movesTo holds an address to one permanent redirect to a path that answers.
func (s *site) movesTo(target, want string) {
	s.t.Helper()
	for _, method := range []string{http.MethodGet, http.MethodHead} {
		r := s.request(method, target)
		if r.status != http.StatusMovedPermanently || r.header.Get("Location") != public+want {
			s.t.Errorf("%s %s = %d, %q, want 301, %q", method, target, r.status, r.header.Get("Location"), public+want)
		}
		if r.header.Get("Cache-Control") != "public, max-age=300" || r.body != "" {
			s.t.Errorf("%s %s: Cache-Control %q, body %q", method, target, r.header.Get("Cache-Control"), r.body)
		}
	}
	if status, _ := s.raw(want); status != http.StatusOK {
		s.t.Errorf("GET %s = %d, want 200", want, status)
	}
}

func TestPublicAddressBelowAPath(t *testing.T) {
	s := newSite(t, func(o *web.Options) { o.Addresses.Public = public + "/feeds" })
	for _, path := range []string{"/feeds/", "/", "/feeds/feed.xml", "/feed.xml", "/feeds/privacy"} {
		if r := s.get(path); r.status != http.StatusOK {
			t.Errorf("GET %s = %d, want 200", path, r.status)
		}
	}
	if _, location := s.raw("/feeds/category/要闻/"); location != public+"/feeds"+paths().PagePath(posts.Category("要闻")) {
		t.Errorf("Location = %q, want it below the public path", location)
	}
	if r := s.get("/feeds/"); !strings.Contains(r.body, `action="/feeds/subscribe"`) {
		t.Error("the form does not lead below the public path")
	}
	address := subscribers.Addresses{Public: public + "/feeds", Keys: s.keys}.Unsubscribe(s.keys.ID("a@example.org"))
	if r := s.get(strings.TrimPrefix(address, public)); r.status != http.StatusOK {
		t.Errorf("GET %s = %d", address, r.status)
	}
}

func TestOtherMethodsAreRefused(t *testing.T) {
	s := newSite(t, nil)
	for path, want := range map[string]string{"/": "GET, HEAD", "/feed.xml": "GET, HEAD, OPTIONS", "/subscribe": "GET, HEAD, POST"} {
		for _, method := range []string{http.MethodPut, http.MethodDelete, "BREW"} {
			r := s.do(method, path, "")
			if r.status != http.StatusMethodNotAllowed || r.header.Get("Allow") != want {
				t.Errorf("%s %s = %d, Allow %q, want 405, %q", method, path, r.status, r.header.Get("Allow"), want)
			}
		}
	}
}

func TestPublicAddressWithAPath(t *testing.T) {
	s := newSite(t, func(o *web.Options) { o.Addresses.Public = public + "/daily" })
	for _, path := range []string{"/daily/", "/daily", "/", "/daily?lang=en", "/daily/subscribe", "/subscribe", "/daily/feed.xml"} {
		if r := s.get(path); r.status != http.StatusOK {
			t.Errorf("GET %s = %d, want 200", path, r.status)
		}
	}
	if r := s.get("/dailyx"); r.status != http.StatusNotFound {
		t.Errorf("GET /dailyx = %d, want 404", r.status)
	}
}
