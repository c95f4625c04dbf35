package posts

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"path/filepath"
	"strings"
	"time"

	"github.com/fsnotify/fsnotify"
)

// WatcherOptions are what a Watcher works with.
type WatcherOptions struct {
	Root   string        // the site's directory
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

// NewWatcher returns a watcher.
func NewWatcher(o WatcherOptions) *Watcher {
	if o.Rescan <= 0 {
		o.Rescan = 5 * time.Minute
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Watcher{o: o}
}

// Run scans at once, and then whenever events have been quiet for the settle
// time, at every rescan, and at the moment that scan asked for. It returns nil
// when ctx is cancelled. Where the system gives no events it says so once and
// goes by the clock.
func (w *Watcher) Run(ctx context.Context, scan func(context.Context) (next time.Time)) error {
	events := w.subscribe()
	defer events.close()
	var calm, busySince time.Time // when a scan after events is due; when they began
	next, rescan := scan(ctx), w.o.Now().Add(w.o.Rescan)
	for {
		timer := time.NewTimer(max(0, earliest(calm, next, rescan).Sub(w.o.Now())))
		select {
		case <-ctx.Done():
			timer.Stop()
			return nil
		case name, ok := <-events.changes:
			timer.Stop()
			if !ok {
				events.changes = nil
				continue
			}
			events.follow(name)
			now := w.o.Now()
			if busySince.IsZero() {
				busySince = now
			}
			calm = earliest(now.Add(w.o.Settle), busySince.Add(patience*w.o.Settle))
		case <-timer.C:
			events.follow(w.o.Root)
			calm, busySince = time.Time{}, time.Time{}
			next, rescan = scan(ctx), w.o.Now().Add(w.o.Rescan)
		}
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

// events are the changes below a root. Without inotify there are none.
type events struct {
	o       WatcherOptions
	fs      *fsnotify.Watcher
	changes chan string
	failed  bool
}

func (w *Watcher) subscribe() *events {
	e := &events{o: w.o}
	fsw, err := fsnotify.NewWatcher()
	if err != nil {
		e.fallBack(err)
		return e
	}
	e.fs, e.changes = fsw, make(chan string)
	go e.pump(fsw, e.changes)
	e.follow(w.o.Root)
	return e
}

// pump turns the system's events into names of what changed, until the watcher
// is closed.
func (e *events) pump(fsw *fsnotify.Watcher, changes chan<- string) {
	defer close(changes)
	for {
		select {
		case ev, ok := <-fsw.Events:
			if !ok {
				return
			}
			if ev.Op != fsnotify.Chmod && !ignored(filepath.Base(ev.Name)) {
				changes <- ev.Name
			}
		case err, ok := <-fsw.Errors:
			if !ok {
				return
			}
			// Events were lost: anything may have changed.
			e.o.Log.Warn("file events lost, scanning", "error", err)
			changes <- e.o.Root
		}
	}
}

func (e *events) close() {
	if e.fs == nil {
		return
	}
	if err := e.fs.Close(); err != nil {
		e.o.Log.Warn("watcher not closed", "error", err)
	}
	for range e.changes { // lets pump end
	}
}

// follow watches a directory and those below it. Directories that are watched
// already cost nothing; what is no directory is passed over.
func (e *events) follow(name string) {
	if e.fs == nil || e.failed {
		return
	}
	err := filepath.WalkDir(name, func(path string, d fs.DirEntry, err error) error {
		switch {
		case errors.Is(err, fs.ErrNotExist), err == nil && !d.IsDir():
			return nil
		case err != nil:
			return err
		case path != e.o.Root && ignored(d.Name()):
			return fs.SkipDir
		}
		return e.fs.Add(path)
	})
	if err != nil {
		e.fallBack(err)
	}
}

// fallBack goes by the clock from now on.
func (e *events) fallBack(err error) {
	e.failed = true
	e.o.Log.Warn("no file events, the site is scanned by the clock alone", "every", e.o.Rescan, "error", err)
}

// ignored are what changes all the time and holds no posts: version control,
// output, editors' temporary files.
func ignored(name string) bool {
	switch name {
	case "_site", "node_modules", "vendor":
		return true
	case ".":
		return false
	}
	return strings.HasPrefix(name, ".") || strings.HasPrefix(name, "#") || strings.HasSuffix(name, "~")
}
