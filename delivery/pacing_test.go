package delivery_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/enshi-daily/enshi/delivery"
	"github.com/enshi-daily/enshi/posts"
	"github.com/enshi-daily/enshi/subscribers"
)

// grouped plans a daily edition for so many readers of each group, whose names
// begin with it.
func (s *scene) grouped(readers int, groups ...string) string {
	s.t.Helper()
	s.group = func(a subscribers.Address) delivery.Group {
		name, _, _ := strings.Cut(string(a), "-")
		return delivery.Group(name)
	}
	for _, g := range groups {
		for i := range readers {
			s.join(fmt.Sprintf("%s-%d", g, i), subscribers.Daily)
		}
	}
	s.arrive("采茶 "+strings.Join(groups, " "), posts.Tag("茶叶"))
	return s.plan(subscribers.Daily).Edition.ID
}

// budget gives one group a budget and the others none.
func budget(group delivery.Group, b delivery.Budget) func(*delivery.WorkerOptions) {
	return func(o *delivery.WorkerOptions) {
		o.Budget = func(g delivery.Group) delivery.Budget {
			if g == group {
				return b
			}
			return delivery.Budget{}
		}
	}
}

// run lets a worker run until stop, which waits for its end.
func (s *scene) run(w *delivery.Worker) (stop func()) {
	ctx, cancel := context.WithCancel(s.t.Context())
	var done sync.WaitGroup
	done.Go(func() {
		if err := w.Run(ctx); err != nil {
			s.t.Error(err)
		}
	})
	return func() { cancel(); done.Wait() }
}

func (s *scene) await(what string, ok func() bool) {
	s.t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !ok(); <-time.After(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			s.t.Fatalf("waited in vain for %s", what)
		}
	}
}

func isTo(group string) func(delivery.Message) bool {
	return func(m delivery.Message) bool { return string(m.Delivery.Group) == group }
}

func TestSlowGroupHoldsUpNobody(t *testing.T) {
	s := newScene(t)
	first := s.grouped(40, "slow")
	stuck := make(chan struct{})
	slow, waiting := isTo("slow"), atomic.Int64{}
	r := &relay{answer: func(m delivery.Message) delivery.Outcome {
		if slow(m) {
			waiting.Add(1)
			<-stuck
		}
		return delivery.Outcome{Class: delivery.Delivered, Code: 250}
	}}
	stop := s.run(s.worker(r, func(o *delivery.WorkerOptions) {
		o.Slow, o.Poll, o.Grace = 40*time.Millisecond, 20*time.Millisecond, 20*time.Second
	}))
	s.await("the slow group to have every turn", func() bool { return waiting.Load() == 4 })
	// Now others come, of two groups.
	id := s.grouped(60, "fast", "quick")
	s.await("everybody else's mail", func() bool { return len(r.copies()) == 120 })
	if n := waiting.Load(); n != 4 {
		t.Errorf("%d of the slow group were on their way, want 4", n)
	}
	close(stuck)
	s.await("the slow group's mail", func() bool { return s.counts(first)[delivery.Sent]+s.counts(id)[delivery.Sent] == 200 })
	stop()
}

func TestAPauseStopsOneGroupAndResumesByItself(t *testing.T) {
	s := newScene(t)
	id := s.grouped(30, "qq", "rest")
	refusing, tried := true, atomic.Int64{}
	qq := isTo("qq")
	r := &relay{names: []string{"relay:25"}, answer: func(m delivery.Message) delivery.Outcome {
		if !qq(m) {
			return delivery.Outcome{Class: delivery.Delivered, Code: 250, Relay: "relay:25"}
		}
		tried.Add(1)
		if refusing {
			return delivery.Outcome{Class: delivery.Temporary, Code: 550, Relay: "relay:25", Pause: 10 * time.Minute, Reply: "frequency limited"}
		}
		return delivery.Outcome{Class: delivery.Delivered, Code: 250, Relay: "relay:25"}
	}}
	drain := func() {
		t.Helper()
		if err := s.worker(r, budget("qq", delivery.Budget{PerMinute: 60, Burst: 1000})).Drain(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	drain()
	counts := s.counts(id)
	if n := tried.Load(); n > 4 || counts[delivery.Sent] != 30 || counts.Open() != 30 {
		t.Fatalf("%d of the paused group were tried, counts %v: want at most one a connection, and the others sent", n, counts)
	}
	s.brake("qq", delivery.Pausing, 1, 10*time.Minute)

	// The probe alone goes out, and is refused: an hour.
	s.clock.Advance(10 * time.Minute)
	before := tried.Load()
	drain()
	if n := tried.Load() - before; n != 1 {
		t.Fatalf("%d tried after the pause, want one probe", n)
	}
	s.brake("qq", delivery.Pausing, 2, time.Hour)

	// The next probe gets through, and everybody after it.
	refusing = false
	s.clock.Advance(time.Hour)
	drain()
	drain() // retries that were not due yet when the probe began
	if counts := s.counts(id); counts[delivery.Sent] != 60 {
		t.Fatalf("Counts = %v, want everybody sent", counts)
	}
	s.brake("qq", delivery.Easing, 2, time.Hour)
	for range 2 {
		s.clock.Advance(time.Hour)
		drain()
	}
	if all, err := s.store.Brakes(t.Context()); err != nil || len(all) != 0 {
		t.Errorf("Brakes = %v, %v after two quiet hours, want none", all, err)
	}
}

// brake demands that a group has one brake.
func (s *scene) brake(g delivery.Group, stage delivery.BrakeStage, level int, left time.Duration) {
	s.t.Helper()
	all, err := s.store.Brakes(s.t.Context())
	if err != nil || len(all) != 1 {
		s.t.Fatalf("Brakes = %v, %v, want one", all, err)
	}
	b := all[0]
	if b.Group != g || b.Stage != stage || b.Level != level || b.Until.Sub(s.clock.Now()) != left {
		s.t.Fatalf("brake %s of %s at level %d for %s, want %s of %s, %d, %s", b.Stage, b.Group, b.Level, b.Until.Sub(s.clock.Now()), stage, g, level, left)
	}
}

func TestAPauseAtOneRelayLeavesTheOthers(t *testing.T) {
	s := newScene(t)
	id := s.grouped(30, "qq")
	var by sync.Map
	r := &relay{names: []string{"a:25", "b:25"}, answer: func(m delivery.Message) delivery.Outcome {
		name := "a:25"
		if len(m.Relays) > 0 {
			name = m.Relays[0]
		}
		n, _ := by.LoadOrStore(name, new(atomic.Int64))
		n.(*atomic.Int64).Add(1)
		if name == "a:25" {
			return delivery.Outcome{Class: delivery.Temporary, Code: 550, Relay: name, Pause: 10 * time.Minute}
		}
		return delivery.Outcome{Class: delivery.Delivered, Code: 250, Relay: name}
	}}
	w := s.worker(r, budget("qq", delivery.Budget{PerMinute: 60, Burst: 1000}))
	if err := w.Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
	a, _ := by.Load("a:25")
	if n := a.(*atomic.Int64).Load(); n > 4 {
		t.Errorf("%d went to the relay that pauses, want at most one a connection", n)
	}
	counts := s.counts(id)
	if counts[delivery.Sent] < 26 || counts[delivery.Sent]+counts[delivery.Retry] != 30 {
		t.Errorf("Counts = %v, want all but those that met the refusal sent", counts)
	}
}

// TestAPauseWhereTheOtherRelayIsDown leaves one group without a way out: it
// waits, the others go, and a run that drains ends.
func TestAPauseWhereTheOtherRelayIsDown(t *testing.T) {
	s := newScene(t)
	s.clock.run()
	id := s.grouped(30, "qq", "rest")
	qq := isTo("qq")
	r := &relay{names: []string{"a:25", "b:25"}, down: "b:25", answer: func(m delivery.Message) delivery.Outcome {
		switch {
		case len(m.Relays) > 0 && m.Relays[0] == "b:25":
			return delivery.Outcome{Class: delivery.Unreachable, Reply: "b:25: connection refused"}
		case qq(m):
			return delivery.Outcome{Class: delivery.Temporary, Code: 550, Relay: "a:25", Pause: 10 * time.Minute}
		}
		return delivery.Outcome{Class: delivery.Delivered, Code: 250, Relay: "a:25"}
	}}
	if err := s.worker(r).Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
	if counts := s.counts(id); counts[delivery.Sent] != 30 || counts.Open() != 30 {
		t.Errorf("Counts = %v, want the others sent and the group waiting", counts)
	}
}

func TestConnectionsOfAGroupAreShared(t *testing.T) {
	s := newScene(t)
	s.clock.run()
	id := s.grouped(60, "qq")
	var now, most atomic.Int64
	r := &relay{answer: func(delivery.Message) delivery.Outcome {
		n := now.Add(1)
		defer now.Add(-1)
		for old := most.Load(); n > old && !most.CompareAndSwap(old, n); old = most.Load() {
		}
		<-time.After(3 * time.Millisecond)
		return delivery.Outcome{Class: delivery.Delivered, Code: 250}
	}}
	limit := budget("qq", delivery.Budget{Connections: 3})
	var workers sync.WaitGroup
	for i := range 3 {
		store := openStore(t, s.path, s.clock)
		workers.Go(func() {
			w := s.worker(r, limit, func(o *delivery.WorkerOptions) {
				o.Connections, o.Poll = 1+i, 10*time.Millisecond
				o.Queue, o.Editions, o.Letters, o.Pacer = store, store, store, store
			})
			if err := w.Drain(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	workers.Wait()
	if n := most.Load(); n > 3 {
		t.Errorf("%d on their way at a time, want at most 3", n)
	}
	if counts := s.counts(id); counts[delivery.Sent] != 60 || len(r.got) != 60 {
		t.Errorf("Counts = %v and %d mails, want 60 of each", counts, len(r.got))
	}
}

func TestRateHoldsForAllWorkersTogether(t *testing.T) {
	s := newScene(t)
	s.clock.run()
	id := s.grouped(60, "qq", "rest")
	r := &relay{}
	began := time.Now()
	const each = 10 * time.Millisecond
	limit := budget("qq", delivery.Budget{PerMinute: int(time.Minute / each), Burst: 5})
	var workers sync.WaitGroup
	for range 2 {
		store := openStore(t, s.path, s.clock)
		workers.Go(func() {
			w := s.worker(r, limit, func(o *delivery.WorkerOptions) {
				o.Queue, o.Editions, o.Letters, o.Pacer = store, store, store, store
			})
			if err := w.Drain(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	workers.Wait()
	if took := time.Since(began); took < 55*each {
		t.Errorf("60 of a group took %s, want at least %s", took, 55*each)
	}
	if counts := s.counts(id); counts[delivery.Sent] != 120 || len(r.got) != 120 {
		t.Errorf("Counts = %v and %d mails, want 120 of each", counts, len(r.got))
	}
}
