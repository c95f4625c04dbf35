//go:build bench

package send

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/enshi-daily/enshi/delivery"
	"github.com/enshi-daily/enshi/digest"
)

// TestPlanCorrections plans editions for PEOPLE subscribers, all of whom are told
// of ten corrections: of posts whose deliveries have their rows, and of posts whose
// recipients are in rolls. It compares both with an edition without any.
func TestPlanCorrections(t *testing.T) {
	people := number(t, "PEOPLE", 100_000)
	for _, store := range stores() {
		t.Run(store, func(t *testing.T) {
			s := newSceneAhead(t, store)
			s.people(people, 2000)
			plan := func() time.Duration {
				s.later += 24 * time.Hour
				s.arrive(40)
				began := time.Now()
				s.plan(people)
				took := time.Since(began)
				s.sendAll()
				return took
			}
			plan()
			plain := plan()
			s.correct("rows")
			rows := plan()
			s.later += 31 * 24 * time.Hour
			before, began := s.redisMemory(), time.Now()
			_, err := s.store.Sweep(context.Background(), delivery.Resend)
			check(s, "sweep", err)
			t.Logf("%s: %d deliveries into rolls in %.1f s", store, 3*people, time.Since(began).Seconds())
			if s.redis != nil {
				t.Logf("%s: %.0f bytes a delivery fewer in Redis", store, float64(before-s.redisMemory())/float64(3*people))
			}
			s.correct("rolls")
			rolls := plan()
			t.Logf("%s: %d people in %.1f s, %.2f of that more with ten corrections, %.2f more from rolls", store, people, plain.Seconds(),
				(rows-plain).Seconds()/plain.Seconds(), (rolls-plain).Seconds()/plain.Seconds())
		})
	}
}

// correct corrects ten of the first forty posts.
func (s *scene) correct(text string) {
	s.Helper()
	ctx := context.Background()
	w, err := s.store.AcquireWatch(ctx, "bench", time.Hour)
	check(s, "watch", err)
	entries, err := s.store.Since(ctx, 0, 40)
	check(s, "log", err)
	var some []digest.Entry
	for i := 0; i < len(entries); i += 4 {
		entries[i].Correction = fmt.Sprint("应为三吨，", text)
		some = append(some, entries[i])
	}
	check(s, "update", s.store.Update(ctx, w, some))
}

// sendAll ends everything that waits as sent, and the edition.
func (s *scene) sendAll() {
	s.Helper()
	ctx := context.Background()
	for {
		work, _, err := s.store.Work(ctx)
		check(s, "work", err)
		if len(work) == 0 {
			break
		}
		for _, w := range work {
			leased, err := s.store.Lease(ctx, w, 2000, time.Hour)
			check(s, "lease", err)
			results := make([]delivery.Result, len(leased))
			for i, d := range leased {
				results[i] = delivery.Result{Delivery: d, State: delivery.Sent, Reply: "250 2.0.0 Ok"}
			}
			_, err = s.store.Turn(ctx, results, nil)
			check(s, "turn", err)
		}
	}
	_, err := s.store.Sweep(ctx, delivery.Resend)
	check(s, "sweep", err)
}
