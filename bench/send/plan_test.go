//go:build bench

package send

import (
	"os"
	"runtime/metrics"
	"strconv"
	"sync"
	"testing"
	"time"
)

// number is a size that the environment may change.
func number(tb testing.TB, name string, otherwise int) int {
	tb.Helper()
	text := os.Getenv(name)
	if text == "" {
		return otherwise
	}
	n, err := strconv.Atoi(text)
	check(tb, name, err)
	return n
}

// TestPlan plans an edition for PEOPLE subscribers with 2,000 distinct topic
// sets on each store.
func TestPlan(t *testing.T) {
	people, most := number(t, "PEOPLE", 1_000_000), map[string]time.Duration{"sqlite": time.Minute, "redis": 40 * time.Second}
	for _, store := range stores() {
		t.Run(store, func(t *testing.T) {
			s := newScene(t, store)
			s.people(people, 2000)
			s.arrive(40)
			idle := s.redisMemory()
			peak := watchHeap()
			began := time.Now()
			report := s.plan(people)
			took := time.Since(began)
			t.Logf("%s: %d planned, %d letters (rendered %d times), in %.1f s = %.0f/s; goal %.1f s for this many",
				store, report.Queued, report.Letters, s.renderer.calls.Load(), took.Seconds(), float64(people)/took.Seconds(),
				most[store].Seconds()*float64(people)/1e6)
			if int(s.renderer.calls.Load()) != report.Letters {
				t.Errorf("%d letters were rendered %d times", report.Letters, s.renderer.calls.Load())
			}
			t.Logf("%s: heap at most %.0f MB more than before; goal 200 MB", store, float64(peak())/1e6)
			if s.redis != nil {
				t.Logf("%s: %.0f bytes a delivery in Redis; goal 250", store, float64(s.redisMemory()-idle)/float64(report.Queued))
			}
		})
	}
}

// redisMemory is what the server uses, 0 without one.
func (s *scene) redisMemory() int {
	if s.redis == nil {
		return 0
	}
	n, err := strconv.Atoi(s.redis.Info("memory")["used_memory"])
	check(s, "used_memory", err)
	return n
}

// watchHeap samples the heap until the function that it returns is called, which
// says how many bytes more it was at most than at the beginning.
func watchHeap() func() uint64 {
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(sample)
	first, peak := sample[0].Value.Uint64(), uint64(0)
	stop := make(chan struct{})
	var watching sync.WaitGroup
	watching.Go(func() {
		tick := time.NewTicker(10 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-stop:
				return
			case <-tick.C:
				metrics.Read(sample)
				peak = max(peak, sample[0].Value.Uint64())
			}
		}
	})
	return func() uint64 {
		close(stop)
		watching.Wait()
		return max(peak, first) - first
	}
}
