package storetest

import (
	"maps"
	"math/rand/v2"

	"github.com/enshi-daily/enshi/delivery"
	"github.com/enshi-daily/enshi/subscribers"
)

func editions() []law {
	return []law{
		{"Edition fails with ErrNotFound if there is none", editionNotFound},
		{"Editions are the latest opened, newest first, at most limit", editionsNewest},
		{"Editions of an empty store are none", editionsEmpty},
		{"Counts returns how many deliveries are in each state", countsStates},
		{"Counts always add up to what was planned", countsAddUp},
		{"Counts of a notice's stand-in count notices", countsNotices},
		{"Counts of an edition without deliveries are empty", countsEmpty},
		{"Deliveries yields those in one of the states", deliveriesIn},
		{"Deliveries yields all if no state is named", deliveriesAll},
		{"Deliveries ends when its caller has enough", deliveriesStop},
		{"Pause stops leasing, with a reason, and Resume lets it go on", pauseStops},
		{"Pause lets what is in flight be finished", pauseInFlight},
		{"Pause leaves other editions alone", pauseOthers},
		{"Pause stops notices of a kind, too", pauseNotices},
		{"Pause and Resume fail with ErrNotFound if there is no such edition", pauseNotFound},
	}
}

func editionNotFound(s *scene) {
	_, err := s.Store.Edition(s.ctx, daily(1).ID)
	s.is(err, "Edition of an empty store", delivery.ErrNotFound)
	s.open(2)
	_, err = s.Store.Edition(s.ctx, daily(1).ID)
	s.is(err, "Edition of another ID", delivery.ErrNotFound)
	s.pending(1)
	_, err = s.Store.Edition(s.ctx, delivery.EditionConfirm)
	s.is(err, "Edition of a stand-in", delivery.ErrNotFound)
}

func editionsNewest(s *scene) {
	for mark := int64(1); mark <= 12; mark++ {
		s.ok(s.Store.Close(s.ctx, s.open(mark).ID), "Close")
	}
	for _, limit := range []int{1, 5, 12, 50} {
		got, err := s.Second.Editions(s.ctx, limit)
		s.ok(err, "Editions")
		equal(s, "editions", len(got), min(limit, 12))
		for i, e := range got {
			equal(s, "edition", e.ID, daily(int64(12-i)).ID)
		}
	}
}

func editionsEmpty(s *scene) {
	got, err := s.Store.Editions(s.ctx, 10)
	s.ok(err, "Editions")
	equal(s, "editions", len(got), 0)
}

func countsStates(s *scene) {
	e, all := s.mailing(10)
	s.leave(all[0].ID, subscribers.Unsubscribed)
	leased, err := s.Store.Lease(s.ctx, work(e), 10, long)
	s.ok(err, "Lease")
	equal(s, "leased, without the one who left", len(leased), 9)
	s.begin(leased[:7])
	s.finish(leased[:2], delivery.Sent)
	s.finish(leased[2:3], delivery.Rejected)
	s.finish(leased[3:4], delivery.Failed)
	s.finish(leased[4:5], delivery.Uncertain)
	s.retry(leased[5:6], s.Now().Add(long))
	s.counts(e.ID, delivery.Counts{
		delivery.Sent: 2, delivery.Rejected: 1, delivery.Failed: 1, delivery.Uncertain: 1,
		delivery.Retry: 1, delivery.Sending: 1, delivery.Queued: 2, delivery.Skipped: 1,
	})
}

func countsAddUp(s *scene) {
	e, all := s.mailing(25)
	random := rand.New(rand.NewPCG(7, 9))
	ends := []delivery.State{
		delivery.Sent, delivery.Rejected, delivery.Failed, delivery.Queued, delivery.Retry, delivery.Uncertain,
	}
	for range 30 {
		if random.IntN(3) == 0 {
			s.leave(all[random.IntN(len(all))].ID, subscribers.Unsubscribed)
		}
		leased, err := s.Store.Lease(s.ctx, work(e), 1+random.IntN(4), long)
		s.ok(err, "Lease")
		for i, permit := range s.permits(leased) {
			if permit == delivery.Go && random.IntN(5) > 0 {
				s.finish(leased[i:i+1], ends[random.IntN(len(ends))])
			}
		}
		got, err := s.Second.Counts(s.ctx, e.ID)
		s.ok(err, "Counts")
		equal(s, "the sum of Counts", got.Total(), len(all))
		listed := make(delivery.Counts)
		for d, err := range s.Second.Deliveries(s.ctx, e.ID) {
			s.ok(err, "Deliveries")
			listed[d.State]++
		}
		maps.DeleteFunc(got, func(_ delivery.State, n int) bool { return n == 0 })
		if !maps.Equal(listed, got) {
			s.Fatalf("Counts = %v, Deliveries are %v", got, listed)
		}
	}
}

func countsNotices(s *scene) {
	s.pending(1)
	s.pending(2)
	s.save(person(3), subscribers.NoticeAlready)
	s.counts(delivery.EditionConfirm, delivery.Counts{delivery.Queued: 2})
	s.counts(delivery.EditionAlready, delivery.Counts{delivery.Queued: 1})
	equal(s, "Edition", s.one(delivery.EditionConfirm, person(1).ID).Edition, delivery.EditionConfirm)
}

func countsEmpty(s *scene) {
	s.counts(s.open(1).ID, nil)
	s.counts(delivery.EditionConfirm, nil)
}

// listed reads an edition's deliveries, and refuses to see anybody twice.
func (s *scene) listed(edition string, states ...delivery.State) map[subscribers.ID]delivery.State {
	s.Helper()
	all := make(map[subscribers.ID]delivery.State)
	for d, err := range s.Second.Deliveries(s.ctx, edition, states...) {
		s.ok(err, "Deliveries")
		if _, twice := all[d.Subscriber]; twice {
			s.Fatalf("Deliveries yields %s twice", d.Subscriber)
		}
		equal(s, "Token", d.Token, "")
		all[d.Subscriber] = d.State
	}
	return all
}

func deliveriesIn(s *scene) {
	e, _ := s.mailing(9)
	leased := s.lease(work(e), 5, long)
	s.begin(leased)
	s.finish(leased[:2], delivery.Sent)
	s.finish(leased[2:3], delivery.Failed)
	equal(s, "sent", len(s.listed(e.ID, delivery.Sent)), 2)
	equal(s, "failed or sending", len(s.listed(e.ID, delivery.Failed, delivery.Sending)), 3)
	equal(s, "rejected", len(s.listed(e.ID, delivery.Rejected)), 0)
	equal(s, "state", s.listed(e.ID, delivery.Failed)[leased[2].Subscriber], delivery.Failed)
}

func deliveriesAll(s *scene) {
	e, all := s.mailing(300)
	equal(s, "deliveries", len(s.listed(e.ID)), len(all))
	equal(s, "deliveries of another edition", len(s.listed("daily-20260101-1")), 0)
}

func deliveriesStop(s *scene) {
	e, _ := s.mailing(20)
	for _, err := range s.Store.Deliveries(s.ctx, e.ID) {
		s.ok(err, "Deliveries")
		break
	}
	s.lease(work(e), 20, long)
}

func pauseStops(s *scene) {
	e, _ := s.mailing(3)
	s.ok(s.Second.Pause(s.ctx, e.ID, "535 认证失败"), "Pause")
	equal(s, "Paused", s.edition(e.ID).Paused, "535 认证失败")
	equal(s, "Stage", s.edition(e.ID).Stage, delivery.StagePlanning)
	equal(s, "ready while paused", s.ready(work(e)), 0)
	leased, err := s.Store.Lease(s.ctx, work(e), 3, long)
	s.ok(err, "Lease")
	equal(s, "leased while paused", len(leased), 0)
	s.ok(s.Second.Resume(s.ctx, e.ID), "Resume")
	equal(s, "Paused", s.edition(e.ID).Paused, "")
	equal(s, "ready once resumed", s.ready(work(e)), 3)
	s.lease(work(e), 3, long)
}

func pauseInFlight(s *scene) {
	e, _ := s.mailing(3)
	leased := s.lease(work(e), 2, long)
	s.begin(leased[:1])
	s.ok(s.Store.Pause(s.ctx, e.ID, "why"), "Pause")
	s.begin(leased[1:])
	s.finish(leased, delivery.Sent)
	s.counts(e.ID, delivery.Counts{delivery.Sent: 2, delivery.Queued: 1})
}

func pauseOthers(s *scene) {
	e, all := s.mailing(2)
	s.ok(s.Store.Close(s.ctx, e.ID), "Close")
	other := s.open(2)
	s.plan(other, "letter")
	s.ok(s.Store.Pause(s.ctx, e.ID, "why"), "Pause")
	equal(s, "ready in the other edition", s.ready(work(other)), len(all))
	s.lease(work(other), 2, long)
}

func pauseNotFound(s *scene) {
	s.is(s.Store.Pause(s.ctx, "daily-20260101-1", "why"), "Pause", delivery.ErrNotFound)
	s.is(s.Store.Resume(s.ctx, "daily-20260101-1"), "Resume", delivery.ErrNotFound)
}

func pauseNotices(s *scene) {
	s.pending(1)
	s.save(person(2), subscribers.NoticeAlready)
	s.ok(s.Store.Pause(s.ctx, delivery.EditionConfirm, "why"), "Pause")
	equal(s, "ready while paused", s.ready(confirms()), 0)
	s.lease0(confirms())
	s.lease(alreadies(), 1, long)
	s.ok(s.Store.Resume(s.ctx, delivery.EditionConfirm), "Resume")
	s.lease(confirms(), 1, long)
}
