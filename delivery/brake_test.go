package delivery_test

import (
	"testing"
	"time"

	"github.com/enshi-daily/enshi/delivery"
)

func TestBrakePausesLongerEachTime(t *testing.T) {
	now := time.Date(2026, 11, 24, 8, 0, 0, 0, time.UTC)
	var b delivery.Brake
	for i, want := range []time.Duration{10 * time.Minute, time.Hour, 6 * time.Hour, 24 * time.Hour, 24 * time.Hour} {
		b = b.Hit(now, 10*time.Minute, "slow down")
		if b.Stage != delivery.Pausing || b.Level != i+1 || b.Until.Sub(now) != want {
			t.Fatalf("hit %d: %s, level %d, %s, want a pause of %s", i+1, b.Stage, b.Level, b.Until.Sub(now), want)
		}
		if again := b.Hit(now.Add(time.Second), 10*time.Minute, "slow down"); again != b {
			t.Fatalf("what was on its way made it %v", again)
		}
		if _, due := b.Probe(b.Until.Add(-1)); due {
			t.Fatal("a probe before the pause is over")
		}
		now = b.Until
		var ok bool
		if b, ok = b.Probe(now); !ok || b.Stage != delivery.Probing {
			t.Fatalf("no probe after the pause: %v", b)
		}
		if _, twice := b.Probe(now); twice {
			t.Fatal("a second probe while the first is on its way")
		}
	}
}

func TestBrakeEasesStepByStep(t *testing.T) {
	now := time.Date(2026, 11, 24, 8, 0, 0, 0, time.UTC)
	b := delivery.Brake{Stage: delivery.Probing, Level: 2}.Passed(now)
	if _, due := b.Ease(now.Add(time.Hour - 1)); due || b.Shut() {
		t.Fatalf("eased too early: %v", b)
	}
	one, due := b.Ease(now.Add(time.Hour))
	if !due || one.Level != 1 || one.Stage != delivery.Easing {
		t.Fatalf("after an hour: %v", one)
	}
	hit := one.Hit(now.Add(90*time.Minute), 10*time.Minute, "again")
	if hit.Level != 2 || hit.Until.Sub(now.Add(90*time.Minute)) != time.Hour {
		t.Fatalf("a complaint while it eases: %v", hit)
	}
	two, due := one.Ease(now.Add(2 * time.Hour))
	if !due || two.Stage != delivery.Off {
		t.Fatalf("after two hours: %v", two)
	}
	if late, _ := b.Ease(now.Add(100 * time.Hour)); late.Until.Sub(now) != 101*time.Hour {
		t.Fatalf("after a long sleep the next step is at once: %v", late)
	}
}

func TestBrakesThatNobodyCaresForAreForgotten(t *testing.T) {
	now := time.Date(2026, 11, 24, 8, 0, 0, 0, time.UTC)
	failing := delivery.Brake{Relay: "a:25", Group: delivery.WholeRelay, Stage: delivery.Pausing, Until: now.Add(-11 * time.Minute)}
	group := delivery.Brake{Relay: "a:25", Group: "qq", Stage: delivery.Pausing, Until: now.Add(-11 * time.Minute)}
	old := delivery.Brake{Relay: "b:25", Group: "qq", Stage: delivery.Pausing, Until: now.Add(-8 * 24 * time.Hour)}
	if got := delivery.Standing([]delivery.Brake{failing, group, old}, now); len(got) != 1 || got[0] != group {
		t.Errorf("Standing = %v, want the group's pause alone", got)
	}

	s := newScene(t)
	for _, b := range []delivery.Brake{failing, old} {
		b.Until = s.clock.Now().Add(-30 * 24 * time.Hour)
		if set, err := s.store.SetBrake(t.Context(), b); err != nil || !set {
			t.Fatal(set, err)
		}
	}
	if err := s.worker(&relay{names: []string{"a:25"}}).Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
	if all, err := s.store.Brakes(t.Context()); err != nil || len(all) != 0 {
		t.Errorf("Brakes = %v, %v after a worker ran, want none", all, err)
	}
}
