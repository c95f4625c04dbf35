package storetest

import (
	"cmp"
	"slices"
	"sync/atomic"

	"github.com/enshi-daily/enshi/delivery"
)

// places are the laws of Pacer.Occupy.
func places() []law {
	return []law{
		{"Occupy gives a holder what it wants, as long as there are places", occupyWants},
		{"Occupy gives what the others leave", occupyShares},
		{"Occupy with less gives places up, with none all of them", occupyLess},
		{"Occupy keeps places for the time, and again when it is called again", occupyRenews},
		{"Occupy gives out again what a dead holder had", occupyDead},
		{"Occupy with fewer places in all leaves a holder what fits", occupyShrinks},
		{"Occupy counts each group's places for itself", occupyGroups},
		{"Occupy by many at once never gives out more than there are", occupyAtOnce},
	}
}

// occupy takes a share in qq; its time is long unless it says another.
func (s *scene) occupy(store Store, share delivery.Share) int {
	s.Helper()
	share.Group, share.TTL = "qq", cmp.Or(share.TTL, long)
	held, err := store.Occupy(s.ctx, share)
	s.ok(err, "Occupy")
	return held
}

func occupyWants(s *scene) {
	equal(s, "held of 4", s.occupy(s.Store, delivery.Share{Holder: "a", Want: 3, Most: 4}), 3)
	equal(s, "held of 4", s.occupy(s.Store, delivery.Share{Holder: "a", Want: 9, Most: 4}), 4)
}

func occupyShares(s *scene) {
	equal(s, "held by the first", s.occupy(s.Store, delivery.Share{Holder: "a", Want: 3, Most: 4}), 3)
	equal(s, "held by the second", s.occupy(s.Second, delivery.Share{Holder: "b", Want: 3, Most: 4}), 1)
	equal(s, "held by the third", s.occupy(s.Store, delivery.Share{Holder: "c", Want: 3, Most: 4}), 0)
}

func occupyLess(s *scene) {
	s.occupy(s.Store, delivery.Share{Holder: "a", Want: 4, Most: 4})
	equal(s, "held by the first", s.occupy(s.Store, delivery.Share{Holder: "a", Want: 1, Most: 4}), 1)
	equal(s, "held by the second", s.occupy(s.Second, delivery.Share{Holder: "b", Want: 4, Most: 4}), 3)
	equal(s, "held by the first", s.occupy(s.Store, delivery.Share{Holder: "a", Most: 4}), 0)
	equal(s, "held by the second", s.occupy(s.Second, delivery.Share{Holder: "b", Want: 4, Most: 4}), 4)
}

func occupyRenews(s *scene) {
	s.occupy(s.Store, delivery.Share{Holder: "a", Want: 4, Most: 4, TTL: brief})
	for range 3 {
		s.Advance(brief / 2)
		equal(s, "held by the first", s.occupy(s.Store, delivery.Share{Holder: "a", Want: 4, Most: 4, TTL: brief}), 4)
		equal(s, "held by the second", s.occupy(s.Second, delivery.Share{Holder: "b", Want: 1, Most: 4, TTL: brief}), 0)
	}
}

func occupyDead(s *scene) {
	s.occupy(s.Store, delivery.Share{Holder: "a", Want: 3, Most: 4, TTL: short})
	s.occupy(s.Store, delivery.Share{Holder: "c", Want: 1, Most: 4})
	s.Advance(expired)
	equal(s, "held by the second", s.occupy(s.Second, delivery.Share{Holder: "b", Want: 4, Most: 4}), 3)
}

func occupyShrinks(s *scene) {
	s.occupy(s.Store, delivery.Share{Holder: "a", Want: 2, Most: 4})
	s.occupy(s.Store, delivery.Share{Holder: "b", Want: 2, Most: 4})
	equal(s, "held by the first of 3", s.occupy(s.Store, delivery.Share{Holder: "a", Want: 2, Most: 3}), 1)
	equal(s, "held by the second of 1", s.occupy(s.Store, delivery.Share{Holder: "b", Want: 2, Most: 1}), 0)
}

func occupyGroups(s *scene) {
	s.occupy(s.Store, delivery.Share{Holder: "a", Want: 4, Most: 4})
	held, err := s.Store.Occupy(s.ctx, delivery.Share{Group: "gmail", Holder: "b", Want: 4, Most: 4, TTL: long})
	s.ok(err, "Occupy")
	equal(s, "held of another group", held, 4)
}

func occupyAtOnce(s *scene) {
	var sum atomic.Int64
	s.atOnce(12, func(i int, store Store) error {
		held, err := store.Occupy(s.ctx, delivery.Share{Group: "qq", Holder: string(rune('a' + i)), Want: 2, Most: 7, TTL: long})
		sum.Add(int64(held))
		return err
	})
	equal(s, "held by all", sum.Load(), 7)
}

// brakes are the laws of Pacer.Brakes and SetBrake.
func brakes() []law {
	return []law{
		{"Brakes of an empty store are none", brakesNone},
		{"Brakes lists what SetBrake keeps, as it was given, its Version apart", brakesKept},
		{"SetBrake refuses what another process has changed meanwhile", brakeStale},
		{"SetBrake of one that is Off forgets it", brakeOff},
		{"SetBrake by many at once lets one of them through", brakeAtOnce},
	}
}

func brake(relay string, g delivery.Group) delivery.Brake {
	return delivery.Brake{
		Relay: relay, Group: g, Stage: delivery.Pausing, Level: 1, Since: at(0), Until: at(600), Reason: "550 Domain frequency limited | 频率",
	}
}

func (s *scene) setBrake(store Store, b delivery.Brake, want bool) {
	s.Helper()
	got, err := store.SetBrake(s.ctx, b)
	s.ok(err, "SetBrake")
	equal(s, "SetBrake", got, want)
}

func (s *scene) brakes() []delivery.Brake {
	s.Helper()
	all, err := s.Second.Brakes(s.ctx)
	s.ok(err, "Brakes")
	slices.SortFunc(all, func(a, b delivery.Brake) int {
		return cmp.Or(cmp.Compare(a.Relay, b.Relay), cmp.Compare(a.Group, b.Group))
	})
	return all
}

func brakesNone(s *scene) { equal(s, "brakes", len(s.brakes()), 0) }

func brakesKept(s *scene) {
	want := []delivery.Brake{brake("127.0.0.1:2525", "gmail"), brake("127.0.0.1:2525", "qq"), brake("[2001:db8::1]:25", "qq")}
	for _, b := range want {
		s.setBrake(s.Store, b, true)
	}
	got := s.brakes()
	equal(s, "brakes", len(got), len(want))
	for i := range got {
		if got[i].Version == 0 {
			s.Fatalf("%v has no version", got[i])
		}
		got[i].Version = 0
		equal(s, "brake", got[i], want[i])
	}
}

func brakeStale(s *scene) {
	s.setBrake(s.Store, brake("a:25", "qq"), true)
	s.setBrake(s.Second, brake("a:25", "qq"), false) // it read none
	first := s.brakes()[0]
	first.Level = 2
	s.setBrake(s.Second, first, true)
	first.Level = 9
	s.setBrake(s.Store, first, false)
	equal(s, "Level", s.brakes()[0].Level, 2)
}

func brakeOff(s *scene) {
	s.setBrake(s.Store, brake("a:25", "qq"), true)
	b := s.brakes()[0]
	b.Stage = delivery.Off
	s.setBrake(s.Store, b, true)
	equal(s, "brakes", len(s.brakes()), 0)
	s.setBrake(s.Store, b, false)
	s.setBrake(s.Store, brake("a:25", "qq"), true)
}

func brakeAtOnce(s *scene) {
	s.setBrake(s.Store, brake("a:25", "qq"), true)
	b := s.brakes()[0]
	var through atomic.Int64
	s.atOnce(12, func(_ int, store Store) error {
		ok, err := store.SetBrake(s.ctx, b)
		if ok {
			through.Add(1)
		}
		return err
	})
	equal(s, "changes", through.Load(), 1)
}
