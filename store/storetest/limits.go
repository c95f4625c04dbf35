package storetest

import (
	"sync/atomic"
	"time"
)

func limits() []law {
	return []law{
		{"Allow says whether an event is within n per period", allowWithin},
		{"Allow counts each key for itself", allowKeys},
		{"Allow counts for all processes", allowShared},
		{"Allow lets exactly n of many at once in", allowOfMany},
		{"the window starts with the first event, and later ones do not prolong it", allowFixed},
		{"Allow lets nothing in when n is 0", allowNone},
		{"Forget begins a key's window anew, for all processes", allowForgotten},
	}
}

// rate is n events a period.
type rate struct {
	n      int
	period time.Duration
}

// allowed demands the answer to one event.
func (s *scene) allowed(store Store, key string, r rate, want bool) {
	s.Helper()
	got, err := store.Allow(s.ctx, key, r.n, r.period)
	s.ok(err, "Allow")
	if got != want {
		s.Fatalf("Allow(%q, %d, %v) = %v, want %v", key, r.n, r.period, got, want)
	}
}

func allowWithin(s *scene) {
	for range 3 {
		s.allowed(s.Store, "k", rate{3, time.Hour}, true)
	}
	for range 3 {
		s.allowed(s.Store, "k", rate{3, time.Hour}, false)
	}
}

func allowKeys(s *scene) {
	s.allowed(s.Store, "one:恩施", rate{1, time.Hour}, true)
	s.allowed(s.Store, "one:恩施", rate{1, time.Hour}, false)
	s.allowed(s.Store, "two", rate{1, time.Hour}, true)
}

func allowForgotten(s *scene) {
	for _, key := range []string{"k", "other"} {
		s.allowed(s.Store, key, rate{1, time.Hour}, true)
	}
	s.ok(s.Second.Forget(s.ctx, "k"), "Forget")
	s.ok(s.Second.Forget(s.ctx, "unknown"), "Forget of a key without events")
	s.allowed(s.Store, "k", rate{1, time.Hour}, true)
	s.allowed(s.Store, "k", rate{1, time.Hour}, false)
	s.allowed(s.Store, "other", rate{1, time.Hour}, false)
}

func allowShared(s *scene) {
	s.allowed(s.Store, "k", rate{2, time.Hour}, true)
	s.allowed(s.Second, "k", rate{2, time.Hour}, true)
	s.allowed(s.Store, "k", rate{2, time.Hour}, false)
}

func allowOfMany(s *scene) {
	var in atomic.Int32
	s.atOnce(20, func(_ int, store Store) error {
		ok, err := store.Allow(s.ctx, "k", 7, time.Hour)
		if ok {
			in.Add(1)
		}
		return err
	})
	equal(s, "events let in", in.Load(), 7)
}

func allowFixed(s *scene) {
	const period = time.Second
	s.allowed(s.Store, "k", rate{1, period}, true)
	s.Advance(period / 2)
	s.allowed(s.Store, "k", rate{1, period}, false)
	s.Advance(period/2 + 20*time.Millisecond)
	s.allowed(s.Store, "k", rate{1, period}, true)
	s.allowed(s.Second, "k", rate{1, period}, false)
}

func allowNone(s *scene) {
	s.allowed(s.Store, "k", rate{0, time.Hour}, false)
}
