package delivery_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/enshi-daily/enshi/delivery"
	"github.com/enshi-daily/enshi/subscribers"
)

// reluctant is a relay whose mail to one address begins only when so many others
// are through.
type reluctant struct {
	relay
	address subscribers.Address
	others  int
	through chan struct{}
}

func (r *reluctant) Send(ctx context.Context, m delivery.Message, begin func(context.Context) error) delivery.Outcome {
	if m.Delivery.Address != r.address {
		outcome := r.relay.Send(ctx, m, begin)
		r.through <- struct{}{}
		return outcome
	}
	for n := range r.others {
		select {
		case <-r.through:
		case <-time.After(20 * time.Second):
			return delivery.Outcome{Class: delivery.Temporary, Reply: fmt.Sprintf("%d of %d others went", n, r.others)}
		}
	}
	return r.relay.Send(ctx, m, begin)
}

// Attempts wait a moment for each other to begin, and no longer.
func TestNobodyWaitsForAnAttemptThatDoesNotBegin(t *testing.T) {
	const people = 9
	s := newScene(t)
	for i := range people {
		s.join(fmt.Sprint("reader", i), subscribers.Daily)
	}
	s.arrive("采茶")
	e := s.plan(subscribers.Daily).Edition
	sender := &reluctant{address: "reader0@example.com", others: people - 1, through: make(chan struct{}, people)}
	if err := s.worker(sender).Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := s.counts(e.ID)[delivery.Sent]; got != people {
		t.Errorf("%d sent, want %d: %v", got, people, s.counts(e.ID))
	}
}

// faltering is a queue that fails the first turn which brings something sent,
// once the worker gives leases back or a while later.
type faltering struct {
	delivery.Queue
	stop  func() // when that turn has begun
	begun sync.Once
	given chan struct{}
}

func (q *faltering) Turn(ctx context.Context, done []delivery.Result, next []delivery.Delivery) (permits []delivery.Permit, err error) {
	for _, r := range done {
		switch r.State {
		case delivery.Queued:
			defer func() { q.given <- struct{}{} }()
		case delivery.Sent:
			q.begun.Do(func() {
				q.stop()
				select {
				case <-q.given:
				case <-time.After(300 * time.Millisecond):
				}
				err = errors.New("connection lost")
			})
		}
	}
	if err != nil {
		return nil, err
	}
	return q.Queue.Turn(ctx, done, next)
}

// A stop waits for what is just being recorded, and records it again if that
// fails: what was sent is not given back.
func TestStopWaitsForTheTurnUnderWay(t *testing.T) {
	s := newScene(t)
	id := s.edition(1)
	ctx, stop := context.WithCancel(t.Context())
	q := &faltering{Queue: s.store, stop: stop, given: make(chan struct{}, 10)}
	r := &relay{}
	if err := s.worker(r, func(o *delivery.WorkerOptions) { o.Queue = q }).Run(ctx); err != nil {
		t.Fatal(err)
	}
	if counts := s.counts(id); counts[delivery.Sent] != 1 {
		t.Errorf("Counts = %v, want the one that was sent", counts)
	}
	if err := s.worker(r).Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
	for address, n := range r.copies() {
		if n != 1 {
			t.Errorf("%s got %d copies", address, n)
		}
	}
}
