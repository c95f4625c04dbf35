package storetest

import (
	"github.com/enshi-daily/enshi/delivery"
)

func cancels() []law {
	return []law{
		{"Cancel skips what waits and lets what is in flight be finished", cancelSkips},
		{"Cancel lets nothing more be planned", cancelPlans},
		{"Cancel makes room for another edition of the cadence", cancelRoom},
		{"Cancel again changes nothing", cancelAgain},
		{"Cancel fails with ErrNotFound if there is no such edition", cancelNotFound},
		{"Cancel of a finished edition fails with ErrStage", cancelFinished},
	}
}

func (s *scene) cancel(e delivery.Edition) {
	s.Helper()
	s.ok(s.Second.Cancel(s.ctx, e.ID), "Cancel")
	got := s.edition(e.ID)
	equal(s, "Stage", got.Stage, delivery.StageCancelled)
	equal(s, "Finished is zero", got.Finished.IsZero(), false)
}

func cancelSkips(s *scene) {
	e, _ := s.mailing(9)
	leased := s.lease(work(e), 6, brief)
	s.begin(leased[:4])
	s.retry(leased[:1], s.Now())
	s.cancel(e)
	s.counts(e.ID, delivery.Counts{delivery.Sending: 3, delivery.Skipped: 6})
	equal(s, "ready", s.ready(work(e)), 0)
	s.lease0(work(e))
	for _, permit := range s.permits(leased[4:]) {
		if permit == delivery.Go {
			s.Fatal("Begin lets a letter of a cancelled edition go")
		}
	}
	s.finish(leased[1:2], delivery.Sent)
	s.retry(leased[2:3], s.Now())
	s.counts(e.ID, delivery.Counts{delivery.Sent: 1, delivery.Sending: 1, delivery.Skipped: 7})
	equal(s, "Skip", s.one(e.ID, leased[2].Subscriber).Skip, delivery.SkipCancelled)
	s.Advance(over)
	equal(s, "Uncertain", s.sweep(delivery.Resend).Uncertain, 1)
	s.counts(e.ID, delivery.Counts{delivery.Sent: 1, delivery.Uncertain: 1, delivery.Skipped: 7})
	equal(s, "Stage", s.edition(e.ID).Stage, delivery.StageCancelled)
}

func cancelPlans(s *scene) {
	sub := s.add(person(1))
	e := s.open(5)
	_, part := s.candidates(e)
	s.cancel(e)
	_, err := s.Store.Plan(s.ctx, e, part[sub.ID], []delivery.Choice{choice(sub, "letter")})
	s.is(err, "Plan", delivery.ErrStage)
	s.is(s.Store.Close(s.ctx, e.ID), "Close", delivery.ErrStage)
	s.counts(e.ID, nil)
	s.due(e, sub.ID)
}

func cancelRoom(s *scene) {
	e := s.open(5)
	s.cancel(e)
	equal(s, "Stage", s.opens(daily(5), e.ID).Stage, delivery.StageCancelled)
	s.opens(daily(6), daily(6).ID)
}

func cancelAgain(s *scene) {
	e, _ := s.mailing(2)
	s.cancel(e)
	s.cancel(e)
	s.counts(e.ID, delivery.Counts{delivery.Skipped: 2})
}

func cancelNotFound(s *scene) {
	s.is(s.Store.Cancel(s.ctx, "daily-20260101-1"), "Cancel", delivery.ErrNotFound)
}

func cancelFinished(s *scene) {
	e := s.open(5)
	s.finished(e)
	s.is(s.Store.Cancel(s.ctx, e.ID), "Cancel", delivery.ErrStage)
}
