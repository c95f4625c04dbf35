package faults

import (
	"testing"
	"time"

	"github.com/enshi-daily/enshi/internal/smtptest"
	"github.com/enshi-daily/enshi/subscribers"
)

// TestFrozenAndWoken lets two planners and four senders work at once. A planner
// and two senders, one before its mark and one behind it, are stopped for longer
// than their leases last, and woken when everything is done without them.
func TestFrozenAndWoken(t *testing.T) {
	eachStore(t, func(t *testing.T, store string) {
		s := newScene(t, setting{store: store, people: crowd, lease: shortLease, cadence: subscribers.Instant})
		s.post(3)
		planned := "plan.before:3=hold" // of three batches
		if store == "redis" {
			planned = "plan.before:40=hold" // of one a shard
		}
		planner := s.start(planned, "serve", "--roles", "watch,plan", "--listen", "127.0.0.1:0")
		planner.freeze(s.writable)
		before := s.start("body:20=hold", "serve", "--roles", "send")
		before.freeze(s.writable)
		after := s.start("begun:20=hold", "serve", "--roles", "send")
		after.freeze(s.writable)
		all := []*process{planner, before, after}
		for _, roles := range []string{"plan", "send", "send"} {
			all = append(all, s.start("", "serve", "--roles", roles))
		}
		s.settle()
		for _, frozen := range all[:3] {
			frozen.thaw()
		}
		time.Sleep(shortLease) // whatever they still want to do
		for _, p := range all {
			p.terminate()
		}
		got := s.account()
		t.Log(got)
		if got.doubts == 0 || got.doubts > 2*connections {
			t.Errorf("%d in doubt, want the one that was stopped behind its mark, and at most one a connection", got.doubts)
		}
	})
}

// TestStoppedBySIGTERM ends daemons in the middle of sending, again and again:
// nothing is ever in doubt, and nobody has a copy.
func TestStoppedBySIGTERM(t *testing.T) {
	eachStore(t, func(t *testing.T, store string) {
		s := newScene(t, setting{store: store, people: crowd, cadence: subscribers.Instant})
		s.post(3)
		s.smtp.Reply(func(step, _ string) *smtptest.Answer {
			if step == smtptest.Dot {
				time.Sleep(10 * time.Millisecond) // the crowd lasts for all the stops
			}
			return nil
		})
		const stops = 6
		for range stops {
			planner := s.start("", "serve", "--roles", "watch,plan", "--listen", "127.0.0.1:0")
			sender := s.start("", "serve", "--roles", "send")
			want := s.inbox.count() + 100
			await(t, "some mails came", func() bool { return s.inbox.count() >= want })
			planner.terminate()
			sender.terminate()
		}
		s.smtp.Reply(nil)
		s.finish()
		if got := s.account(); got.copies+got.doubts > 0 {
			t.Errorf("%d stops: %v; want nothing in doubt", stops, got)
		}
	})
}
