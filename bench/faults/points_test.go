package faults

import (
	"strings"
	"testing"
	"time"

	"github.com/enshi-daily/enshi/internal/smtptest"
)

// crowd is how many people the shorter tests have: several batches of planning,
// and many rounds of leases.
const crowd = 1200

// shortLease is that of tests which wait for the end of a killed process's: far
// longer than a dialogue with the mail server, if the machine has to do with
// other things, too.
const shortLease = 4 * time.Second

// TestKilledWhilePlanning kills the planner at each step that lasts.
func TestKilledWhilePlanning(t *testing.T) {
	points := []string{
		"append.before", "append.after", "open.before", "open.after",
		"letter.before", "letter.after:7", "plan.before:2", "plan.after", "plan.after:2", "close.before", "close.after",
	}
	eachStore(t, func(t *testing.T, store string) {
		s := newScene(t, setting{store: store, people: crowd / 2, lease: shortLease})
		for _, point := range points {
			s.post(3)
			s.start(point+"=kill", "send-digest", "--cadence", "daily").killed()
			s.unwatched(point)
			s.enshi("send-digest", "--cadence", "daily", "--wait")
			if got := s.account(); got.copies+got.doubts > 0 {
				t.Errorf("killed at %s: %v; a planner leaves nothing in doubt", point, got)
			}
		}
		t.Logf("%d kills: %v", len(points), s.account())
	})
}

// TestKilledWhileSending kills one sender after the other, each at another step
// that lasts.
func TestKilledWhileSending(t *testing.T) {
	points := []string{
		"lease.before:3", "lease.after:3", "send:90", "body:50", "begin.before:20", "begin.after:20",
		"begun:50", "accepted:60", "record.before:15", "record.after:15",
	}
	eachStore(t, func(t *testing.T, store string) {
		s := newScene(t, setting{store: store, people: crowd, lease: shortLease})
		s.post(3)
		s.start("close.after=kill", "send-digest", "--cadence", "daily").killed()
		for _, point := range points {
			s.start(point+"=kill", "send-digest", "--resume").killed()
		}
		s.killAtDot(30)
		time.Sleep(shortLease) // what they had leased has expired
		s.start("sweep.before=kill", "send-digest", "--resume", "--wait").killed()
		s.start("sweep.after=kill", "send-digest", "--resume", "--wait").killed()
		s.finish()
		kills := len(points) + 4
		got := s.account()
		t.Logf("%d kills: %v", kills, got)
		if got.doubts > kills*connections {
			t.Errorf("%d kills left %d in doubt, at most one a connection", kills, got.doubts)
		}
		if got.copies == 0 {
			t.Error("no copy at all: the kills after the final dot did not hit")
		}
	})
}

// unwatched waits until a process that was killed at a point, while it wrote to
// the arrival log, has lost the right to.
func (s *scene) unwatched(point string) {
	if strings.HasPrefix(point, "append") || strings.HasPrefix(point, "update") {
		time.Sleep(shortLease)
	}
}

// killAtDot kills a sender while the mail server, which has got the final dot of
// its nth message, has not answered yet.
func (s *scene) killAtDot(n int) {
	s.Helper()
	came, answer := make(chan struct{}, 1), make(chan struct{})
	first := s.smtp.Steps(smtptest.Dot)
	s.smtp.Reply(func(step, _ string) *smtptest.Answer {
		if step != smtptest.Dot || s.smtp.Steps(smtptest.Dot) < first+n {
			return nil
		}
		select {
		case came <- struct{}{}:
		default:
		}
		return &smtptest.Answer{Wait: answer}
	})
	p := s.start("", "send-digest", "--resume")
	select {
	case <-came:
	case <-p.ended:
		s.Fatalf("it ended before its message %d:\n%s", n, p.out.String())
	}
	p.kill()
	s.smtp.Reply(nil)
	close(answer)
}

// eachStore runs a test on each store, at the same time.
func eachStore(t *testing.T, test func(*testing.T, string)) {
	t.Parallel()
	for _, store := range stores() {
		t.Run(store, func(t *testing.T) {
			t.Parallel()
			test(t, store)
		})
	}
}
