package delivery_test

import (
	"strings"
	"testing"
	"time"

	"github.com/enshi-daily/enshi/delivery"
	"github.com/enshi-daily/enshi/digest"
	"github.com/enshi-daily/enshi/posts"
	"github.com/enshi-daily/enshi/subscribers"
)

// calendar is a scene with a planner in a zone, its clock set to a local time.
func calendar(t *testing.T, zone, now string) (*scene, *delivery.Planner, func(local string)) {
	t.Helper()
	s := newScene(t)
	z, err := time.LoadLocation(zone)
	if err != nil {
		t.Fatal(err)
	}
	set := func(local string) {
		t.Helper()
		at, err := time.ParseInLocation("2006-01-02 15:04", local, z)
		if err != nil {
			t.Fatal(err)
		}
		s.clock.Advance(at.Sub(s.clock.Now()))
	}
	set(now)
	planner := delivery.NewPlanner(delivery.PlannerOptions{
		Planning: s.store, Log: s.store, Editions: s.store, Renderer: s.print, Schedule: digest.DefaultSchedule(z),
		LetterID: s.keys.LetterID, Group: func(subscribers.Address) delivery.Group { return "other" },
		Now: s.clock.Now, Logger: quiet(),
	})
	return s, planner, set
}

func (s *scene) scheduled(p *delivery.Planner, c subscribers.Cadence) (delivery.Report, bool) {
	s.t.Helper()
	r, ok, err := p.Scheduled(s.t.Context(), c)
	if err != nil {
		s.t.Fatal(err)
	}
	return r, ok
}

func TestLateEditionsAreFolded(t *testing.T) {
	for _, tt := range []struct {
		name, zone  string
		cadence     subscribers.Cadence
		joined      string // local time of sign-up and of a post
		inTime      string // the last minute at which the edition still goes out
		late        string
		said        string
		next, first string // the next edition's day and its first minute
	}{
		{"daily", "Asia/Shanghai", subscribers.Daily, "2026-11-24 07:00", "2026-11-24 13:30", "2026-11-24 13:31", "07:30 CST is 6h1m0s late", "20261125", "2026-11-25 07:30"},
		{"weekly", "Asia/Shanghai", subscribers.Weekly, "2026-11-22 07:00", "2026-11-25 07:30", "2026-11-25 07:31", "is 48h1m0s late, more than 48h0m0s", "20261130", "2026-11-30 07:30"},
		{"daily on a day of 23 hours", "Europe/Berlin", subscribers.Daily, "2027-03-28 01:00", "2027-03-28 13:30", "2027-03-28 13:31", "07:30 CEST is 6h1m0s late", "20270329", "2027-03-29 07:30"},
		{"daily on a day of 25 hours", "Europe/Berlin", subscribers.Daily, "2026-10-25 00:30", "2026-10-25 13:30", "2026-10-25 13:31", "07:30 CET is 6h1m0s late", "20261026", "2026-10-26 07:30"},
		{"weekly over a change of the clock", "Europe/Berlin", subscribers.Weekly, "2026-10-19 07:00", "2026-10-21 07:30", "2026-10-21 07:31", "07:30 CEST is 48h1m0s late", "20261026", "2026-10-26 07:30"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Run("in time", func(t *testing.T) {
				s, p, set := calendar(t, tt.zone, tt.joined)
				s.join("all", tt.cadence)
				s.arrive("早")
				set(tt.inTime)
				if r, ok := s.scheduled(p, tt.cadence); !ok || r.Queued != 1 || r.Folded != nil {
					t.Errorf("Scheduled = %+v, %t, want an edition", r, ok)
				}
			})
			s, p, set := calendar(t, tt.zone, tt.joined)
			s.join("all", tt.cadence)
			s.arrive("早")
			set(tt.late)
			r, ok := s.scheduled(p, tt.cadence)
			if ok || r.Folded == nil || !strings.Contains(r.Folded.String(), tt.said) || !strings.Contains(r.Folded.String(), "at "+tt.first) {
				t.Fatalf("Scheduled = %t, %q, want it folded: %s, next at %s", ok, r.Folded, tt.said, tt.first)
			}
			if r, ok := s.scheduled(p, tt.cadence); ok || r.Folded != nil {
				t.Errorf("again: %t, %v, want silence", ok, r.Folded)
			}
			set(tt.first)
			if r, ok := s.scheduled(p, tt.cadence); !ok || r.Queued != 1 || !strings.Contains(r.Edition.ID, tt.next) {
				t.Errorf("the next: %+v, %t, want the post in the edition of %s", r, ok, tt.next)
			}
		})
	}
}

func TestNothingIsFoldedWithoutNeed(t *testing.T) {
	t.Run("nobody has anything pending", func(t *testing.T) {
		s, p, set := calendar(t, "Asia/Shanghai", "2026-11-24 07:00")
		s.arrive("早")
		s.join("all", subscribers.Daily)
		set("2026-11-24 20:00")
		if r, ok := s.scheduled(p, subscribers.Daily); ok || r.Folded != nil {
			t.Errorf("Scheduled = %t, %v, want nothing", ok, r.Folded)
		}
	})
	t.Run("the edition ran, and a post came after it", func(t *testing.T) {
		s, p, set := calendar(t, "Asia/Shanghai", "2026-11-24 07:00")
		s.join("all", subscribers.Daily)
		s.arrive("早", posts.Tag("茶叶"))
		set("2026-11-24 07:30")
		s.scheduled(p, subscribers.Daily)
		set("2026-11-24 20:00")
		s.arrive("晚")
		if r, ok := s.scheduled(p, subscribers.Daily); ok || r.Folded != nil {
			t.Errorf("Scheduled = %t, %v, want nothing", ok, r.Folded)
		}
	})
}

// TestScheduledOverClockChanges lets a planner look every ten minutes for two
// weeks in which the clock changes: one edition a day, whatever the night had.
func TestScheduledOverClockChanges(t *testing.T) {
	for _, start := range []string{"2026-10-18 12:00", "2027-03-21 12:00"} {
		s, p, _ := calendar(t, "Europe/Berlin", start)
		s.join("all", subscribers.Daily)
		editions := 0
		for range 14 * 24 * 6 {
			s.clock.Advance(10 * time.Minute)
			if s.clock.Now().Minute() == 0 && s.clock.Now().Hour() == 12 {
				s.arrive(s.clock.Now().String())
			}
			if r, ok := s.scheduled(p, subscribers.Daily); ok && r.Queued == 1 {
				editions++
			} else if r.Folded != nil && editions > 0 {
				t.Errorf("folded: %s", r.Folded)
			}
		}
		if editions != 13 && editions != 14 {
			t.Errorf("from %s: %d editions with a post in 14 days", start, editions)
		}
	}
}

// TestDigestByHandIsThatOfItsDay has an operator send the daily digest before its
// moment: a post that comes after that waits for the next day.
func TestDigestByHandIsThatOfItsDay(t *testing.T) {
	s, p, set := calendar(t, "Asia/Shanghai", "2026-11-24 07:00")
	s.join("all", subscribers.Daily)
	s.arrive("早")
	if r, ok, err := p.Plan(t.Context(), subscribers.Daily); err != nil || !ok || r.Queued != 1 {
		t.Fatalf("Plan = %+v, %t, %v", r, ok, err)
	}
	set("2026-11-24 07:30")
	s.scheduled(p, subscribers.Daily)
	s.arrive("晚")
	set("2026-11-24 08:10")
	if r, ok := s.scheduled(p, subscribers.Daily); ok {
		t.Errorf("Scheduled at 08:10 = %+v, want nothing", r)
	}
	set("2026-11-25 07:30")
	if r, ok := s.scheduled(p, subscribers.Daily); !ok || r.Queued != 1 {
		t.Errorf("Scheduled on the next day = %+v, %t, want the post", r, ok)
	}
}
