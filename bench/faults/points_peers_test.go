//go:build peers

package faults

import (
	"fmt"
	"testing"
)

// TestKilledAtEveryStep kills one run after the other, each a step later than the
// one before it, whatever step that is. Nobody waits for the leases of those who
// were killed: what they left, the next ones find.
func TestKilledAtEveryStep(t *testing.T) {
	eachStore(t, func(t *testing.T, store string) {
		s := newScene(t, setting{store: store, people: 30, lease: shortLease})
		const steps = 60
		kills := 0
		for n := range steps {
			if n%3 == 0 {
				s.post(1)
			}
			p := s.start(fmt.Sprintf("any:%d=kill", n+1), "send-digest", "--cadence", "daily")
			if p.wait() == -1 {
				kills++
			}
		}
		s.unwatched("append")
		s.enshi("send-digest", "--cadence", "daily", "--wait")
		s.finish()
		got := s.account()
		t.Logf("%d kills: %v", kills, got)
		if kills < steps/3 || got.doubts > kills*connections {
			t.Errorf("%d kills: %v; want a third of the runs killed at least, and at most one a connection in doubt", kills, got)
		}
	})
}
