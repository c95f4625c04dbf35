package delivery

import (
	"context"
	"fmt"
	"time"

	"github.com/enshi-daily/enshi/subscribers"
)

// Folded is a scheduled edition that nobody opened until it was too late.
type Folded struct {
	Cadence subscribers.Cadence
	Slot    time.Time // when it was due
	Late    time.Duration
	Most    time.Duration // how late it may be
	Next    time.Time     // when its posts go out
}

func (f *Folded) String() string {
	return fmt.Sprintf("the %s digest of %s is %s late, more than %s: its posts go with the next one, at %s", f.Cadence,
		f.Slot.Format("2006-01-02 15:04 MST"), f.Late.Round(time.Minute), f.Most, f.Next.Format("2006-01-02 15:04 MST"))
}

// Scheduled works an edition of a daily or weekly cadence through that another
// planner left, and plans the one whose moment has come, once. At a later moment
// than the schedule's MaxLateness allows its posts go with the next one, and
// Report.Folded says so once if there are any. ok is false if there was nothing
// to do.
func (p *Planner) Scheduled(ctx context.Context, c subscribers.Cadence) (r Report, ok bool, err error) {
	e, err := p.byCalendar(ctx, c)
	if err != nil {
		return Report{}, false, err
	}
	if r, ok, err = p.takeUp(ctx, c); err != nil {
		return r, false, err
	}
	if p.o.Schedule.Late(c, e.Slot, e.Opened) {
		r.Folded, err = p.fold(ctx, e)
		return r, ok && err == nil, err
	}
	for {
		opened, err := p.o.Planning.Open(ctx, e)
		if err != nil {
			return r, false, fmt.Errorf("open %s edition: %w", c, err)
		}
		if opened.Stage != StagePlanning {
			return r, ok, nil
		}
		if r, err = p.run(ctx, opened); err != nil {
			return r, false, err
		}
		if ok = true; opened.ID == e.ID {
			return r, ok, nil
		}
		// That was one which another planner had open: e is still to come.
	}
}

// byCalendar is the edition of a cadence whose moment was the last one.
func (p *Planner) byCalendar(ctx context.Context, c subscribers.Cadence) (Edition, error) {
	now := p.o.Now()
	slot := p.o.Schedule.Slot(c, now)
	head, err := p.o.Log.Head(ctx)
	if err != nil {
		return Edition{}, fmt.Errorf("arrival log: %w", err)
	}
	return Edition{ID: EditionID(c, slot, head), Cadence: c, Mark: head, Slot: slot, Scheduled: true, Opened: now}, nil
}

// Ran says whether an edition was opened for a moment of the calendar, whatever
// became of it. However many came since, it is found.
func Ran(ctx context.Context, editions Editions, c subscribers.Cadence, slot time.Time) (bool, error) {
	for limit := 50; ; limit *= 4 {
		latest, err := editions.Editions(ctx, limit)
		if err != nil {
			return false, fmt.Errorf("editions: %w", err)
		}
		for _, e := range latest {
			if e.Scheduled && e.Cadence == c && e.Slot.Equal(slot) {
				return true, nil
			}
		}
		if len(latest) < limit || latest[limit-1].Opened.Before(slot) {
			return false, nil
		}
	}
}

// fold says what becomes of an edition that is too late: nil if it ran in time,
// if nobody has anything in it, or if that was said before.
func (p *Planner) fold(ctx context.Context, e Edition) (*Folded, error) {
	if p.o.Editions == nil || p.late[e.Cadence].Equal(e.Slot) {
		return nil, nil
	}
	ran, err := Ran(ctx, p.o.Editions, e.Cadence, e.Slot)
	if err != nil {
		return nil, err
	}
	if !ran {
		var waiting bool
		if waiting, err = p.anybody(ctx, e); err != nil {
			return nil, err
		}
		ran = !waiting
	}
	p.late[e.Cadence] = e.Slot
	if ran {
		return nil, nil
	}
	s := p.o.Schedule
	return &Folded{Cadence: e.Cadence, Slot: e.Slot, Late: e.Opened.Sub(e.Slot), Most: s.MaxLateness[e.Cadence], Next: s.Next(e.Cadence, e.Opened)}, nil
}
