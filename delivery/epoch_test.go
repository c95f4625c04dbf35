package delivery_test

import (
	"errors"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/enshi-daily/enshi/delivery"
	"github.com/enshi-daily/enshi/subscribers"
)

// TestFencedWorkerStops raises the epoch while letters go out: nothing begins
// after it, nothing waits for ever, and the worker ends with the reason.
func TestFencedWorkerStops(t *testing.T) {
	s := newScene(t)
	id := s.edition(200)
	other := openStore(t, s.path, s.clock)
	var once sync.Once
	var r *relay
	after := 0
	r = &relay{answer: func(delivery.Message) delivery.Outcome {
		if len(r.copies()) > 20 {
			once.Do(func() {
				if _, err := other.Raise(t.Context(), ""); err != nil {
					t.Error(err)
				}
				after = len(r.copies())
			})
		}
		return delivery.Outcome{Class: delivery.Delivered, Code: 250}
	}}
	done := make(chan error, 1)
	go func() { done <- s.worker(r).Run(t.Context()) }()
	select {
	case err := <-done:
		if !errors.Is(err, delivery.ErrOldEpoch) {
			t.Errorf("Run = %v, want ErrOldEpoch", err)
		}
	case <-time.After(30 * time.Second):
		t.Fatal("the fenced worker goes on")
	}
	// What had begun on the other connections is finished.
	if n := len(r.copies()); after == 0 || n > after+3 {
		t.Errorf("%d copies went out, %d of them when the epoch was raised", n, after)
	}
	counts := s.countsOn(other, id)
	if counts.Total() != 200 || counts[delivery.Sent] > len(r.copies()) {
		t.Errorf("Counts = %v for %d copies", counts, len(r.copies()))
	}
	if err := delivery.NewSweeper(delivery.SweeperOptions{Queue: s.store, Logger: quiet()}).Run(t.Context()); !errors.Is(err, delivery.ErrOldEpoch) {
		t.Errorf("Sweeper.Run = %v, want ErrOldEpoch", err)
	}
	if _, _, err := s.planner().Scheduled(t.Context(), subscribers.Weekly); !errors.Is(err, delivery.ErrOldEpoch) {
		t.Errorf("Scheduled = %v, want ErrOldEpoch", err)
	}
}

// TestRetiredWorkerStops opens a store that was retired.
func TestRetiredWorkerStops(t *testing.T) {
	s := newScene(t)
	s.edition(3)
	if _, err := s.store.Raise(t.Context(), "moved to "+filepath.Base(s.path)); err != nil {
		t.Fatal(err)
	}
	r := &relay{}
	if err := s.worker(r).Drain(t.Context()); !errors.Is(err, delivery.ErrRetired) {
		t.Errorf("Drain = %v, want ErrRetired", err)
	}
	if n := len(r.copies()); n != 0 {
		t.Errorf("%d copies went out of a retired store", n)
	}
}
