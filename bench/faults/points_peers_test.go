//go:build peers

package faults

import (
	"fmt"
	"testing"
	"time"
)

// TestKilledAtEveryStep kills one run after the other, each some steps later than the
// one before it, whatever step that is, until runs have no further steps. Nobody
// waits for the leases of deliveries: what the killed left, the next ones find.
func TestKilledAtEveryStep(t *testing.T) {
	eachStore(t, func(t *testing.T, store string) {
		s := newScene(t, setting{store: store, people: 30, lease: shortLease})
		kills, whole := 0, 0
		for n := 1; whole < 3; n += 1 + n/5 {
			s.post(1)
			if p := s.start(fmt.Sprintf("any:%d=kill", n), "send-digest", "--cadence", "daily"); p.wait() != -1 {
				whole++ // it had fewer steps
				continue
			}
			kills++
			time.Sleep(shortLease) // it may have watched the site
		}
		s.enshi("send-digest", "--cadence", "daily", "--wait")
		s.finish()
		got := s.account()
		t.Logf("%d kills: %v", kills, got)
		if kills < 10 || got.doubts > kills*connections {
			t.Errorf("%d kills: %v; want ten at least, and at most one a connection in doubt", kills, got)
		}
	})
}
