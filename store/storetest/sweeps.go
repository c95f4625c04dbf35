package storetest

import (
	"slices"
	"sync/atomic"

	"github.com/enshi-daily/enshi/delivery"
	"github.com/enshi-daily/enshi/subscribers"
)

// sweeps are the laws of Queue.Sweep.
func sweeps() []law {
	return []law{
		{"Sweep of an empty store does nothing", sweepEmpty},
		{"Sweep leaves leases alone that have not expired", sweepLeaves},
		{"Sweep puts expired leases that have not begun back", sweepRequeues},
		{"Sweep with Resend queues again what expired while sending, and Doubts counts it", sweepResends},
		{"Sweep with SkipIt leaves what expired while sending Uncertain", sweepSkips},
		{"Sweep with Hold leaves it Uncertain, and the edition open until that is queued again or settled", sweepHolds},
		{"Sweep refuses a policy that is none", sweepPolicy},
		{"Sweep takes expired notices back", sweepNotices},
		{"Sweep takes expired leases of a paused edition back", sweepPaused},
		{"Sweep by many at once takes each lease back once", sweepAtOnce},
		{"Sweep finishes editions that are planned to the end and have nothing open", sweepFinishes},
		{"Sweep finishes an edition once, and says so once", sweepFinishesOnce},
		{"Sweep finishes no edition that is still being planned", sweepPlanning},
		{"Sweep finishes no edition that has something open", sweepOpen},
	}
}

func sweepEmpty(s *scene) {
	swept := s.sweep(delivery.Resend)
	if swept.Requeued != 0 || swept.Uncertain != 0 || len(swept.Finished) != 0 {
		s.Fatalf("Sweep = %v", swept)
	}
}

func sweepLeaves(s *scene) {
	e, _ := s.mailing(2)
	leased := s.lease(work(e), 2, long)
	s.begin(leased[:1])
	swept := s.sweep(delivery.Resend)
	equal(s, "taken back", swept.Requeued+swept.Uncertain, 0)
	s.counts(e.ID, delivery.Counts{delivery.Sending: 1, delivery.Queued: 1})
	equal(s, "ready", s.ready(work(e)), 0)
}

func sweepRequeues(s *scene) {
	e, _ := s.mailing(3)
	leased := s.lease(work(e), 2, short)
	s.Advance(expired)
	swept := s.sweep(delivery.SkipIt)
	equal(s, "Requeued", swept.Requeued, 2)
	equal(s, "Uncertain", swept.Uncertain, 0)
	s.counts(e.ID, delivery.Counts{delivery.Queued: 3})
	equal(s, "ready", s.ready(work(e)), 3)
	for _, d := range s.lease(work(e), 3, long) {
		equal(s, "Doubts", d.Doubts, 0)
		equal(s, "Tries", d.Tries, 0)
	}
	equal(s, "permit", s.permits(leased)[0], delivery.LeaseLost)
}

func sweepResends(s *scene) {
	e, _ := s.mailing(1)
	for doubts := 1; doubts <= 3; doubts++ {
		leased := s.lease(work(e), 1, brief)
		s.begin(leased)
		s.Advance(over)
		swept := s.sweep(delivery.Resend)
		equal(s, "Uncertain", swept.Uncertain, 1)
		equal(s, "Requeued", swept.Requeued, 0)
		s.counts(e.ID, delivery.Counts{delivery.Queued: 1})
		equal(s, "Doubts", s.one(e.ID, leased[0].Subscriber).Doubts, doubts)
	}
}

func sweepSkips(s *scene) {
	e, _ := s.mailing(2)
	leased := s.lease(work(e), 1, brief)
	s.begin(leased)
	s.Advance(over)
	equal(s, "Uncertain", s.sweep(delivery.SkipIt).Uncertain, 1)
	s.counts(e.ID, delivery.Counts{delivery.Uncertain: 1, delivery.Queued: 1})
	equal(s, "ready", s.ready(work(e)), 1)
	equal(s, "Uncertain in a second sweep", s.sweep(delivery.Resend).Uncertain, 0)
	equal(s, "Doubts", s.one(e.ID, leased[0].Subscriber).Doubts, 0)
}

func sweepNotices(s *scene) {
	s.pending(1)
	s.pending(2)
	leased := s.lease(confirms(), 2, brief)
	s.begin(leased[:1])
	s.Advance(over)
	swept := s.sweep(delivery.Resend)
	equal(s, "Requeued", swept.Requeued, 1)
	equal(s, "Uncertain", swept.Uncertain, 1)
	equal(s, "ready", s.ready(confirms()), 2)
}

func sweepPaused(s *scene) {
	e, _ := s.mailing(1)
	s.lease(work(e), 1, short)
	s.ok(s.Store.Pause(s.ctx, e.ID, "why"), "Pause")
	s.Advance(expired)
	equal(s, "Requeued", s.sweep(delivery.Resend).Requeued, 1)
	s.lease0(work(e))
	s.ok(s.Store.Resume(s.ctx, e.ID), "Resume")
	s.lease(work(e), 1, long)
}

func sweepAtOnce(s *scene) {
	e, all := s.mailing(40)
	s.lease(work(e), len(all), short)
	s.Advance(expired)
	var requeued atomic.Int64
	s.atOnce(4, func(_ int, store Store) error {
		swept, err := store.Sweep(s.ctx, delivery.Resend)
		requeued.Add(int64(swept.Requeued))
		return err
	})
	equal(s, "Requeued by all", requeued.Load(), int64(len(all)))
	equal(s, "ready", s.ready(work(e)), len(all))
}

func sweepFinishes(s *scene) {
	s.finished(s.open(1)) // nobody had anything pending
	s.people(4)
	e := s.open(2)
	s.plan(e, "letter")
	s.ok(s.Store.Close(s.ctx, e.ID), "Close")
	leased := s.lease(work(e), 4, long)
	s.begin(leased[:3])
	s.leave(leased[3].Subscriber, subscribers.Unsubscribed)
	s.permits(leased[3:])
	s.finish(leased[:1], delivery.Sent)
	s.finish(leased[1:2], delivery.Failed)
	s.finish(leased[2:3], delivery.Uncertain)
	s.finished(e)
	done := s.edition(e.ID)
	equal(s, "Stage", done.Stage, delivery.StageFinished)
	equal(s, "Finished is set", done.Finished.IsZero(), false)
	s.counts(e.ID, delivery.Counts{
		delivery.Sent: 1, delivery.Failed: 1, delivery.Uncertain: 1, delivery.Skipped: 1,
	})
}

func sweepFinishesOnce(s *scene) {
	e := s.open(1)
	s.ok(s.Store.Close(s.ctx, e.ID), "Close")
	var finished atomic.Int64
	s.atOnce(6, func(_ int, store Store) error {
		swept, err := store.Sweep(s.ctx, delivery.Resend)
		finished.Add(int64(len(swept.Finished)))
		return err
	})
	equal(s, "times that the edition was finished", finished.Load(), 1)
}

func sweepPlanning(s *scene) {
	e, _ := s.mailing(1)
	leased := s.lease(work(e), 1, long)
	s.begin(leased)
	s.finish(leased, delivery.Sent)
	equal(s, "finished", len(s.sweep(delivery.Resend).Finished), 0)
	equal(s, "Stage", s.edition(e.ID).Stage, delivery.StagePlanning)
	s.finished(e)
}

func sweepOpen(s *scene) {
	e, _ := s.mailing(1)
	s.ok(s.Store.Close(s.ctx, e.ID), "Close")
	still := func(what string) {
		s.Helper()
		if swept := s.sweep(delivery.Resend); slices.Contains(swept.Finished, e.ID) {
			s.Fatalf("Sweep finished an edition with a delivery %s", what)
		}
	}
	still("queued")
	leased := s.lease(work(e), 1, long)
	still("leased")
	s.begin(leased)
	still("sending")
	s.retry(leased, s.Now().Add(expired))
	still("to be tried again")
	s.Advance(2 * expired)
	again := s.lease(work(e), 1, long)
	s.finish(again, delivery.Queued)
	still("given back")
	again = s.lease(work(e), 1, long)
	s.begin(again)
	s.finish(again, delivery.Sent)
	if swept := s.sweep(delivery.Resend); !slices.Contains(swept.Finished, e.ID) {
		s.Fatalf("Sweep finished %v, want %s", swept.Finished, e.ID)
	}
}

func sweepHolds(s *scene) {
	e, _ := s.mailing(2)
	s.ok(s.Store.Close(s.ctx, e.ID), "Close")
	leased := s.lease(work(e), 2, brief)
	s.begin(leased)
	s.finish(leased[:1], delivery.Sent)
	s.Advance(over)
	equal(s, "Uncertain", s.sweep(delivery.Hold).Uncertain, 1)
	s.counts(e.ID, delivery.Counts{delivery.Sent: 1, delivery.Uncertain: 1})
	equal(s, "finished", len(s.sweep(delivery.Hold).Finished), 0)
	equal(s, "Stage", s.edition(e.ID).Stage, delivery.StageSending)

	s.again(e, delivery.Requeued{Queued: 1}, delivery.Uncertain)
	again := s.lease(work(e), 1, long)
	s.begin(again)
	s.finish(again, delivery.Sent)
	equal(s, "finished", len(s.sweep(delivery.Hold).Finished), 1)
}

func sweepPolicy(s *scene) {
	if _, err := s.Store.Sweep(s.ctx, "perhaps"); err == nil {
		s.Fatal("Sweep took a policy that is none")
	}
}
