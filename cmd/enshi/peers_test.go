//go:build peers

package main

import (
	"io"
	"io/fs"
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
		[]string{"enshi", "build", "--site", "../../example", "--data", t.TempDir(), "--out", out})
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
