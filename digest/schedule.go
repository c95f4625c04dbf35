package digest

import (
	"time"

	"github.com/enshi-daily/enshi/subscribers"
)

// Schedule is the calendar of the cadences, in the site's zone. The zero value
// is of no use: see DefaultSchedule.
type Schedule struct {
	Zone    *time.Location
	Hour    int // of daily and weekly editions, local time
	Minute  int
	Weekday time.Weekday  // of weekly editions
	Quiet   time.Duration // an instant edition waits until nothing arrived for so long
	// MaxLateness is how long after its moment a scheduled edition may still
	// go out; later, its posts go with the next one.
	MaxLateness map[subscribers.Cadence]time.Duration
}

// DefaultSchedule is daily at 07:30 and weekly on Monday at 07:30, late by at
// most 6 hours and 2 days, and ten quiet minutes for instant.
func DefaultSchedule(zone *time.Location) Schedule {
	return Schedule{
		Zone: zone, Hour: 7, Minute: 30, Weekday: time.Monday, Quiet: 10 * time.Minute,
		MaxLateness: map[subscribers.Cadence]time.Duration{
			subscribers.Daily:  6 * time.Hour,
			subscribers.Weekly: 48 * time.Hour,
		},
	}
}

// Slot returns the latest moment at or before now at which an edition of the
// cadence was due: for instant, now itself.
func (s Schedule) Slot(c subscribers.Cadence, now time.Time) time.Time {
	if c == subscribers.Instant {
		return now
	}
	day := now.In(s.Zone)
	for back := 0; ; back++ {
		// time.Date normalises a local time that a clock change skips.
		slot := time.Date(day.Year(), day.Month(), day.Day()-back, s.Hour, s.Minute, 0, 0, s.Zone)
		if !slot.After(now) && (c == subscribers.Daily || slot.Weekday() == s.Weekday) {
			return slot
		}
	}
}

// Next returns the first moment after now at which an edition of a scheduled
// cadence is due. Instant has no such moment: the zero time.
func (s Schedule) Next(c subscribers.Cadence, now time.Time) time.Time {
	if c == subscribers.Instant {
		return time.Time{}
	}
	day := now.In(s.Zone)
	for ahead := 0; ; ahead++ {
		slot := time.Date(day.Year(), day.Month(), day.Day()+ahead, s.Hour, s.Minute, 0, 0, s.Zone)
		if slot.After(now) && (c == subscribers.Daily || slot.Weekday() == s.Weekday) {
			return slot
		}
	}
}

// Late says whether an edition due at slot is too late at now to go out.
func (s Schedule) Late(c subscribers.Cadence, slot, now time.Time) bool {
	limit, ok := s.MaxLateness[c]
	return ok && now.Sub(slot) > limit
}
