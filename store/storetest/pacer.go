package storetest

import (
	"sync/atomic"
	"time"

	"github.com/enshi-daily/enshi/delivery"
)

func pacer() []law {
	laws := []law{
		{"Take grants what a budget allows at once, and no more", paceBurst},
		{"Take says how long to wait when it grants fewer than n", paceWait},
		{"Take grants again after the wait", paceAgain},
		{"Take never grants more than the budget over time", paceOverTime},
		{"Take shares a budget between processes", paceShared},
		{"Take grants many at once no more than the budget", paceOfMany},
		{"Take spends each group's budget for itself", paceGroups},
		{"Take grants everything where a budget has no limit a minute", paceUnlimited},
		{"Take without a burst grants one at a time", paceNoBurst},
		{"Take of nothing grants nothing", paceNothing},
		{"Take by many over time, some of it given back, never grants more than the budget", paceUnderLoad},
		{"GiveBack lets what was not used be taken again", paceBack},
		{"GiveBack gives no more than the budget allows at once", paceBackLate},
		{"GiveBack of what has no limit does nothing", paceBackUnlimited},
	}
	return append(append(laws, places()...), brakes()...)
}

func (s *scene) take(store Store, g delivery.Group, b delivery.Budget, n int) (int, time.Duration) {
	s.Helper()
	granted, wait, err := store.Take(s.ctx, g, b, n)
	s.ok(err, "Take")
	if granted < 0 || granted > n {
		s.Fatalf("Take(%d) granted %d", n, granted)
	}
	if granted < n && wait <= 0 {
		s.Fatalf("Take(%d) granted %d and says to wait %v", n, granted, wait)
	}
	return granted, wait
}

// hourly is a budget that gives nothing back during a test.
func hourly() delivery.Budget { return delivery.Budget{PerMinute: 1, Burst: 5} }

func paceBurst(s *scene) {
	granted, _ := s.take(s.Store, "qq", hourly(), 3)
	equal(s, "Take(3)", granted, 3)
	granted, _ = s.take(s.Store, "qq", hourly(), 3)
	equal(s, "Take(3)", granted, 2)
	granted, _ = s.take(s.Store, "qq", hourly(), 3)
	equal(s, "Take(3)", granted, 0)
}

func paceWait(s *scene) {
	s.take(s.Store, "qq", hourly(), 5)
	_, wait := s.take(s.Store, "qq", hourly(), 1)
	if wait > time.Minute {
		s.Fatalf("Take says to wait %v for one of %d a minute", wait, hourly().PerMinute)
	}
}

func paceAgain(s *scene) {
	budget := delivery.Budget{PerMinute: 300, Burst: 1} // one in 200 ms
	s.take(s.Store, "qq", budget, 1)
	granted, wait := s.take(s.Store, "qq", budget, 1)
	equal(s, "Take(1) at once", granted, 0)
	s.Advance(wait)
	granted, _ = s.take(s.Store, "qq", budget, 1)
	equal(s, "Take(1) after the wait", granted, 1)
}

func paceOverTime(s *scene) {
	budget := delivery.Budget{PerMinute: 3000, Burst: 4} // one in 20 ms
	start, sum := s.Now(), 0
	for range 12 {
		granted, _ := s.take(s.Store, "qq", budget, 10)
		sum += granted
		s.Advance(30 * time.Millisecond)
	}
	limit := budget.Burst + int(s.Now().Sub(start)/(20*time.Millisecond)) + 1
	if sum > limit || sum < 12 {
		s.Fatalf("Take granted %d in all, want 12 to %d", sum, limit)
	}
}

func paceShared(s *scene) {
	granted, _ := s.take(s.Store, "qq", hourly(), 3)
	more, _ := s.take(s.Second, "qq", hourly(), 10)
	equal(s, "granted to both", granted+more, 5)
}

func paceOfMany(s *scene) {
	var sum atomic.Int64
	s.atOnce(12, func(_ int, store Store) error {
		granted, _, err := store.Take(s.ctx, "qq", hourly(), 2)
		sum.Add(int64(granted))
		return err
	})
	equal(s, "granted to all", sum.Load(), 5)
}

func paceGroups(s *scene) {
	s.take(s.Store, "qq", hourly(), 5)
	granted, _ := s.take(s.Store, "gmail", hourly(), 5)
	equal(s, "Take(5) of another group", granted, 5)
}

func paceUnlimited(s *scene) {
	for range 3 {
		granted, wait, err := s.Store.Take(s.ctx, "qq", delivery.Budget{}, 1_000_000)
		s.ok(err, "Take")
		equal(s, "Take(1000000)", granted, 1_000_000)
		equal(s, "the wait", wait, 0)
	}
}

func paceNoBurst(s *scene) {
	budget := delivery.Budget{PerMinute: 1}
	granted, _ := s.take(s.Store, "qq", budget, 5)
	equal(s, "Take(5)", granted, 1)
}

func paceNothing(s *scene) {
	granted, _ := s.take(s.Store, "qq", hourly(), 0)
	equal(s, "Take(0)", granted, 0)
	granted, _ = s.take(s.Store, "qq", hourly(), 5)
	equal(s, "Take(5) after it", granted, 5)
}

// paceUnderLoad lets many ask for 600 milliseconds by the store's clock, give a
// third back, and counts what stays.
func paceUnderLoad(s *scene) {
	budget := delivery.Budget{PerMinute: 6000, Burst: 10} // one in 10 ms
	start := s.Now()
	var kept atomic.Int64
	for range 20 {
		s.atOnce(6, func(i int, store Store) error {
			granted, _, err := store.Take(s.ctx, "qq", budget, 3)
			if err != nil {
				return err
			}
			if i%3 == 0 {
				return store.GiveBack(s.ctx, "qq", budget, granted)
			}
			kept.Add(int64(granted))
			return nil
		})
		s.Advance(30 * time.Millisecond)
	}
	limit := int64(budget.Burst) + int64(s.Now().Sub(start)/(10*time.Millisecond)) + 1
	if kept.Load() > limit || kept.Load() < 20 {
		s.Fatalf("%d were granted and kept, want 20 to %d", kept.Load(), limit)
	}
}

func paceBack(s *scene) {
	s.take(s.Store, "qq", hourly(), 5)
	s.ok(s.Second.GiveBack(s.ctx, "qq", hourly(), 2), "GiveBack")
	granted, _ := s.take(s.Store, "qq", hourly(), 5)
	equal(s, "Take(5) after 2 came back", granted, 2)
}

func paceBackLate(s *scene) {
	budget := delivery.Budget{PerMinute: 3000, Burst: 4} // one in 20 ms
	s.take(s.Store, "qq", budget, 4)
	s.Advance(200 * time.Millisecond)
	s.ok(s.Store.GiveBack(s.ctx, "qq", budget, 4), "GiveBack")
	slow := delivery.Budget{PerMinute: 1, Burst: 4}
	granted, _ := s.take(s.Store, "qq", slow, 100)
	equal(s, "Take(100)", granted, 4)
	s.ok(s.Store.GiveBack(s.ctx, "gmail", hourly(), 4), "GiveBack of what nobody took")
	granted, _ = s.take(s.Store, "gmail", hourly(), 100)
	equal(s, "Take(100) of another group", granted, 5)
}

func paceBackUnlimited(s *scene) {
	s.ok(s.Store.GiveBack(s.ctx, "qq", delivery.Budget{}, 5), "GiveBack")
	granted, _ := s.take(s.Store, "qq", hourly(), 9)
	equal(s, "Take(9)", granted, 5)
}
