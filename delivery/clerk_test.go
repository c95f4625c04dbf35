package delivery_test

import (
	"context"
	"fmt"
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
