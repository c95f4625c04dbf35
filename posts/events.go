package posts

import (
	"errors"
	"io/fs"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/fsnotify/fsnotify"
)

// events are the changes below a site's root. Without inotify there are none,
// and changes is nil.
type events struct {
	root    string
	skip    []string // directories that are not watched
	every   time.Duration
	log     *slog.Logger
	fs      *fsnotify.Watcher
	changes chan string
	stop    chan struct{}
	stopped chan struct{}
	failed  bool // it was said that events cannot be had
}

// listen begins to watch. The parent of the root is watched too, for a root
// that is renamed away and replaced.
func listen(o WatcherOptions) *events {
	e := &events{root: o.Root, every: o.Rescan, log: o.Log}
	root, err := filepath.Abs(o.Root)
	if err != nil {
		e.fallBack(err)
		return e
	}
	e.root = root
	for _, dir := range o.Ignore {
		if !filepath.IsAbs(dir) {
			dir = filepath.Join(e.root, dir)
		}
		e.skip = append(e.skip, filepath.Clean(dir))
	}
	fsw, err := fsnotify.NewWatcher()
	if err != nil {
		e.fallBack(err)
		return e
	}
	e.fs, e.changes = fsw, make(chan string)
	e.stop, e.stopped = make(chan struct{}), make(chan struct{})
	go e.pump()
	// Not everybody may read the parent: then the next rescan notices.
	if err := fsw.Add(filepath.Dir(e.root)); err != nil && !errors.Is(err, fs.ErrPermission) {
		e.fallBack(err)
	}
	e.follow(e.root)
	return e
}

// pump turns the system's events into names of what changed, until close.
func (e *events) pump() {
	defer close(e.stopped)
	for {
		name := ""
		select {
		case <-e.stop:
			return
		case ev, ok := <-e.fs.Events:
			if !ok {
				return
			}
			if ev.Op == fsnotify.Chmod || !e.concerns(ev.Name) {
				continue
			}
			name = ev.Name
		case err, ok := <-e.fs.Errors:
			if !ok {
				return
			}
			e.log.Warn("file events lost, scanning", "error", err)
			name = e.root // anything may have changed
		}
		select {
		case <-e.stop:
			return
		case e.changes <- name:
		}
	}
}

// concerns reports whether a path belongs to the site and is not ignored.
func (e *events) concerns(path string) bool {
	if path == e.root {
		return true
	}
	below, ok := strings.CutPrefix(path, e.root+string(filepath.Separator))
	return ok && !slices.Contains(e.skip, path) && !isIgnored(filepath.Base(below))
}

// relative is a changed path as Changes names it, "." for the root.
func (e *events) relative(path string) string {
	below, ok := strings.CutPrefix(path, e.root+string(filepath.Separator))
	if !ok {
		return "."
	}
	return filepath.ToSlash(below)
}

func (e *events) close() {
	if e.fs == nil {
		return
	}
	close(e.stop)
	<-e.stopped
	if err := e.fs.Close(); err != nil {
		e.log.Warn("watcher not closed", "error", err)
	}
}

// follow watches a directory and those below it. Directories that are watched
// already cost nothing; what is no directory is passed over.
func (e *events) follow(name string) {
	if e.fs == nil || e.failed {
		return
	}
	if name == e.root {
		name += string(filepath.Separator) // the directory, should it be a link to one
	}
	err := filepath.WalkDir(name, func(path string, d fs.DirEntry, err error) error {
		switch {
		case errors.Is(err, fs.ErrNotExist), errors.Is(err, fs.ErrPermission), err == nil && !d.IsDir():
			return nil
		case err != nil:
			return err
		case !e.concerns(filepath.Clean(path)):
			return fs.SkipDir
		}
		// A directory may be gone, or closed to us, since it was listed.
		if err := e.fs.Add(path); err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, fs.ErrPermission) {
			return err
		}
		return nil
	})
	if err != nil {
		e.fallBack(err)
	}
}

// fallBack goes by the clock from now on, and says so once. What is watched
// already still counts.
func (e *events) fallBack(err error) {
	if e.failed {
		return
	}
	e.failed = true
	e.log.Warn("no file events for the whole site, it is scanned by the clock", "every", e.every, "error", err)
}

// isIgnored names what changes all the time and holds no posts: version
// control, Jekyll's output and caches, editors' temporary files.
func isIgnored(name string) bool {
	switch name {
	case "_site", "node_modules", "vendor":
		return true
	}
	return strings.HasPrefix(name, ".") || strings.HasPrefix(name, "#") || strings.HasSuffix(name, "~")
}
