package web_test

import (
	"net/http"
	"net/url"
	"testing"
)

// TestReadersInBrowsers asks as a web reader of another origin does, first for
// leave and then for the feed.
func TestReadersInBrowsers(t *testing.T) {
	s := newDemandSite(t, nil)
	sub := s.enrol("a@example.org", url.Values{"scope": {"some"}, "topic": {"tag:硒都"}, "cadence": {"daily"}, "language": {"en"}})
	ask := []string{"Origin", "https://reader.example", "Access-Control-Request-Method", "GET", "Access-Control-Request-Headers", "if-none-match"}
	for path, status := range map[string]int{
		"/feed.xml": 200, "/rss.xml": 200, "/feed.json": 200, "/feeds.opml": 200, "/tag/xidu/atom.xml": 200, "/archive/2025-12-1.xml": 200,
		"/combine?topic=category:%E8%A6%81%E9%97%BB&topic=tag:%E8%8C%B6": 200,
		"/combine?topic=tag:%E8%8C%B6&topic=category:%E8%A6%81%E9%97%BB": 301,
		"/tag/%E7%A1%92%E9%83%BD/atom.xml":                               301, // before it had a slug
		"/tag/%E6%97%A7/atom.xml":                                        410, // retired
		"/tag/nothing/atom.xml":                                          404,
	} {
		r := s.do(http.MethodOptions, path, "", ask...)
		for field, want := range map[string]string{
			"Allow": "GET, HEAD, OPTIONS", "Access-Control-Allow-Origin": "*", "Access-Control-Allow-Methods": "GET, HEAD",
			"Access-Control-Allow-Headers": "*", "Access-Control-Max-Age": "86400", "Access-Control-Allow-Credentials": "",
		} {
			if got := r.header.Get(field); r.status != http.StatusNoContent || got != want {
				t.Errorf("OPTIONS %s = %d, %s: %q, want 204, %q", path, r.status, field, got, want)
			}
		}
		r = s.get(path, "Origin", "https://reader.example", "If-None-Match", `"x"`)
		if origin := r.header.Get("Access-Control-Allow-Origin"); r.status != status || origin != "*" {
			t.Errorf("GET %s = %d for origin %q, want %d for all", path, r.status, origin, status)
		}
		if got := r.header.Get("Access-Control-Expose-Headers"); got != "ETag, Link" {
			t.Errorf("GET %s exposes %q: a reader cannot see the ETag", path, got)
		}
	}
	for _, path := range []string{
		"/", "/subscribe", "/tag/xidu/", "/metrics", local(s.addresses.Feeds(sub.ID, sub.Generation)) + "feed.xml",
		local(s.addresses.Preferences(sub.ID, sub.Generation)), local(s.addresses.Unsubscribe(sub.ID)),
	} {
		for _, method := range []string{http.MethodOptions, http.MethodGet} {
			r := s.do(method, path, "", ask...)
			if got := r.header.Get("Access-Control-Allow-Origin"); got != "" || method == http.MethodOptions && r.status != http.StatusMethodNotAllowed {
				t.Errorf("%s %s = %d for origin %q: no other site is to read it", method, path, r.status, got)
			}
		}
	}
}
