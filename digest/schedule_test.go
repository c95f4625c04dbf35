package digest_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/enshi-daily/enshi/digest"
	"github.com/enshi-daily/enshi/subscribers"
)

// TestSlotWhenClocksChange has the hour of the digest skipped, and shown twice.
func TestSlotWhenClocksChange(t *testing.T) {
	for _, tt := range []struct {
		zone         string
		hour, minute int
		day          string // in the evening of which
		want         string
	}{
		{"Asia/Shanghai", 7, 30, "2026-03-29", "2026-03-29T07:30:00+08:00"},
		{"America/New_York", 7, 30, "2026-03-08", "2026-03-08T07:30:00-04:00"},
		{"America/New_York", 2, 30, "2026-03-08", "2026-03-08T03:00:00-04:00"},
		{"America/New_York", 1, 59, "2026-03-08", "2026-03-08T01:59:00-05:00"},
		{"America/New_York", 1, 30, "2026-11-01", "2026-11-01T01:30:00-04:00"},
		{"America/New_York", 2, 0, "2026-11-01", "2026-11-01T02:00:00-05:00"},
		{"Europe/Berlin", 2, 30, "2026-03-29", "2026-03-29T03:00:00+02:00"},
		{"Europe/Berlin", 2, 30, "2026-10-25", "2026-10-25T02:30:00+02:00"},
		{"Australia/Lord_Howe", 2, 15, "2026-10-04", "2026-10-04T02:30:00+11:00"},
		{"Australia/Lord_Howe", 1, 45, "2026-04-05", "2026-04-05T01:45:00+11:00"},
		{"America/Sao_Paulo", 0, 10, "2018-11-04", "2018-11-04T01:00:00-02:00"}, // midnight is skipped
		{"America/Sao_Paulo", 23, 30, "2018-02-17", "2018-02-17T23:30:00-02:00"},
		{"Pacific/Apia", 7, 30, "2011-12-29", "2011-12-29T07:30:00-10:00"},
	} {
		s := digest.DefaultSchedule(zone(t, tt.zone))
		s.Hour, s.Minute = tt.hour, tt.minute
		day, err := time.Parse("2006-01-02", tt.day)
		if err != nil {
			t.Fatal(err)
		}
		evening := time.Date(day.Year(), day.Month(), day.Day(), 23, 59, 0, 0, s.Zone)
		if got := s.Slot(subscribers.Daily, evening).Format(time.RFC3339); got != tt.want {
			t.Errorf("%s, %02d:%02d on %s: Slot = %s, want %s", tt.zone, tt.hour, tt.minute, tt.day, got, tt.want)
		}
	}
}

// TestWeeklyOnADayThatIsSkipped has no Friday: Samoa went over the date line.
func TestWeeklyOnADayThatIsSkipped(t *testing.T) {
	s := digest.DefaultSchedule(zone(t, "Pacific/Apia"))
	s.Weekday = time.Friday
	now := time.Date(2011, 12, 31, 12, 0, 0, 0, s.Zone)
	if got, want := s.Slot(subscribers.Weekly, now).Format(time.RFC3339), "2011-12-31T00:00:00+14:00"; got != want {
		t.Errorf("Slot = %s, want %s", got, want)
	}
}

// oddZones change their clocks in every way there is.
var oddZones = []string{
	"UTC", "Asia/Shanghai", "America/New_York", "Europe/Berlin", "Europe/London", "Europe/Dublin", "Australia/Lord_Howe",
	"Australia/Sydney", "America/Sao_Paulo", "America/St_Johns", "America/Havana", "America/Asuncion", "America/Santiago",
	"America/Scoresbysund", "America/Caracas", "Asia/Kathmandu", "Asia/Kolkata", "Asia/Tehran", "Asia/Beirut", "Asia/Amman", "Asia/Gaza",
	"Asia/Pyongyang", "Africa/Cairo", "Africa/Casablanca", "Africa/El_Aaiun", "Atlantic/Azores", "Antarctica/Troll", "Antarctica/Casey",
	"Pacific/Apia", "Pacific/Kwajalein", "Pacific/Kiritimati", "Pacific/Chatham", "Pacific/Auckland", "Pacific/Easter",
}

// TestScheduleAgainstACalendar compares moments with what a walk through all
// minutes finds.
func TestScheduleAgainstACalendar(t *testing.T) {
	random := rand.New(rand.NewPCG(7, 30))
	for range 1000 {
		name := oddZones[random.IntN(len(oddZones))]
		s := digest.DefaultSchedule(zone(t, name))
		s.Hour, s.Minute, s.Weekday = random.IntN(24), 5*random.IntN(12), time.Weekday(random.IntN(7))
		now := time.Date(1990, 1, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(random.Int64N(50*365*24*60)) * time.Minute)
		if random.IntN(2) == 0 { // near a change of clocks
			if _, end := now.In(s.Zone).ZoneBounds(); !end.IsZero() {
				now = end.Add(time.Duration(random.IntN(4*24*60)-2*24*60) * time.Minute)
			}
		}
		for _, c := range []subscribers.Cadence{subscribers.Daily, subscribers.Weekly} {
			before, after := calendar(s, c, now)
			if got := s.Slot(c, now); !got.Equal(before) {
				t.Fatalf("%s %02d:%02d %s: Slot(%s, %s) = %s, want %s", name, s.Hour, s.Minute, s.Weekday, c, now, got, before)
			}
			if got := s.Next(c, now); !got.Equal(after) {
				t.Fatalf("%s %02d:%02d %s: Next(%s, %s) = %s, want %s", name, s.Hour, s.Minute, s.Weekday, c, now, got, after)
			}
		}
	}
}

// calendar walks through the minutes around now, and notes for each date of the
// calendar when clocks first showed the hour or a later one.
func calendar(s digest.Schedule, c subscribers.Cadence, now time.Time) (before, after time.Time) {
	begin := now.Truncate(time.Minute).Add(-10 * 24 * time.Hour)
	seen := local(begin, s.Zone)
	for at := begin; ; at = at.Add(time.Minute) {
		clock := local(at, s.Zone)
		if !clock.After(seen) {
			continue
		}
		// Every date's hour in (seen, clock] is first reached now.
		for day := seen.Truncate(24 * time.Hour); !day.After(clock); day = day.AddDate(0, 0, 1) {
			due := day.Add(time.Duration(s.Hour)*time.Hour + time.Duration(s.Minute)*time.Minute)
			if !due.After(seen) || due.After(clock) || c == subscribers.Weekly && day.Weekday() != s.Weekday {
				continue
			}
			if at.After(now) {
				return before, at
			}
			before = at
		}
		seen = clock
	}
}

// local is what clocks show, as if it were in UTC.
func local(t time.Time, zone *time.Location) time.Time {
	_, east := t.In(zone).Zone()
	return t.UTC().Add(time.Duration(east) * time.Second)
}

// TestEveryDayHasOneSlot looks at the schedule as a daemon does, at odd times
// for years.
func TestEveryDayHasOneSlot(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for _, name := range []string{"America/New_York", "Europe/Berlin", "Asia/Shanghai", "Australia/Lord_Howe", "Africa/Casablanca"} {
		s := digest.DefaultSchedule(zone(t, name))
		s.Hour, s.Minute = 2, 15
		now := time.Date(2024, 1, 1, 0, 0, 0, 0, s.Zone)
		last := s.Slot(subscribers.Daily, now)
		slots := 0
		for end := now.AddDate(4, 0, 0); now.Before(end); now = now.Add(time.Duration(random.IntN(180)+1) * time.Minute) {
			slot := s.Slot(subscribers.Daily, now)
			if slot.Equal(last) {
				continue
			}
			if gap := slot.Sub(last); gap < 22*time.Hour || gap > 26*time.Hour {
				t.Fatalf("%s: %s follows %s", name, slot, last)
			}
			if next := s.Next(subscribers.Daily, last); !next.Equal(slot) {
				t.Fatalf("%s: Next(%s) = %s, and then came %s", name, last, next, slot)
			}
			last = slot
			slots++
		}
		if slots != 4*365+1 {
			t.Errorf("%s: %d slots in four years, want %d", name, slots, 4*365+1)
		}
	}
}
