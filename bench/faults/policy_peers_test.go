//go:build peers

package faults

import (
	"testing"
	"time"

	"github.com/enshi-daily/enshi/delivery"
)

// killWhileInDoubt kills a sender at each step at which something may be in doubt,
// and sends the rest without sending that again.
func killWhileInDoubt(t *testing.T, store, policy string) (s *scene, kills int) {
	t.Helper()
	s = newScene(t, setting{store: store, people: crowd, lease: shortLease, mail: "uncertain: " + policy})
	s.post(3)
	s.start("close.after=kill", "send-digest", "--cadence", "daily").killed()
	points := []string{"body:50", "begin.after:20", "begun:50", "accepted:60", "record.before:15"}
	for _, point := range points {
		s.start(point+"=kill", "send-digest", "--resume").killed()
	}
	s.killAtDot(30)
	time.Sleep(shortLease)
	p := s.start("", "send-digest", "--resume", "--wait")
	if code := p.wait(); code != exitPart {
		t.Errorf("exit %d, want %d: some may not have got theirs\n%s", code, exitPart, p.out.String())
	}
	return s, len(points) + 1
}

// TestSkippedWhenInDoubt sends nothing again: nobody has a copy, and who may have
// nothing is named.
func TestSkippedWhenInDoubt(t *testing.T) {
	eachStore(t, func(t *testing.T, store string) {
		s, kills := killWhileInDoubt(t, store, "skip")
		got := s.account()
		t.Logf("%d kills: %v", kills, got)
		if n := got.states[delivery.Uncertain]; got.copies > 0 || n == 0 || n > kills*connections || got.states[delivery.Sent] != got.planned-n {
			t.Errorf("%v; want no copies, some uncertain, at most one a connection and kill, and all others sent", got)
		}
	})
}

// TestHeldWhenInDoubt keeps an edition open until its operator decides.
func TestHeldWhenInDoubt(t *testing.T) {
	eachStore(t, func(t *testing.T, store string) {
		s, kills := killWhileInDoubt(t, store, "hold")
		ledger := s.open()
		defer ledger.Shutdown()
		e, err := ledger.Edition(s.context(), s.latest())
		s.check(err)
		if mails := s.inbox.count(); e.Stage != delivery.StageSending || mails > s.inbox.people() {
			t.Errorf("%s is %s, with %d mails to %d people; want it open, and nobody twice", e.ID, e.Stage, mails, s.inbox.people())
		}
		s.enshi("editions", "retry", e.ID, "--uncertain")
		s.finish()
		got := s.account()
		t.Logf("%d kills: %v", kills, got)
		if got.doubts == 0 || got.doubts > kills*connections || got.states[delivery.Sent] != got.planned {
			t.Errorf("%v; want everybody sent theirs in the end", got)
		}
	})
}

// people is how many addresses have mail.
func (b *inbox) people() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	seen := make(map[string]bool)
	for to := range b.copies {
		seen[to.address] = true
	}
	return len(seen)
}
