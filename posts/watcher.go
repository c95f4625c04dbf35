package posts

import (
	"context"
	"log/slog"
	"slices"
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
	Wake   <-chan struct{} // asks for a scan at once, as if its moment had come; nil for none
}

// Watcher calls for a scan whenever the site may have changed.
type Watcher struct{ o WatcherOptions }

// Changes are what may have changed since the scan before: everything, or the
// files and folders of these paths, slash-separated and relative to the site's
// root. None at all means that a moment came which a scan had asked for.
type Changes struct {
	All   bool
	Paths []string
}

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
// that scan asked for, each time with what may have changed. It returns nil when
// ctx is cancelled. Where the system gives no events it says so once and goes by
// the clock.
func (w *Watcher) Run(ctx context.Context, scan func(context.Context, Changes) (next time.Time)) error {
	e := listen(w.o)
	defer e.close()
	plan := plan{settle: w.o.Settle, changes: Changes{All: true}}
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
				plan.changed(w.o.Now(), e.relative(name))
				continue
			case <-w.o.Wake:
				timer.Stop()
			case <-timer.C:
			}
		}
		if ctx.Err() != nil {
			return nil
		}
		changes := plan.begin(w.o.Now())
		if changes.All {
			e.follow(e.root) // what was missed, or is another directory now
		}
		next := scan(ctx, changes)
		plan.scanned(w.o.Now(), next, w.o.Rescan)
	}
}

// plan is when to scan next. The zero moments are not planned.
type plan struct {
	settle  time.Duration
	changes Changes
	calm    time.Time // when changes have been quiet for long enough
	busy    time.Time // when they began
	next    time.Time // what the last scan asked for
	rescan  time.Time
}

// maxChanges is how many paths are told apart. Beyond it everything changed.
const maxChanges = 1000

func (p *plan) due() time.Time { return earliest(p.calm, p.next, p.rescan) }

// changed notes a change of a path, of everything if that is ".".
func (p *plan) changed(now time.Time, path string) {
	c := &p.changes
	switch {
	case path == ".", len(c.Paths) == maxChanges:
		*c = Changes{All: true}
	case !c.All && !slices.Contains(c.Paths, path):
		c.Paths = append(c.Paths, path)
	}
	if p.busy.IsZero() {
		p.busy = now
	}
	p.calm = earliest(now.Add(p.settle), p.busy.Add(patience*p.settle))
}

// begin hands out the changes that the scan now beginning sees.
func (p *plan) begin(now time.Time) Changes {
	changes := p.changes
	if !p.rescan.IsZero() && !p.rescan.After(now) {
		changes = Changes{All: true}
	}
	p.calm, p.busy, p.changes = time.Time{}, time.Time{}, Changes{}
	return changes
}

func (p *plan) scanned(now, next time.Time, rescan time.Duration) {
	if p.next = next; p.rescan.IsZero() || !p.rescan.After(now) {
		p.rescan = now.Add(rescan)
	}
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
