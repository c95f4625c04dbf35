package faults

import (
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/enshi-daily/enshi/subscribers"
)

// TestFrozenWithTheLock stops a sender in the middle of a step of SQLite, so
// that nobody else can write, for longer than the others wait for it. They go on
// and say why nothing moves; once it is woken, or killed, everything does.
func TestFrozenWithTheLock(t *testing.T) {
	for _, end := range []struct {
		name   string
		signal syscall.Signal
	}{{"woken", syscall.SIGCONT}, {"killed", syscall.SIGKILL}} {
		t.Run(end.name, func(t *testing.T) {
			s := newScene(t, setting{store: "sqlite", people: crowd, lease: shortLease, cadence: subscribers.Instant})
			s.post(3)
			s.slow(5 * time.Millisecond)
			others := []*process{s.serve("", "watch,plan"), s.serve("", "send")}
			frozen := s.start("", "serve", "--roles", "send", "--listen", "127.0.0.1:0")
			s.await("mails go out", func() bool { return s.inbox.count() > 20 })
			s.await("it is stopped in a step", func() bool {
				frozen.signal(syscall.SIGSTOP)
				await(s, "it stands still", frozen.still)
				for range 10 {
					if s.writable() {
						frozen.signal(syscall.SIGCONT)
						return false
					}
					time.Sleep(50 * time.Millisecond) // no other step takes so long
				}
				return true
			})
			s.await("the others say why nothing moves", func() bool {
				return strings.Contains(others[0].out.String()+others[1].out.String(), "kill -CONT")
			})
			frozen.signal(end.signal)
			if end.signal == syscall.SIGKILL {
				frozen.killed()
			} else {
				s.daemons = append(s.daemons, frozen)
			}
			s.smtp.Reply(nil)
			s.settle()
			s.stop()
			got := s.account()
			t.Log(got)
			if got.doubts > 2*connections {
				t.Errorf("%d in doubt, want at most one a connection of each sender", got.doubts)
			}
		})
	}
}
