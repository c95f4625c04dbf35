package hub_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/enshi-daily/enshi/feeds/hub"
)

const (
	hubA = "https://a.example/hub"
	hubB = "https://b.example/"
	one  = "https://news.example/tag/%E8%8C%B6/atom.xml"
	two  = "https://news.example/rss.xml"
)

// call is a ping that a hub got.
type call struct {
	At   time.Duration // after the first
	Hub  string
	Form string // decoded
}

// stage is a Pinger whose hubs answer as a test says, in a synctest bubble.
type stage struct {
	t *testing.T
	*hub.Pinger
	log   lines
	start time.Time

	mu    sync.Mutex
	calls []call
}

// lines is a log that may be read while it is written.
type lines struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// script answers the nth request of all, from 0.
type script func(n int, r *http.Request) (*http.Response, error)

func status(code int, field ...string) *http.Response {
	r := &http.Response{StatusCode: code, Status: fmt.Sprint(code, " ", http.StatusText(code)), Header: http.Header{}, Body: http.NoBody}
	for i := 0; i+1 < len(field); i += 2 {
		r.Header.Set(field[i], field[i+1])
	}
	return r
}

// newStage makes a Pinger. change may alter the options.
func newStage(t *testing.T, answer script, change func(*hub.Options)) *stage {
	t.Helper()
	s := &stage{t: t, start: time.Now()}
	o := hub.Options{
		Hubs: []string{hubA}, Log: slog.New(slog.NewTextHandler(&s.log, &slog.HandlerOptions{Level: slog.LevelInfo})),
		Now: time.Now, Random: func() float64 { return 0.5 },
		Client: &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) { return s.hear(r, answer) })},
	}
	if change != nil {
		change(&o)
	}
	var err error
	if s.Pinger, err = hub.New(o); err != nil {
		t.Fatal(err)
	}
	return s
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func (s *stage) hear(r *http.Request, answer script) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	form, err := url.QueryUnescape(string(body))
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	n := len(s.calls)
	s.calls = append(s.calls, call{time.Since(s.start), r.URL.String(), r.Method + " " + form})
	s.mu.Unlock()
	resp, err := answer(n, r)
	if resp != nil {
		resp.Request = r
	}
	return resp, err
}

// running runs the Pinger for so long of the bubble's time while act happens.
func (s *stage) running(d time.Duration, act func()) {
	s.t.Helper()
	ctx, cancel := context.WithCancel(s.t.Context())
	done := make(chan error)
	go func() { done <- s.Run(ctx) }()
	act()
	time.Sleep(d)
	synctest.Wait()
	cancel()
	if err := <-done; err != nil {
		s.t.Errorf("Run = %v", err)
	}
}

func (s *stage) heard() []call {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]call(nil), s.calls...)
}

func (s *stage) times() (all []time.Duration) {
	for _, c := range s.heard() {
		all = append(all, c.At)
	}
	return all
}

func (s *stage) stats(want hub.Stats) {
	s.t.Helper()
	got := s.Stats()[0]
	want.Hub = hubA
	if want.LastSuccess.IsZero() {
		got.LastSuccess = time.Time{}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		s.t.Errorf("Stats (-want +got):\n%s", diff)
	}
}

func taken(int, *http.Request) (*http.Response, error) { return status(http.StatusNoContent), nil }

func publish(topic string) string { return "POST hub.mode=publish&hub.url=" + topic }

func same(t *testing.T, what string, want, got any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

func TestEveryHubHearsOfEachTopicSpaced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, taken, func(o *hub.Options) { o.Hubs = []string{hubA, hubB, hubA} })
		s.running(time.Minute, func() { s.Notify([]string{one, two}) })
		byHub := map[string][]call{}
		for _, c := range s.heard() {
			byHub[c.Hub] = append(byHub[c.Hub], c)
		}
		for _, address := range []string{hubA, hubB} {
			same(t, address, []call{{0, address, publish(one)}, {hub.DefaultSpacing, address, publish(two)}}, byHub[address])
		}
		s.stats(hub.Stats{Sent: 2, LastSuccess: s.start.Add(hub.DefaultSpacing)})
	})
}

func TestUnusualTopicIsEncodedOnce(t *testing.T) {
	var raw string
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, taken, func(o *hub.Options) {
			o.Client = &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
				body, err := io.ReadAll(r.Body)
				raw = r.Header.Get("Content-Type") + " " + string(body)
				return status(http.StatusAccepted), err
			})}
		})
		s.running(time.Second, func() { s.Notify([]string{one}) })
	})
	want := "application/x-www-form-urlencoded hub.mode=publish&hub.url=https%3A%2F%2Fnews.example%2Ftag%2F%25E8%258C%25B6%2Fatom.xml"
	if raw != want {
		t.Errorf("request = %s, want %s", raw, want)
	}
}

func TestTopicThatChangesAgainIsPingedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, taken, func(o *hub.Options) { o.Spacing = time.Minute })
		s.running(time.Hour, func() {
			s.Notify([]string{two, one, one})
			time.Sleep(30 * time.Second) // two is pinged, one waits
			s.Notify([]string{one})
		})
		same(t, "pings", []call{{0, hubA, publish(two)}, {time.Minute, hubA, publish(one)}}, s.heard())
	})
}

func TestTopicThatChangesDuringItsPingIsPingedAgain(t *testing.T) {
	for name, first := range map[string]int{"taken": http.StatusNoContent, "not taken": http.StatusBadGateway} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newStage(t, func(n int, _ *http.Request) (*http.Response, error) {
					if n == 0 {
						time.Sleep(5 * time.Second)
						return status(first), nil
					}
					return taken(n, nil)
				}, nil)
				s.running(time.Hour, func() {
					s.Notify([]string{one})
					time.Sleep(time.Second)
					s.Notify([]string{one})
				})
				if got := len(s.heard()); got != 2 {
					t.Errorf("%d pings, want 2", got)
				}
				if got := s.Stats()[0]; got.Waiting != 0 || got.Failed != 0 {
					t.Errorf("Stats = %+v, want nothing waiting, nothing failed", got)
				}
			})
		})
	}
}

func TestTemporaryErrorsAreRepeatedWithBackoff(t *testing.T) {
	dead := errors.New("no route")
	for name, answer := range map[string]script{
		"500":       func(int, *http.Request) (*http.Response, error) { return status(http.StatusInternalServerError), nil },
		"408":       func(int, *http.Request) (*http.Response, error) { return status(http.StatusRequestTimeout), nil },
		"429":       func(int, *http.Request) (*http.Response, error) { return status(http.StatusTooManyRequests), nil },
		"not there": func(int, *http.Request) (*http.Response, error) { return nil, dead },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newStage(t, func(n int, r *http.Request) (*http.Response, error) {
					if n < 3 {
						return answer(n, r)
					}
					return taken(n, r)
				}, nil)
				s.running(time.Hour, func() { s.Notify([]string{one}) })
				same(t, "times", []time.Duration{0, 10 * time.Second, 30 * time.Second, 70 * time.Second}, s.times())
				s.stats(hub.Stats{Sent: 1, Retried: 3})
				if log := s.log.String(); strings.Count(log, "level=WARN") != 1 || !strings.Contains(log, "takes pings again") {
					t.Errorf("log = %s, want one warning and the end of it", log)
				}
			})
		})
	}
}

func TestJitterSpreadsBackoff(t *testing.T) {
	for random, want := range map[float64]time.Duration{0: 8 * time.Second, 0.75: 11 * time.Second} {
		synctest.Test(t, func(t *testing.T) {
			s := newStage(t, func(n int, r *http.Request) (*http.Response, error) {
				if n == 0 {
					return status(http.StatusBadGateway), nil
				}
				return taken(n, r)
			}, func(o *hub.Options) { o.Random = func() float64 { return random } })
			s.running(time.Hour, func() { s.Notify([]string{one}) })
			same(t, "times", []time.Duration{0, want}, s.times())
		})
	}
}

func TestHubThatIsAwayIsAskedForOneTopicAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		back := time.Now().Add(2 * time.Hour)
		s := newStage(t, func(n int, r *http.Request) (*http.Response, error) {
			if time.Now().Before(back) {
				return status(http.StatusServiceUnavailable), nil
			}
			return taken(n, r)
		}, nil)
		topics := make([]string, 100)
		for i := range topics {
			topics[i] = fmt.Sprintf("https://news.example/%d", i)
		}
		s.running(2*time.Hour, func() { s.Notify(topics) })
		if got := len(s.heard()); got > 12 {
			t.Errorf("%d attempts in two hours, want few", got)
		}
		s.running(2*time.Hour, func() {})
		if got := s.Stats()[0]; got.Sent != 100 || got.Waiting != 0 || got.Failed != 0 {
			t.Errorf("Stats = %+v, want all 100 sent once it is back", got)
		}
	})
}

func TestTopicThatAlwaysFailsIsGivenUpAndHoldsUpNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, nil, func(o *hub.Options) {
			o.Client = &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
				body, err := io.ReadAll(r.Body)
				if strings.Contains(string(body), "rss.xml") {
					return status(http.StatusInternalServerError), err
				}
				return status(http.StatusNoContent), err
			})}
		})
		s.running(time.Minute, func() { s.Notify([]string{two, one}) })
		if got := s.Stats()[0]; got.Sent != 1 || got.Waiting != 1 {
			t.Errorf("after a minute: %+v, want the other topic sent", got)
		}
		s.running(25*time.Hour, func() {})
		if got := s.Stats()[0]; got.Sent != 1 || got.Failed != 1 || got.Waiting != 0 {
			t.Errorf("after a day: %+v, want the topic given up", got)
		}
		if log := s.log.String(); strings.Count(log, "ping given up") != 1 {
			t.Errorf("log = %s, want that it is given up", log)
		}
	})
}

func TestRetryAfterIsWaitedFor(t *testing.T) {
	for name, tt := range map[string]struct {
		field func(now time.Time) string
		want  time.Duration
	}{
		"seconds":               {func(time.Time) string { return "90" }, 90 * time.Second},
		"date":                  {func(now time.Time) string { return now.Add(2 * time.Minute).UTC().Format(http.TimeFormat) }, 2 * time.Minute},
		"less than the backoff": {func(time.Time) string { return "1" }, 10 * time.Second},
		"past":                  {func(now time.Time) string { return now.Add(-time.Hour).UTC().Format(http.TimeFormat) }, 10 * time.Second},
		"nonsense":              {func(time.Time) string { return "soon" }, 10 * time.Second},
		"a year":                {func(time.Time) string { return "31536000" }, 24 * time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newStage(t, func(n int, r *http.Request) (*http.Response, error) {
					if n == 0 {
						return status(http.StatusTooManyRequests, "Retry-After", tt.field(time.Now())), nil
					}
					return taken(n, r)
				}, func(o *hub.Options) { o.Backoff = hub.DefaultBackoff(); o.Backoff.GiveUp = 48 * time.Hour })
				s.running(30*time.Hour, func() { s.Notify([]string{one}) })
				same(t, "times", []time.Duration{0, tt.want}, s.times())
			})
		})
	}
}

func TestRefusalIsFinalAndLoggedOnce(t *testing.T) {
	for _, code := range []int{400, 401, 403, 404, 410, 421} {
		t.Run(fmt.Sprint(code), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newStage(t, func(int, *http.Request) (*http.Response, error) {
					r := status(code)
					r.Body = io.NopCloser(strings.NewReader("topic\nnot \xff allowed" + strings.Repeat("!", 1<<20)))
					return r, nil
				}, nil)
				s.running(time.Hour, func() { s.Notify([]string{one, two}) })
				same(t, "times", []time.Duration{0, hub.DefaultSpacing}, s.times())
				s.stats(hub.Stats{Failed: 2})
				log := s.log.String()
				if strings.Count(log, "level=WARN") != 1 || !strings.Contains(log, "topic not allowed!") || len(log) > 1000 {
					t.Errorf("log = %.2000s, want one warning that begins as the hub's words", log)
				}
			})
		})
	}
}

func TestRedirects(t *testing.T) {
	for _, tt := range []struct {
		code int
		sent int64
		log  string
	}{
		{http.StatusTemporaryRedirect, 1, ""},
		{http.StatusPermanentRedirect, 1, ""},
		{http.StatusMovedPermanently, 0, "name that one in feeds.hubs"},
		{http.StatusFound, 0, "https://b.example/"},
		{http.StatusSeeOther, 0, "303 See Other"},
	} {
		t.Run(fmt.Sprint(tt.code), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newStage(t, func(n int, r *http.Request) (*http.Response, error) {
					if r.URL.String() == hubA {
						return status(tt.code, "Location", hubB), nil
					}
					return taken(n, r)
				}, nil)
				s.running(time.Hour, func() { s.Notify([]string{one}) })
				s.stats(hub.Stats{Sent: tt.sent, Failed: 1 - tt.sent})
				want := []call{{0, hubA, publish(one)}}
				if tt.sent > 0 {
					want = append(want, call{0, hubB, publish(one)})
				}
				same(t, "pings", want, s.heard())
				if !strings.Contains(s.log.String(), tt.log) {
					t.Errorf("log = %s, want %s", s.log.String(), tt.log)
				}
			})
		})
	}
}

func TestRedirectsInACircleEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, func(int, *http.Request) (*http.Response, error) {
			return status(http.StatusTemporaryRedirect, "Location", hubA), nil
		}, nil)
		s.running(time.Second, func() { s.Notify([]string{one}) })
		if got := len(s.heard()); got != 6 {
			t.Errorf("%d requests, want 6", got)
		}
		if got := s.Stats()[0]; got.Waiting != 1 {
			t.Errorf("Stats = %+v, want the topic waiting", got)
		}
	})
}
