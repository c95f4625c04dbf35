package delivery_test

import (
	"errors"
	"testing"
	"time"

	"github.com/enshi-daily/enshi/delivery"
)

// TestAProbeGivesNothingBack: it was granted nothing that it could.
func TestAProbeGivesNothingBack(t *testing.T) {
	s := newScene(t)
	s.grouped(2, "qq")
	limited := delivery.Budget{PerMinute: 1, Burst: 1}
	answer := delivery.Outcome{Class: delivery.Temporary, Code: 550, Relay: "relay:25", Pause: 10 * time.Minute, Reply: "frequency limited"}
	r := &relay{names: []string{"relay:25"}, answer: func(delivery.Message) delivery.Outcome { return answer }}
	if err := s.worker(r, budget("qq", limited)).Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.clock.Advance(10 * time.Minute)
	if n, _, err := s.store.Take(t.Context(), "qq", limited, 1); n != 1 || err != nil {
		t.Fatalf("Take = %d, %v, want all that there is", n, err)
	}
	answer = delivery.Outcome{Class: delivery.Unreachable, Reply: "connection refused"}
	if err := s.worker(r, budget("qq", limited)).Drain(t.Context()); err != nil && !errors.Is(err, delivery.ErrUnreachable) {
		t.Fatal(err)
	}
	if n, _, err := s.store.Take(t.Context(), "qq", limited, 1); n != 0 || err != nil {
		t.Errorf("Take after a probe that found no relay = %d, %v, want nothing", n, err)
	}
}

// TestAProbeThatNobodyTookUp stops a worker whose one turn is taken while a probe
// waits for it: it gives no budget back, and another may go soon.
func TestAProbeThatNobodyTookUp(t *testing.T) {
	s := newScene(t)
	s.grouped(1, "busy", "qq")
	limited := delivery.Budget{PerMinute: 1, Burst: 1}
	pausing := delivery.Brake{Relay: "relay:25", Group: "qq", Stage: delivery.Pausing, Level: 1, Until: s.clock.Now().Add(10 * time.Minute)}
	if set, err := s.store.SetBrake(t.Context(), pausing); err != nil || !set {
		t.Fatal(set, err)
	}
	busy, begun, stuck := isTo("busy"), make(chan struct{}), make(chan struct{})
	r := &relay{names: []string{"relay:25"}, answer: func(m delivery.Message) delivery.Outcome {
		if busy(m) {
			close(begun)
			<-stuck
		}
		return delivery.Outcome{Class: delivery.Delivered, Code: 250, Relay: "relay:25"}
	}}
	stop := s.run(s.worker(r, budget("qq", limited), func(o *delivery.WorkerOptions) {
		o.Connections, o.Poll, o.Slow = 1, 10*time.Millisecond, time.Hour
	}))
	<-begun
	s.clock.Advance(10 * time.Minute)
	if n, _, err := s.store.Take(t.Context(), "qq", limited, 1); n != 1 || err != nil {
		t.Fatalf("Take = %d, %v, want all that there is", n, err)
	}
	stage := func(want delivery.BrakeStage) func() bool {
		return func() bool {
			all, err := s.store.Brakes(t.Context())
			return err == nil && len(all) == 1 && all[0].Stage == want
		}
	}
	s.await("the probe", stage(delivery.Probing))
	time.AfterFunc(time.Second, func() { close(stuck) }) // once the worker hands nothing out any more
	stop()
	if n, _, err := s.store.Take(t.Context(), "qq", limited, 1); n != 0 || err != nil {
		t.Errorf("Take after the stop = %d, %v, want nothing", n, err)
	}
	s.brake("qq", delivery.Pausing, 1, time.Minute)
}
