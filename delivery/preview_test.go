package delivery_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/enshi-daily/enshi/delivery"
	"github.com/enshi-daily/enshi/digest"
	"github.com/enshi-daily/enshi/subscribers"
)

// foreseen are the mails that a preview tells of, by subscriber and letter.
func foreseen(t *testing.T, preview func(context.Context, subscribers.Cadence, delivery.Mailed) error, c subscribers.Cadence) []string {
	t.Helper()
	list := []string{}
	err := preview(t.Context(), c, func(s subscribers.Subscriber, l digest.Letter) error {
		list = append(list, fmt.Sprint(s.ID, " ", l.Edition, " ", l.ID))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(list)
	return list
}

// planned are the deliveries of all editions, as foreseen lists them.
func (s *scene) planned() []string {
	s.t.Helper()
	list := []string{}
	editions, err := s.store.Editions(s.t.Context(), 1000)
	if err != nil {
		s.t.Fatal(err)
	}
	for _, e := range editions {
		for d, err := range s.store.Deliveries(s.t.Context(), e.ID) {
			if err != nil {
				s.t.Fatal(err)
			}
			list = append(list, fmt.Sprint(d.Subscriber, " ", d.Edition, " ", d.Letter))
		}
	}
	slices.Sort(list)
	return list
}

// TestPreviewForeseesWhatIsPlanned brings a ledger into many situations, and
// compares what a preview says with what is planned then.
func TestPreviewForeseesWhatIsPlanned(t *testing.T) {
	left := func(s *scene, p *delivery.Planner, set func(string)) {
		head, err := s.store.Head(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		now := s.clock.Now()
		e := delivery.Edition{ID: delivery.EditionID(subscribers.Daily, now, head), Cadence: subscribers.Daily, Mark: head, Slot: now, Opened: now}
		if _, err := s.store.Open(t.Context(), e); err != nil {
			t.Fatal(err)
		}
	}
	for name, tt := range map[string]struct {
		before func(s *scene, p *delivery.Planner, set func(string))
		due    int // mails by the calendar
		atOnce int
	}{
		"a digest is due": {func(s *scene, p *delivery.Planner, set func(string)) { set("2026-11-24 07:30") }, 2, 2},
		"it is late":      {func(s *scene, p *delivery.Planner, set func(string)) { set("2026-11-24 13:31") }, 0, 2},
		"it ran, and a post came": {func(s *scene, p *delivery.Planner, set func(string)) {
			set("2026-11-24 07:30")
			s.scheduled(p, subscribers.Daily)
			s.arrive("午")
		}, 0, 2},
		"a planner was killed, and a post came": {func(s *scene, p *delivery.Planner, set func(string)) {
			set("2026-11-24 07:30")
			left(s, p, set)
			s.arrive("午")
		}, 4, 4},
		"a planner was killed too long ago": {func(s *scene, p *delivery.Planner, set func(string)) {
			set("2026-11-24 07:30")
			left(s, p, set)
			set("2026-11-24 20:00")
			s.arrive("晚")
		}, 2, 4},
		"an operator cancelled it": {func(s *scene, p *delivery.Planner, set func(string)) {
			set("2026-11-24 07:30")
			left(s, p, set)
			if err := s.store.Cancel(t.Context(), "daily-20261124-1"); err != nil {
				t.Fatal(err)
			}
		}, 0, 0},
		"it ran before its moment": {func(s *scene, p *delivery.Planner, set func(string)) {
			if _, _, err := p.Plan(t.Context(), subscribers.Daily); err != nil {
				t.Fatal(err)
			}
			set("2026-11-24 07:30")
		}, 0, 0},
	} {
		for _, byCalendar := range []bool{true, false} {
			t.Run(fmt.Sprint(name, ", by the calendar: ", byCalendar), func(t *testing.T) {
				s, p, set := calendar(t, "Asia/Shanghai", "2026-11-24 07:00")
				s.join("a", subscribers.Daily)
				s.join("b", subscribers.Daily)
				s.join("c", subscribers.Weekly)
				s.arrive("早")
				tt.before(s, p, set)
				there, preview, run, want := s.planned(), p.Preview, p.Plan, tt.atOnce
				if byCalendar {
					preview, run, want = p.PreviewScheduled, p.Scheduled, tt.due
				}
				told := foreseen(t, preview, subscribers.Daily)
				if diff := cmp.Diff(there, s.planned()); diff != "" {
					t.Fatalf("the preview changed something:\n%s", diff)
				}
				if _, _, err := run(t.Context(), subscribers.Daily); err != nil {
					t.Fatal(err)
				}
				got := slices.DeleteFunc(s.planned(), func(one string) bool { return slices.Contains(there, one) })
				if diff := cmp.Diff(got, told); diff != "" || len(got) != want {
					t.Errorf("%d planned, want %d (-planned +foreseen):\n%s", len(got), want, diff)
				}
			})
		}
	}
}

// TestFoldedIsNotSaidAmongManyEditions has a weekly digest that ran, and since
// then more instant editions than are looked at first.
func TestFoldedIsNotSaidAmongManyEditions(t *testing.T) {
	s, p, set := calendar(t, "Asia/Shanghai", "2026-11-22 07:00")
	s.join("w", subscribers.Weekly)
	s.join("i", subscribers.Instant)
	s.arrive("先")
	set("2026-11-23 07:30")
	if r, ok := s.scheduled(p, subscribers.Weekly); !ok || r.Queued != 1 {
		t.Fatalf("Scheduled = %+v, %t", r, ok)
	}
	for i := range 60 {
		s.clock.Advance(10 * time.Minute)
		s.arrive(fmt.Sprint("文", i))
		if _, _, err := p.Plan(t.Context(), subscribers.Instant); err != nil {
			t.Fatal(err)
		}
	}
	set("2026-11-25 08:00")
	if r, ok := s.scheduled(p, subscribers.Weekly); ok || r.Folded != nil {
		t.Errorf("Scheduled = %t, %v, want nothing: it ran", ok, r.Folded)
	}
}
