//go:build peers

package main

import (
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestRealReaders gives every feed of the example site, as build writes it, to
// programs that people read feeds with.
func TestRealReaders(t *testing.T) {
	out := filepath.Join(t.TempDir(), "public")
	code := run(t.Context(), streams{in: strings.NewReader(""), out: io.Discard, err: io.Discard},
		[]string{"enshi", "build", "--archives", "--site", "../../example", "--data", t.TempDir(), "--out", out})
	if code != exitDone {
		t.Fatalf("enshi build: exit %d", code)
	}
	var feeds []string
	err := filepath.WalkDir(out, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && filepath.Ext(path) == ".xml" {
			feeds = append(feeds, path)
		}
		return err
	})
	if err != nil || len(feeds) < 10 {
		t.Fatalf("%d feeds in XML, %v, want at least ten", len(feeds), err)
	}
	t.Run("xmllint", func(t *testing.T) {
		said, err := exec.Command("xmllint", append([]string{"--noout"}, feeds...)...).CombinedOutput()
		if err != nil || len(said) > 0 {
			t.Errorf("xmllint: %v\n%s", err, said)
		}
	})
	// Debian's feedparser belongs to Debian's Python.
	t.Run("feedparser", func(t *testing.T) {
		said, err := exec.Command("/usr/bin/python3", append([]string{"-c", feedparserScript}, feeds...)...).CombinedOutput()
		if err != nil || len(said) > 0 {
			t.Errorf("feedparser: %v\n%s", err, said)
		}
	})
	t.Logf("%d feeds read", len(feeds))
}

// TestFeedparserWalksTheArchives goes back from each live feed of the example
// site until there is nothing before, over HTTP.
func TestFeedparserWalksTheArchives(t *testing.T) {
	out := filepath.Join(t.TempDir(), "public")
	server := httptest.NewServer(http.FileServer(http.Dir(out)))
	defer server.Close()
	config := filepath.Join(t.TempDir(), "enshi.yaml")
	if err := os.WriteFile(config, []byte("public_url: "+server.URL+"\nfeeds: {limit: 2, archives: true}\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	code := run(t.Context(), streams{in: strings.NewReader(""), out: io.Discard, err: io.Discard},
		[]string{"enshi", "build", "--config", config, "--site", "../../example", "--data", t.TempDir(), "--out", out})
	if code != exitDone {
		t.Fatalf("enshi build: exit %d", code)
	}
	posts, err := filepath.Glob("../../example/_posts/*.m*")
	if err != nil || len(posts) < 10 {
		t.Fatalf("%d posts, %v, want at least ten", len(posts), err)
	}
	for _, feed := range []string{"/feed.xml", "/rss.xml"} {
		said, err := exec.Command("/usr/bin/python3", "-c", walkScript, server.URL+feed).CombinedOutput()
		if want := fmt.Sprintf("%d entries\n", len(posts)); err != nil || string(said) != want {
			t.Errorf("%s: %v\n%swant %s", feed, err, said, want)
		}
	}
}

// walkScript reads a feed and all of its archives, and looks at how each leads
// to the others.
const walkScript = `
import sys, feedparser
def rel(f, name):
    return [l.href for l in f.feed.links if l.rel == name]
live = sys.argv[1]
at, after, ids = live, None, {}
while at:
    f = feedparser.parse(at)
    if f.status != 200 or f.bozo or rel(f, "self") != [at] or not f.feed.title:
        print(at, f.status, f.get("bozo_exception"), rel(f, "self"))
    if at == live:
        title = f.feed.title
    elif f.feed.title != title or rel(f, "current") != [live] or "fh_archive" not in f.feed or rel(f, "next-archive") != ([after] if after else []):
        print(at, f.feed.title, rel(f, "current"), rel(f, "next-archive"))
    if len(f.entries) > 100 or f.entries != sorted(f.entries, key=lambda e: e.published_parsed, reverse=True):
        print(at, "has", len(f.entries), "entries, in order", [e.published for e in f.entries])
    if at != live:
        for e in f.entries:
            if e.id in ids:
                print(e.id, "twice")
            ids[e.id] = e
        after = at
    before = rel(f, "prev-archive")
    at = before[0] if before else None
print(len(ids), "entries")
`

// feedparserScript names whatever is not as every entry must be.
const feedparserScript = `
import sys, feedparser
for name in sys.argv[1:]:
    f = feedparser.parse(open(name, "rb").read())
    if f.bozo or not f.entries or not f.feed.get("title"):
        print(name, "bozo", f.get("bozo_exception"), len(f.entries), "entries")
    for e in f.entries:
        if not (e.get("id") and e.get("title") and e.get("link") and e.get("published_parsed") and e.get("summary") and e.get("tags")):
            print(name, e.get("id"), "lacks something:", sorted(e.keys()))
    if len({e.id for e in f.entries}) != len(f.entries):
        print(name, "has an id twice")
`
