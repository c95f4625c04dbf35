package delivery_test

import (
	"slices"
	"testing"
	"time"

	"github.com/enshi-daily/enshi/delivery"
	"github.com/enshi-daily/enshi/digest"
	"github.com/enshi-daily/enshi/posts"
	"github.com/enshi-daily/enshi/subscribers"
)

// TestWhatAKilledPlannerLeftIsTakenUp leaves an edition at a stage of planning,
// lets another post arrive, and runs the cadence once: the edition is planned to
// its end, and the new post is not kept waiting for the run after that.
func TestWhatAKilledPlannerLeftIsTakenUp(t *testing.T) {
	const daily = subscribers.Daily
	runs := []struct {
		name, now string
		run       func(*delivery.Planner, *testing.T) (delivery.Report, bool, error)
		second    bool // opens an edition of its own, too
	}{
		{"by hand", "2026-11-25 07:31", func(p *delivery.Planner, t *testing.T) (delivery.Report, bool, error) {
			return p.Plan(t.Context(), daily)
		}, true},
		{"by the calendar", "2026-11-25 07:31", func(p *delivery.Planner, t *testing.T) (delivery.Report, bool, error) {
			return p.Scheduled(t.Context(), daily)
		}, true},
		{"too late for another", "2026-11-25 23:00", func(p *delivery.Planner, t *testing.T) (delivery.Report, bool, error) {
			return p.Scheduled(t.Context(), daily)
		}, false},
	}
	for _, planned := range []bool{false, true} {
		for _, tt := range runs {
			t.Run(map[bool]string{false: "nobody planned ", true: "everybody planned "}[planned]+tt.name, func(t *testing.T) {
				s, planner, set := calendar(t, "Asia/Shanghai", "2026-11-24 07:00")
				s.join("all", daily)
				s.arrive("早", posts.Tag("茶叶"))
				set("2026-11-24 07:31")
				left := s.leave(planned)
				set("2026-11-25 07:00")
				s.arrive("晚", posts.Tag("茶叶"))
				set(tt.now)
				if _, ok, err := tt.run(planner, t); !ok || err != nil {
					t.Fatalf("the next run = %t, %v, want what was left planned to its end", ok, err)
				}
				checkTakenUp(t, s, left, tt.second)
			})
		}
	}
}

// leave opens an edition and lets its planner be killed before the end, with or
// without everybody planned.
func (s *scene) leave(planned bool) delivery.Edition {
	s.t.Helper()
	e := delivery.Edition{ID: "daily-20261124-1", Cadence: subscribers.Daily, Mark: 1, Slot: s.clock.Now(), Scheduled: true, Opened: s.clock.Now()}
	e, err := s.store.Open(s.t.Context(), e)
	if err != nil {
		s.t.Fatal(err)
	}
	if !planned {
		return e
	}
	some, err := s.store.Candidates(s.t.Context(), e, 0, "", 10)
	if err != nil || len(some) != 1 {
		s.t.Fatalf("Candidates = %d, %v, want one", len(some), err)
	}
	one := some[0].Subscriber
	letter := digest.Letter{ID: "letter", Edition: e.ID, Cadence: e.Cadence, Language: one.Language, Entries: []digest.Entry{{Number: 1, Title: "早"}}}
	data, err := delivery.EncodeLetter(letter, []byte("早\n"))
	if err != nil {
		s.t.Fatal(err)
	}
	if err := s.store.PutLetter(s.t.Context(), e.ID, letter.ID, data); err != nil {
		s.t.Fatal(err)
	}
	choice := delivery.Choice{Subscriber: one.ID, Version: one.Version, Cursor: one.Cursor, Letter: letter.ID, Group: "other"}
	if _, err := s.store.Plan(s.t.Context(), e, 0, []delivery.Choice{choice}); err != nil {
		s.t.Fatal(err)
	}
	return e
}

func checkTakenUp(t *testing.T, s *scene, left delivery.Edition, second bool) {
	t.Helper()
	editions, err := s.store.Editions(t.Context(), 10)
	if err != nil {
		t.Fatal(err)
	}
	want := 1
	if second {
		want = 2
	}
	if len(editions) != want || slices.ContainsFunc(editions, func(e delivery.Edition) bool { return e.Stage != delivery.StageSending }) {
		t.Fatalf("editions %+v, want %d, planned to the end", editions, want)
	}
	for _, e := range editions {
		if n := s.counts(e.ID).Total(); n != 1 {
			t.Errorf("%s has %d deliveries, want 1", e.ID, n)
		}
	}
	if oldest := editions[len(editions)-1]; oldest.ID != left.ID {
		t.Errorf("the first edition is %s, want %s", oldest.ID, left.ID)
	}
	if second && editions[0].Opened.Sub(left.Opened) < 23*time.Hour {
		t.Errorf("the second edition was opened at %v", editions[0].Opened)
	}
}
