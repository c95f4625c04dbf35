package feeds_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/enshi-daily/enshi/feeds"
	"github.com/enshi-daily/enshi/posts"
)

func TestSaveIdentities(t *testing.T) {
	dir := t.TempDir()
	p, err := feeds.NewPublisher(dir)
	if err != nil {
		t.Fatal(err)
	}
	name := feeds.IdentitiesFile(dir)
	if _, err := feeds.ReadIdentities(name); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("nothing saved yet: %v, want fs.ErrNotExist", err)
	}
	save := func(known []posts.Identity, changed, want bool) {
		t.Helper()
		if written, err := p.SaveIdentities(known, changed); err != nil || written != want {
			t.Fatalf("SaveIdentities = %t, %v, want %t", written, err, want)
		}
	}
	known := []posts.Identity{{ID: "urn:x:1", Path: "_posts/2024-03-12-a.md"}, {ID: "urn:x:2", Path: "_posts/2024-03-12-b.md"}}
	save(known, false, true)
	save(known, false, false)
	got, err := feeds.ReadIdentities(name)
	if diff := cmp.Diff(known, got); diff != "" || err != nil {
		t.Errorf("read back (-saved +read):\n%s\n%v", diff, err)
	}
	known[1].Gone = true
	save(known, false, true)
	known[0].Path = "_posts/2024-03-12-renamed.md"
	save(known, true, true)
	save(known[:1], false, true)

	if err := os.WriteFile(name, []byte("not whole"), 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := feeds.ReadIdentities(name); err == nil || !strings.Contains(err.Error(), name+": line 1") {
		t.Errorf("a damaged file: %v, want its name and line", err)
	}
	save(known, false, true)
	left, err := filepath.Glob(filepath.Join(filepath.Dir(name), "tmp-*"))
	if err != nil || len(left) > 0 {
		t.Errorf("temporary files left: %v, %v", left, err)
	}
}

func TestPublished(t *testing.T) {
	dir := t.TempDir()
	if n, err := feeds.Published(dir); n != 0 || err != nil {
		t.Errorf("Published = %d, %v, want none", n, err)
	}
	p, err := feeds.NewPublisher(dir)
	if err != nil {
		t.Fatal(err)
	}
	docs := func(yield func(feeds.Document, error) bool) {
		yield(feeds.Document{Path: "feed.xml", Body: []byte("x")}, nil)
	}
	if _, err := p.Publish(t.Context(), docs); err != nil {
		t.Fatal(err)
	}
	if n, err := feeds.Published(dir); n != 1 || err != nil {
		t.Errorf("Published = %d, %v, want one", n, err)
	}
}
