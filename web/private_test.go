package web_test

import (
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"testing"

	"github.com/enshi-daily/enshi/feeds"
	"github.com/enshi-daily/enshi/feeds/lint"
	"github.com/enshi-daily/enshi/subscribers"
)

func TestPrivateFeeds(t *testing.T) {
	s := newDemandSite(t, nil)
	sub := s.enrol("a@example.org", url.Values{"scope": {"some"}, "topic": {"tag:茶", "tag:硒都"}, "cadence": {"weekly"}, "language": {"en"}})
	address := local(s.addresses.Feeds(sub.ID, sub.Generation))
	preferences := local(s.addresses.Preferences(sub.ID, sub.Generation))
	page := s.get(preferences)
	for name, f := range map[string]feeds.Format{"feed.xml": feeds.Atom, "rss.xml": feeds.RSS, "feed.json": feeds.JSON} {
		r := s.get(address+name, "Origin", "https://reader.example")
		if r.status != http.StatusOK || r.header.Get("Content-Type") != f.MediaType() {
			t.Fatalf("GET %s = %d, %s", name, r.status, r.header.Get("Content-Type"))
		}
		for _, p := range lint.Lint([]byte(r.body), r.header.Get("Content-Type"), public+address+name) {
			t.Errorf("%s: %v", name, p)
		}
		if !strings.Contains(page.body, public+address+name) {
			t.Errorf("the preferences do not show the address of %s", name)
		}
		if !strings.Contains(r.body, "十二月100") || strings.Contains(r.body, "十二月50") || !strings.Contains(r.body, "我的主题") {
			t.Errorf("%s is not the newest of the topics:\n%.1500s", name, r.body)
		}
		for field, want := range map[string]string{
			"Cache-Control": "private, max-age=300", "Referrer-Policy": "no-referrer", "X-Robots-Tag": "noindex", "Access-Control-Allow-Origin": "",
		} {
			if got := r.header.Get(field); got != want {
				t.Errorf("%s: %s: %q, want %q", name, field, got, want)
			}
		}
		if again := s.get(address+name, "If-None-Match", r.header.Get("ETag")); again.status != http.StatusNotModified {
			t.Errorf("%s, polled: %d, want 304", name, again.status)
		}
	}
	for path, want := range map[string]int{
		address + "atom.xml": 404, address: 404, strings.Replace(address, "/my/", "/my/x", 1) + "feed.xml": 404,
		strings.Replace(preferences, "/preferences/", "/my/", 1) + "/feed.xml": 404, // signed for something else
	} {
		if r := s.get(path); r.status != want {
			t.Errorf("GET %s = %d, want %d", path, r.status, want)
		}
	}
}

func TestPrivateFeedFollowsItsOwner(t *testing.T) {
	s := newDemandSite(t, nil)
	sub := s.enrol("a@example.org", url.Values{"scope": {"some"}, "topic": {"tag:硒都"}, "cadence": {"daily"}, "language": {"en"}})
	address := local(s.addresses.Feeds(sub.ID, sub.Generation)) + "feed.xml"
	preferences := local(s.addresses.Preferences(sub.ID, sub.Generation))
	id := func(body string) string {
		_, rest, _ := strings.Cut(body, "<id>")
		id, _, _ := strings.Cut(rest, "</id>")
		return id
	}
	first := s.get(address)
	s.post(preferences, url.Values{"scope": {"some"}, "topic": {"category:要闻"}, "cadence": {"daily"}, "language": {"en"}})
	second := s.get(address)
	if strings.Contains(second.body, "十二月100") || strings.Count(second.body, "<entry>") == 0 {
		t.Error("after a change of topics the feed still brings the old ones")
	}
	r := s.post(preferences, url.Values{"renew": {"1"}})
	if r.status != http.StatusSeeOther {
		t.Fatalf("new private address: %d", r.status)
	}
	moved := s.record("a@example.org")
	if want := local(s.addresses.Preferences(moved.ID, moved.Generation)) + "#feeds"; r.header.Get("Location") != want || moved.Generation != sub.Generation+1 {
		t.Errorf("Location %s, want %s", r.header.Get("Location"), want)
	}
	for _, old := range []string{address, preferences} {
		if r := s.get(old); r.status != http.StatusGone {
			t.Errorf("GET of the old %.10s… = %d, want 410", old, r.status)
		}
	}
	renewed := local(s.addresses.Feeds(moved.ID, moved.Generation)) + "feed.xml"
	if third := s.get(renewed); id(first.body) == "" || id(first.body) != id(second.body) || id(first.body) != id(third.body) {
		t.Error("the feed's id does not outlive topics and address")
	}
	s.post(local(s.addresses.Unsubscribe(sub.ID)), nil)
	if r := s.get(renewed); r.status != http.StatusGone {
		t.Errorf("after leaving: %d, want 410", r.status)
	}
}

func TestPrivateFeedOfEverything(t *testing.T) {
	s := newDemandSite(t, nil)
	sub := s.enrol("a@example.org", nil)
	r := s.get(local(s.addresses.Feeds(sub.ID, sub.Generation)) + "feed.xml")
	if want := "<subtitle>山城日报的全部文章</subtitle>"; strings.Count(r.body, "<entry>") != feeds.DefaultLimit || !strings.Contains(r.body, want) {
		t.Errorf("%d entries, without %s:\n%.1500s", strings.Count(r.body, "<entry>"), want, r.body)
	}
}

func TestRenewIsForTheActive(t *testing.T) {
	for _, state := range []subscribers.State{"", subscribers.Pending, subscribers.Unsubscribed, subscribers.Erased} {
		before := subscribers.Subscriber{State: state, Generation: 3}
		if after, ok := subscribers.Renew(before); ok || after.Generation != 3 {
			t.Errorf("%q: renewed", state)
		}
	}
}

// TestPrivateFeedIsJudgedByItsTag has topics of which the newer choice brings
// older posts: its date must not tell a reader that nothing changed.
func TestPrivateFeedIsJudgedByItsTag(t *testing.T) {
	s := newDemandSite(t, nil)
	sub := s.enrol("a@example.org", url.Values{"scope": {"some"}, "topic": {"tag:茶"}})
	address := local(s.addresses.Feeds(sub.ID, sub.Generation)) + "feed.xml"
	first := s.get(address)
	s.post(local(s.addresses.Preferences(sub.ID, sub.Generation)), url.Values{"scope": {"some"}, "topic": {"tag:硒都"}})
	since := s.now.UTC().Format(http.TimeFormat)
	if r := s.get(address, "If-Modified-Since", since); r.status != http.StatusOK || r.body == first.body {
		t.Errorf("after a change of topics: %d, want 200 and others, whatever the date", r.status)
	}
}

// TestErasedPersonsFeedIsRemoved has two people with private feeds, and erases one.
func TestErasedPersonsFeedIsRemoved(t *testing.T) {
	s := newDemandSite(t, nil)
	form := url.Values{"scope": {"some"}, "topic": {"tag:硒都"}, "cadence": {"daily"}, "language": {"en"}}
	goes, stays := s.enrol("a@example.org", form), s.enrol("b@example.org", form)
	address := local(s.addresses.Feeds(goes.ID, goes.Generation)) + "feed.xml"
	other := local(s.addresses.Feeds(stays.ID, stays.Generation)) + "feed.xml"
	s.get(address)
	s.get(other)
	if err := s.db.Save(t.Context(), subscribers.Erase(goes, s.now), subscribers.NoNotice); err != nil {
		t.Fatal(err)
	}
	if r := s.get(address); r.status != http.StatusGone {
		t.Errorf("GET = %d, want 410 at once", r.status)
	}
	if err := s.server.Prune(t.Context()); err != nil {
		t.Fatal(err)
	}
	left, err := filepath.Glob(filepath.Join(filepath.Dir(s.file("feed.xml").Name), ".enshi", "private", "*"))
	if err != nil || len(left) != 2 || strings.Contains(strings.Join(left, " "), string(goes.ID)) {
		t.Errorf("left on disk: %q, %v", left, err)
	}
	if r := s.get(other); r.status != http.StatusOK {
		t.Errorf("the other's feed = %d", r.status)
	}
}
