//go:build unix

package posts_test

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/enshi-daily/enshi/posts"
)

func TestScanOfARealDirectory(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("_posts/2022-05-01-a.md", titled("甲"))
	write("news/_posts/2022-05-02-b.md", titled("乙"))
	for from, to := range map[string]string{
		"news/round":                  "..",
		"_posts/2022-05-03-broken.md": "nowhere.md",
		"alias":                       "news",
	} {
		if err := os.Symlink(to, filepath.Join(dir, from)); err != nil {
			t.Fatal(err)
		}
	}
	if err := syscall.Mkfifo(filepath.Join(dir, "_posts/2022-05-04-pipe.md"), 0o644); err != nil {
		t.Fatal(err)
	}
	r := posts.NewReader(posts.Options{FS: posts.Dir(dir), Settle: time.Hour})
	first, err := r.Scan(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range first.Posts {
		if strings.Count(p.Path, "round") > 1 {
			t.Errorf("went round in circles: %s", p.Path)
		}
	}
	bad := make(map[string]bool)
	for _, d := range first.Diagnostics {
		bad[d.Path] = d.Severity == posts.Error
	}
	if !bad["_posts/2022-05-03-broken.md"] || !bad["_posts/2022-05-04-pipe.md"] {
		t.Errorf("diagnostics %v", first.Diagnostics)
	}
	// Replaced by a file of the same size and time: only its number tells.
	info, err := os.Stat(filepath.Join(dir, "_posts/2022-05-01-a.md"))
	if err != nil {
		t.Fatal(err)
	}
	write("new", titled("丁"))
	if err := os.Chtimes(filepath.Join(dir, "new"), info.ModTime(), info.ModTime()); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(filepath.Join(dir, "new"), filepath.Join(dir, "_posts/2022-05-01-a.md")); err != nil {
		t.Fatal(err)
	}
	if second, err := r.Scan(t.Context(), first); err != nil || len(second.Unsettled) != 1 {
		t.Errorf("a replaced file: unsettled %v, %v", second.Unsettled, err)
	}
}
