package web_test

import (
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/enshi-daily/enshi/posts"
	"github.com/enshi-daily/enshi/subscribers"
	"github.com/enshi-daily/enshi/web"
)

func TestSignUpWaitsForConfirmation(t *testing.T) {
	s := newSite(t, nil)
	r := s.post("/subscribe?lang=en", url.Values{
		"address": {" Reader@Example.ORG "}, "scope": {"some"}, "topic": {"category:要闻", "tag:A/B"},
		"cadence": {"weekly"}, "language": {"en"}, "website": {""},
	})
	if r.status != http.StatusOK || !strings.Contains(r.body, "Check your mail") {
		t.Fatalf("sign-up = %d\n%s", r.status, r.body)
	}
	if strings.Contains(r.body, "eader@") {
		t.Error("the answer shows the address")
	}
	got := s.record("Reader@example.org")
	want := subscribers.Subscriber{
		ID: s.keys.ID("reader@example.org"), Address: "Reader@example.org", State: subscribers.Pending,
		Topics:  []posts.Topic{"category:要闻", "tag:A/B"},
		Cadence: subscribers.Weekly, Language: subscribers.English,
		Created: s.now.UTC(), Changed: s.now.UTC(), NoticedAt: s.now.UTC(), Version: got.Version,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("record (-want +got):\n%s", diff)
	}
	work, _, err := s.db.Work(t.Context())
	if err != nil || len(work) != 1 || work[0].Edition != "notice-confirm" {
		t.Errorf("waiting for a worker: %v, %v, want one confirmation", work, err)
	}
}

func TestSignUpDefaults(t *testing.T) {
	s := newSite(t, func(o *web.Options) { o.Cadence = subscribers.Weekly })
	s.post("/subscribe", url.Values{"address": {"a@example.org"}})
	got := s.record("a@example.org")
	if !cmp.Equal(got.Topics, []posts.Topic{posts.Everything}) || got.Cadence != subscribers.Weekly || got.Language != subscribers.Chinese {
		t.Errorf("record = %v, %s, %s, want everything, weekly, zh-Hans", got.Topics, got.Cadence, got.Language)
	}
}

func TestSignUpAnswersTheSameForEverybody(t *testing.T) {
	s := newSite(t, nil)
	s.enrol("active@example.org", nil)
	s.post("/subscribe", url.Values{"address": {"pending@example.org"}})
	for state, address := range map[subscribers.State]string{
		subscribers.Unsubscribed: "left@example.org", subscribers.Erased: "erased@example.org",
	} {
		sub := s.enrol(address, nil)
		after := subscribers.Unsubscribe(sub, s.now)
		if state == subscribers.Erased {
			after = subscribers.Erase(sub, s.now)
		}
		if err := s.db.Save(t.Context(), after, subscribers.NoNotice); err != nil {
			t.Fatal(err)
		}
	}
	unknown := s.post("/subscribe", url.Values{"address": {"unknown@example.org"}})
	for _, form := range []url.Values{
		{"address": {"active@example.org"}}, {"address": {"pending@example.org"}}, {"address": {"left@example.org"}},
		{"address": {"erased@example.org"}}, {"address": {"bot@example.org"}, "website": {"https://spam.example"}},
	} {
		got := s.post("/subscribe", form)
		got.header.Del("Date")
		unknown.header.Del("Date")
		if diff := cmp.Diff(unknown, got, cmp.AllowUnexported(reply{})); diff != "" {
			t.Errorf("answer for %v differs (-unknown +known):\n%s", form, diff)
		}
	}
	if _, err := s.db.Subscriber(t.Context(), s.keys.ID("bot@example.org")); err == nil {
		t.Error("the trap let somebody in")
	}
}

// Whether anybody has the address, the store is asked to do the same.
func TestSignUpWorksTheSameForEverybody(t *testing.T) {
	var calls registryCalls
	s := newSite(t, func(o *web.Options) {
		calls.Registry = o.Registry
		o.Registry = &calls
	})
	s.enrol("active@example.org", nil)
	for _, address := range []string{"unknown@example.org", "unknown@example.org", "active@example.org", "active@example.org"} {
		calls.reads, calls.writes = 0, 0
		s.post("/subscribe", url.Values{"address": {address}})
		if calls.reads != 1 || calls.writes != 1 {
			t.Errorf("sign-up of %s: %d reads, %d writes, want 1 and 1", address, calls.reads, calls.writes)
		}
	}
}

func TestFormErrorsAreShown(t *testing.T) {
	s := newSite(t, nil)
	for _, tt := range []struct {
		name string
		form url.Values
		want string
	}{
		{"no address", url.Values{}, "name@example.com."},
		{"not an address", url.Values{"address": {"<b>me</b>"}}, "&lt;b&gt;me&lt;/b&gt;"},
		{"no topic", url.Values{"address": {"a@example.org"}, "scope": {"some"}}, "at least one topic"},
		{"unknown topic", url.Values{"address": {"a@example.org"}, "scope": {"some"}, "topic": {"tag:none"}}, "no longer there"},
		{"no such scope", url.Values{"address": {"a@example.org"}, "scope": {"half"}}, "no longer there"},
		{"no such cadence", url.Values{"address": {"a@example.org"}, "cadence": {"hourly"}}, "choose how often"},
		{"no such language", url.Values{"address": {"a@example.org"}, "language": {"la"}}, "choose how often"},
		{"too many topics", url.Values{"address": {"a@example.org"}, "topic": make([]string, 501)}, "too many topics"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := s.post("/subscribe?lang=en", tt.form)
			if r.status != http.StatusUnprocessableEntity || !strings.Contains(r.body, tt.want) {
				t.Errorf("status %d, want 422 and %q in the page", r.status, tt.want)
			}
			if r.header.Get("Cache-Control") != "no-store" {
				t.Error("a page with an address may be kept")
			}
		})
	}
	if _, err := s.db.Subscriber(t.Context(), s.keys.ID("a@example.org")); err == nil {
		t.Error("a wrong form signed somebody up")
	}
}

func TestBodiesThatAreNoForms(t *testing.T) {
	s := newSite(t, nil)
	for _, tt := range []struct {
		name, body, mediaType string
		want                  int
	}{
		{"JSON", `{"address":"a@example.org"}`, "application/json", http.StatusUnsupportedMediaType},
		{"broken type", "address=a@example.org", "form;;", http.StatusUnsupportedMediaType},
		{"broken encoding", "address=%zz", "application/x-www-form-urlencoded", http.StatusBadRequest},
		{"address twice", "address=a@example.org&address=b@example.org", "application/x-www-form-urlencoded", http.StatusBadRequest},
		{"too large", "address=" + strings.Repeat("a", 256<<10-len("address=")+1), "application/x-www-form-urlencoded", http.StatusRequestEntityTooLarge},
		{"no boundary", "x", "multipart/form-data", http.StatusBadRequest},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if r := s.do(http.MethodPost, "/subscribe", tt.body, "Content-Type", tt.mediaType); r.status != tt.want {
				t.Errorf("status %d, want %d", r.status, tt.want)
			}
		})
	}
	// What stands in the address must not act.
	if r := s.post("/subscribe?address=a@example.org", url.Values{}); r.status != http.StatusUnprocessableEntity {
		t.Errorf("address in the query: status %d, want 422", r.status)
	}
}

func TestSignUpLimits(t *testing.T) {
	s := newSite(t, func(o *web.Options) {
		o.PerClient = web.Quota{N: 2, Period: time.Hour}
		o.InAll = web.Quota{N: 3, Period: time.Hour}
		o.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	})
	sign := func(address string, forwarded string) int {
		r := s.post("/subscribe", url.Values{"address": {address}}, "X-Forwarded-For", forwarded)
		if r.status == http.StatusTooManyRequests && r.header.Get("Retry-After") != "3600" {
			t.Errorf("Retry-After = %q, want 3600", r.header.Get("Retry-After"))
		}
		return r.status
	}
	for i, step := range []struct {
		forwarded string
		want      int
	}{
		{"2001:db8::1", 200},
		{"203.0.113.9, 2001:db8::2", 200}, // the same network; what the client made up does not count
		{"203.0.113.9, 2001:db8::3", 429},
		{"203.0.113.9", 200},
		{"203.0.113.10", 429}, // a new client, but three in all are reached
	} {
		if got := sign("a@example.org", step.forwarded); got != step.want {
			t.Errorf("sign-up %d from %s = %d, want %d", i, step.forwarded, got, step.want)
		}
	}
	s.now = s.now.Add(time.Hour + time.Second)
	if got := sign("a@example.org", "203.0.113.10"); got != http.StatusOK {
		t.Errorf("sign-up an hour later = %d, want 200", got)
	}
}

func TestForwardedAddressesOfStrangersDoNotCount(t *testing.T) {
	s := newSite(t, func(o *web.Options) { o.PerClient = web.Quota{N: 1, Period: time.Hour} })
	for i, want := range []int{http.StatusOK, http.StatusTooManyRequests} {
		r := s.post("/subscribe", url.Values{"address": {"a@example.org"}}, "X-Forwarded-For", []string{"203.0.113.1", "203.0.113.2"}[i])
		if r.status != want {
			t.Errorf("sign-up %d = %d, want %d", i, r.status, want)
		}
	}
}

func TestTopicsAreChosenBeforehand(t *testing.T) {
	s := newSite(t, nil)
	for path, want := range map[string]string{
		"/tag/%E8%8C%B6/":                   `value="tag:茶" checked`,
		"/subscribe?topic=category:要闻":      `value="category:要闻" checked`,
		"/subscribe?topic=tag:nobody":       `value="all" checked`,
		"/subscribe":                        `value="all" checked`,
		"/subscribe?topic=*&topic=tag:none": `value="all" checked`,
	} {
		if r := s.get(path); !strings.Contains(r.body, want) {
			t.Errorf("GET %s does not have %s", path, want)
		}
	}
}
