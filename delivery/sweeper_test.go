package delivery_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/enshi-daily/enshi/delivery"
)

// TestClockSetForwardWhileSending sets the clock forward by hours while letters
// are on their way: nobody gets a second one.
func TestClockSetForwardWhileSending(t *testing.T) {
	s := newScene(t)
	id := s.edition(40)
	const lease = 2 * time.Second
	var held sync.WaitGroup
	release, begun := make(chan struct{}), make(chan struct{}, 40)
	r := &stalling{begun: begun, release: release}
	worker := delivery.NewWorker(delivery.WorkerOptions{
		Queue: s.store, Editions: s.store, Letters: s.store, Pacer: s.store, Sender: r, Lease: lease,
		Now: s.clock.Now, Logger: quiet(), Random: func() float64 { return 0.5 }, Backoff: delivery.DefaultBackoff(), Connections: 4,
	})
	sweeper := delivery.NewSweeper(delivery.SweeperOptions{
		Queue: s.store, Logger: quiet(), Every: 20 * time.Millisecond, Lease: lease,
	})
	ctx, stop := context.WithCancel(t.Context())
	held.Go(func() { _ = worker.Run(ctx) })
	held.Go(func() { _ = sweeper.Run(ctx) })
	for range 4 {
		<-begun
	}
	s.clock.Advance(2 * time.Hour)
	time.Sleep(lease) // longer than the sweeper holds back, by real time
	close(release)
	for deadline := time.Now().Add(30 * time.Second); s.counts(id)[delivery.Sent] < 40; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("Counts = %v, want 40 sent", s.counts(id))
		}
	}
	stop()
	held.Wait()
	for address, n := range r.copies() {
		if n != 1 {
			t.Errorf("%s got %d copies", address, n)
		}
	}
	for d, err := range s.store.Deliveries(t.Context(), id) {
		if err != nil || d.Doubts != 0 {
			t.Errorf("%s is in doubt, %v", d.Subscriber, err)
		}
	}
}

// TestSweeperSaysWhatCannotBeRead has a roll that no program reads: it is said,
// and is no failure of the sweep.
func TestSweeperSaysWhatCannotBeRead(t *testing.T) {
	s := newScene(t)
	var log bytes.Buffer
	sweeper := delivery.NewSweeper(delivery.SweeperOptions{
		Queue: unread{s.store}, Logger: slog.New(slog.NewTextHandler(&log, nil)),
	})
	if err := sweeper.Sweep(t.Context()); err != nil {
		t.Errorf("Sweep = %v", err)
	}
	for _, want := range []string{"level=ERROR", "daily-bad", "edition finished"} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("log does not say %q:\n%s", want, &log)
		}
	}
}

// unread finishes an edition and cannot read a roll of another.
type unread struct{ delivery.Queue }

func (unread) Sweep(context.Context, delivery.Policy) (delivery.Swept, error) {
	return delivery.Swept{Finished: []string{"daily-good"}, Unread: fmt.Errorf("edition daily-bad: %w", delivery.ErrRoll)}, nil
}

// stalling is a relay that holds its answers back once a delivery has begun.
type stalling struct {
	relay
	begun   chan<- struct{}
	release <-chan struct{}
}

func (r *stalling) Send(ctx context.Context, m delivery.Message, begin func(context.Context) error) delivery.Outcome {
	outcome := r.relay.Send(ctx, m, begin)
	if outcome.Class == delivery.Delivered {
		r.begun <- struct{}{}
		<-r.release
	}
	return outcome
}
