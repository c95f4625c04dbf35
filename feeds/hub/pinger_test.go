package hub_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/enshi-daily/enshi/feeds/hub"
)

func TestHubThatHangsDelaysNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, func(n int, r *http.Request) (*http.Response, error) {
			if r.URL.String() == hubA {
				<-r.Context().Done()
				return nil, r.Context().Err()
			}
			return taken(n, r)
		}, func(o *hub.Options) { o.Hubs = []string{hubA, hubB} })
		before := time.Now()
		s.running(time.Second, func() { s.Notify([]string{one, two}) })
		if took := time.Since(before); took != time.Second {
			t.Errorf("the Pinger ended after %s, want 1s: at once", took)
		}
		if got := s.Stats()[1]; got.Sent != 2 {
			t.Errorf("the other hub: %+v, want 2 sent", got)
		}
		s.stats(hub.Stats{Waiting: 2})

		s.running(hub.DefaultTimeout+time.Second, func() {})
		if log := s.log.String(); !strings.Contains(log, "deadline exceeded") {
			t.Errorf("log = %s, want the timeout", log)
		}
	})
}

func TestQueueIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, taken, func(o *hub.Options) { o.Queue = 10 })
		var topics []string
		for i := range 15 {
			topics = append(topics, fmt.Sprintf("https://news.example/%d", i))
		}
		s.Notify(topics)
		s.Notify(topics[8:12]) // 8 and 9 wait already
		s.stats(hub.Stats{Waiting: 10, Dropped: 7})
		if log := s.log.String(); strings.Count(log, "too many topics") != 1 {
			t.Errorf("log = %s, want one line", log)
		}
		s.running(time.Hour, func() {})
		s.Notify(topics)
		s.stats(hub.Stats{Sent: 10, Waiting: 10, Dropped: 12})
		if log := s.log.String(); strings.Count(log, "too many topics") != 2 {
			t.Errorf("log = %s, want a second line after the queue was empty", log)
		}
	})
}

func TestNotifyUnderLoad(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, taken, func(o *hub.Options) { o.Spacing = time.Millisecond })
		s.running(time.Hour, func() {
			var all sync.WaitGroup
			for w := range 8 {
				all.Go(func() {
					for i := range 1000 {
						s.Notify([]string{fmt.Sprintf("https://news.example/%d", (i*7+w)%500)})
						if i%100 == 0 {
							s.Stats()
							time.Sleep(time.Millisecond)
						}
					}
				})
			}
			all.Wait()
		})
		if got := s.Stats()[0]; got.Waiting != 0 || got.Dropped != 0 || got.Sent < 500 || got.Sent != int64(len(s.heard())) {
			t.Errorf("Stats = %+v, %d heard; want all 500 topics sent, none lost", got, len(s.heard()))
		}
		last := make(map[string]bool)
		for _, c := range s.heard() {
			last[c.Form] = true
		}
		if len(last) != 500 {
			t.Errorf("%d topics heard of, want 500", len(last))
		}
	})
}

func TestWhatWaitsIsSaidAtTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, taken, func(o *hub.Options) { o.Spacing = time.Minute })
		s.running(time.Second, func() { s.Notify([]string{one, two}) })
		if log := s.log.String(); !strings.Contains(log, "stopped before a hub heard of all topics") || !strings.Contains(log, "waiting=1") {
			t.Errorf("log = %s, want that one topic waits", log)
		}
	})
}

func TestDrainReturnsWhenNothingWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, func(n int, r *http.Request) (*http.Response, error) {
			if n == 1 {
				return status(http.StatusBadGateway), nil
			}
			return taken(n, r)
		}, nil)
		s.Notify([]string{one, two})
		if err := s.Drain(t.Context()); err != nil {
			t.Fatalf("Drain = %v", err)
		}
		s.stats(hub.Stats{Sent: 2, Retried: 1})
		if err := s.Drain(t.Context()); err != nil {
			t.Fatalf("Drain of nothing = %v", err)
		}
	})
}

func TestDrainGivesUpADeadHub(t *testing.T) {
	for name, answer := range map[string]*http.Response{
		"away":             status(http.StatusBadGateway),
		"asks for a night": status(http.StatusServiceUnavailable, "Retry-After", "30000"),
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newStage(t, func(int, *http.Request) (*http.Response, error) { return answer, nil }, func(o *hub.Options) {
					o.Backoff = hub.Backoff{First: time.Second, Most: 10 * time.Second, Jitter: 0.2, GiveUp: time.Minute}
				})
				var topics []string
				for i := range 1000 {
					topics = append(topics, fmt.Sprintf("https://news.example/%d", i))
				}
				s.Notify(topics)
				before := time.Now()
				if err := s.Drain(t.Context()); err != nil {
					t.Fatalf("Drain = %v", err)
				}
				if took := time.Since(before); took > time.Minute {
					t.Errorf("Drain took %s, want a minute at most", took)
				}
				if got := s.Stats()[0]; got.Failed != 1000 || got.Waiting != 0 {
					t.Errorf("Stats = %+v, want all failed", got)
				}
			})
		})
	}
}

func TestDrainEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, func(_ int, r *http.Request) (*http.Response, error) {
			<-r.Context().Done()
			return nil, r.Context().Err()
		}, nil)
		s.Notify([]string{one})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := s.Drain(ctx); err == nil {
			t.Error("Drain = nil, want the context's error")
		}
	})
}

func TestWithoutHubsNothingHappens(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, taken, func(o *hub.Options) { o.Hubs = nil })
		s.running(time.Minute, func() { s.Notify([]string{one}) })
		if got := s.Stats(); len(got) != 0 || len(s.heard()) != 0 {
			t.Errorf("Stats = %v, %d heard, want none", got, len(s.heard()))
		}
	})
}

func TestNewNamesAllProblems(t *testing.T) {
	_, err := hub.New(hub.Options{Hubs: []string{"hub.example", "ftp://hub.example/", "https://"}})
	if err == nil {
		t.Fatal("New = nil, want an error")
	}
	for _, want := range []string{"Log", "Now", "Random", `"hub.example"`, `"ftp://hub.example/"`, `"https://"`} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("New = %v, want %s in it", err, want)
		}
	}
	if _, err := hub.New(hub.Options{Log: slog.New(slog.DiscardHandler), Now: time.Now, Random: func() float64 { return 0 }}); err != nil {
		t.Errorf("New without hubs = %v", err)
	}
}
