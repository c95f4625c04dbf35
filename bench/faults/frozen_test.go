package faults

import (
	"testing"
	"time"

	"github.com/enshi-daily/enshi/subscribers"
)

// TestFrozenAndWoken lets two planners and four senders work at once. A planner
// and two senders, one before its mark and one behind it, are stopped for longer
// than their leases last, and woken when everything is done without them.
func TestFrozenAndWoken(t *testing.T) {
	eachStore(t, func(t *testing.T, store string) {
		s := newScene(t, setting{store: store, people: crowd, lease: shortLease, cadence: subscribers.Instant})
		s.post(3)
		planned := "plan.before:3=hold" // of six batches
		if store == "redis" {
			planned = "plan.before:40=hold" // of one a shard
		}
		frozen := []*process{s.serve(planned, "watch,plan")}
		frozen[0].freeze(s.writable)
		for _, point := range []string{"body:20=hold", "begun:20=hold"} {
			p := s.serve(point, "send")
			p.freeze(s.writable)
			frozen = append(frozen, p)
		}
		for _, roles := range []string{"plan", "send", "send"} {
			s.serve("", roles)
		}
		s.settle()
		for _, p := range frozen {
			p.thaw()
		}
		time.Sleep(shortLease) // whatever they still want to do
		s.stop()
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
		s.slow(10 * time.Millisecond) // the crowd lasts for all the stops
		const stops = 6
		for range stops {
			s.serve("", "watch,plan")
			s.serve("", "send")
			want := s.inbox.count() + 100
			s.await("some mails came", func() bool { return s.inbox.count() >= want })
			s.stop()
		}
		s.smtp.Reply(nil)
		s.finish()
		if got := s.account(); got.copies+got.doubts > 0 {
			t.Errorf("%d stops: %v; want nothing in doubt", stops, got)
		}
	})
}
