package storetest

import (
	"sync"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/enshi-daily/enshi/delivery"
	"github.com/enshi-daily/enshi/subscribers"
)

func queue() []law {
	laws := []law{
		{"Work of an empty store is nothing, and nothing is foreseen", workEmpty},
		{"Work lists notices first, then editions by age", workOrder},
		{"Work lists each provider group of an edition", workGroups},
		{"Work leaves out what is leased, and what is not ready", workReady},
		{"Work says how long until something else may be ready", workWake},
		{"Lease takes up to n ready deliveries", leaseUpTo},
		{"Lease gives all that a letter needs", leaseWhole},
		{"Lease takes from the edition and the group asked for", leaseGroup},
		{"Lease takes from an edition that is still being planned", leasePlanning},
		{"Lease never gives a delivery to two", leaseAtOnce},
		{"Lease does not take a Retry before its time", leaseRetry},
		{"Lease skips those whose subscriber may not receive it any more", leaseSkips},
		{"Lease goes on past those that it skips", leaseGoesOn},
		{"Lease skips a notice that its subscriber may not receive any more", leaseSkipsNotice},
		{"Renew lets leases live ttl longer", renewLonger},
		{"Renew lets a lease that is Sending live longer", renewSending},
		{"Renew passes over leases that were lost", renewLost},
		{"Renew revives a lease that expired and was not taken back", renewExpired},
		{"Clock is what deadlines are by", clockTicks},
	}
	return append(append(append(laws, begins()...), finishes()...), sweeps()...)
}

func workEmpty(s *scene) {
	work, wake, err := s.Store.Work(s.ctx)
	s.ok(err, "Work")
	equal(s, "work", len(work), 0)
	equal(s, "wake", wake, 0)
}

func workOrder(s *scene) {
	s.people(2)
	for mark := int64(1); mark <= 3; mark++ {
		e := s.open(mark)
		s.plan(e, "letter")
		s.ok(s.Store.Close(s.ctx, e.ID), "Close")
	}
	s.pending(7)
	work, _, err := s.Second.Work(s.ctx)
	s.ok(err, "Work")
	want := []delivery.Work{
		{Edition: delivery.EditionConfirm, Ready: 1},
		{Edition: daily(1).ID, Group: "other", Ready: 2},
		{Edition: daily(2).ID, Group: "other", Ready: 2},
		{Edition: daily(3).ID, Group: "other", Ready: 2},
	}
	if diff := cmp.Diff(want, work); diff != "" {
		s.Fatalf("Work (-want +got):\n%s", diff)
	}
}

// grouped plans n people, the first of them for qq and the rest for gmail.
func (s *scene) grouped(n, qq int) delivery.Edition {
	s.Helper()
	s.people(n)
	e := s.open(1)
	all, part := s.candidates(e)
	for i, sub := range all {
		c := choice(sub, "letter")
		c.Group = "gmail"
		if i < qq {
			c.Group = "qq"
		}
		s.planOne(e, part, c)
	}
	return e
}

func workGroups(s *scene) {
	e := s.grouped(5, 2)
	equal(s, "ready for qq", s.ready(delivery.Work{Edition: e.ID, Group: "qq"}), 2)
	equal(s, "ready for gmail", s.ready(delivery.Work{Edition: e.ID, Group: "gmail"}), 3)
}

func workReady(s *scene) {
	e, _ := s.mailing(5)
	leased := s.lease(work(e), 3, long)
	equal(s, "ready", s.ready(work(e)), 2)
	s.begin(leased)
	s.finish(leased[:1], delivery.Sent)
	s.retry(leased[1:2], s.Now().Add(long))
	equal(s, "ready", s.ready(work(e)), 2)
	s.finish(leased[2:], delivery.Queued)
	equal(s, "ready", s.ready(work(e)), 3)
}

func workWake(s *scene) {
	e, _ := s.mailing(1)
	leased := s.lease(work(e), 1, long)
	s.begin(leased)
	s.retry(leased, s.Now().Add(20*time.Second))
	work, wake, err := s.Store.Work(s.ctx)
	s.ok(err, "Work")
	equal(s, "work", len(work), 0)
	if wake <= 0 || wake > 21*time.Second {
		s.Fatalf("wake = %v, want up to 20 s", wake)
	}
}

func leaseUpTo(s *scene) {
	e, _ := s.mailing(7)
	seen := make(map[subscribers.ID]bool)
	for _, want := range []int{3, 3, 1, 0} {
		leased, err := s.Store.Lease(s.ctx, work(e), 3, long)
		s.ok(err, "Lease")
		equal(s, "leased", len(leased), want)
		for _, d := range leased {
			if seen[d.Subscriber] {
				s.Fatalf("%s is leased twice", d.Subscriber)
			}
			seen[d.Subscriber] = true
		}
	}
}

func leaseWhole(s *scene) {
	p := full()
	p.State, p.Cadence, p.Cursor = subscribers.Active, subscribers.Daily, 3
	p.Generation = 12
	s.add(p)
	e := s.open(5)
	s.plan(e, "letter")
	d := s.lease(work(e), 1, long)[0]
	if d.Token == "" || d.Created.IsZero() {
		s.Fatalf("Token = %q, Created = %v", d.Token, d.Created)
	}
	want := delivery.Delivery{
		Edition: e.ID, Subscriber: p.ID, Letter: "letter", Group: "other", State: delivery.Queued,
		Created: d.Created, Token: d.Token,
		Address: p.Address, Language: p.Language, Cadence: p.Cadence, Generation: p.Generation,
	}
	if diff := cmp.Diff(want, d); diff != "" {
		s.Fatalf("Lease (-want +got):\n%s", diff)
	}
}

func leaseGroup(s *scene) {
	e := s.grouped(5, 2)
	for group, want := range map[delivery.Group]int{"qq": 2, "gmail": 3, "other": 0} {
		leased, err := s.Store.Lease(s.ctx, delivery.Work{Edition: e.ID, Group: group}, 10, long)
		s.ok(err, "Lease")
		equal(s, "leased for "+string(group), len(leased), want)
		for _, d := range leased {
			equal(s, "Group", d.Group, group)
		}
	}
	leased, err := s.Store.Lease(s.ctx, delivery.Work{Edition: "daily-20260101-1", Group: "qq"}, 10, long)
	s.ok(err, "Lease")
	equal(s, "leased from an unknown edition", len(leased), 0)
}

func leasePlanning(s *scene) {
	e, _ := s.mailing(1)
	equal(s, "Stage", s.edition(e.ID).Stage, delivery.StagePlanning)
	s.lease(work(e), 1, long)
}

func leaseAtOnce(s *scene) {
	e, all := s.mailing(100)
	var lock sync.Mutex
	seen := make(map[subscribers.ID]int)
	s.atOnce(4, func(_ int, store Store) error {
		for {
			leased, err := store.Lease(s.ctx, work(e), 3, long)
			if err != nil || len(leased) == 0 {
				return err
			}
			lock.Lock()
			for _, d := range leased {
				seen[d.Subscriber]++
			}
			lock.Unlock()
		}
	})
	equal(s, "deliveries leased", len(seen), len(all))
	for id, n := range seen {
		equal(s, "leases of "+string(id), n, 1)
	}
}

func leaseRetry(s *scene) {
	const wait = 1200 * time.Millisecond
	e, _ := s.mailing(1)
	leased := s.lease(work(e), 1, long)
	s.begin(leased)
	s.retry(leased, s.Now().Add(wait))
	s.counts(e.ID, delivery.Counts{delivery.Retry: 1})
	equal(s, "ready before its time", s.ready(work(e)), 0)
	s.lease0(work(e))
	s.Advance(wait + expired)
	equal(s, "ready at its time", s.ready(work(e)), 1)
	again := s.lease(work(e), 1, long)
	equal(s, "Tries", again[0].Tries, 1)
	s.counts(e.ID, delivery.Counts{delivery.Queued: 1})
	s.begin(again)
}

// lease0 demands that nothing can be leased.
func (s *scene) lease0(w delivery.Work) {
	s.Helper()
	leased, err := s.Store.Lease(s.ctx, w, 100, long)
	s.ok(err, "Lease")
	equal(s, "leased", len(leased), 0)
}

func leaseSkips(s *scene) {
	e, all := s.mailing(5)
	reasons := map[subscribers.State]delivery.Skip{
		subscribers.Pending:      delivery.SkipUnsubscribed,
		subscribers.Unsubscribed: delivery.SkipUnsubscribed,
		subscribers.Bounced:      delivery.SkipSuppressed,
		subscribers.Complained:   delivery.SkipSuppressed,
		subscribers.Erased:       delivery.SkipErased,
	}
	want := make(map[subscribers.ID]delivery.Skip)
	for state, reason := range reasons {
		id := all[len(want)].ID
		want[id] = reason
		s.leave(id, state)
	}
	s.lease0(work(e))
	s.counts(e.ID, delivery.Counts{delivery.Skipped: 5})
	for id, reason := range want {
		d := s.one(e.ID, id)
		equal(s, "Skip", d.Skip, reason)
		equal(s, "At is set", d.At.IsZero(), false)
	}
}

func leaseGoesOn(s *scene) {
	e, all := s.mailing(60)
	for i := range 50 {
		s.leave(all[i].ID, subscribers.Unsubscribed)
	}
	got := 0
	for range 60 {
		if s.ready(work(e)) == 0 {
			break
		}
		leased, err := s.Store.Lease(s.ctx, work(e), 5, long)
		s.ok(err, "Lease")
		got += len(leased)
	}
	equal(s, "leased in all", got, 10)
	s.counts(e.ID, delivery.Counts{delivery.Skipped: 50, delivery.Queued: 10})
}

func leaseSkipsNotice(s *scene) {
	s.pending(1)
	s.leave(person(1).ID, subscribers.Active) // confirmed by an older mail
	s.save(person(2), subscribers.NoticeAlready)
	s.leave(person(2).ID, subscribers.Complained)
	p := person(3)
	p.State = subscribers.Bounced // comes back by a new double opt-in
	s.save(p, subscribers.NoticeConfirm)
	leased, err := s.Store.Lease(s.ctx, confirms(), 2, long)
	s.ok(err, "Lease")
	equal(s, "leased", len(leased), 1)
	equal(s, "Subscriber", leased[0].Subscriber, p.ID)
	s.lease0(alreadies())
	s.counts(delivery.EditionConfirm, delivery.Counts{delivery.Skipped: 1, delivery.Queued: 1})
	s.counts(delivery.EditionAlready, delivery.Counts{delivery.Skipped: 1})
}

func renewLonger(s *scene) {
	e, _ := s.mailing(2)
	leased := s.lease(work(e), 2, brief)
	s.ok(s.Second.Renew(s.ctx, leased[:1], long), "Renew")
	s.Advance(over)
	equal(s, "Requeued", s.sweep(delivery.Resend).Requeued, 1)
	s.begin(leased[:1])
}

func renewSending(s *scene) {
	e, _ := s.mailing(1)
	leased := s.lease(work(e), 1, brief)
	s.begin(leased)
	s.ok(s.Store.Renew(s.ctx, leased, long), "Renew")
	s.Advance(over)
	equal(s, "Uncertain", s.sweep(delivery.Resend).Uncertain, 0)
	s.counts(e.ID, delivery.Counts{delivery.Sending: 1})
}

func renewExpired(s *scene) {
	e, _ := s.mailing(2)
	leased := s.lease(work(e), 2, brief)
	s.begin(leased[:1])
	s.Advance(over)
	s.ok(s.Store.Renew(s.ctx, leased, long), "Renew")
	equal(s, "swept", s.sweep(delivery.Resend).Requeued, 0)
	s.begin(leased[1:])
	s.counts(e.ID, delivery.Counts{delivery.Sending: 2})
}

func clockTicks(s *scene) {
	before, err := s.Store.Clock(s.ctx)
	s.ok(err, "Clock")
	s.Advance(brief)
	after, err := s.Second.Clock(s.ctx)
	s.ok(err, "Clock")
	if passed := after.Sub(before); passed < brief || passed > time.Minute {
		s.Fatalf("Clock went on by %v, want about %v", passed, brief)
	}
}

func renewLost(s *scene) {
	e, _ := s.mailing(1)
	old := s.lease(work(e), 1, short)
	s.Advance(expired)
	s.sweep(delivery.Resend)
	s.ok(s.Store.Renew(s.ctx, old, long), "Renew of a lost lease")
	equal(s, "ready", s.ready(work(e)), 1)
	other := s.lease(work(e), 1, short)
	s.ok(s.Store.Renew(s.ctx, old, long), "Renew of a lost lease")
	s.Advance(expired)
	equal(s, "Requeued", s.sweep(delivery.Resend).Requeued, 1)
	equal(s, "permit", s.permits(other)[0], delivery.LeaseLost)
}
