package storetest

import (
	"github.com/enshi-daily/enshi/delivery"
	"github.com/enshi-daily/enshi/subscribers"
)

// notices are the laws of Registry about transactional mails.
func notices() []law {
	return []law{
		{"Save queues a Notice in the same step", noticeQueued},
		{"Save queues each kind of Notice for itself", noticeKinds},
		{"Save replaces a Notice that still waits", noticeReplaced},
		{"Save replaces a Notice that waits under a lease", noticeReplacedLeased},
		{"Save replaces a Notice that waits to be tried again", noticeReplacedRetry},
		{"Save queues a Notice again when the last one is finished", noticeAgain},
		{"Save queues a Notice while another is being sent, and keeps it", noticeWhileSending},
		{"Delete skips what is still queued", deleteSkips},
	}
}

func confirms() delivery.Work  { return delivery.Work{Edition: delivery.EditionConfirm} }
func alreadies() delivery.Work { return delivery.Work{Edition: delivery.EditionAlready} }

// pending saves the nth person as pending and asks for the confirmation.
func (s *scene) pending(n int) subscribers.Subscriber {
	s.Helper()
	p := person(n)
	p.State = subscribers.Pending
	return s.save(p, subscribers.NoticeConfirm)
}

func noticeQueued(s *scene) {
	sub := s.pending(1)
	equal(s, "waiting", s.ready(confirms()), 1)
	d := s.lease(confirms(), 1, long)[0]
	equal(s, "Subscriber", d.Subscriber, sub.ID)
	equal(s, "Address", d.Address, sub.Address)
	equal(s, "Notice", d.Notice(), subscribers.NoticeConfirm)
	equal(s, "Letter", d.Letter, "")
	equal(s, "State", d.State, delivery.Queued)
	s.begin([]delivery.Delivery{d})
	s.finish([]delivery.Delivery{d}, delivery.Sent)
	s.counts(delivery.EditionConfirm, delivery.Counts{delivery.Sent: 1})
}

func noticeKinds(s *scene) {
	sub := s.save(person(1), subscribers.NoticeAlready)
	s.save(sub, subscribers.NoticeAlready)
	s.pending(2)
	s.counts(delivery.EditionAlready, delivery.Counts{delivery.Queued: 1})
	s.counts(delivery.EditionConfirm, delivery.Counts{delivery.Queued: 1})
	equal(s, "Notice", s.lease(alreadies(), 1, long)[0].Notice(), subscribers.NoticeAlready)
}

func noticeReplaced(s *scene) {
	sub := s.pending(1)
	sub.Generation = 9
	s.save(sub, subscribers.NoticeConfirm)
	s.counts(delivery.EditionConfirm, delivery.Counts{delivery.Queued: 1})
	equal(s, "Generation", s.lease(confirms(), 1, long)[0].Generation, 9)
	equal(s, "still waiting", s.ready(confirms()), 0)
}

func noticeReplacedLeased(s *scene) {
	sub := s.pending(1)
	old := s.lease(confirms(), 1, long)
	sub.Generation = 9
	s.save(sub, subscribers.NoticeConfirm)
	equal(s, "permit of the replaced one", s.permits(old)[0], delivery.LeaseLost)
	now := s.lease(confirms(), 1, long)
	equal(s, "Generation", now[0].Generation, 9)
	s.begin(now)
	s.counts(delivery.EditionConfirm, delivery.Counts{delivery.Sending: 1})
}

func noticeReplacedRetry(s *scene) {
	sub := s.pending(1)
	old := s.lease(confirms(), 1, long)
	s.begin(old)
	s.retry(old, s.Now().Add(long))
	equal(s, "waiting before its time", s.ready(confirms()), 0)
	s.save(sub, subscribers.NoticeConfirm)
	equal(s, "waiting once asked for again", s.ready(confirms()), 1)
	s.counts(delivery.EditionConfirm, delivery.Counts{delivery.Queued: 1})
}

func noticeAgain(s *scene) {
	sub := s.pending(1)
	for range 3 {
		d := s.lease(confirms(), 1, long)
		equal(s, "Tries before", d[0].Tries, 0)
		s.begin(d)
		s.finish(d, delivery.Sent)
		equal(s, "waiting", s.ready(confirms()), 0)
		sub = s.save(sub, subscribers.NoticeConfirm)
		s.counts(delivery.EditionConfirm, delivery.Counts{delivery.Queued: 1})
	}
}

func noticeWhileSending(s *scene) {
	sub := s.pending(1)
	old := s.lease(confirms(), 1, long)
	s.begin(old)
	sub.Generation = 9
	s.save(sub, subscribers.NoticeConfirm)
	s.finish(old, delivery.Sent)
	now := s.lease(confirms(), 1, long)
	equal(s, "Generation", now[0].Generation, 9)
	s.begin(now)
	s.finish(now, delivery.Sent)
	s.counts(delivery.EditionConfirm, delivery.Counts{delivery.Sent: 1})
}

func deleteSkips(s *scene) {
	e, all := s.mailing(3)
	s.save(all[0], subscribers.NoticeAlready)
	leased := s.lease(work(e), 3, long)
	s.begin(leased[:1]) // on its way: not called back
	s.ok(s.Store.Renew(s.ctx, leased, long), "Renew")
	for _, sub := range all {
		s.ok(s.Store.Delete(s.ctx, s.stored(sub.ID)), "Delete")
	}
	s.counts(e.ID, delivery.Counts{delivery.Sending: 1, delivery.Skipped: 2})
	s.counts(delivery.EditionAlready, delivery.Counts{delivery.Skipped: 1})
	for _, permit := range s.permits(leased[1:]) {
		if permit == delivery.Go {
			s.Fatal("Begin lets a letter go to a subscriber that was deleted")
		}
	}
	s.finish(leased[:1], delivery.Sent)
	s.counts(e.ID, delivery.Counts{delivery.Sent: 1, delivery.Skipped: 2})
	equal(s, "waiting", s.ready(work(e))+s.ready(alreadies()), 0)
}
