package storetest

import (
	"github.com/enshi-daily/enshi/delivery"
	"github.com/enshi-daily/enshi/subscribers"
)

func control() []law {
	return append(cancels(),
		law{"Again queues what ended in one of the states, and nothing else", againQueues},
		law{"Again forgets tries, and keeps letter, group and moment of creation", againForgets},
		law{"Again raises Doubts of what was Uncertain", againDoubts},
		law{"Again leaves those alone whose subscriber may not receive it any more", againLeaves},
		law{"Again takes a finished edition back to sending, until all is at an end", againReopens},
		law{"Again that queues nothing leaves a finished edition finished", againNothing},
		law{"Again called again finds nothing more", againTwice},
		law{"Again at once queues everybody once", againAtOnce},
		law{"Again lets the fact of an earlier attempt stand", againFact},
		law{"Again takes many", againMany},
		law{"Again refuses states that are no such end", againStates},
		law{"Again fails with ErrNotFound, and with ErrStage if the edition was cancelled", againStage},
		law{"Settle finishes an edition that has nothing open, and leaves what is Uncertain", settles},
		law{"Settle fails with ErrNotFound, and with ErrStage if something is open, being planned or cancelled", settleStage},
		law{"DeliveriesTo returns one subscriber's, in the order named", deliveriesTo},
		law{"DeliveriesTo of somebody unknown is nothing", deliveriesToNobody},
	)
}

// ended is a finished edition in which two deliveries ended in each state.
func (s *scene) ended(states ...delivery.State) (delivery.Edition, []delivery.Delivery) {
	s.Helper()
	e, _ := s.mailing(2 * len(states))
	s.ok(s.Store.Close(s.ctx, e.ID), "Close")
	leased := s.lease(work(e), 2*len(states), long)
	s.begin(leased)
	for i, state := range states {
		s.finish(leased[2*i:2*i+2], state)
	}
	s.sweep(delivery.Resend)
	equal(s, "Stage", s.edition(e.ID).Stage, delivery.StageFinished)
	return e, leased
}

func (s *scene) again(e delivery.Edition, want delivery.Requeued, states ...delivery.State) {
	s.Helper()
	got, err := s.Second.Again(s.ctx, e.ID, states...)
	s.ok(err, "Again")
	equal(s, "Again", got, want)
}

func againQueues(s *scene) {
	e, _ := s.ended(delivery.Sent, delivery.Failed, delivery.Rejected, delivery.Uncertain)
	s.again(e, delivery.Requeued{})
	s.again(e, delivery.Requeued{Queued: 2}, delivery.Failed)
	s.counts(e.ID, delivery.Counts{delivery.Sent: 2, delivery.Queued: 2, delivery.Rejected: 2, delivery.Uncertain: 2})
	equal(s, "ready", s.ready(work(e)), 2)
	s.again(e, delivery.Requeued{Queued: 4}, delivery.Rejected, delivery.Uncertain)
	s.counts(e.ID, delivery.Counts{delivery.Sent: 2, delivery.Queued: 6})
	s.begin(s.lease(work(e), 6, long))
}

func againForgets(s *scene) {
	e, _ := s.mailing(1)
	leased := s.lease(work(e), 1, long)
	s.begin(leased)
	s.retry(leased, s.Now())
	before := s.lease(work(e), 1, long)
	s.begin(before)
	s.finish(before, delivery.Failed)
	s.again(e, delivery.Requeued{Queued: 1}, delivery.Failed)
	d := s.lease(work(e), 1, long)[0]
	equal(s, "Tries", d.Tries, 0)
	equal(s, "Letter", d.Letter, before[0].Letter)
	equal(s, "Group", d.Group, before[0].Group)
	equal(s, "Created", d.Created.Equal(before[0].Created), true)
	equal(s, "Doubts", d.Doubts, 0)
}

func againDoubts(s *scene) {
	e, leased := s.ended(delivery.Uncertain, delivery.Failed)
	s.again(e, delivery.Requeued{Queued: 4}, delivery.Uncertain, delivery.Failed)
	equal(s, "Doubts of an uncertain one", s.one(e.ID, leased[0].Subscriber).Doubts, 1)
	equal(s, "Doubts of a failed one", s.one(e.ID, leased[2].Subscriber).Doubts, 0)
}

func againLeaves(s *scene) {
	e, leased := s.ended(delivery.Rejected, delivery.Failed)
	s.leave(leased[0].Subscriber, subscribers.Bounced)
	s.leave(leased[2].Subscriber, subscribers.Unsubscribed)
	s.again(e, delivery.Requeued{Queued: 2, Left: 2}, delivery.Rejected, delivery.Failed)
	s.counts(e.ID, delivery.Counts{delivery.Rejected: 1, delivery.Failed: 1, delivery.Queued: 2})
}

func againReopens(s *scene) {
	e, _ := s.ended(delivery.Failed)
	s.again(e, delivery.Requeued{Queued: 2}, delivery.Failed)
	equal(s, "Stage", s.edition(e.ID).Stage, delivery.StageSending)
	equal(s, "Finished is zero", s.edition(e.ID).Finished.IsZero(), true)
	equal(s, "finished with two queued", len(s.sweep(delivery.Resend).Finished), 0)
	leased := s.lease(work(e), 2, long)
	s.begin(leased)
	s.finish(leased, delivery.Sent)
	equal(s, "finished", len(s.sweep(delivery.Resend).Finished), 1)
	equal(s, "Stage", s.edition(e.ID).Stage, delivery.StageFinished)
	s.counts(e.ID, delivery.Counts{delivery.Sent: 2})
}

func againNothing(s *scene) {
	e, all := s.mailing(2)
	leased := s.lease(work(e), 2, long)
	s.begin(leased)
	s.finish(leased, delivery.Failed)
	s.finished(e)
	for _, sub := range all {
		s.leave(sub.ID, subscribers.Unsubscribed)
	}
	done, err := s.Store.Again(s.ctx, e.ID, delivery.Failed)
	s.ok(err, "Again")
	equal(s, "Again", done, delivery.Requeued{Left: 2})
	equal(s, "Stage", s.edition(e.ID).Stage, delivery.StageFinished)
	equal(s, "finished editions", len(s.sweep(delivery.Resend).Finished), 0)
}

func againTwice(s *scene) {
	e, _ := s.ended(delivery.Failed)
	s.again(e, delivery.Requeued{Queued: 2}, delivery.Failed)
	s.again(e, delivery.Requeued{}, delivery.Failed)
	s.counts(e.ID, delivery.Counts{delivery.Queued: 2})
}

func againAtOnce(s *scene) {
	e, _ := s.ended(delivery.Failed, delivery.Uncertain)
	done := make([]delivery.Requeued, 4)
	s.atOnce(4, func(i int, store Store) (err error) {
		done[i], err = store.Again(s.ctx, e.ID, delivery.Failed, delivery.Uncertain)
		return err
	})
	sum := 0
	for _, d := range done {
		sum += d.Queued
	}
	equal(s, "queued in all", sum, 4)
	s.counts(e.ID, delivery.Counts{delivery.Queued: 4})
	equal(s, "ready", s.ready(work(e)), 4)
}

func againFact(s *scene) {
	e, leased := s.ended(delivery.Uncertain)
	s.again(e, delivery.Requeued{Queued: 2}, delivery.Uncertain)
	s.finish(leased[:1], delivery.Sent) // a frozen worker wakes up and tells what it knows
	s.counts(e.ID, delivery.Counts{delivery.Sent: 1, delivery.Queued: 1})
	equal(s, "ready", s.ready(work(e)), 1)
}

func againMany(s *scene) {
	const n = 700
	e, _ := s.mailing(n)
	leased := s.lease(work(e), n, long)
	s.begin(leased)
	s.finish(leased, delivery.Failed)
	s.again(e, delivery.Requeued{Queued: n}, delivery.Failed)
	s.counts(e.ID, delivery.Counts{delivery.Queued: n})
}

func againStates(s *scene) {
	e, _ := s.ended(delivery.Sent)
	for _, state := range []delivery.State{delivery.Sent, delivery.Skipped, delivery.Queued, delivery.Sending, delivery.Retry, ""} {
		if _, err := s.Store.Again(s.ctx, e.ID, delivery.Failed, state); err == nil {
			s.Fatalf("Again(%q) is not refused", state)
		}
	}
	s.counts(e.ID, delivery.Counts{delivery.Sent: 2})
	equal(s, "Stage", s.edition(e.ID).Stage, delivery.StageFinished)
}

func againStage(s *scene) {
	_, err := s.Store.Again(s.ctx, "daily-20260101-1", delivery.Failed)
	s.is(err, "Again", delivery.ErrNotFound)
	e, _ := s.mailing(2)
	leased := s.lease(work(e), 1, long)
	s.begin(leased)
	s.finish(leased, delivery.Failed)
	s.cancel(e)
	_, err = s.Store.Again(s.ctx, e.ID, delivery.Failed)
	s.is(err, "Again", delivery.ErrStage)
	s.counts(e.ID, delivery.Counts{delivery.Failed: 1, delivery.Skipped: 1})
}

func deliveriesTo(s *scene) {
	e, all := s.mailing(2)
	s.ok(s.Store.Close(s.ctx, e.ID), "Close")
	s.save(all[0], subscribers.NoticeAlready)
	leased := s.lease(work(e), 2, long)
	s.begin(leased)
	s.finish(leased, delivery.Failed)
	got, err := s.Second.DeliveriesTo(s.ctx, all[0].ID, delivery.EditionAlready, "daily-20260101-1", e.ID, delivery.EditionConfirm)
	s.ok(err, "DeliveriesTo")
	equal(s, "deliveries", len(got), 2)
	equal(s, "Edition", got[0].Edition, delivery.EditionAlready)
	equal(s, "State", got[0].State, delivery.Queued)
	equal(s, "Edition", got[1].Edition, e.ID)
	equal(s, "State", got[1].State, delivery.Failed)
	equal(s, "Subscriber", got[1].Subscriber, all[0].ID)
	equal(s, "Reply", got[1].Reply, "250 2.0.0 queued")
	equal(s, "Letter", got[1].Letter, "letter")
	equal(s, "Token", got[1].Token, "")
}

func deliveriesToNobody(s *scene) {
	e, all := s.mailing(1)
	got, err := s.Store.DeliveriesTo(s.ctx, person(9).ID, e.ID)
	s.ok(err, "DeliveriesTo")
	equal(s, "deliveries", len(got), 0)
	got, err = s.Store.DeliveriesTo(s.ctx, all[0].ID)
	s.ok(err, "DeliveriesTo without editions")
	equal(s, "deliveries", len(got), 0)
}

func settles(s *scene) {
	e, _ := s.mailing(2)
	s.ok(s.Store.Close(s.ctx, e.ID), "Close")
	leased := s.lease(work(e), 2, long)
	s.begin(leased)
	s.finish(leased[:1], delivery.Sent)
	s.finish(leased[1:], delivery.Uncertain)
	equal(s, "finished", len(s.sweep(delivery.Hold).Finished), 0)
	s.ok(s.Second.Settle(s.ctx, e.ID), "Settle")
	s.ok(s.Store.Settle(s.ctx, e.ID), "Settle again")
	equal(s, "Stage", s.edition(e.ID).Stage, delivery.StageFinished)
	s.counts(e.ID, delivery.Counts{delivery.Sent: 1, delivery.Uncertain: 1})
}

func settleStage(s *scene) {
	s.is(s.Store.Settle(s.ctx, "daily-20261124-99"), "Settle of no edition", delivery.ErrNotFound)
	e, _ := s.mailing(1)
	s.is(s.Store.Settle(s.ctx, e.ID), "Settle while it is planned", delivery.ErrStage)
	s.ok(s.Store.Close(s.ctx, e.ID), "Close")
	s.is(s.Store.Settle(s.ctx, e.ID), "Settle with one queued", delivery.ErrStage)
	s.ok(s.Store.Cancel(s.ctx, e.ID), "Cancel")
	s.is(s.Store.Settle(s.ctx, e.ID), "Settle of a cancelled edition", delivery.ErrStage)
}
