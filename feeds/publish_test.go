package feeds_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/andybalholm/brotli"
	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/gzip"

	"github.com/enshi-daily/enshi/feeds"
	"github.com/enshi-daily/enshi/posts"
)

func newPublisher(tb testing.TB, dir string) *feeds.Publisher {
	tb.Helper()
	p, err := feeds.NewPublisher(dir)
	if err != nil {
		tb.Fatal(err)
	}
	return p
}

func publish(tb testing.TB, p *feeds.Publisher, docs iter.Seq2[feeds.Document, error]) feeds.Report {
	tb.Helper()
	report, err := p.Publish(context.Background(), func(yield func(feeds.Document, error) bool) {
		for doc, err := range docs {
			lintDocument(tb, doc)
			if !yield(doc, err) {
				return
			}
		}
	})
	if err := errors.Join(err, report.Err()); err != nil {
		tb.Fatal(err)
	}
	return report
}

// one is a run of a single document.
func one(path, body string, updated time.Time) iter.Seq2[feeds.Document, error] {
	return func(yield func(feeds.Document, error) bool) {
		yield(feeds.Document{Path: path, MediaType: feeds.Atom.MediaType(), Topic: posts.Everything, Format: feeds.Atom, Body: []byte(body), Updated: updated}, nil)
	}
}

// tree reads every file below dir.
func tree(tb testing.TB, dir string) map[string]string {
	tb.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(dir, func(name string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(name)
		rel, _ := filepath.Rel(dir, name)
		files[rel] = string(data)
		return err
	})
	if err != nil {
		tb.Fatal(err)
	}
	return files
}

func unzip(tb testing.TB, name string) string {
	tb.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		tb.Fatal(err)
	}
	var r io.Reader = brotli.NewReader(bytes.NewReader(data))
	if strings.HasSuffix(name, ".gz") {
		if r, err = gzip.NewReader(bytes.NewReader(data)); err != nil {
			tb.Fatal(err)
		}
	}
	plain, err := io.ReadAll(r)
	if err != nil {
		tb.Fatal(err)
	}
	return string(plain)
}

func TestPublishWritesEveryDocumentWithItsTwin(t *testing.T) {
	dir := t.TempDir()
	b := newBuilder(t, func(o *feeds.Options) { o.Content = smallContent })
	docs := build(t, b, smallSite())
	p := newPublisher(t, dir)
	report := publish(t, p, b.Documents(context.Background(), smallSite()))
	if report.Written != len(docs) || report.Unchanged != 0 || len(report.Changed) != len(docs) || report.Replaced != nil {
		t.Errorf("Publish = %+v, want %d written", report, len(docs))
	}
	for path, doc := range docs {
		f, ok := p.Lookup("/" + path)
		if !ok {
			t.Fatalf("Lookup(%q) found nothing", path)
		}
		body, err := os.ReadFile(f.Name)
		if err != nil || !bytes.Equal(body, doc.Body) {
			t.Errorf("%s on disk differs, %v", path, err)
		}
		if got := unzip(t, f.Gzip); got != string(doc.Body) {
			t.Errorf("%s.gz holds something else", path)
		}
		if f.Brotli != "" || f.Size != int64(len(doc.Body)) || f.MediaType != doc.MediaType || f.Topic != doc.Topic || f.Format != doc.Format || f.Entries != doc.Entries || f.ETag == "" {
			t.Errorf("Lookup(%q) = %+v", path, f)
		}
		if !f.Modified.Equal(doc.Updated.Truncate(time.Second)) {
			t.Errorf("%s: Modified = %v, want %v", path, f.Modified, doc.Updated)
		}
		if info, err := os.Stat(f.Name); err != nil || !info.ModTime().Equal(f.Modified) {
			t.Errorf("%s: the file's time is not Modified: %v %v", path, info.ModTime(), err)
		}
	}
	if _, ok := p.Lookup("nothing.xml"); ok {
		t.Error("Lookup found what was not published")
	}
}

func TestSamePostsSameFiles(t *testing.T) {
	var trees [2]map[string]string
	for i := range trees {
		dir := t.TempDir()
		b := newBuilder(t, nil)
		publish(t, newPublisher(t, dir), b.Documents(context.Background(), smallSite()))
		trees[i] = tree(t, dir)
	}
	if diff := cmp.Diff(trees[0], trees[1]); diff != "" {
		t.Errorf("two directories differ:\n%s", diff)
	}
}

func TestUnchangedPostsRewriteNothing(t *testing.T) {
	dir := t.TempDir()
	b := newBuilder(t, nil)
	publish(t, newPublisher(t, dir), b.Documents(context.Background(), smallSite()))
	inodes := func() map[string]uint64 {
		list := map[string]uint64{}
		for name := range tree(t, dir) {
			info, err := os.Stat(filepath.Join(dir, name))
			if err != nil {
				t.Fatal(err)
			}
			list[name] = info.Sys().(*syscall.Stat_t).Ino
		}
		return list
	}
	before := inodes()
	report := publish(t, newPublisher(t, dir), b.Documents(context.Background(), smallSite()))
	if report.Written != 0 || report.Unchanged != 19 || report.Changed != nil {
		t.Errorf("Publish = %+v, want 19 unchanged", report)
	}
	if diff := cmp.Diff(before, inodes()); diff != "" {
		t.Errorf("files were replaced:\n%s", diff)
	}
}

func TestOneChangedPostRewritesOnlyWhatHoldsIt(t *testing.T) {
	dir := t.TempDir()
	b := newBuilder(t, func(o *feeds.Options) { o.Limit = 3 })
	make := func(title string) *posts.Catalogue {
		list := []*posts.Post{newPost(9, "tag:新"), newPost(8, "tag:新"), newPost(7, "category:要闻"), newPost(6, "tag:旧", "category:要闻")}
		list[3].Title = title
		return newCatalogue(list...)
	}
	p := newPublisher(t, dir)
	publish(t, p, b.Documents(context.Background(), make("原题")))
	old, _ := p.Lookup("tag/旧/atom.xml")
	report := publish(t, p, b.Documents(context.Background(), make("新题")))
	want := []string{ // not the site's: the post is its fourth
		"category/要闻/atom.xml", "category/要闻/feed.json", "category/要闻/rss.xml",
		"tag/旧/atom.xml", "tag/旧/feed.json", "tag/旧/rss.xml",
	}
	if diff := cmp.Diff(want, report.Changed); diff != "" {
		t.Errorf("Changed (-want +got):\n%s", diff)
	}
	f, _ := p.Lookup("tag/旧/atom.xml")
	if f.ETag == old.ETag || !f.Modified.After(old.Modified) {
		t.Errorf("ETag %q then %q, Modified %v then %v: want both to move", old.ETag, f.ETag, old.Modified, f.Modified)
	}
}

func TestModifiedNeverGoesBack(t *testing.T) {
	dir := t.TempDir()
	day := func(n int) time.Time { return time.Date(2026, 1, n, 8, 0, 0, 5e8, zone) }
	var last time.Time
	for i, step := range []struct {
		body string
		day  int
	}{{"a", 5}, {"b", 3}, {"b", 9}, {"c", 5}, {"d", 8}, {"a", 8}} {
		p := newPublisher(t, dir) // each time as after a restart
		before, known := p.Lookup("feed.xml")
		report := publish(t, p, one("feed.xml", step.body, day(step.day)))
		f, _ := newPublisher(t, dir).Lookup("feed.xml")
		if f.Modified.Nanosecond() != 0 {
			t.Errorf("step %d: Modified = %v, want whole seconds", i, f.Modified)
		}
		if report.Written == 1 && known && !f.Modified.After(last) || report.Written == 0 && (!f.Modified.Equal(last) || f.ETag != before.ETag) {
			t.Errorf("step %d: Modified = %v after %v, %d written", i, f.Modified, last, report.Written)
		}
		last = f.Modified
	}
	if want := day(8).Truncate(time.Second).Add(time.Second); !last.Equal(want) {
		t.Errorf("Modified = %v in the end, want %v", last, want)
	}
}

func TestForgottenTopicBecomesAnEmptyFeed(t *testing.T) {
	dir := t.TempDir()
	b := newBuilder(t, nil)
	p := newPublisher(t, dir)
	publish(t, p, b.Documents(context.Background(), newCatalogue(newPost(1, "tag:旧闻")), p.Topics()...))
	before, _ := p.Lookup("tag/旧闻/rss.xml")

	p = newPublisher(t, dir)
	if want := []posts.Topic{posts.Everything, posts.Tag("旧闻")}; !slices.Equal(p.Topics(), want) {
		t.Errorf("Topics = %q, want %q", p.Topics(), want)
	}
	docs := build(t, b, newCatalogue(newPost(2)), p.Topics()...)
	checkDocuments(t, docs)
	publish(t, p, b.Documents(context.Background(), newCatalogue(newPost(2)), p.Topics()...))
	after, ok := p.Lookup("tag/旧闻/rss.xml")
	if !ok || after.Entries != 0 || !after.Modified.After(before.Modified) {
		t.Errorf("the topic's feed = %+v, %v, want it empty and newer than %v", after, ok, before.Modified)
	}
}

func TestFailedDocumentStaysWholeAndOthersGoOn(t *testing.T) {
	dir := t.TempDir()
	p := newPublisher(t, dir)
	publish(t, p, one("tag/a/atom.xml", "old", newPost(1).Date))
	// A directory in the way of the second, a file in place of the third's.
	if err := os.MkdirAll(filepath.Join(dir, "tag/b/atom.xml/x"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "tag/c"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	broken := errors.New("cannot be built")
	report, err := p.Publish(context.Background(), func(yield func(feeds.Document, error) bool) {
		for _, path := range []string{"tag/b/atom.xml", "tag/c/atom.xml", "../outside.xml", "tag/d/atom.xml"} {
			if !yield(feeds.Document{Path: path, Body: []byte("new"), Updated: newPost(2).Date}, nil) {
				return
			}
		}
		yield(feeds.Document{Path: "tag/a/atom.xml"}, broken)
	})
	if err != nil {
		t.Fatal(err)
	}
	var failed []string
	for _, f := range report.Failed {
		failed = append(failed, f.Path)
		if f.Err != broken && !strings.Contains(f.Err.Error(), f.Path) {
			t.Errorf("%v does not name %s", f.Err, f.Path)
		}
	}
	if diff := cmp.Diff([]string{"../outside.xml", "tag/a/atom.xml", "tag/b/atom.xml", "tag/c/atom.xml"}, failed); diff != "" {
		t.Errorf("Failed (-want +got):\n%s", diff)
	}
	if !slices.Equal(report.Changed, []string{"tag/d/atom.xml"}) || !errors.Is(report.Err(), broken) {
		t.Errorf("Changed = %q, Err = %v", report.Changed, report.Err())
	}
	f, ok := p.Lookup("tag/a/atom.xml")
	if body, err := os.ReadFile(f.Name); !ok || err != nil || string(body) != "old" {
		t.Errorf("the old document = %q, %v", body, err)
	}
	for name := range tree(t, filepath.Join(dir, ".enshi")) {
		if name != "manifest.json" {
			t.Errorf("%s was left behind", name)
		}
	}
}

func TestForeignFileIsReplacedAndNamed(t *testing.T) {
	dir := t.TempDir()
	built := newPost(50).Date.Truncate(time.Second) // later than any entry: jekyll-feed writes build time
	name := filepath.Join(dir, "feed.xml")
	if err := os.WriteFile(name, []byte("jekyll-feed's"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(name, built, built); err != nil {
		t.Fatal(err)
	}
	p := newPublisher(t, dir)
	report := publish(t, p, one("feed.xml", "ours", newPost(1).Date))
	if !slices.Equal(report.Replaced, []string{"feed.xml"}) {
		t.Errorf("Replaced = %q", report.Replaced)
	}
	if f, _ := p.Lookup("feed.xml"); !f.Modified.After(built) {
		t.Errorf("Modified = %v, older than what readers were told: %v", f.Modified, built)
	}
}

func TestLostManifestKeepsDates(t *testing.T) {
	dir := t.TempDir()
	p := newPublisher(t, dir)
	publish(t, p, one("feed.xml", "a", newPost(5).Date))
	publish(t, p, one("feed.xml", "b", newPost(1).Date))
	before, _ := p.Lookup("feed.xml")
	if err := os.Remove(filepath.Join(dir, ".enshi", "manifest.json")); err != nil {
		t.Fatal(err)
	}
	p = newPublisher(t, dir)
	report := publish(t, p, one("feed.xml", "b", newPost(1).Date))
	after, _ := p.Lookup("feed.xml")
	if !after.Modified.Equal(before.Modified) || after.ETag != before.ETag || report.Replaced != nil {
		t.Errorf("File = %+v, want %+v; %+v", after, before, report)
	}
}

func TestDamagedFilesAreNotServedAndPutRight(t *testing.T) {
	for _, damage := range []string{"feed.xml", "feed.xml.gz"} {
		t.Run(damage, func(t *testing.T) {
			dir := t.TempDir()
			publish(t, newPublisher(t, dir), one("feed.xml", "body", newPost(1).Date))
			want := tree(t, dir)
			if err := os.Remove(filepath.Join(dir, damage)); err != nil {
				t.Fatal(err)
			}
			p := newPublisher(t, dir)
			if _, ok := p.Lookup("feed.xml"); ok {
				t.Error("Lookup found a damaged document")
			}
			report := publish(t, p, one("feed.xml", "body", newPost(1).Date))
			if report.Written != 1 || report.Changed != nil {
				t.Errorf("Publish = %+v, want one written, none changed", report)
			}
			if diff := cmp.Diff(want, tree(t, dir)); diff != "" {
				t.Errorf("the repaired directory differs:\n%s", diff)
			}
			if _, ok := p.Lookup("feed.xml"); !ok {
				t.Error("Lookup does not find the repaired document")
			}
		})
	}
}

func TestBrokenManifestIsNamed(t *testing.T) {
	for _, content := range []string{"{", `{"version": 99}`, `{"version":1,"documents":{"../x":{}}}`} {
		dir := t.TempDir()
		name := filepath.Join(dir, ".enshi", "manifest.json")
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := feeds.NewPublisher(dir); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("NewPublisher with %q = %v, want an error that names the file", content, err)
		}
	}
}

func TestCancelledPublishSavesWhatItDid(t *testing.T) {
	dir := t.TempDir()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	p := newPublisher(t, dir)
	report, err := p.Publish(ctx, func(yield func(feeds.Document, error) bool) {
		for n := range 100 {
			if n == 10 {
				cancel()
			}
			doc := feeds.Document{Path: fmt.Sprintf("%d.xml", n), Body: []byte("x"), Updated: newPost(1).Date}
			if !yield(doc, nil) {
				return
			}
		}
	})
	if !errors.Is(err, context.Canceled) || report.Written != 10 {
		t.Errorf("Publish = %d written, %v", report.Written, err)
	}
	p = newPublisher(t, dir)
	for n := range 10 {
		if _, ok := p.Lookup(fmt.Sprintf("%d.xml", n)); !ok {
			t.Errorf("%d.xml is not in the manifest", n)
		}
	}
}

func TestLookupGoesOnDuringPublish(t *testing.T) {
	dir := t.TempDir()
	p := newPublisher(t, dir)
	publish(t, p, one("feed.xml", "0", newPost(0).Date))
	done := make(chan struct{})
	var readers sync.WaitGroup
	for range 2 {
		readers.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				f, ok := p.Lookup("feed.xml")
				if body, err := os.ReadFile(f.Name); !ok || err != nil || len(body) == 0 {
					t.Errorf("feed.xml = %q, %v, %v", body, ok, err)
					return
				}
			}
		})
	}
	for n := range 15 {
		publish(t, p, one("feed.xml", strings.Repeat("x", n+1), newPost(n).Date))
	}
	close(done)
	readers.Wait()
}

func TestBrotliFollowsTheBytes(t *testing.T) {
	dir := t.TempDir()
	p := newPublisher(t, dir)
	publish(t, p, one("feed.xml", strings.Repeat("清江", 1000), newPost(1).Date))
	made, err := p.Brotli(context.Background(), nil)
	if err != nil || made != 1 {
		t.Fatalf("Brotli = %d, %v, want 1", made, err)
	}
	f, _ := newPublisher(t, dir).Lookup("feed.xml")
	if f.Brotli == "" || unzip(t, f.Brotli) != strings.Repeat("清江", 1000) {
		t.Errorf("Brotli twin %q is missing or holds something else", f.Brotli)
	}
	if made, err := p.Brotli(context.Background(), nil); err != nil || made != 0 {
		t.Errorf("Brotli once more = %d, %v, want 0", made, err)
	}
	publish(t, p, one("feed.xml", "new", newPost(2).Date))
	if f, _ := p.Lookup("feed.xml"); f.Brotli != "" {
		t.Errorf("a stale twin is offered: %q", f.Brotli)
	}
	if _, err := os.Stat(filepath.Join(dir, "feed.xml.br")); !os.IsNotExist(err) {
		t.Errorf("a stale twin is on disk: %v", err)
	}
}
