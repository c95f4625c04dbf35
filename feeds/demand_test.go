package feeds_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/enshi-daily/enshi/feeds"
	"github.com/enshi-daily/enshi/posts"
)

// counter serves documents on demand and counts what it takes.
type counter struct {
	testing.TB
	*feeds.Demand
	layout   *feeds.Layout
	rendered atomic.Int64
	content  func(*posts.Post) (posts.Content, error)
}

func newCounter(tb testing.TB, dir string) *counter {
	tb.Helper()
	d, err := feeds.NewDemand(newPublisher(tb, dir))
	if err != nil {
		tb.Fatal(err)
	}
	return &counter{TB: tb, Demand: d, content: content}
}

func (c *counter) show(list ...*posts.Post) *posts.Catalogue {
	c.Helper()
	catalogue := newCatalogue(slices.Clone(list)...)
	c.layout = follow(c, c.layout, catalogue)
	c.Show(newBuilder(c, func(o *feeds.Options) {
		o.Archives = c.layout
		o.Content = func(p *posts.Post) (posts.Content, error) {
			c.rendered.Add(1)
			return c.content(p)
		}
	}), catalogue)
	return catalogue
}

func (c *counter) archive(name string) feeds.File {
	c.Helper()
	f, err := c.Archive(context.Background(), posts.Everything, name)
	if err != nil {
		c.Fatalf("Archive(%s): %v", name, err)
	}
	return f
}

func read(tb testing.TB, f feeds.File) []byte {
	tb.Helper()
	body, err := os.ReadFile(f.Name)
	if err != nil {
		tb.Fatal(err)
	}
	if got := unzip(tb, f.Gzip); got != string(body) {
		tb.Errorf("%s holds something else", f.Gzip)
	}
	if info, err := os.Stat(f.Name); err != nil || !info.ModTime().Equal(f.Modified) || info.Size() != f.Size {
		tb.Errorf("%s: %v, %v, want the date and size of %+v", f.Name, info.ModTime(), err, f)
	}
	return body
}

func TestArchiveOnDemandIsWhatBuildWrites(t *testing.T) {
	c := newCounter(t, t.TempDir())
	catalogue := c.show(slices.Concat(newMonth(1, 130, time.January, "tag:茶"), newMonth(200, 2, time.March, "tag:茶"))...)
	for path, doc := range archives(t, c.layout, catalogue, nil) {
		f, err := c.Archive(context.Background(), doc.Topic, filepath.Base(path))
		if err != nil {
			t.Fatalf("Archive(%s): %v", path, err)
		}
		if !bytes.Equal(read(t, f), doc.Body) {
			t.Errorf("%s differs from what build writes", path)
		}
		if f.Topic != doc.Topic || f.Format != doc.Format || f.MediaType != doc.MediaType || f.Entries != doc.Entries || f.ETag == "" {
			t.Errorf("Archive(%s) = %+v", path, f)
		}
	}
}

func TestArchiveThatIsNotThere(t *testing.T) {
	c := newCounter(t, t.TempDir())
	if _, err := c.Archive(context.Background(), posts.Everything, "2026-01-1.xml"); !errors.Is(err, feeds.ErrBusy) {
		t.Errorf("before the first catalogue: %v, want ErrBusy", err)
	}
	c.show(newMonth(1, 3, time.January, "tag:茶")...)
	for _, name := range []string{
		"2026-02-1.xml", "2026-01-2.xml", "2026-01-0.xml", "2026-01-01.xml", "2026-1-1.xml", "2026-13-1.xml", "2026-00-1.xml",
		"2026-01-1", "2026-01-1.json", "2026-01-1.RSS.xml", "2026-01-99999999999999999999.xml", "x2026-01-1.xml", "",
	} {
		if _, err := c.Archive(context.Background(), posts.Everything, name); !errors.Is(err, feeds.ErrNoDocument) {
			t.Errorf("Archive(%q): %v, want ErrNoDocument", name, err)
		}
	}
	if _, err := c.Archive(context.Background(), posts.Tag("酒"), "2026-01-1.xml"); !errors.Is(err, feeds.ErrNoDocument) {
		t.Errorf("a topic without posts: %v, want ErrNoDocument", err)
	}
	if n := c.rendered.Load(); n > 0 {
		t.Errorf("%d posts rendered for nothing", n)
	}
}

func TestKeptArchiveIsRenderedAgainOnlyWhenItChanged(t *testing.T) {
	c := newCounter(t, t.TempDir())
	list := slices.Concat(newMonth(1, 3, time.January), newMonth(5, 3, time.March))
	c.show(list...)
	first := c.archive("2026-01-1.xml")
	if again := c.archive("2026-01-1.xml"); again != first || c.rendered.Load() != 3 {
		t.Errorf("asked again: %+v, %d posts rendered, want %+v and 3", again, c.rendered.Load(), first)
	}
	c.show(append(list, dated(9, time.Date(2026, 3, 20, 0, 0, 0, 0, zone)))...)
	if again := c.archive("2026-01-1.xml"); again != first || c.rendered.Load() != 3 {
		t.Errorf("after a post elsewhere: %+v, %d posts rendered, want %+v and 3", again, c.rendered.Load(), first)
	}
	changed := *list[1]
	changed.Title = "另一个标题"
	list[1] = &changed
	c.show(list...)
	second := c.archive("2026-01-1.xml")
	if second.ETag == first.ETag || !second.Modified.After(first.Modified) || !bytes.Contains(read(t, second), []byte("另一个标题")) {
		t.Errorf("after a new title: %+v, want other bytes and a later date than %+v", second, first)
	}
}

func TestKeptArchiveKeepsItsDateOverARestart(t *testing.T) {
	dir := t.TempDir()
	list := newMonth(1, 3, time.January)
	c := newCounter(t, dir)
	c.show(list...)
	c.archive("2026-01-1.xml")
	c.show(list[1:]...)
	before := c.archive("2026-01-1.xml")
	c = newCounter(t, dir)
	c.layout = nil
	c.show(list[1:]...)
	if after := c.archive("2026-01-1.xml"); after != before {
		t.Errorf("after a restart: %+v, want %+v", after, before)
	}
	c.show(list[2:]...)
	if after := c.archive("2026-01-1.xml"); !after.Modified.After(before.Modified) {
		t.Errorf("with a post less: dated %v, want later than %v", after.Modified, before.Modified)
	}
}

func TestSeveralWhoAskForADocumentGetOneRendering(t *testing.T) {
	c := newCounter(t, t.TempDir())
	asked := make(chan struct{})
	c.content = func(p *posts.Post) (posts.Content, error) {
		<-asked
		return content(p)
	}
	c.show(newMonth(1, 10, time.January)...)
	var group sync.WaitGroup
	for range 20 {
		group.Go(func() {
			if _, err := c.Archive(context.Background(), posts.Everything, "2026-01-1.xml"); err != nil {
				t.Error(err)
			}
		})
	}
	close(asked)
	group.Wait()
	if n := c.rendered.Load(); n != 10 {
		t.Errorf("%d posts rendered, want 10", n)
	}
}

// TestArchivesDoNotHoldUpLiveFeeds renders archives for ever, and publishes.
func TestArchivesDoNotHoldUpLiveFeeds(t *testing.T) {
	dir := t.TempDir()
	publisher := newPublisher(t, dir)
	demand, err := feeds.NewDemand(publisher)
	if err != nil {
		t.Fatal(err)
	}
	c := &counter{TB: t, Demand: demand}
	never := make(chan struct{})
	c.content = func(p *posts.Post) (posts.Content, error) {
		<-never
		return content(p)
	}
	months := slices.Concat(newMonth(1, 2, time.January), newMonth(5, 2, time.February), newMonth(9, 2, time.March), newMonth(13, 2, time.April))
	catalogue := c.show(months...)
	ctx, cancel := context.WithCancel(context.Background())
	var group sync.WaitGroup
	for _, name := range []string{"2026-01-1.xml", "2026-02-1.xml", "2026-03-1.xml", "2026-04-1.xml", "2026-04-1.xml"} {
		group.Go(func() {
			if _, err := demand.Archive(ctx, posts.Everything, name); !errors.Is(err, context.Canceled) {
				t.Errorf("Archive(%s): %v, want it cancelled", name, err)
			}
		})
	}
	b := newBuilder(t, nil)
	if report := publish(t, publisher, b.Documents(context.Background(), catalogue)); report.Written != 4 {
		t.Errorf("%d live documents written, want 4", report.Written)
	}
	if _, ok := publisher.Lookup("feed.xml"); !ok {
		t.Error("the live feed is not found")
	}
	cancel()
	close(never)
	group.Wait()
}

func TestTooManyRequestsAreTurnedAway(t *testing.T) {
	c := newCounter(t, t.TempDir())
	never := make(chan struct{})
	c.content = func(p *posts.Post) (posts.Content, error) {
		<-never
		return content(p)
	}
	var list []*posts.Post
	for year := range 10 {
		for month := range 12 {
			list = append(list, dated(100*year+month, time.Date(2010+year, time.Month(1+month), 2, 0, 0, 0, 0, zone)))
		}
	}
	c.show(list...)
	var busy, fine atomic.Int64
	var group sync.WaitGroup
	for _, p := range list {
		group.Go(func() {
			_, err := c.Archive(context.Background(), posts.Everything, p.Date.Format("2006-01")+"-1.xml")
			switch {
			case err == nil:
				fine.Add(1)
			case errors.Is(err, feeds.ErrBusy):
				if busy.Add(1) == 1 {
					close(never) // the others may go on
				}
			default:
				t.Error(err)
			}
		})
	}
	group.Wait()
	if busy.Load() == 0 || fine.Load() < 64 {
		t.Errorf("%d turned away, %d served, want some and at least 64", busy.Load(), fine.Load())
	}
}

func TestArchiveThatFailedIsTriedAgain(t *testing.T) {
	c := newCounter(t, t.TempDir())
	list := newMonth(1, 3, time.January)
	fail := true
	c.content = func(p *posts.Post) (posts.Content, error) {
		if fail && p == list[1] {
			return posts.Content{}, errors.New("cannot be read")
		}
		return content(p)
	}
	c.show(list...)
	if f := c.archive("2026-01-1.xml"); f.Entries != 2 {
		t.Errorf("%d entries, want the two that can be rendered", f.Entries)
	}
	fail = false
	if f := c.archive("2026-01-1.xml"); f.Entries != 2 || c.rendered.Load() != 3 {
		t.Errorf("%d entries, %d rendered: nothing changed, so nothing is to be done", f.Entries, c.rendered.Load())
	}
	c.show(list...)
	if f := c.archive("2026-01-1.xml"); f.Entries != 3 {
		t.Errorf("%d entries, want all three", f.Entries)
	}
}
