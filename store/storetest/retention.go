package storetest

import (
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/enshi-daily/enshi/delivery"
	"github.com/enshi-daily/enshi/digest"
	"github.com/enshi-daily/enshi/subscribers"
)

const day = 24 * time.Hour

// RunRetention holds a store to what it forgets when, and what it never does.
// open is called once a sentence and returns an empty store whose clock moves.
func RunRetention(t *testing.T, open func(t *testing.T) Harness) {
	var cases atomic.Int64
	t.Cleanup(func() { t.Logf("storetest: %d sentences of retention", cases.Load()) })
	for _, l := range []law{
		{"what was sent stays Sent in Reached for 90 days, row or no row", reachedForgotten},
		{"several that forget at once lose nobody", forgottenAtOnce},
		{"Counts of an edition stay right whatever is forgotten", countsForgotten},
		{"deliveries that did not end as sent are listed, and queued Again, for 90 days", othersForgotten},
		{"Plan of a letter into an edition that is only counted fails with ErrStage, and moves nobody", planForgotten},
		{"what is sent again after others were forgotten joins them", reachedJoined},
		{"a cancelled edition is forgotten like another", cancelledForgotten},
		{"a roll that cannot be read is reported and left as it is for its 90 days, and all others age", spoiledReported},
		{"an edition that is not finished is not forgotten", openRemembered},
		{"what letters brought is known for 90 days", broughtForgotten},
	} {
		t.Run(l.sentence, func(t *testing.T) {
			cases.Add(1)
			l.holds(newScene(t, open(t)))
		})
	}
}

// delivered has an edition sent to n people with letters in turn, the first of
// them rejected and the second failed, and returns what Reached must say.
func (s *scene) delivered(n int) (e delivery.Edition, ids []subscribers.ID, want [][]delivery.Reach) {
	s.Helper()
	e, to := s.letterTo(n, "a", "b", "c")
	leased := s.lease(work(e), n, long)
	s.begin(leased)
	s.finish(leased[:1], delivery.Rejected)
	s.finish(leased[1:2], delivery.Failed)
	s.finish(leased[2:], delivery.Sent)
	equal(s, "finished editions", len(s.sweep(delivery.Resend).Finished), 1)
	for letter, some := range to {
		for _, id := range some {
			state := delivery.Sent
			switch id {
			case leased[0].Subscriber:
				state = delivery.Rejected
			case leased[1].Subscriber:
				state = delivery.Failed
			}
			ids, want = append(ids, id), append(want, []delivery.Reach{{Letter: letter, State: state}})
		}
	}
	return e, append(ids, person(n).ID), append(want, []delivery.Reach{{}})
}

func reachedForgotten(s *scene) {
	e, ids, want := s.delivered(200)
	equal(s, "sent rows at first", len(s.listed(e.ID, delivery.Sent)), 198)
	for range 89 {
		s.Advance(day)
		s.sweep(delivery.Resend)
		s.reached(ids, []string{e.ID}, want)
	}
	equal(s, "sent rows after 89 days", len(s.listed(e.ID, delivery.Sent)), 0)
	s.Advance(2 * day)
	s.sweep(delivery.Resend)
	s.Advance(time.Hour)
	s.reached(ids, []string{e.ID}, nobodyReached(len(ids)))
}

func nobodyReached(n int) [][]delivery.Reach {
	rows := make([][]delivery.Reach, n)
	for i := range rows {
		rows[i] = make([]delivery.Reach, 1)
	}
	return rows
}

func forgottenAtOnce(s *scene) {
	e, ids, want := s.delivered(600)
	s.Advance(31 * day)
	s.atOnce(8, func(_ int, store Store) error {
		_, err := store.Sweep(s.ctx, delivery.Resend)
		return err
	})
	equal(s, "sent rows", len(s.listed(e.ID, delivery.Sent)), 0)
	s.reached(ids, []string{e.ID}, want)
}

func countsForgotten(s *scene) {
	e, _, _ := s.delivered(100)
	want := delivery.Counts{delivery.Sent: 98, delivery.Rejected: 1, delivery.Failed: 1}
	for range 12 {
		s.counts(e.ID, want)
		s.Advance(10 * day)
		s.sweep(delivery.Resend)
	}
	equal(s, "rows after 120 days", len(s.listed(e.ID)), 0)
	s.counts(e.ID, want)
	equal(s, "Stage", s.edition(e.ID).Stage, delivery.StageFinished)
}

func othersForgotten(s *scene) {
	e, _, _ := s.delivered(20)
	s.Advance(89 * day)
	s.sweep(delivery.Resend)
	equal(s, "rows", len(s.listed(e.ID, delivery.Failed, delivery.Rejected)), 2)
	again, err := s.Store.Again(s.ctx, e.ID, delivery.Failed)
	s.ok(err, "Again")
	equal(s, "queued again", again.Queued, 1)
	s.finish(s.lease(work(e), 1, long), delivery.Failed)
	s.sweep(delivery.Resend)
	s.Advance(91 * day)
	s.sweep(delivery.Resend)
	again, err = s.Store.Again(s.ctx, e.ID, delivery.Failed, delivery.Rejected)
	s.ok(err, "Again")
	equal(s, "queued of what is only counted", again, delivery.Requeued{})
	s.sweep(delivery.Resend)
	equal(s, "Stage", s.edition(e.ID).Stage, delivery.StageFinished)
	s.counts(e.ID, delivery.Counts{delivery.Sent: 18, delivery.Rejected: 1, delivery.Failed: 1})
}

func planForgotten(s *scene) {
	e, _, _ := s.delivered(20)
	late := s.add(person(21))
	_, part := s.candidates(e)
	s.Advance(91 * day)
	s.sweep(delivery.Resend)
	for range 2 {
		_, err := s.Store.Plan(s.ctx, e, part[late.ID], []delivery.Choice{choice(late, "a")})
		s.is(err, "Plan", delivery.ErrStage)
		s.due(e, late.ID)
	}
	equal(s, "rows", len(s.listed(e.ID)), 0)
	equal(s, "ready", s.ready(work(e)), 0)
	equal(s, "Plan of nothing", s.plan(e, ""), delivery.Planned{Moved: 1})
	equal(s, "Stage", s.edition(e.ID).Stage, delivery.StageFinished)
	s.counts(e.ID, delivery.Counts{delivery.Sent: 18, delivery.Rejected: 1, delivery.Failed: 1})
}

func reachedJoined(s *scene) {
	e, ids, want := s.delivered(150)
	s.Advance(31 * day)
	s.sweep(delivery.Resend)
	s.reached(ids, []string{e.ID}, want)
	_, err := s.Store.Again(s.ctx, e.ID, delivery.Failed)
	s.ok(err, "Again")
	leased := s.lease(work(e), 1, long)
	s.begin(leased)
	s.finish(leased, delivery.Sent)
	for i := range want {
		if want[i][0].State == delivery.Failed {
			want[i][0].State = delivery.Sent
		}
	}
	for range 5 {
		s.reached(ids, []string{e.ID}, want)
		s.sweep(delivery.Resend)
		s.Advance(15 * day)
	}
	equal(s, "sent rows", len(s.listed(e.ID, delivery.Sent)), 0)
}

func spoiledReported(s *scene) {
	bad, ids, _ := s.delivered(600)
	s.Advance(31 * day)
	s.sweep(delivery.Resend)
	s.Spoil(bad.ID)
	_, err := s.Store.Again(s.ctx, bad.ID, delivery.Failed)
	s.ok(err, "Again")
	s.finish(s.lease(work(bad), 1, long), delivery.Sent)
	good, _ := s.planned(2, "a", "b")
	s.finish(s.lease(work(good), 600, long), delivery.Sent)
	swept := s.sweep(delivery.Resend)
	equal(s, "finished editions", len(swept.Finished), 2)
	for range 2 {
		s.Advance(31 * day)
		swept = s.sweep(delivery.Resend)
		if swept.Unread == nil || !strings.Contains(swept.Unread.Error(), bad.ID) {
			s.Fatalf("Unread = %v, want %s named", swept.Unread, bad.ID)
		}
		reached, err := s.Store.Reached(s.ctx, ids[:600], bad.ID, good.ID)
		s.ok(err, "Reached") // or nobody could be planned
		for i := range reached {
			equal(s, "what the other edition has", reached[i][1].State, delivery.Sent)
		}
		equal(s, "rows beside the roll", len(s.listed(bad.ID, delivery.Sent)), 1)
		equal(s, "sent rows of the other edition", len(s.listed(good.ID)), 0)
		swept = s.sweep(delivery.Resend)
		equal(s, "reported again at once", swept.Unread != nil, false)
	}
	s.Advance(31 * day)
	for range 2 {
		s.sweep(delivery.Resend)
		s.Advance(2 * time.Hour)
	}
	swept = s.sweep(delivery.Resend)
	equal(s, "reported after 90 days", swept.Unread != nil, false)
	equal(s, "rows after 90 days", len(s.listed(bad.ID)), 0)
	s.counts(bad.ID, delivery.Counts{delivery.Sent: 599, delivery.Rejected: 1})
	s.counts(good.ID, delivery.Counts{delivery.Sent: 600})
}

func cancelledForgotten(s *scene) {
	e, _ := s.letterTo(60, "a", "b")
	leased := s.lease(work(e), 10, long)
	s.begin(leased)
	s.finish(leased, delivery.Sent)
	s.ok(s.Store.Cancel(s.ctx, e.ID), "Cancel")
	want := delivery.Counts{delivery.Sent: 10, delivery.Skipped: 50}
	for range 3 {
		s.Advance(29 * day)
		s.sweep(delivery.Resend)
		s.counts(e.ID, want)
		s.reached([]subscribers.ID{leased[3].Subscriber}, []string{e.ID},
			[][]delivery.Reach{{{Letter: leased[3].Letter, State: delivery.Sent}}})
	}
	s.Advance(10 * day)
	s.sweep(delivery.Resend)
	equal(s, "rows", len(s.listed(e.ID)), 0)
	s.counts(e.ID, want)
}

func openRemembered(s *scene) {
	e, _ := s.letterTo(30, "a")
	leased := s.lease(work(e), 10, long)
	s.begin(leased)
	s.finish(leased, delivery.Sent)
	s.ok(s.Store.Pause(s.ctx, e.ID, "for long"), "Pause")
	for range 5 {
		s.Advance(31 * day)
		s.sweep(delivery.Resend)
	}
	equal(s, "rows", len(s.listed(e.ID)), 30)
	s.ok(s.Store.Resume(s.ctx, e.ID), "Resume")
	s.finish(s.lease(work(e), 20, long), delivery.Sent)
	equal(s, "finished editions", len(s.sweep(delivery.Resend).Finished), 1)
	s.counts(e.ID, delivery.Counts{delivery.Sent: 30})
}

func broughtForgotten(s *scene) {
	e := daily(3)
	e.Opened = s.Now()
	e, err := s.Store.Open(s.ctx, e)
	s.ok(err, "Open")
	head := s.brings(e.ID, "a", digest.Brought{Number: 2})
	s.ok(s.Store.Close(s.ctx, e.ID), "Close")
	s.sweep(delivery.Resend)
	s.Advance(89 * day)
	s.sweep(delivery.Resend)
	s.heads(s.Now().Add(-delivery.RecallFor), []int64{2}, head)
	s.Advance(2 * day)
	s.sweep(delivery.Resend)
	s.heads(s.Now().Add(-delivery.RecallFor), []int64{2})
}
