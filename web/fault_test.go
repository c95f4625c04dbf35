package web_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/enshi-daily/enshi/subscribers"
	"github.com/enshi-daily/enshi/web"
)

// registryCalls counts what is asked of a registry, and fails or loses the race
// for as many writes as it is told.
type registryCalls struct {
	subscribers.Registry
	reads, writes int
	conflicts     atomic.Int32
	away          atomic.Bool
	read, save    func(context.Context) error // before each, nil for nothing
}

func (r *registryCalls) Subscriber(ctx context.Context, id subscribers.ID) (subscribers.Subscriber, error) {
	r.reads++
	if r.read != nil {
		if err := r.read(ctx); err != nil {
			return subscribers.Subscriber{}, err
		}
	}
	if r.away.Load() {
		return subscribers.Subscriber{}, errors.New("disk full")
	}
	return r.Registry.Subscriber(ctx, id)
}

func (r *registryCalls) Save(ctx context.Context, s subscribers.Subscriber, n subscribers.Notice) error {
	r.writes++
	if r.save != nil {
		if err := r.save(ctx); err != nil {
			return err
		}
	}
	if r.conflicts.Add(-1) >= 0 {
		return subscribers.ErrConflict
	}
	return r.Registry.Save(ctx, s, n)
}

func newFaultySite(t *testing.T) (*site, *registryCalls) {
	t.Helper()
	calls := &registryCalls{}
	s := newSite(t, func(o *web.Options) {
		calls.Registry = o.Registry
		o.Registry = calls
	})
	return s, calls
}

func TestLostRacesAreRunAgain(t *testing.T) {
	s, calls := newFaultySite(t)
	calls.conflicts.Store(3)
	sub := s.enrol("a@example.org", nil)
	calls.conflicts.Store(3)
	if r := s.post(local(s.addresses.Unsubscribe(sub.ID)), nil); r.status != http.StatusOK {
		t.Fatalf("unsubscribe = %d", r.status)
	}
	if got := s.record("a@example.org").State; got != subscribers.Unsubscribed {
		t.Errorf("state = %s", got)
	}
	calls.conflicts.Store(1000)
	if r := s.post("/subscribe", url.Values{"address": {"b@example.org"}}); r.status != http.StatusServiceUnavailable {
		t.Errorf("a race that is lost for ever = %d, want 503", r.status)
	}
}

func TestStoreAwayIsOurFault(t *testing.T) {
	s, calls := newFaultySite(t)
	sub := s.enrol("a@example.org", nil)
	calls.away.Store(true)
	for _, r := range []reply{
		s.post("/subscribe", url.Values{"address": {"a@example.org"}}),
		s.post(local(s.addresses.Unsubscribe(sub.ID)), url.Values{"List-Unsubscribe": {"One-Click"}}),
		s.get(local(s.addresses.Preferences(sub.ID, sub.Generation))),
	} {
		if r.status != http.StatusServiceUnavailable || r.header.Get("Retry-After") == "" {
			t.Errorf("status %d, Retry-After %q, want 503 and a time", r.status, r.header.Get("Retry-After"))
		}
		if strings.Contains(r.body, "disk full") {
			t.Error("the page tells what broke inside")
		}
	}
	if log := s.log.String(); !strings.Contains(log, "disk full") {
		t.Errorf("the log does not say what broke:\n%s", log)
	}
}

// TestClientsThatLeave breaks connections while the server asks the store.
func TestClientsThatLeave(t *testing.T) {
	s, calls := newFaultySite(t)
	sub := s.enrol("a@example.org", nil)
	asking, left := make(chan struct{}), make(chan struct{})
	hold := func(ctx context.Context) error {
		asking <- struct{}{}
		<-left
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(200 * time.Millisecond): // the server has seen it by then
			return nil
		}
	}
	ask := func(request string) {
		c, err := net.Dial("tcp", s.http.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.Write([]byte(request)); err != nil {
			t.Fatal(err)
		}
		<-asking
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
		left <- struct{}{}
	}
	calls.read = hold
	ask("GET " + local(s.addresses.Preferences(sub.ID, sub.Generation)) + " HTTP/1.1\r\nHost: a\r\n\r\n")
	calls.read, calls.save = nil, hold
	const form = "address=b%40example.org"
	ask("POST /subscribe HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-www-form-urlencoded\r\n" +
		"Content-Length: " + strconv.Itoa(len(form)) + "\r\n\r\n" + form)
	s.http.Close() // waits for both
	calls.save = nil
	if got := s.record("b@example.org").State; got != subscribers.Pending {
		t.Errorf("whoever closed the window after the button is %q, want %s", got, subscribers.Pending)
	}
	if log := s.log.String(); strings.Contains(log, "ERROR") || !strings.Contains(log, "status=499") {
		t.Errorf("a client that left is no fault, and noted:\n%s", log)
	}
}

func TestHandlersThatBreak(t *testing.T) {
	s, calls := newFaultySite(t)
	sub := s.enrol("a@example.org", nil)
	broken := func(context.Context) error { panic("broken on purpose") }
	calls.read, calls.save = broken, broken
	for _, r := range []reply{
		s.get(local(s.addresses.Preferences(sub.ID, sub.Generation))), s.post("/subscribe", url.Values{"address": {"b@example.org"}}),
	} {
		if r.status != http.StatusInternalServerError || r.body == "" {
			t.Errorf("status %d with %d bytes, want 500 and a page", r.status, len(r.body))
		}
	}
	if log := s.log.String(); strings.Count(log, "handler broke") != 2 {
		t.Errorf("the log names what broke %d times, want 2:\n%s", strings.Count(log, "handler broke"), log)
	}
}

func TestBeforeTheSiteIsRead(t *testing.T) {
	s := newSite(t, nil)
	sub := s.enrol("a@example.org", nil)
	var trouble web.Trouble
	s.options.Trouble = func() web.Trouble { return trouble }
	fresh, err := web.New(s.options)
	if err != nil {
		t.Fatal(err)
	}
	s.http.Config.Handler = fresh.Handler()
	for path, want := range map[string]int{
		"/": 503, "/readyz": 503, "/tag/x/": 503, "/healthz": 200, "/feed.xml": 200, "/privacy": 200, "/nowhere": 404,
		"/status": 200, "/subscribe": 503, local(s.addresses.Preferences(sub.ID, sub.Generation)): 200,
	} {
		if r := s.get(path); r.status != want {
			t.Errorf("GET %s = %d, want %d", path, r.status, want)
		}
	}
	trouble.Text = "25 <would> vanish: put the files back"
	for path, want := range map[string]string{
		"/readyz": "the site has not been read yet: 25 <would> vanish: put the files back\n", "/status": "25 &lt;would&gt; vanish: put the files back",
	} {
		if r := s.get(path); !strings.Contains(r.body, want) {
			t.Errorf("GET %s lacks %q:\n%s", path, want, r.body)
		}
	}

	// Nobody is put into a store that may be another site's.
	if r := s.post("/subscribe", url.Values{"address": {"b@example.org"}}); r.status != http.StatusServiceUnavailable {
		t.Errorf("sign-up = %d, want 503", r.status)
	}
	// Where it is ours, who comes meanwhile can follow what has a feed.
	trouble.Ours = true
	if r := s.get("/subscribe?topic=tag:茶&topic=tag:无"); r.header.Get("Cache-Control") != "no-store" || !strings.Contains(r.body, `value="tag:茶" checked`) || strings.Contains(r.body, "tag:无") {
		t.Errorf("GET /subscribe: Cache-Control %q\n%s", r.header.Get("Cache-Control"), r.body)
	}
	for topic, want := range map[string]int{"*": 200, "tag:茶": 200, "tag:无": 422} {
		if r := s.post("/subscribe", url.Values{"address": {"b@example.org"}, "topic": {topic}}); r.status != want {
			t.Errorf("sign-up for %s = %d, want %d", topic, r.status, want)
		}
	}

	// Once it was read, what is wrong does not keep it from being served.
	fresh.SetCatalogue(newCatalogue(newPosts()))
	if r := s.get("/readyz"); r.status != http.StatusOK {
		t.Errorf("GET /readyz = %d, want 200", r.status)
	}
	if r := s.get("/status"); !strings.Contains(r.body, "vanish") || !strings.Contains(r.body, ">3<") {
		t.Errorf("/status lacks the trouble or the posts:\n%s", r.body)
	}
}
