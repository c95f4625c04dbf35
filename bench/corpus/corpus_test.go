package main

import (
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/google/go-cmp/cmp"

	"github.com/enshi-daily/enshi/posts"
)

// newSite makes a site with the command's arguments, DIR among them, and
// returns its directory.
func newSite(t *testing.T, args ...string) string {
	t.Helper()
	dir := t.TempDir()
	for i := range args {
		if args[i] == "DIR" {
			args[i] = dir
		}
	}
	if err := run(args); err != nil {
		t.Fatal(err)
	}
	return dir
}

func files(t *testing.T, dir string) map[string]string {
	t.Helper()
	entries, err := os.ReadDir(filepath.Join(dir, "_posts"))
	if err != nil {
		t.Fatal(err)
	}
	all := make(map[string]string)
	for _, e := range entries {
		data, err := os.ReadFile(filepath.Join(dir, "_posts", e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		all[e.Name()] = string(data)
	}
	return all
}

func TestSameSeedSameBytes(t *testing.T) {
	first := files(t, newSite(t, "200", "DIR", "7"))
	if len(first) != 200 {
		t.Fatalf("%d files, want 200", len(first))
	}
	if diff := cmp.Diff(first, files(t, newSite(t, "200", "DIR", "7"))); diff != "" {
		t.Errorf("second site (-first +second):\n%s", diff)
	}
	for name, text := range files(t, newSite(t, "200", "DIR", "8")) {
		if first[name] == text {
			t.Errorf("%s is the same with another seed", name)
		}
	}
}

func TestLargerSiteBeginsWithTheSmaller(t *testing.T) {
	want := files(t, newSite(t, "300", "DIR"))
	got := files(t, newSite(t, "100", "DIR"))
	maps.Copy(got, files(t, newSite(t, "-from", "100", "200", "DIR")))
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("100 posts and 200 more (-300 posts +both):\n%s", diff)
	}
}

func TestWrongArgumentsAreSaid(t *testing.T) {
	for _, args := range [][]string{nil, {"5"}, {"five", "dir"}, {"-5", "dir"}, {"5", "dir", "x"}, {"-from", "x", "5", "dir"}, {"1", "2", "3", "4"}} {
		if err := run(args); err == nil {
			t.Errorf("corpus %q: no error", args)
		}
	}
}

// TestMix counts the kinds of posts that measurements are to meet.
func TestMix(t *testing.T) {
	const n = 4000
	dir := newSite(t, "4000", "DIR")
	counted, size := make(map[string]int), 0
	for name, text := range files(t, dir) {
		size += len(text)
		note := func(kind string, is bool) {
			if is {
				counted[kind]++
			}
		}
		note("unpublished", strings.Contains(text, "\npublished: false"))
		note("crlf", strings.Contains(text, "\r\n"))
		note("bom", strings.HasPrefix(text, "\ufeff"))
		note("untagged", !strings.Contains(text, "\ntags:"))
		note("flow", strings.Contains(text, "\ntags: ["))
		note("block", strings.Contains(text, "\ntags:\n") || strings.Contains(text, "\ntags:\r\n"))
		note("categories", strings.Contains(text, "\ncategories: ["))
		note("images", strings.Contains(text, "<img "))
		note("chinese", strings.IndexFunc(name, func(r rune) bool { return unicode.Is(unicode.Han, r) }) > 0)
	}
	for kind, percent := range map[string]int{
		"unpublished": 2, "crlf": 3, "bom": 1, "untagged": 3, "flow": 15, "block": 7, "categories": 4, "images": 15, "chinese": 10,
	} {
		if got := counted[kind] * 100; got < (percent*2-1)*n/2 || got > (percent*3+1)*n/2 {
			t.Errorf("%s: %d of %d, want about %d %%", kind, counted[kind], n, percent)
		}
	}
	if mean := size / n; mean < 3900 || mean > 4900 {
		t.Errorf("%d bytes a post, want about 4400", mean)
	}
}

func TestPostsAreReadAsTheyAreMeant(t *testing.T) {
	const n = 2000
	dir := newSite(t, "2000", "DIR")
	fsys := os.DirFS(dir)
	site, bad, err := posts.ReadConfig(fsys)
	if err != nil || len(bad) > 0 {
		t.Fatal(err, bad)
	}
	now := func() time.Time { return time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC) }
	scan, err := posts.NewReader(posts.Options{FS: fsys, Site: site, House: posts.DefaultHouse(), Now: now}).Scan(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range scan.Diagnostics {
		if d.Severity == posts.Error {
			t.Errorf("%s", d)
		}
	}
	categories, tags, sources := make(map[string]bool), make(map[string]bool), 0
	for _, p := range scan.Posts {
		for _, c := range p.Categories {
			categories[c] = true
		}
		for _, tag := range p.Tags {
			tags[tag] = true
		}
		if p.SourceName != "" && p.SourceURL != "" && len(p.Authors) > 0 {
			sources++
		}
	}
	if len(scan.Posts) < n*96/100 || len(scan.Posts) >= n {
		t.Errorf("%d of %d posts are published, want about 98 %%", len(scan.Posts), n)
	}
	if len(categories) != 12 || len(tags) < 180 || len(tags) > 200 {
		t.Errorf("%d categories and %d tags, want 12 and nearly 200", len(categories), len(tags))
	}
	if sources != len(scan.Posts) {
		t.Errorf("%d of %d posts have their source and their author", sources, len(scan.Posts))
	}
}
