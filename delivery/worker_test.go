package delivery_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/enshi-daily/enshi/delivery"
	"github.com/enshi-daily/enshi/posts"
	"github.com/enshi-daily/enshi/subscribers"
)

// edition plans a daily edition for some readers.
func (s *scene) edition(readers int) string {
	s.t.Helper()
	for i := range readers {
		s.join(fmt.Sprintf("reader%d", i), subscribers.Daily)
	}
	s.arrive("采茶", posts.Tag("茶叶"))
	return s.plan(subscribers.Daily).Edition.ID
}

func TestEverybodyGetsOneCopy(t *testing.T) {
	s := newScene(t)
	id := s.edition(200)
	relay := &relay{}
	if err := s.worker(relay).Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
	if counts := s.counts(id); counts[delivery.Sent] != 200 || counts.Total() != 200 {
		t.Errorf("Counts = %v, want 200 sent", counts)
	}
	copies := relay.copies()
	for address, n := range copies {
		if n != 1 {
			t.Errorf("%s got %d copies", address, n)
		}
	}
	if len(copies) != 200 {
		t.Errorf("%d people got mail, want 200", len(copies))
	}
	if _, err := s.store.Sweep(t.Context(), delivery.Resend); err != nil {
		t.Fatal(err)
	}
	if e, err := s.store.Edition(t.Context(), id); err != nil || e.Stage != delivery.StageFinished {
		t.Errorf("Edition = %s, %v, want finished", e.Stage, err)
	}
}

// deaf is a queue whose first answer to a begin is lost on the way.
type deaf struct {
	delivery.Queue
	once sync.Once
}

func (q *deaf) Turn(ctx context.Context, done []delivery.Result, next []delivery.Delivery) (permits []delivery.Permit, err error) {
	permits, err = q.Queue.Turn(ctx, done, next)
	if err == nil && len(next) > 0 {
		q.once.Do(func() { err = errors.New("connection lost") })
	}
	return permits, err
}

func TestLostAnswerToBeginLeavesNothingInDoubt(t *testing.T) {
	s := newScene(t)
	id := s.edition(20)
	relay := &relay{}
	worker := delivery.NewWorker(delivery.WorkerOptions{
		Queue: &deaf{Queue: s.store}, Editions: s.store, Letters: s.store, Pacer: s.store, Sender: relay,
		Now: s.clock.Now, Logger: quiet(), Random: func() float64 { return 0.5 }, Backoff: delivery.DefaultBackoff(), Connections: 4,
	})
	if err := worker.Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
	if counts := s.counts(id); counts[delivery.Sent] != 20 {
		t.Errorf("Counts = %v, want 20 sent", counts)
	}
	for address, n := range relay.copies() {
		if n != 1 {
			t.Errorf("%s got %d copies", address, n)
		}
	}
}

func TestOutcomes(t *testing.T) {
	for _, tt := range []struct {
		class  delivery.Class
		want   delivery.State
		paused bool
	}{
		{delivery.Delivered, delivery.Sent, false},
		{delivery.BadAddress, delivery.Rejected, false},
		{delivery.Temporary, delivery.Retry, false},
		{delivery.OurFault, delivery.Retry, true},
		{delivery.Bug, delivery.Retry, true},
		{delivery.InDoubt, delivery.Sending, false},
	} {
		t.Run(string(tt.class), func(t *testing.T) {
			s := newScene(t)
			id := s.edition(1)
			answer := func(delivery.Message) delivery.Outcome {
				return delivery.Outcome{Class: tt.class, Code: 451, Reply: "the server's word"}
			}
			if err := s.worker(&relay{answer: answer}).Drain(t.Context()); err != nil {
				t.Fatal(err)
			}
			if counts := s.counts(id); counts[tt.want] != 1 {
				t.Errorf("Counts = %v, want one %s", counts, tt.want)
			}
			e, err := s.store.Edition(t.Context(), id)
			if err != nil || (e.Paused != "") != tt.paused {
				t.Errorf("Paused = %q, %v, want paused %t", e.Paused, err, tt.paused)
			}
		})
	}
}

func TestBadAddressSuppresses(t *testing.T) {
	s := newScene(t)
	id := s.join("gone", subscribers.Daily)
	s.arrive("采茶", posts.Tag("茶叶"))
	s.plan(subscribers.Daily)
	answer := func(delivery.Message) delivery.Outcome {
		return delivery.Outcome{Class: delivery.BadAddress, Code: 550}
	}
	if err := s.worker(&relay{answer: answer}).Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
	if person, err := s.store.Subscriber(t.Context(), id); err != nil || person.State != subscribers.Bounced {
		t.Errorf("Subscriber = %s, %v, want bounced", person.State, err)
	}
}

func TestTemporaryIsTriedAgainAndGivenUp(t *testing.T) {
	s := newScene(t)
	id := s.edition(1)
	tries := 0
	r := &relay{answer: func(delivery.Message) delivery.Outcome {
		tries++
		return delivery.Outcome{Class: delivery.Temporary, Code: 451}
	}}
	for range 200 {
		if err := s.worker(r).Drain(t.Context()); err != nil {
			t.Fatal(err)
		}
		if s.counts(id)[delivery.Failed] == 1 {
			break
		}
		s.clock.Advance(time.Hour)
	}
	if counts := s.counts(id); counts[delivery.Failed] != 1 {
		t.Errorf("Counts = %v, want failed after three days", counts)
	}
	if tries < 10 || tries > 30 {
		t.Errorf("%d tries in three days, want a growing wait between them", tries)
	}
}

func TestUnreachableRelayUsesUpNothing(t *testing.T) {
	s := newScene(t)
	s.clock.run()
	id := s.edition(20)
	r := &relay{answer: func(delivery.Message) delivery.Outcome {
		return delivery.Outcome{Class: delivery.Unreachable, Reply: "127.0.0.1:1: connection refused"}
	}}
	if err := s.worker(r).Drain(t.Context()); !errors.Is(err, delivery.ErrUnreachable) {
		t.Errorf("Drain = %v, want ErrUnreachable", err)
	}
	if counts := s.counts(id); counts[delivery.Queued] != 20 {
		t.Errorf("Counts = %v, want all 20 queued", counts)
	}
	if err := s.worker(&relay{}).Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
	if counts := s.counts(id); counts[delivery.Sent] != 20 {
		t.Errorf("Counts = %v, want all 20 sent once the relay is back", counts)
	}
}

func TestStopLeavesNothingInDoubt(t *testing.T) {
	s := newScene(t)
	id := s.edition(500)
	ctx, stop := context.WithCancel(t.Context())
	r := &relay{}
	r.answer = func(delivery.Message) delivery.Outcome {
		r.mu.Lock()
		defer r.mu.Unlock()
		if len(r.got) >= 60 {
			stop()
		}
		return delivery.Outcome{Class: delivery.Delivered, Code: 250}
	}
	if err := s.worker(r).Run(ctx); err != nil {
		t.Fatal(err)
	}
	counts := s.counts(id)
	if counts[delivery.Sending] != 0 || counts[delivery.Sent]+counts[delivery.Queued] != 500 || counts[delivery.Sent] != len(r.got) {
		t.Errorf("Counts = %v with %d mails out, want sent = mails out and the rest queued", counts, len(r.got))
	}
	// What was given back can be leased at once, by another worker.
	if err := s.worker(r).Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
	if counts := s.counts(id); counts[delivery.Sent] != 500 || len(r.copies()) != 500 || len(r.got) != 500 {
		t.Errorf("Counts = %v, %d mails, want 500 and 500", counts, len(r.got))
	}
}

func TestUnsubscribedMeanwhileIsSkipped(t *testing.T) {
	s := newScene(t)
	id := s.edition(3)
	person, err := s.store.Subscriber(t.Context(), s.keys.ID("reader1@example.com"))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.store.Save(t.Context(), subscribers.Unsubscribe(person, s.clock.Now()), subscribers.NoNotice); err != nil {
		t.Fatal(err)
	}
	r := &relay{}
	if err := s.worker(r).Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
	if counts := s.counts(id); counts[delivery.Sent] != 2 || counts[delivery.Skipped] != 1 || r.copies()["reader1@example.com"] != 0 {
		t.Errorf("Counts = %v, want two sent and one skipped", counts)
	}
}

func TestDoubtIsResentOnceItsLeaseExpires(t *testing.T) {
	s := newScene(t)
	id := s.edition(1)
	doubt := true
	r := &relay{answer: func(delivery.Message) delivery.Outcome {
		if doubt {
			return delivery.Outcome{Class: delivery.InDoubt}
		}
		return delivery.Outcome{Class: delivery.Delivered, Code: 250}
	}}
	if err := s.worker(r).Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
	doubt = false
	s.clock.Advance(time.Hour)
	if swept, err := s.store.Sweep(t.Context(), delivery.Resend); err != nil || swept.Uncertain != 1 {
		t.Fatalf("Sweep = %+v, %v, want one uncertain", swept, err)
	}
	if err := s.worker(r).Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
	for d, err := range s.store.Deliveries(t.Context(), id) {
		if err != nil || d.State != delivery.Sent || d.Doubts != 1 {
			t.Errorf("delivery %s with %d doubts, %v, want sent with 1", d.State, d.Doubts, err)
		}
	}
}

// Attempts that find no relay at the same moment find it once.
func TestRelayOutOfReachForAMomentEndsNoRun(t *testing.T) {
	s := newScene(t)
	s.clock.run()
	id := s.edition(20)
	const connections = 4
	var first sync.WaitGroup
	first.Add(connections)
	var tries atomic.Int32
	r := &relay{answer: func(delivery.Message) delivery.Outcome {
		if tries.Add(1) > connections {
			return delivery.Outcome{Class: delivery.Delivered, Code: 250}
		}
		first.Done()
		first.Wait()
		return delivery.Outcome{Class: delivery.Unreachable, Reply: "127.0.0.1:1: connection refused"}
	}}
	if err := s.worker(r).Drain(t.Context()); err != nil {
		t.Errorf("Drain = %v, want it to wait for the relay", err)
	}
	if counts := s.counts(id); counts[delivery.Sent] != 20 {
		t.Errorf("Counts = %v, want all 20 sent", counts)
	}
}
