package web_test

import (
	"bytes"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/enshi-daily/enshi/posts"
	"github.com/enshi-daily/enshi/subscribers"
)

// pending signs somebody up and returns the path of the confirmation link.
func (s *site) pending(address string, form url.Values) (subscribers.Subscriber, string) {
	s.t.Helper()
	if form == nil {
		form = url.Values{}
	}
	form.Set("address", address)
	s.post("/subscribe", form)
	sub := s.record(address)
	return sub, local(s.addresses.Confirm(sub.ID, sub.Generation, s.now))
}

func TestConfirm(t *testing.T) {
	s := newSite(t, nil)
	_, link := s.pending("a@example.org", url.Values{"scope": {"some"}, "topic": {"tag:茶"}, "cadence": {"weekly"}, "language": {"en"}})
	page := s.get(link)
	if page.status != http.StatusOK || !strings.Contains(page.body, `<form method="post" action="`+link+`">`) {
		t.Fatalf("GET = %d, without the button\n%s", page.status, page.body)
	}
	for _, want := range []string{"茶", "Weekly", "Monday at 07:30", `<html lang="en">`} {
		if !strings.Contains(page.body, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
	for range 2 { // pressing twice is fine
		r := s.post(link, nil)
		if r.status != http.StatusOK || !strings.Contains(r.body, "You are subscribed") {
			t.Fatalf("POST = %d\n%s", r.status, r.body)
		}
		sub := s.record("a@example.org")
		if sub.State != subscribers.Active || sub.Consent != subscribers.DoubleOptIn || sub.Generation != 1 {
			t.Errorf("record = %s, %q, generation %d", sub.State, sub.Consent, sub.Generation)
		}
		for _, want := range []string{local(s.addresses.Preferences(sub.ID, sub.Generation)), local(s.addresses.Unsubscribe(sub.ID))} {
			if !strings.Contains(r.body, `href="`+want+`"`) {
				t.Errorf("the page has no link to %s", want)
			}
		}
	}
	if r := s.get(link); !strings.Contains(r.body, "You are subscribed") {
		t.Error("the link, opened again, does not say that all is well")
	}
}

func TestConfirmStartsAtTheHeadOfTheLog(t *testing.T) {
	s := newSite(t, nil)
	s.arrive(3)
	if sub := s.enrol("a@example.org", nil); sub.Cursor != 3 {
		t.Errorf("cursor = %d, want 3", sub.Cursor)
	}
}

func TestDeadLinks(t *testing.T) {
	s := newSite(t, nil)
	sub, link := s.pending("a@example.org", nil)
	other := s.keys.ID("nobody@example.org")
	active := s.enrol("b@example.org", nil)
	erased := s.enrol("e@example.org", nil)
	if err := s.db.Save(t.Context(), subscribers.Erase(erased, s.now), subscribers.NoNotice); err != nil {
		t.Fatal(err)
	}
	unsubscribe := local(s.addresses.Unsubscribe(active.ID))
	for _, tt := range []struct {
		name, path string
		want       int
	}{
		{"cut short", link[:len(link)-1], http.StatusNotFound},
		{"altered", strings.Replace(link, "/confirm/A", "/confirm/B", 1), http.StatusNotFound},
		{"other purpose", strings.Replace(link, "/confirm/", "/unsubscribe/", 1), http.StatusNotFound},
		{"unsubscribe link as preferences", strings.Replace(unsubscribe, "/unsubscribe/", "/preferences/", 1), http.StatusNotFound},
		{"words", "/confirm/hello", http.StatusNotFound},
		{"expired", local(s.addresses.Confirm(sub.ID, 0, s.now.Add(-8*24*time.Hour))), http.StatusGone},
		{"older than the record", local(s.addresses.Confirm(active.ID, 7, s.now)), http.StatusGone},
		{"of nobody", local(s.addresses.Confirm(other, 0, s.now)), http.StatusGone},
		{"of somebody erased", local(s.addresses.Confirm(erased.ID, erased.Generation, s.now)), http.StatusGone},
		{"preferences, older", local(s.addresses.Preferences(active.ID, active.Generation-1)), http.StatusGone},
		{"preferences of somebody who waits", local(s.addresses.Preferences(sub.ID, sub.Generation)), http.StatusGone},
		{"undo without an unsubscription", local(s.addresses.Undo(active.ID, active.Generation, s.now)), http.StatusGone},
		{"undo, expired", local(s.addresses.Undo(active.ID, active.Generation, s.now.Add(-25*time.Hour))), http.StatusGone},
	} {
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			t.Run(method+" "+tt.name, func(t *testing.T) {
				before := s.everybody()
				r := s.do(method, tt.path, "")
				if r.status != tt.want || !strings.Contains(r.body, `href="/subscribe"`) {
					t.Errorf("status %d, want %d and a way on", r.status, tt.want)
				}
				if r.header.Get("Cache-Control") != "no-store" {
					t.Error("the page may be kept")
				}
				if diff := cmp.Diff(before, s.everybody()); diff != "" {
					t.Errorf("a dead link changed a record:\n%s", diff)
				}
			})
		}
	}
}

// everybody is every record by ID.
func (s *site) everybody() map[subscribers.ID]subscribers.Subscriber {
	s.t.Helper()
	all := make(map[subscribers.ID]subscribers.Subscriber)
	for sub, err := range s.db.All(s.t.Context()) {
		if err != nil {
			s.t.Fatal(err)
		}
		all[sub.ID] = sub
	}
	return all
}

func TestGetOfSignedLinksChangesNothing(t *testing.T) {
	s := newSite(t, nil)
	_, confirm := s.pending("a@example.org", nil)
	active := s.enrol("b@example.org", nil)
	left := s.enrol("c@example.org", nil)
	s.post(local(s.addresses.Unsubscribe(left.ID)), nil)
	left = s.record("c@example.org")
	before := s.everybody()
	for _, path := range []string{
		confirm,
		local(s.addresses.Unsubscribe(active.ID)),
		local(s.addresses.Unsubscribe(left.ID)),
		local(s.addresses.Preferences(active.ID, active.Generation)),
		local(s.addresses.Undo(left.ID, left.Generation, s.now)),
	} {
		for _, method := range []string{http.MethodGet, http.MethodHead} {
			for _, query := range []string{"", "?List-Unsubscribe=One-Click", "?scope=some&topic=tag:%E8%8C%B6&cadence=instant"} {
				r := s.do(method, path+query, "")
				if r.status != http.StatusOK {
					t.Errorf("%s %s%s = %d", method, path, query, r.status)
				}
				for field, want := range map[string]string{
					"Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "X-Robots-Tag": "noindex", "Set-Cookie": "",
				} {
					if got := r.header.Get(field); got != want {
						t.Errorf("%s of %s = %q, want %q", field, path, got, want)
					}
				}
			}
		}
	}
	if diff := cmp.Diff(before, s.everybody()); diff != "" {
		t.Errorf("a GET changed a record (-before +after):\n%s", diff)
	}
}

func TestUnsubscribeAndUndo(t *testing.T) {
	s := newSite(t, nil)
	sub := s.enrol("a@example.org", url.Values{"language": {"en"}})
	link := local(s.addresses.Unsubscribe(sub.ID))
	if r := s.get(link); !strings.Contains(r.body, `<form method="post" action="`+link+`">`) {
		t.Fatalf("no button on the page:\n%s", r.body)
	}
	var undo string
	for range 2 { // pressing twice is fine
		r := s.post(link, nil)
		if r.status != http.StatusOK || !strings.Contains(r.body, "You are unsubscribed") {
			t.Fatalf("POST = %d\n%s", r.status, r.body)
		}
		left := s.record("a@example.org")
		if left.State != subscribers.Unsubscribed || left.Generation != sub.Generation+1 {
			t.Fatalf("record = %s, generation %d", left.State, left.Generation)
		}
		undo = local(s.addresses.Undo(left.ID, left.Generation, left.Changed))
		if !strings.Contains(r.body, `action="`+undo+`"`) {
			t.Fatalf("no way back on the page:\n%s", r.body)
		}
	}
	s.arrive(2)
	s.now = s.now.Add(23 * time.Hour)
	for range 2 {
		if r := s.post(undo, nil); r.status != http.StatusOK || !strings.Contains(r.body, "All as before") {
			t.Fatalf("undo = %d\n%s", r.status, r.body)
		}
		back := s.record("a@example.org")
		if back.State != subscribers.Active || back.Cursor != sub.Cursor {
			t.Errorf("record = %s, cursor %d, want active, %d", back.State, back.Cursor, sub.Cursor)
		}
	}
}

// TestSignUpAfterUnsubscribing shows what the button would bring into force, and
// is no matter of the way back.
func TestSignUpAfterUnsubscribing(t *testing.T) {
	s := newSite(t, nil)
	sub := s.enrol("a@example.org", url.Values{"language": {"zh-Hans"}})
	s.post(local(s.addresses.Unsubscribe(sub.ID)), nil)
	left := s.record("a@example.org")
	s.now = s.now.Add(time.Hour)
	_, link := s.pending("a@example.org", url.Values{"scope": {"some"}, "topic": {"tag:茶"}, "cadence": {"weekly"}, "language": {"en"}})
	page := s.get(link)
	for _, want := range []string{"茶", "Weekly", `<html lang="en">`} {
		if !strings.Contains(page.body, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
	s.post(local(s.addresses.Undo(left.ID, left.Generation, left.Changed)), nil)
	if back := s.record("a@example.org"); back.State != subscribers.Active || back.Cadence != sub.Cadence || back.Language != sub.Language {
		t.Errorf("after undo: %+v", back)
	}
}

func TestUndoIsNotOfferedForEver(t *testing.T) {
	s := newSite(t, nil)
	sub := s.enrol("a@example.org", nil)
	link := local(s.addresses.Unsubscribe(sub.ID))
	s.post(link, nil)
	s.now = s.now.Add(23 * time.Hour)
	s.post(link, nil) // again, which must not make the time longer
	left := s.record("a@example.org")
	s.now = s.now.Add(2 * time.Hour)
	if r := s.post(link, nil); strings.Contains(r.body, "<button") {
		t.Error("an unsubscription can be taken back after 25 hours")
	}
	if r := s.post(local(s.addresses.Undo(left.ID, left.Generation, left.Changed)), nil); r.status != http.StatusGone {
		t.Errorf("undo after 25 hours = %d, want 410", r.status)
	}
}

func TestOneClickUnsubscribe(t *testing.T) {
	var parts bytes.Buffer
	w := multipart.NewWriter(&parts)
	if err := w.WriteField("List-Unsubscribe", "One-Click"); err != nil {
		t.Fatal(err)
	}
	w.Close()
	for _, tt := range []struct{ name, mediaType, body string }{
		{"urlencoded", "application/x-www-form-urlencoded", "List-Unsubscribe=One-Click"},
		{"multipart", w.FormDataContentType(), parts.String()},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newSite(t, nil)
			sub := s.enrol("a@example.org", nil)
			s.now = s.now.Add(5 * 365 * 24 * time.Hour) // the link does not expire
			for range 2 {
				r := s.do(http.MethodPost, local(s.addresses.Unsubscribe(sub.ID)), tt.body, "Content-Type", tt.mediaType)
				if r.status != http.StatusOK || r.header.Get("Location") != "" || r.header.Get("Set-Cookie") != "" {
					t.Errorf("status %d, head %v, want 200, no redirect, no cookie", r.status, r.header)
				}
				if got := s.record("a@example.org").State; got != subscribers.Unsubscribed {
					t.Errorf("state = %s", got)
				}
			}
		})
	}
}

func TestUnsubscribeActsOnAnyBody(t *testing.T) {
	s := newSite(t, nil)
	for i, body := range []string{"", "%zz", strings.Repeat("x", 256<<10+1)} {
		address := string(rune('a'+i)) + "@example.org"
		sub := s.enrol(address, nil)
		r := s.do(http.MethodPost, local(s.addresses.Unsubscribe(sub.ID)), body, "Content-Type", "text/plain")
		if got := s.record(address).State; r.status != http.StatusOK || got != subscribers.Unsubscribed {
			t.Errorf("body %d: status %d, state %s", i, r.status, got)
		}
	}
}

func TestUnsubscribeOfNobody(t *testing.T) {
	s := newSite(t, nil)
	link := local(s.addresses.Unsubscribe(s.keys.ID("purged@example.org")))
	for _, r := range []reply{s.get(link), s.post(link, nil)} {
		if r.status != http.StatusOK || strings.Contains(r.body, "<button") {
			t.Errorf("status %d, want 200 and no button", r.status)
		}
	}
}

func TestPreferences(t *testing.T) {
	s := newSite(t, nil)
	sub := s.enrol("a@example.org", nil)
	// A topic that the site no longer has stays on offer.
	sub.Topics = []posts.Topic{"tag:旧", "tag:茶"}
	if err := s.db.Save(t.Context(), sub, subscribers.NoNotice); err != nil {
		t.Fatal(err)
	}
	link := local(s.addresses.Preferences(sub.ID, sub.Generation))
	page := s.get(link)
	for _, want := range []string{`value="tag:旧" checked`, `value="tag:茶" checked`, `value="daily" checked`, "以前的文章不会补发", local(s.addresses.Unsubscribe(sub.ID))} {
		if !strings.Contains(page.body, want) {
			t.Errorf("the page does not have %s", want)
		}
	}
	form := url.Values{"scope": {"some"}, "topic": {"tag:旧", "category:要闻"}, "cadence": {"instant"}, "language": {"en"}}
	for range 2 {
		r := s.post(link, form)
		if r.status != http.StatusOK || !strings.Contains(r.body, "Saved.") || !strings.Contains(r.body, `<html lang="en">`) {
			t.Fatalf("POST = %d\n%s", r.status, r.body)
		}
	}
	got := s.record("a@example.org")
	want := sub
	want.Topics = []posts.Topic{"category:要闻", "tag:旧"}
	want.Cadence, want.Language, want.Version = subscribers.Instant, subscribers.English, got.Version
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("record (-want +got):\n%s", diff)
	}
	r := s.post(link, url.Values{"scope": {"some"}})
	if r.status != http.StatusUnprocessableEntity || !strings.Contains(r.body, "at least one topic") || !strings.Contains(r.body, `value="tag:旧"`) {
		t.Errorf("no topic = %d, want 422, a word, and every topic still on offer", r.status)
	}
	if r := s.post(link, url.Values{"scope": {"all"}}); r.status != http.StatusOK || !cmp.Equal(s.record("a@example.org").Topics, []posts.Topic{posts.Everything}) {
		t.Errorf("everything = %d, topics %v", r.status, s.record("a@example.org").Topics)
	}
}

func TestPreferencesThatAreNotGivenStay(t *testing.T) {
	s := newSite(t, nil)
	sub := s.enrol("a@example.org", url.Values{"scope": {"some"}, "topic": {"tag:茶"}, "cadence": {"weekly"}, "language": {"en"}})
	link := local(s.addresses.Preferences(sub.ID, sub.Generation))
	for _, form := range []url.Values{{}, {"List-Unsubscribe": {"One-Click"}}, {"cadence": {"weekly"}}, {"topic": {"tag:茶"}}, {"language": {"en"}}} {
		if r := s.post(link, form); r.status != http.StatusOK {
			t.Errorf("POST %v = %d", form, r.status)
		}
		if diff := cmp.Diff(sub, s.record("a@example.org")); diff != "" {
			t.Errorf("POST %v changed what it does not name:\n%s", form, diff)
		}
	}
}
