package faults

import (
	"sync/atomic"
	"testing"
	"time"

	"github.com/enshi-daily/enshi/delivery"
	"github.com/enshi-daily/enshi/internal/smtptest"
	"github.com/enshi-daily/enshi/subscribers"
)

// pair is two mail servers, of which the first has three times the weight.
type pair struct {
	*scene
	heavy, light *smtptest.Server
	pause        atomic.Int64 // how long each takes to answer a final dot
	silent       atomic.Bool  // the first has stopped answering them
	waiting      atomic.Int64 // final dots that the first has and did not answer
}

func newPair(t *testing.T, store string) *pair {
	t.Helper()
	p := &pair{scene: newScene(t, setting{store: store, people: crowd, lease: shortLease, cadence: subscribers.Instant, weights: []int{3, 1}})}
	p.heavy, p.light = p.relays[0], p.relays[1]
	p.heavy.Reply(func(step, _ string) *smtptest.Answer {
		if step == smtptest.Dot && p.silent.Load() {
			p.waiting.Add(1)
			return &smtptest.Answer{Wait: make(chan struct{})} // until it is killed
		}
		return p.answer(step)
	})
	p.light.Reply(func(step, _ string) *smtptest.Answer { return p.answer(step) })
	return p
}

func (p *pair) answer(step string) *smtptest.Answer {
	if step == smtptest.Dot {
		time.Sleep(time.Duration(p.pause.Load()))
	}
	return nil
}

// shared waits until so many more mails came to the first, and demands that the
// second had a third of that meanwhile.
func (p *pair) shared(when string, n int) {
	p.Helper()
	heavy, light := p.heavy.Steps(smtptest.Dot), p.light.Steps(smtptest.Dot)
	p.await("mails come to the first relay "+when, func() bool { return p.heavy.Steps(smtptest.Dot) >= heavy+n })
	got, had := p.light.Steps(smtptest.Dot)-light, p.heavy.Steps(smtptest.Dot)-heavy
	// Both processes share out by themselves, and may have a mail on every
	// connection at either moment.
	if slack := 2 * 2 * connections; got < had/3-slack || got > had/3+slack {
		p.Errorf("%s the relay of weight 3 got %d mails and that of weight 1 %d", when, had, got)
	}
}

// TestRelayIsKilled kills one of two relays, which has mails that it did not
// answer for, and starts it again: the other gets everything meanwhile, and then
// its share.
func TestRelayIsKilled(t *testing.T) {
	eachStore(t, func(t *testing.T, store string) {
		p := newPair(t, store)
		p.pause.Store(int64(20 * time.Millisecond))
		p.post(3)
		p.serve("", "watch,plan")
		p.serve("", "send")
		p.serve("", "send")
		p.shared("before", 150)

		p.silent.Store(true)
		p.await("the relay to be killed has mails", func() bool { return p.waiting.Load() > 0 })
		p.heavy.Close()
		p.silent.Store(false)
		// Slowly: there must be mails left when its time has come.
		p.pause.Store(int64(200 * time.Millisecond))
		light := p.light.Steps(smtptest.Dot)
		p.await("the other takes over", func() bool { return p.light.Steps(smtptest.Dot) >= light+4*connections })

		p.heavy.Restart(t)
		p.await("both processes are back at the relay", func() bool {
			open, _ := p.heavy.Open()
			return open > connections
		})
		p.pause.Store(int64(5 * time.Millisecond))
		p.shared("afterwards", 150)
		p.settle()
		p.stop()

		got := p.account()
		t.Logf("%d unanswered: %v", p.waiting.Load(), got)
		if got.states[delivery.Sent] != got.planned {
			t.Errorf("%v; want everybody sent", got)
		}
		if got.copies == 0 || got.doubts > 2*connections {
			t.Errorf("%v; want copies of some that were not answered, and at most one a connection in doubt", got)
		}
	})
}
