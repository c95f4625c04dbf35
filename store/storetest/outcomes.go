package storetest

import (
	"cmp"
	"slices"
	"sync/atomic"
	"time"

	"github.com/enshi-daily/enshi/delivery"
	"github.com/enshi-daily/enshi/subscribers"
)

// begins are the laws of what Queue.Turn begins.
func begins() []law {
	return []law{
		{"Turn, beginning, marks deliveries Sending", beginMarks},
		{"Turn, beginning, answers for each in order", beginOrder},
		{"Turn, beginning, answers LeaseLost to a lost token", beginLost},
		{"Turn, beginning, answers LeaseLost to a lease that ran out, begun or not", beginExpired},
		{"Turn, beginning, skips what its subscriber may not receive any more", beginLeft},
		{"Turn, beginning, answers Left to what was cancelled or taken back", beginTakenBack},
		{"Turn, beginning, of a finished delivery is not permitted", beginFinished},
		{"Turn, beginning, lets one of two holders of the same lease's past in", beginAtOnce},
	}
}

// lost returns a lease that was lost and the one that another worker has now.
func (s *scene) lost(e delivery.Edition) (lost, held []delivery.Delivery) {
	s.Helper()
	lost = s.lease(work(e), 1, short)
	s.Advance(expired)
	equal(s, "Requeued", s.sweep(delivery.Resend).Requeued, 1)
	held = s.lease(work(e), 1, long)
	equal(s, "Subscriber", held[0].Subscriber, lost[0].Subscriber)
	if lost[0].Token == held[0].Token {
		s.Fatal("two leases have the same token")
	}
	return lost, held
}

func beginMarks(s *scene) {
	e, _ := s.mailing(3)
	leased := s.lease(work(e), 2, long)
	s.begin(leased)
	s.counts(e.ID, delivery.Counts{delivery.Sending: 2, delivery.Queued: 1})
	s.finish(leased, delivery.Queued) // it met no server
	s.begin(s.lease(work(e), 3, long))
	s.counts(e.ID, delivery.Counts{delivery.Sending: 3})
}

func beginOrder(s *scene) {
	e, _ := s.mailing(6)
	leased := s.lease(work(e), 6, long)
	s.leave(leased[1].Subscriber, subscribers.Unsubscribed)
	s.leave(leased[4].Subscriber, subscribers.Bounced)
	leased[2].Token += "x"
	got := s.permits(leased)
	for i, want := range []delivery.Permit{
		delivery.Go, delivery.Left, delivery.LeaseLost, delivery.Go, delivery.Left, delivery.Go,
	} {
		equal(s, "permit", got[i], want)
	}
	s.counts(e.ID, delivery.Counts{delivery.Sending: 3, delivery.Skipped: 2, delivery.Queued: 1})
}

func beginLost(s *scene) {
	e, _ := s.mailing(1)
	lost, held := s.lost(e)
	equal(s, "permit of the lost lease", s.permits(lost)[0], delivery.LeaseLost)
	s.counts(e.ID, delivery.Counts{delivery.Queued: 1})
	s.begin(held)
	equal(s, "permit of the lost lease", s.permits(lost)[0], delivery.LeaseLost)
	s.counts(e.ID, delivery.Counts{delivery.Sending: 1})
}

func beginExpired(s *scene) {
	e, _ := s.mailing(2)
	leased := s.lease(work(e), 2, brief)
	s.begin(leased[:1])
	s.begin(leased[:1]) // the store's first answer was lost
	s.Advance(over)
	for _, permit := range s.permits(leased) {
		equal(s, "permit", permit, delivery.LeaseLost)
	}
	s.counts(e.ID, delivery.Counts{delivery.Sending: 1, delivery.Queued: 1})
	s.ok(s.Store.Renew(s.ctx, leased, long), "Renew")
	s.begin(leased)
}

func beginLeft(s *scene) {
	e, _ := s.mailing(2)
	leased := s.lease(work(e), 2, long)
	s.leave(leased[0].Subscriber, subscribers.Complained)
	equal(s, "permit", s.permits(leased[:1])[0], delivery.Left)
	d := s.one(e.ID, leased[0].Subscriber)
	equal(s, "State", d.State, delivery.Skipped)
	equal(s, "Skip", d.Skip, delivery.SkipSuppressed)
	s.finish(leased[:1], delivery.Queued) // what a worker says that was refused
	s.counts(e.ID, delivery.Counts{delivery.Skipped: 1, delivery.Queued: 1})
	equal(s, "ready", s.ready(work(e)), 0)
}

func beginTakenBack(s *scene) {
	e, _ := s.letterTo(4, "a", "b")
	leased := s.lease(work(e), 4, long)
	s.retract(e.ID, []string{"a"}, 2)
	s.ok(s.Store.Cancel(s.ctx, e.ID), "Cancel")
	for range 2 { // the store's first answer was lost
		for _, permit := range s.permits(leased) {
			equal(s, "permit", permit, delivery.Left)
		}
	}
	s.counts(e.ID, delivery.Counts{delivery.Skipped: 4})
}

func beginFinished(s *scene) {
	e, _ := s.mailing(1)
	leased := s.lease(work(e), 1, long)
	s.begin(leased)
	s.finish(leased, delivery.Sent)
	equal(s, "permit", s.permits(leased)[0], delivery.LeaseLost)
	s.counts(e.ID, delivery.Counts{delivery.Sent: 1})
}

func beginAtOnce(s *scene) {
	e, _ := s.mailing(20)
	lost := s.lease(work(e), 20, short)
	s.Advance(expired)
	s.sweep(delivery.Resend)
	held := s.lease(work(e), 20, long)
	var permitted atomic.Int32
	s.atOnce(2, func(i int, store Store) error {
		mine := [][]delivery.Delivery{lost, held}[i]
		for k := range mine {
			permits, err := store.Turn(s.ctx, nil, mine[k:k+1])
			if err != nil {
				return err
			}
			if permits[0] == delivery.Go {
				permitted.Add(1)
			}
		}
		return nil
	})
	equal(s, "permits", permitted.Load(), 20)
}

// finishes are the laws of Queue.Finish.
func finishes() []law {
	return []law{
		{"Turn, recording, records what became of attempts", finishRecords},
		{"Turn, recording, with Retry raises Tries by one, other results do not", finishTries},
		{"Turn, recording, records Sent and Rejected even if the lease was lost", finishFacts},
		{"Turn, recording, records Sent even if it had become uncertain", finishSentLate},
		{"Turn, recording, ignores other results without the token", finishLost},
		{"Turn, recording, again changes nothing", finishAgain},
		{"Turn, recording, with Queued gives a lease back of which nothing was sent, begun or not", finishQueued},
		{"Turn, recording, lets Sent stay Sent", finishSentStays},
		{"Turn, recording, with Bounce makes the subscriber bounced in the same step", finishBounce},
		{"Turn, recording, with Bounce leaves an erased or complained subscriber as he is", finishBounceLeaves},
		{"Turn, recording, with Bounce erases again who was erased and never confirmed", finishBounceErases},
		{"Turn, recording, with Bounce leaves the subscriber of a delivery that was Sent as he is", finishBounceSent},
		{"Turn, recording, with Bounce again leaves a subscriber who came back as he is", finishBounceAgain},
		{"Turn, recording, of a delivery that does not exist does nothing", finishUnknown},
		{"Turn records before it begins", turnOrder},
	}
}

func finishRecords(s *scene) {
	e, _ := s.mailing(4)
	leased := s.lease(work(e), 4, long)
	s.begin(leased)
	for i, state := range []delivery.State{delivery.Sent, delivery.Rejected, delivery.Failed, delivery.Uncertain} {
		s.finish(leased[i:i+1], state)
		d := s.one(e.ID, leased[i].Subscriber)
		equal(s, "State", d.State, state)
		equal(s, "Reply", d.Reply, "250 2.0.0 queued")
		equal(s, "At is set", d.At.IsZero(), false)
	}
	equal(s, "ready", s.ready(work(e)), 0)
}

func finishTries(s *scene) {
	e, _ := s.mailing(1)
	for tries := range 3 {
		given := s.lease(work(e), 1, long)
		equal(s, "Tries", given[0].Tries, tries)
		s.begin(given)
		s.finish(given, delivery.Queued)
		leased := s.lease(work(e), 1, long)
		s.begin(leased)
		s.retry(leased, s.Now().Add(-time.Second))
		s.retry(leased, s.Now()) // the store's first answer was lost
		equal(s, "Tries", s.one(e.ID, leased[0].Subscriber).Tries, tries+1)
	}
	leased := s.lease(work(e), 1, long)
	s.finish(leased, delivery.Sent)
	equal(s, "Tries", s.one(e.ID, leased[0].Subscriber).Tries, 3)
}

func finishFacts(s *scene) {
	for mark, fact := range []delivery.State{delivery.Sent, delivery.Rejected} {
		id := s.add(person(mark)).ID
		e := s.open(int64(mark + 1))
		s.plan(e, "letter")
		s.ok(s.Store.Close(s.ctx, e.ID), "Close")
		lost := s.lease(work(e), 1, brief)
		s.begin(lost)
		s.Advance(over)
		equal(s, "Uncertain", s.sweep(delivery.Resend).Uncertain, 1)
		s.finish(lost, fact)
		equal(s, "State", s.one(e.ID, lost[0].Subscriber).State, fact)
		equal(s, "ready", s.ready(work(e)), 0)
		s.leave(id, subscribers.Unsubscribed)
	}
}

func finishSentLate(s *scene) {
	e, _ := s.mailing(1)
	lost := s.lease(work(e), 1, brief)
	s.begin(lost)
	s.Advance(over)
	s.sweep(delivery.SkipIt)
	s.counts(e.ID, delivery.Counts{delivery.Uncertain: 1})
	s.finish(lost, delivery.Sent)
	s.counts(e.ID, delivery.Counts{delivery.Sent: 1})
}

func finishLost(s *scene) {
	e, _ := s.mailing(1)
	lost, held := s.lost(e)
	for _, state := range []delivery.State{delivery.Retry, delivery.Failed, delivery.Uncertain, delivery.Queued} {
		s.finish(lost, state)
		s.counts(e.ID, delivery.Counts{delivery.Queued: 1})
		equal(s, "ready", s.ready(work(e)), 0)
	}
	s.begin(held)
	s.finish(lost, delivery.Failed)
	s.counts(e.ID, delivery.Counts{delivery.Sending: 1})
	s.finish(held, delivery.Sent)
	s.finish(lost, delivery.Retry)
	s.counts(e.ID, delivery.Counts{delivery.Sent: 1})
}

func finishAgain(s *scene) {
	e, _ := s.mailing(2)
	leased := s.lease(work(e), 2, long)
	s.begin(leased)
	for range 2 { // the store's first answer was lost
		s.finish(leased[:1], delivery.Sent)
		s.retry(leased[1:], s.Now().Add(long))
		s.counts(e.ID, delivery.Counts{delivery.Sent: 1, delivery.Retry: 1})
	}
}

func finishQueued(s *scene) {
	e, _ := s.mailing(2)
	leased := s.lease(work(e), 2, long)
	s.begin(leased[:1])
	s.finish(leased, delivery.Queued)
	equal(s, "ready", s.ready(work(e)), 2)
	equal(s, "permit with the old token", s.permits(leased)[0], delivery.LeaseLost)
	equal(s, "Tries", s.lease(work(e), 2, long)[0].Tries, 0)
}

// arrived has a delivery sent by a worker that lost its lease to another, which
// has begun.
func (s *scene) arrived() (e delivery.Edition, held []delivery.Delivery) {
	s.Helper()
	e, _ = s.mailing(1)
	lost := s.lease(work(e), 1, brief)
	s.begin(lost)
	s.Advance(over)
	s.sweep(delivery.Resend)
	held = s.lease(work(e), 1, long)
	s.begin(held)
	s.finish(lost, delivery.Sent)
	return e, held
}

func finishSentStays(s *scene) {
	e, held := s.arrived()
	for _, state := range []delivery.State{delivery.Retry, delivery.Failed, delivery.Queued} {
		s.finish(held, state)
		s.counts(e.ID, delivery.Counts{delivery.Sent: 1})
	}
	equal(s, "ready", s.ready(work(e)), 0)
}

func finishBounce(s *scene) {
	e, all := s.mailing(1)
	s.ok(s.Store.Close(s.ctx, e.ID), "Close")
	other := s.open(2)
	s.plan(other, "letter")
	leased := s.lease(work(e), 1, long)
	s.begin(leased)
	s.bounce(leased[0])
	sub := s.stored(all[0].ID)
	equal(s, "State", sub.State, subscribers.Bounced)
	equal(s, "Generation", sub.Generation, all[0].Generation+1)
	equal(s, "Changed is still the old time", sub.Changed.Equal(all[0].Changed), false)
	s.is(s.Store.Save(s.ctx, all[0], subscribers.NoNotice), "Save of the record from before", subscribers.ErrConflict)
	s.states(map[subscribers.State]int{subscribers.Bounced: 1})
	s.lease0(work(other))
	s.counts(other.ID, delivery.Counts{delivery.Skipped: 1})
	equal(s, "Skip", s.one(other.ID, sub.ID).Skip, delivery.SkipSuppressed)
	s.due(daily(9))
}

func finishBounceLeaves(s *scene) {
	e, _ := s.mailing(2)
	leased := s.lease(work(e), 2, long)
	s.begin(leased)
	for i, state := range []subscribers.State{subscribers.Erased, subscribers.Complained} {
		id := leased[i].Subscriber
		s.leave(id, state)
		before := s.stored(id)
		s.bounce(leased[i])
		s.same(before, before.Version)
	}
	s.counts(e.ID, delivery.Counts{delivery.Rejected: 2})
}

func finishBounceErases(s *scene) {
	p := full()
	p.Cadence = subscribers.Daily
	before := s.save(p, subscribers.NoticeConfirm)
	leased := s.lease(delivery.Work{Edition: delivery.EditionConfirm}, 1, long)
	s.begin(leased)
	s.bounce(leased[0])
	after := s.stored(p.ID)
	equal(s, "Changed is still the old time", after.Changed.Equal(before.Changed), false)
	want := subscribers.Erase(before, after.Changed)
	want.Version++
	s.same(want, want.Version)
	s.states(map[subscribers.State]int{subscribers.Erased: 1})
	s.due(daily(1 << 41))
}

func finishBounceSent(s *scene) {
	e, held := s.arrived()
	before := s.stored(held[0].Subscriber)
	s.bounce(held[0])
	s.same(before, before.Version)
	s.counts(e.ID, delivery.Counts{delivery.Sent: 1})
}

func finishBounceAgain(s *scene) {
	e, _ := s.mailing(1)
	leased := s.lease(work(e), 1, long)
	s.begin(leased)
	s.bounce(leased[0])
	s.leave(leased[0].Subscriber, subscribers.Active)
	before := s.stored(leased[0].Subscriber)
	s.bounce(leased[0])
	s.same(before, before.Version)
	s.counts(e.ID, delivery.Counts{delivery.Rejected: 1})
}

// bounce has the address of a delivery refused.
func (s *scene) bounce(d delivery.Delivery) {
	s.Helper()
	result := delivery.Result{Delivery: d, State: delivery.Rejected, Reply: "550 5.1.1", Bounce: true}
	s.ok(finish(s.ctx, s.Store, []delivery.Result{result}), "Finish")
}

func finishUnknown(s *scene) {
	e, all := s.mailing(1)
	s.ok(s.Store.Delete(s.ctx, all[0]), "Delete")
	unknown := delivery.Delivery{Edition: e.ID, Subscriber: person(9).ID, Token: "x"}
	s.finish([]delivery.Delivery{unknown}, delivery.Sent)
	unknown.Edition = "daily-20260101-1"
	s.finish([]delivery.Delivery{unknown}, delivery.Sent)
	equal(s, "permit", s.permits([]delivery.Delivery{unknown})[0], delivery.LeaseLost)
	s.counts(e.ID, delivery.Counts{delivery.Skipped: 1})
	s.counts(unknown.Edition, nil)
}

func turnOrder(s *scene) {
	e, _ := s.mailing(2)
	s.ok(s.Store.Close(s.ctx, e.ID), "Close")
	other := s.open(2)
	s.plan(other, "letter")
	first, second := s.lease(work(e), 2, long), s.lease(work(other), 2, long)
	slices.SortFunc(first, bySubscriber)
	slices.SortFunc(second, bySubscriber)
	s.begin(first)
	done := []delivery.Result{
		{Delivery: first[0], State: delivery.Rejected, Reply: "550 5.1.1", Bounce: true},
		{Delivery: first[1], State: delivery.Sent, Reply: "250 2.0.0"},
	}
	permits, err := s.Store.Turn(s.ctx, done, second)
	s.ok(err, "Turn")
	equal(s, "permit after a bounce", permits[0], delivery.Left)
	equal(s, "permit of the other", permits[1], delivery.Go)
	s.counts(e.ID, delivery.Counts{delivery.Rejected: 1, delivery.Sent: 1})
	s.counts(other.ID, delivery.Counts{delivery.Skipped: 1, delivery.Sending: 1})
}

func bySubscriber(a, b delivery.Delivery) int { return cmp.Compare(a.Subscriber, b.Subscriber) }
