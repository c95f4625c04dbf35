package storetest

import (
	"time"

	"github.com/enshi-daily/enshi/delivery"
	"github.com/enshi-daily/enshi/digest"
	"github.com/enshi-daily/enshi/posts"
	"github.com/enshi-daily/enshi/subscribers"
)

func epochs() []law {
	return []law{
		{"Tenure of a new store is epoch 0, and not retired", tenureOfNew},
		{"Raise begins the next epoch, as Tenure tells every handle", raiseRaises},
		{"Raise lets the handle that raised go on", raiseGoesOn},
		{"Raise fences every step of other handles that writes, and nothing of it is done", raiseFences},
		{"Raise fails with ErrOldEpoch itself if the handle is fenced", raiseFenced},
		{"Raise lets handles in that are opened afterwards", raiseThenOpen},
		{"a lease of the old epoch runs out as any other", raiseLeases},
		{"a retired store lets nothing be planned, leased or begun, from the next handle on", retiredRefuses},
		{"a retired store still takes facts", retiredFacts},
		{"Raise without a reason lets a retired store send again", retiredRevived},
	}
}

func (s *scene) raise(store Store, retired string, want int64) {
	s.Helper()
	got, err := store.Raise(s.ctx, retired)
	s.ok(err, "Raise")
	equal(s, "Raise", got, delivery.Tenure{Epoch: want, Retired: retired})
}

func (s *scene) tenure(want delivery.Tenure) {
	s.Helper()
	for _, store := range []Store{s.Store, s.Second, s.Open()} {
		got, err := store.Tenure(s.ctx)
		s.ok(err, "Tenure")
		equal(s, "Tenure", got, want)
	}
}

func tenureOfNew(s *scene) { s.tenure(delivery.Tenure{}) }

func raiseRaises(s *scene) {
	s.raise(s.Store, "", 1)
	s.tenure(delivery.Tenure{Epoch: 1})
	s.raise(s.Store, "moved to redis.example.org", 2)
	s.tenure(delivery.Tenure{Epoch: 2, Retired: "moved to redis.example.org"})
}

func raiseGoesOn(s *scene) {
	s.raise(s.Store, "", 1)
	s.raise(s.Store, "", 2)
	e, _ := s.mailing(70)
	leased := s.lease(work(e), 70, long)
	s.begin(leased)
	s.finish(leased, delivery.Sent)
	s.counts(e.ID, delivery.Counts{delivery.Sent: 70})
}

// writes are the steps that change a store, each as one that would succeed.
func writes(s *scene) map[string]func(Store) error {
	w := s.watch()
	e, _ := s.mailing(5)
	leased := s.lease(work(e), 2, long)
	s.begin(leased[:1])
	late := s.add(person(6))
	_, part := s.candidates(e)
	of := func(state delivery.State, d delivery.Delivery) []delivery.Result {
		return []delivery.Result{{Delivery: d, State: state}}
	}
	entry := digest.Entry{Post: "new", Title: "新", Topics: []posts.Topic{"*"}, Date: at(1), Arrived: at(2)}
	return map[string]func(Store) error{
		"RenewWatch": func(o Store) error { return o.RenewWatch(s.ctx, w, time.Hour) },
		"Record":     func(o Store) error { return o.Record(s.ctx, w, []posts.Identity{identity("new", posts.Due)}) },
		"Append":     func(o Store) error { _, err := o.Append(s.ctx, w, []digest.Entry{entry}); return err },
		"Save":       func(o Store) error { return o.Save(s.ctx, person(100), subscribers.NoticeConfirm) },
		"SaveAll": func(o Store) error {
			_, err := o.SaveAll(s.ctx, []subscribers.Saving{{Subscriber: person(101)}})
			return err
		},
		"Delete": func(o Store) error { return o.Delete(s.ctx, s.stored(person(4).ID)) },
		"Forget": func(o Store) error { return o.Forget(s.ctx, "key") },
		"Allow":  func(o Store) error { _, err := o.Allow(s.ctx, "key", 5, time.Hour); return err },
		"Open":   func(o Store) error { _, err := o.Open(s.ctx, weekly()); return err },
		"Plan": func(o Store) error {
			_, err := o.Plan(s.ctx, e, part[late.ID], []delivery.Choice{choice(late, "letter")})
			return err
		},
		"PutLetter":   func(o Store) error { return o.PutLetter(s.ctx, e.ID, "other", []byte("x")) },
		"Close":       func(o Store) error { return o.Close(s.ctx, e.ID) },
		"Pause":       func(o Store) error { return o.Pause(s.ctx, e.ID, "why") },
		"Lease":       func(o Store) error { _, err := o.Lease(s.ctx, work(e), 1, long); return err },
		"Renew":       func(o Store) error { return o.Renew(s.ctx, leased, long) },
		"Turn begins": func(o Store) error { _, err := o.Turn(s.ctx, nil, leased[1:]); return err },
		"Turn ends":   func(o Store) error { return finish(s.ctx, o, of(delivery.Sent, leased[0])) },
		"Sweep":       func(o Store) error { _, err := o.Sweep(s.ctx, delivery.Resend); return err },
		"Take": func(o Store) error {
			_, _, err := o.Take(s.ctx, "qq", delivery.Budget{PerMinute: 60, Burst: 5}, 1)
			return err
		},
		"GiveBack": func(o Store) error {
			return o.GiveBack(s.ctx, "qq", delivery.Budget{PerMinute: 60, Burst: 5}, 1)
		},
		"Occupy": func(o Store) error {
			_, err := o.Occupy(s.ctx, delivery.Share{Group: "qq", Holder: "a", Want: 1, Most: 2, TTL: long})
			return err
		},
		"SetBrake": func(o Store) error { _, err := o.SetBrake(s.ctx, brake("a:25", "qq")); return err },
		"Rewrite": func(o Store) error {
			_, err := o.Rewrite(s.ctx, e.ID, "letter", []byte("x"), []byte("y"))
			return err
		},
		"Retract": func(o Store) error { _, err := o.Retract(s.ctx, e.ID, "letter"); return err },
		"Decide":  func(o Store) error { _, err := o.Decide(s.ctx, decision(posts.Withdrawn, "none")); return err },
		"Cancel":  func(o Store) error { return o.Cancel(s.ctx, e.ID) },
	}
}

func weekly() delivery.Edition {
	e := daily(1)
	e.ID, e.Cadence = delivery.EditionID(subscribers.Weekly, at(0), 1), subscribers.Weekly
	return e
}

func raiseFences(s *scene) {
	steps := writes(s)
	e := daily(1)
	before, err := s.Store.Counts(s.ctx, e.ID)
	s.ok(err, "Counts")
	s.raise(s.Store, "", 1)
	for name, step := range steps {
		s.is(step(s.Second), name+" of a fenced handle", delivery.ErrOldEpoch)
	}
	s.counts(e.ID, before)
	equal(s, "Stage", s.edition(e.ID).Stage, delivery.StagePlanning)
	equal(s, "Paused", s.edition(e.ID).Paused, "")
	head, err := s.Store.Head(s.ctx)
	s.ok(err, "Head")
	equal(s, "Head", head, 0)
	_, err = s.Store.Letter(s.ctx, e.ID, "other")
	s.is(err, "Letter", delivery.ErrNotFound)
	for _, n := range []int{100, 101} {
		_, err = s.Store.Subscriber(s.ctx, person(n).ID)
		s.is(err, "Subscriber", subscribers.ErrNotFound)
	}
	equal(s, "the one who was to be deleted", s.stored(person(4).ID).State, subscribers.Active)
	for name, step := range steps { // the steps are such that they succeed
		if name != "Cancel" && name != "Retract" {
			s.ok(step(s.Store), name+" of the handle that raised")
		}
	}
}

func raiseFenced(s *scene) {
	s.raise(s.Store, "", 1)
	_, err := s.Second.Raise(s.ctx, "")
	s.is(err, "Raise by a fenced handle", delivery.ErrOldEpoch)
	s.tenure(delivery.Tenure{Epoch: 1})
}

func raiseThenOpen(s *scene) {
	s.raise(s.Store, "", 1)
	s.raise(s.Store, "", 2)
	next := s.Open()
	for name, step := range writes(s) {
		if name != "Cancel" && name != "Retract" {
			s.ok(step(next), name)
		}
	}
}

func raiseLeases(s *scene) {
	e, _ := s.mailing(2)
	leased := s.lease(work(e), 2, brief)
	s.begin(leased[:1])
	s.raise(s.Second, "", 1)
	s.Advance(over)
	swept, err := s.Second.Sweep(s.ctx, delivery.SkipIt)
	s.ok(err, "Sweep")
	equal(s, "requeued", swept.Requeued, 1)
	equal(s, "uncertain", swept.Uncertain, 1)
}

func retiredRefuses(s *scene) {
	e, all := s.mailing(3)
	leased := s.lease(work(e), 1, long)
	s.raise(s.Second, "moved away", 1)
	_, err := s.Store.Lease(s.ctx, work(e), 1, long)
	s.is(err, "Lease of a handle from before", delivery.ErrOldEpoch)
	for _, store := range []Store{s.Second, s.Open()} {
		_, err = store.Open(s.ctx, weekly())
		s.is(err, "Open", delivery.ErrRetired)
		_, err = store.Plan(s.ctx, e, 0, []delivery.Choice{choice(all[0], "letter")})
		s.is(err, "Plan", delivery.ErrRetired)
		_, err = store.Lease(s.ctx, work(e), 1, long)
		s.is(err, "Lease", delivery.ErrRetired)
		_, err = store.Turn(s.ctx, nil, leased)
		s.is(err, "Turn", delivery.ErrRetired)
	}
	s.counts(e.ID, delivery.Counts{delivery.Queued: 3})
}

func retiredFacts(s *scene) {
	e, _ := s.mailing(2)
	leased := s.lease(work(e), 1, long)
	s.begin(leased)
	s.raise(s.Second, "moved away", 1)
	s.ok(finish(s.ctx, s.Open(), []delivery.Result{{Delivery: leased[0], State: delivery.Sent}}), "Turn")
	s.counts(e.ID, delivery.Counts{delivery.Sent: 1, delivery.Queued: 1})
}

func retiredRevived(s *scene) {
	e, _ := s.mailing(1)
	s.raise(s.Store, "moved away", 1)
	s.raise(s.Open(), "", 2)
	next := s.Open()
	leased, err := next.Lease(s.ctx, work(e), 1, long)
	s.ok(err, "Lease")
	equal(s, "leased", len(leased), 1)
	_, err = next.Turn(s.ctx, nil, leased)
	s.ok(err, "Turn")
}
