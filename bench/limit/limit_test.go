package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// tree writes files of given sizes and returns their directory.
func tree(t *testing.T, sizes map[string]int64) string {
	t.Helper()
	dir := t.TempDir()
	for name, size := range sizes {
		name = filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(strings.Repeat("a", int(size))), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func sizes(t *testing.T, dir string) map[string]int64 {
	t.Helper()
	found := make(map[string]int64)
	err := fs.WalkDir(os.DirFS(dir), ".", func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		info, err := e.Info()
		found[name] = info.Size()
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestWritesFilesOfTheSameSizes(t *testing.T) {
	site := tree(t, map[string]int64{"_posts/a.md": 10, "_posts/b.md": 3000})
	want := map[string]int64{"feed.xml": 100_000, "feed.xml.gz": 31_234, "tag/茶/atom.xml": 1, "tag/茶/empty": 0, ".enshi/manifest.json": 3000}
	out := t.TempDir()
	if err := run(site, out, tree(t, want)); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, sizes(t, out)); diff != "" {
		t.Errorf("files (-reference +limit):\n%s", diff)
	}
}

func TestNothingToMeasureIsAnError(t *testing.T) {
	site, reference := tree(t, map[string]int64{"_posts/a.md": 10}), tree(t, map[string]int64{"feed.xml": 1})
	for name, dirs := range map[string][2]string{
		"no posts":          {tree(t, map[string]int64{"a.md": 1}), reference},
		"empty posts":       {tree(t, map[string]int64{"_posts/a.md": 0}), reference},
		"no reference":      {site, filepath.Join(reference, "gone")},
		"an empty one":      {site, t.TempDir()},
		"no such directory": {filepath.Join(site, "gone"), reference},
	} {
		if err := run(dirs[0], t.TempDir(), dirs[1]); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
