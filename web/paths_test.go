package web_test

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/enshi-daily/enshi/feeds"
	"github.com/enshi-daily/enshi/posts"
	"github.com/enshi-daily/enshi/subscribers"
	"github.com/enshi-daily/enshi/web"
)

// raw sends a request line as it stands, which no client would.
func (s *site) raw(target string) (status int, location string) {
	s.t.Helper()
	c, err := net.Dial("tcp", s.http.Listener.Addr().String())
	if err != nil {
		s.t.Fatal(err)
	}
	defer c.Close()
	fmt.Fprintf(c, "GET %s HTTP/1.1\r\nHost: feeds.example\r\nConnection: close\r\n\r\n", target)
	r, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		s.t.Fatalf("GET %q: %v", target, err)
	}
	defer r.Body.Close()
	return r.StatusCode, r.Header.Get("Location")
}

func TestHostilePathsLeadNowhere(t *testing.T) {
	s := newSite(t, nil)
	for _, target := range []string{
		"/../feed.xml", "/..", "/.", "/./feed.xml", "/category/../feed.xml", "/category/%2e%2e/feed.xml",
		"/%2e%2e/%2e%2e/etc/passwd.xml", "/..%2f..%2fetc%2fpasswd.xml", "/category/..%5c..%5cfeed.xml",
		`/category\feed.xml`, "//feed.xml", "//example.org/", "/category//atom.xml", "/feed.xml%00", "/%00",
		"/feed.xml/", "/.enshi/manifest.json", "/.enshi/identities.json", "/%zz", "/category/%", "/category/%ff/",
		"/feed.xml.gz", "/feed.xml.br", "/category/%0d%0aSet-Cookie:x/", "*", "/" + strings.Repeat("a/", 3000),
		"/assets/../enshi.css", "/assets/%2e%2e%2fenshi.css", "/confirm/", "/confirm/a/b", "/tag//", "/wp-login.php",
	} {
		status, _ := s.raw(target)
		if status != http.StatusBadRequest && status != http.StatusNotFound {
			t.Errorf("GET %.60q = %d, want 400 or 404", target, status)
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
		{"NFD", "/category/cafe%CC%81/", paths().PagePath(cafe)},
		{"needlessly encoded", "/t%61g/%E8%8C%B6/", paths().PagePath(tea)},
		{"name instead of slug", "/tag/A%2FB/", paths().PagePath(slash)},
		{"query kept", "/category/要闻/?lang=en", paths().PagePath(news) + "?lang=en"},
		{"feed, raw", "/category/要闻/atom.xml", paths().URLPath(news, feeds.Atom)},
		{"feed, lower-case hex", "/tag/%e8%8c%b6/feed.json", paths().URLPath(tea, feeds.JSON)},
		{"feed, NFD", "/category/cafe%CC%81/rss.xml", paths().URLPath(cafe, feeds.RSS)},
		{"feed, name instead of slug", "/tag/A%2FB/rss.xml", paths().URLPath(slash, feeds.RSS)},
		{"feed of the site, encoded", "/feed%2Exml", "/feed.xml"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			status, location := s.raw(tt.target)
			if status != http.StatusMovedPermanently || location != tt.want {
				t.Fatalf("GET %s = %d, %q, want 301, %q", tt.target, status, location, tt.want)
			}
			if status, _ := s.raw(location); status != http.StatusOK {
				t.Errorf("GET %s = %d, want 200", location, status)
			}
		})
	}
}

func TestPublicAddressBelowAPath(t *testing.T) {
	s := newSite(t, func(o *web.Options) { o.Addresses.Public = public + "/feeds" })
	for _, path := range []string{"/feeds/", "/", "/feeds/feed.xml", "/feed.xml", "/feeds/privacy"} {
		if r := s.get(path); r.status != http.StatusOK {
			t.Errorf("GET %s = %d, want 200", path, r.status)
		}
	}
	if _, location := s.raw("/feeds/category/要闻/"); location != "/feeds"+paths().PagePath(posts.Category("要闻")) {
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
	for path, want := range map[string]string{"/": "GET, HEAD", "/feed.xml": "GET, HEAD", "/subscribe": "GET, HEAD, POST"} {
		for _, method := range []string{http.MethodPut, http.MethodDelete, http.MethodOptions, "BREW"} {
			r := s.do(method, path, "")
			if r.status != http.StatusMethodNotAllowed || r.header.Get("Allow") != want {
				t.Errorf("%s %s = %d, Allow %q, want 405, %q", method, path, r.status, r.header.Get("Allow"), want)
			}
		}
	}
}
