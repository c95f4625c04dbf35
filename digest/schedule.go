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
	// From tomorrow on: clocks that are set back over midnight show a day again.
	for day := s.day(now, 1); ; day = day.AddDate(0, 0, -1) {
		if slot := s.moment(day); s.on(c, day) && !slot.After(now) {
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
	for day := s.day(now, 0); ; day = day.AddDate(0, 0, 1) {
		if slot := s.moment(day); s.on(c, day) && slot.After(now) {
			return slot
		}
	}
}

// day is the schedule's hour on the day that local calendars show at now, or
// some days later, as if it were in UTC.
func (s Schedule) day(now time.Time, later int) time.Time {
	year, month, day := now.In(s.Zone).Date()
	return time.Date(year, month, day+later, s.Hour, s.Minute, 0, 0, time.UTC)
}

// on says whether an edition of a scheduled cadence is due on a day.
func (s Schedule) on(c subscribers.Cadence, day time.Time) bool {
	return c == subscribers.Daily || day.Weekday() == s.Weekday
}

// aDay is more than any zone is from UTC.
const aDay = 24 * time.Hour

// moment is the first one at which local clocks show a time (given as if it were
// in UTC) or a later one. So an hour that clocks skip is over when they skip it,
// and of one that they show twice the first counts: every day has one moment.
func (s Schedule) moment(local time.Time) time.Time {
	for at := local.Add(-aDay); ; {
		begin, end := at.In(s.Zone).ZoneBounds()
		_, east := at.In(s.Zone).Zone()
		first := local.Add(-time.Duration(east) * time.Second)
		if first.Before(begin) {
			first = begin
		}
		if end.IsZero() || first.Before(end) {
			return first.In(s.Zone)
		}
		at = end
	}
}

// Late says whether an edition due at slot is too late at now to go out.
func (s Schedule) Late(c subscribers.Cadence, slot, now time.Time) bool {
	limit, ok := s.MaxLateness[c]
	return ok && now.Sub(slot) > limit
}
