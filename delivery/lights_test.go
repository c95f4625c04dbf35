package delivery_test

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/enshi-daily/enshi/delivery"
)

// seeing is a sender that sees its one relay in some state.
type seeing struct {
	relay
	mu  sync.Mutex
	now delivery.Relay
}

func (s *seeing) see(r delivery.Relay) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r.Name = "relay:25"
	s.now = r
}

func (s *seeing) Relays() []delivery.Relay {
	s.mu.Lock()
	defer s.mu.Unlock()
	return []delivery.Relay{s.now}
}

// counting counts how often brakes are read and set.
type counting struct {
	delivery.Pacer
	read, set atomic.Int64
}

func (c *counting) Brakes(ctx context.Context) ([]delivery.Brake, error) {
	c.read.Add(1)
	return c.Pacer.Brakes(ctx)
}

func (c *counting) SetBrake(ctx context.Context, b delivery.Brake) (bool, error) {
	c.set.Add(1)
	return c.Pacer.SetBrake(ctx, b)
}

// TestProcessesThatSeeARelayDifferently has one that reaches the relay and two
// that do not: the brake says so, nobody sets and clears it all the time, and
// who finds the relay working again takes it off.
func TestProcessesThatSeeARelayDifferently(t *testing.T) {
	s := newScene(t)
	began := s.clock.Now()
	failing := func(until time.Duration) delivery.Relay {
		return delivery.Relay{Fault: delivery.Unreachable, Since: began, Until: began.Add(until), Failures: 1}
	}
	var senders [3]seeing
	var pacers [3]counting
	for i, sees := range []delivery.Relay{failing(time.Hour), failing(2 * time.Hour), {Since: began}} {
		senders[i].see(sees)
		store := openStore(t, s.path, s.clock)
		pacers[i].Pacer = store
		defer s.run(s.worker(&senders[i], func(o *delivery.WorkerOptions) {
			o.Queue, o.Editions, o.Letters, o.Pacer, o.Poll = store, store, store, &pacers[i], 5*time.Millisecond
		}))()
	}
	// looks lets all look at the brakes n times, and says how often they set one.
	looks := func(n int) (set int64) {
		t.Helper()
		for range n {
			var before [3]int64
			for i := range pacers {
				before[i] = pacers[i].read.Load()
			}
			for i := range pacers {
				s.await("a look", func() bool {
					s.clock.Advance(time.Second)
					return pacers[i].read.Load() > before[i]
				})
			}
		}
		for i := range pacers {
			set += pacers[i].set.Load()
		}
		return set
	}
	before := looks(5)
	s.brake(delivery.WholeRelay, delivery.Pausing, 1, began.Add(2*time.Hour).Sub(s.clock.Now()))
	if n := looks(10) - before; n != 0 {
		t.Errorf("the brake was set or cleared %d times, and nothing changed", n)
	}
	senders[0].see(delivery.Relay{Since: s.clock.Now()})
	senders[1].see(delivery.Relay{Since: s.clock.Now()})
	looks(3)
	if all, err := s.store.Brakes(t.Context()); err != nil || len(all) != 0 {
		t.Errorf("Brakes = %v, %v once all reach the relay, want none", all, err)
	}
	// It fails one, who has no mail and does not try again: the brake is let go of.
	senders[1].see(failing(2 * time.Hour))
	looks(3)
	s.clock.Advance(3 * time.Hour)
	before = looks(3)
	if n := looks(10) - before; n != 0 {
		t.Errorf("a brake that nobody cares for was set or cleared %d times", n)
	}
}
