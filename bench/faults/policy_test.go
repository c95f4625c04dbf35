package faults

import (
	"testing"
	"time"

	"github.com/enshi-daily/enshi/delivery"
)

// TestKilledWithoutSendingAgain kills senders where mail.uncertain says that what
// is in doubt is not sent again: nobody has a copy, and who may have nothing is
// named.
func TestKilledWithoutSendingAgain(t *testing.T) {
	eachStore(t, func(t *testing.T, store string) {
		s := newScene(t, setting{store: store, people: crowd, lease: shortLease, mail: "uncertain: skip"})
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
		got, kills := s.account(), len(points)+1
		t.Logf("%d kills: %v", kills, got)
		if n := got.states[delivery.Uncertain]; got.copies > 0 || n == 0 || n > kills*connections || got.states[delivery.Sent] != got.planned-n {
			t.Errorf("%v; want no copies, some uncertain, at most one a connection and kill, and all others sent", got)
		}
	})
}
