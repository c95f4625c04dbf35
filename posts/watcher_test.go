package posts_test

import (
	"bytes"
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/enshi-daily/enshi/posts"
)

// watching runs a watcher over a new site and hands out its scans.
type watching struct {
	t     *testing.T
	root  string
	scans chan time.Time
	seen  chan posts.Changes // what each scan was told
	next  func() time.Time
}

// watch starts a watcher that hardly ever scans by the clock, and waits for its
// first scan.
func watch(t *testing.T, change func(*posts.WatcherOptions, *watching)) *watching {
	t.Helper()
	w := &watching{t: t, root: filepath.Join(t.TempDir(), "site"), scans: make(chan time.Time, 1000), seen: make(chan posts.Changes, 1000), next: func() time.Time { return time.Time{} }}
	w.write("_posts/2024-03-12-a.md")
	o := posts.WatcherOptions{Root: w.root, Settle: 20 * time.Millisecond, Rescan: time.Hour}
	if change != nil {
		change(&o, w)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() {
		done <- posts.NewWatcher(o).Run(ctx, func(_ context.Context, c posts.Changes) time.Time {
			w.seen <- c
			w.scans <- time.Now()
			return w.next()
		})
	}()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run = %v, want nil when cancelled", err)
		}
	})
	w.scanned("at the start")
	return w
}

func (w *watching) write(name string) {
	w.t.Helper()
	path := filepath.Join(w.root, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		w.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte("---\n---\n茶"), 0o644); err != nil {
		w.t.Fatal(err)
	}
}

// scanned waits for a scan.
func (w *watching) scanned(why string) time.Time {
	w.t.Helper()
	select {
	case at := <-w.scans:
		return at
	case <-time.After(20 * time.Second):
		w.t.Fatalf("no scan %s", why)
	}
	return time.Time{}
}

// quiet holds that nothing is scanned for many settle times, though a change
// that counts still is.
func (w *watching) quiet(why string) {
	w.t.Helper()
	select {
	case <-w.scans:
		w.t.Errorf("a scan %s", why)
	case <-time.After(400 * time.Millisecond):
	}
	w.write("_posts/2024-03-12-marker.md")
	w.scanned("of the marker")
}

func TestWatcherScansWhatChanged(t *testing.T) {
	w := watch(t, nil)
	w.write("_posts/2024-03-13-b.md")
	w.scanned("of a new file")
	w.write("_posts/deep/er/2024-03-14-c.md")
	w.scanned("of a new directory")
	w.write("_posts/deep/er/2024-03-14-c.md")
	w.scanned("of a file in the new directory")
	if err := os.Remove(filepath.Join(w.root, "_posts/2024-03-13-b.md")); err != nil {
		t.Fatal(err)
	}
	w.scanned("of a removed file")
}

func TestWatcherScansWhenWoken(t *testing.T) {
	wake := make(chan struct{})
	w := watch(t, func(o *posts.WatcherOptions, _ *watching) { o.Wake = wake })
	<-w.seen
	wake <- struct{}{}
	w.scanned("when woken")
	if c := <-w.seen; c.All || len(c.Paths) > 0 {
		t.Errorf("woken: %+v, want no changes", c)
	}
}

func TestWatcherTellsWhatChanged(t *testing.T) {
	w := watch(t, nil)
	if c := <-w.seen; !c.All {
		t.Errorf("first scan: %+v, want everything", c)
	}
	w.write("_posts/2024-03-13-b.md")
	w.scanned("of a new file")
	if c := <-w.seen; c.All || !slices.Equal(c.Paths, []string{"_posts/2024-03-13-b.md"}) {
		t.Errorf("a new file: %+v, want its path alone", c)
	}
	if err := os.Rename(w.root, w.root+"-away"); err != nil {
		t.Fatal(err)
	}
	w.scanned("of a root that went away")
	if c := <-w.seen; !c.All {
		t.Errorf("a root renamed away: %+v, want everything", c)
	}
}

func TestWatcherIgnoresWhatHoldsNoPosts(t *testing.T) {
	w := watch(t, func(o *posts.WatcherOptions, w *watching) {
		for _, dir := range []string{".git", "_site", "node_modules", "public"} {
			w.write(dir + "/x")
		}
		o.Ignore = []string{"public"}
	})
	for _, name := range []string{".git/index", "_site/feed.xml", "node_modules/y", "public/feed.xml", "_posts/.2024-a.md.swp", "_posts/2024-a.md~", "../elsewhere"} {
		w.write(name)
	}
	w.quiet("of what is ignored")
}

func TestWatcherWaitsForQuiet(t *testing.T) {
	const settle = 300 * time.Millisecond
	w := watch(t, func(o *posts.WatcherOptions, _ *watching) { o.Settle = settle })
	var last time.Time
	for range 20 {
		last = time.Now()
		w.write("_posts/2024-03-13-b.md")
	}
	if at := w.scanned("after many changes"); at.Sub(last) < settle {
		t.Errorf("scanned %v after a change, want not before %v of quiet", at.Sub(last), settle)
	}
}

func TestWatcherDoesNotWaitForEver(t *testing.T) {
	w := watch(t, func(o *posts.WatcherOptions, _ *watching) { o.Settle = 50 * time.Millisecond })
	stop := make(chan struct{})
	var writing sync.WaitGroup
	writing.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
				w.write("_posts/2024-03-13-b.md")
			}
		}
	})
	w.scanned("of a directory that is never quiet")
	w.scanned("of it again")
	close(stop)
	writing.Wait()
}

func TestWatcherScansWhenAskedAndByTheClock(t *testing.T) {
	t.Run("at the moment that the scan names", func(t *testing.T) {
		asked := make(chan time.Time, 1)
		asked <- time.Now().Add(1200 * time.Millisecond)
		want := time.Time{}
		w := watch(t, func(_ *posts.WatcherOptions, w *watching) {
			w.next = func() time.Time {
				select {
				case at := <-asked:
					want = at
					return at
				default:
					return time.Time{}
				}
			}
		})
		if at := w.scanned("at the moment asked for"); at.Before(want) {
			t.Errorf("scanned %v too early", want.Sub(at))
		}
	})
	t.Run("a moment in the past makes no endless loop", func(t *testing.T) {
		w := watch(t, func(_ *posts.WatcherOptions, w *watching) { w.next = func() time.Time { return time.Unix(1, 0) } })
		first := w.scanned("soon")
		if second := w.scanned("again"); second.Sub(first) < time.Second {
			t.Errorf("scanned again after %v, want a second at least", second.Sub(first))
		}
	})
	t.Run("at every rescan", func(t *testing.T) {
		w := watch(t, func(o *posts.WatcherOptions, _ *watching) { o.Rescan = 10 * time.Millisecond })
		w.scanned("by the clock")
		w.scanned("by the clock again")
	})
}

func TestWatcherNoticesAReplacedRoot(t *testing.T) {
	for name, replace := range map[string]func(root string) error{
		"renamed": func(root string) error {
			if err := os.Rename(root, root+"-old"); err != nil {
				return err
			}
			return os.Rename(root+"-new", root)
		},
		"link switched": func(root string) error {
			if err := os.Symlink(root+"-new", root+"-link"); err != nil {
				return err
			}
			if err := os.Rename(root, root+"-old"); err != nil {
				return err
			}
			return os.Rename(root+"-link", root)
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := watch(t, nil)
			fresh := &watching{t: t, root: w.root + "-new"}
			fresh.write("_posts/2024-03-15-d.md")
			if err := replace(w.root); err != nil {
				t.Fatal(err)
			}
			w.scanned("of the new root")
			// The new root's own directories are watched now.
			w.write("_posts/2024-03-16-e.md")
			w.scanned("of a file in the new root")
		})
	}
}

func TestWatcherFallsBackToTheClock(t *testing.T) {
	var log bytes.Buffer
	var mu sync.Mutex
	// A directory that cannot be: its parent does not exist either.
	root := filepath.Join(t.TempDir(), "no", "site")
	scans := make(chan struct{}, 1000)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	w := posts.NewWatcher(posts.WatcherOptions{
		Root: root, Rescan: time.Millisecond, Log: slog.New(slog.NewTextHandler(lockedWriter{&mu, &log}, nil)),
	})
	go func() {
		done <- w.Run(ctx, func(context.Context, posts.Changes) time.Time { scans <- struct{}{}; return time.Time{} })
	}()
	for range 5 {
		<-scans
	}
	cancel()
	if err := <-done; err != nil {
		t.Errorf("Run = %v, want nil", err)
	}
	mu.Lock()
	defer mu.Unlock()
	if n := strings.Count(log.String(), "scanned by the clock"); n != 1 {
		t.Errorf("said %d times that there are no events, want once:\n%s", n, log.String())
	}
}

type lockedWriter struct {
	mu *sync.Mutex
	b  *bytes.Buffer
}

func (w lockedWriter) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.b.Write(p)
}
