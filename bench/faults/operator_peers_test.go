//go:build peers

package faults

import (
	"testing"
	"time"

	"github.com/enshi-daily/enshi/delivery"
	"github.com/enshi-daily/enshi/internal/smtptest"
)

// TestKilledWhileWithdrawing kills the command that takes posts back, at each of
// its steps, while an edition waits: nobody is sent a post that was taken back,
// and nobody loses another for it.
func TestKilledWhileWithdrawing(t *testing.T) {
	points := []string{"rewrite.before:2", "rewrite.after:2", "retract.before", "retract.after"}
	eachStore(t, func(t *testing.T, store string) {
		s := newScene(t, setting{store: store, people: crowd / 2, lease: shortLease})
		s.post(len(points) + 1)
		s.start("close.after=kill", "send-digest", "--cadence", "daily").killed()
		for i, point := range points {
			s.issues[i].withdrawn = true
			s.start(point+"=kill", "posts", "withdraw", s.issues[i].path).killed()
		}
		s.finish()
		got := s.account()
		t.Log(got)
		if got.states[delivery.Skipped] == 0 || got.copies+got.doubts > 0 {
			t.Errorf("%v; want letters with nothing left skipped, and nothing in doubt", got)
		}
	})
}

// TestKilledWhileCorrecting kills the run that finds a corrected post, and plans
// who hears of it: whoever was sent the post does, once, and nobody else.
func TestKilledWhileCorrecting(t *testing.T) {
	points := []string{"update.before", "update.after", "letter.after:2", "plan.before:2", "plan.after", "close.before"}
	eachStore(t, func(t *testing.T, store string) {
		s := newScene(t, setting{store: store, people: crowd / 2, lease: shortLease})
		s.post(len(points))
		s.start("accepted:50=kill", "send-digest", "--cadence", "daily").killed()
		s.finish()
		for n, point := range points {
			s.correct(n)
			s.post(2)
			s.start(point+"=kill", "send-digest", "--cadence", "daily").killed()
			s.unwatched(point)
			s.enshi("send-digest", "--cadence", "daily", "--wait")
		}
		got := s.account()
		t.Log(got)
		if got.doubts > connections {
			t.Errorf("%d in doubt, at most one a connection of the one sender that was killed", got.doubts)
		}
	})
}

// TestKilledWhileReleasing kills the command that lets posts go which a guard
// held, before and after they arrive: each is mailed once.
func TestKilledWhileReleasing(t *testing.T) {
	eachStore(t, func(t *testing.T, store string) {
		s := newScene(t, setting{store: store, people: crowd / 4, lease: shortLease})
		for _, point := range []string{"decide.before", "decide.after", "append.before", "append.after"} {
			s.postOf(time.Now().AddDate(0, 0, -30), 1)
			s.enshi("send-digest", "--cadence", "daily")
			if got := s.inbox.copiesTo(s.people[0].address); got != len(s.issues)-1 {
				t.Fatalf("%d mails before the release of post %d", got, len(s.issues))
			}
			s.start(point+"=kill", "posts", "release", "--all").killed()
			s.unwatched(point)
			if point == "decide.before" {
				s.enshi("posts", "release", "--all")
			}
			s.enshi("send-digest", "--cadence", "daily", "--wait")
		}
		if got := s.account(); got.copies+got.doubts > 0 {
			t.Errorf("%v; want nothing in doubt", got)
		}
	})
}

// TestKilledWhileCancelled kills the command that cancels an edition, and the one
// that sends once more what had failed.
func TestKilledWhileCancelled(t *testing.T) {
	eachStore(t, func(t *testing.T, store string) {
		s := newScene(t, setting{store: store, people: crowd / 2, lease: shortLease, mail: "give_up: 1s"})
		s.smtp.Reply(func(step, address string) *smtptest.Answer {
			if step == "RCPT" && hash(address)%3 == 0 {
				return &smtptest.Answer{Code: 451, Text: "4.3.0 come again some other time"}
			}
			return nil
		})
		s.post(2)
		p := s.start("", "send-digest", "--cadence", "daily")
		if code := p.wait(); code != exitPart {
			t.Fatalf("exit %d, want %d\n%s", code, exitPart, p.out.String())
		}
		s.smtp.Reply(nil)
		first := s.latest()
		s.start("again.before=kill", "editions", "retry", first).killed()
		s.start("again.after=kill", "editions", "retry", first).killed()

		s.post(2)
		s.start("close.after=kill", "send-digest", "--cadence", "daily").killed()
		second := s.latest()
		s.start("cancel.before=kill", "editions", "cancel", second).killed()
		s.start("cancel.after=kill", "editions", "cancel", second).killed()
		s.finish()
		sent := s.inbox.count()
		ledger := s.open()
		defer ledger.Shutdown()
		for _, id := range []string{first, second} {
			e, err := ledger.Edition(s.context(), id)
			s.check(err)
			counts, err := ledger.Counts(s.context(), id)
			s.check(err)
			t.Log(id, e.Stage, counts)
			if counts.Open() > 0 || (id == second) != (e.Stage == delivery.StageCancelled) {
				t.Errorf("%s is %s: %v; want nothing open, and the second one cancelled", id, e.Stage, counts)
			}
			want := delivery.Sent
			if id == second {
				want = delivery.Skipped
			}
			if counts[want] != counts.Total() {
				t.Errorf("%s: %v; want all of them %s", id, counts, want)
			}
			sent -= counts[delivery.Sent]
		}
		if sent != 0 {
			t.Errorf("%d mails more than deliveries that count as sent", sent)
		}
	})
}

// exitPart is the exit code of a command that did its work for all but some.
const exitPart = 3

// latest is the ID of the edition that was opened last.
func (s *scene) latest() string {
	s.Helper()
	store := s.open()
	defer store.Shutdown()
	editions, err := store.Editions(s.context(), 1)
	s.check(err)
	return editions[0].ID
}

// correct puts a correction into the file of a post.
func (s *scene) correct(n int) {
	s.Helper()
	s.issues[n].corrected = len(s.issues)
	s.file(n, "correction: 数字有误\n")
}
