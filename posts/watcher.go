package posts

import (
	"context"
	"log/slog"
	"time"
)

// WatcherOptions are what a Watcher works with.
type WatcherOptions struct {
	Root   string        // the site's directory
	Ignore []string      // directories that are not watched, absolute or below Root: where output goes
	Settle time.Duration // of quiet before a scan
	Rescan time.Duration // between scans without any event, default 5 minutes
	Now    func() time.Time
	Log    *slog.Logger
}

// Watcher calls for a scan whenever the site may have changed.
type Watcher struct{ o WatcherOptions }

// patience is how many settle times a directory may be busy before it is
// scanned all the same.
const patience = 5

// soonest is how soon after a scan the next one may be that it asked for, lest
// a moment in the past make an endless loop.
const soonest = time.Second

// NewWatcher returns a watcher.
func NewWatcher(o WatcherOptions) *Watcher {
	if o.Rescan <= 0 {
		o.Rescan = 5 * time.Minute
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &Watcher{o: o}
}

// Run scans at once, and then whenever events have been quiet for the settle
// time (or have gone on for five of them), at every rescan, and at the moment
// that scan asked for. It returns nil when ctx is cancelled. Where the system
// gives no events it says so once and goes by the clock.
func (w *Watcher) Run(ctx context.Context, scan func(context.Context) (next time.Time)) error {
	e := listen(w.o)
	defer e.close()
	plan := plan{settle: w.o.Settle}
	for {
		now := w.o.Now()
		// Looked at first: where events never pause, a timer never wins.
		if wait := plan.due().Sub(now); wait > 0 {
			timer := time.NewTimer(wait)
			select {
			case <-ctx.Done():
				timer.Stop()
				return nil
			case name := <-e.changes:
				timer.Stop()
				e.follow(name)
				plan.changed(w.o.Now())
				continue
			case <-timer.C:
			}
		}
		if ctx.Err() != nil {
			return nil
		}
		e.follow(e.root) // what was missed, or is another directory now
		plan.begin()
		next := scan(ctx)
		plan.scanned(w.o.Now(), next, w.o.Rescan)
	}
}

// plan is when to scan next. The zero moments are not planned.
type plan struct {
	settle time.Duration
	calm   time.Time // when changes have been quiet for long enough
	busy   time.Time // when they began
	next   time.Time // what the last scan asked for
	rescan time.Time
}

func (p *plan) due() time.Time { return earliest(p.calm, p.next, p.rescan) }

func (p *plan) changed(now time.Time) {
	if p.busy.IsZero() {
		p.busy = now
	}
	p.calm = earliest(now.Add(p.settle), p.busy.Add(patience*p.settle))
}

// begin forgets the changes that the scan now beginning sees.
func (p *plan) begin() { p.calm, p.busy = time.Time{}, time.Time{} }

func (p *plan) scanned(now, next time.Time, rescan time.Duration) {
	p.next, p.rescan = next, now.Add(rescan)
	if !next.IsZero() && next.Before(now.Add(soonest)) {
		p.next = now.Add(soonest)
	}
}

// earliest ignores zero times.
func earliest(times ...time.Time) time.Time {
	var first time.Time
	for _, t := range times {
		if !t.IsZero() && (first.IsZero() || t.Before(first)) {
			first = t
		}
	}
	return first
}
