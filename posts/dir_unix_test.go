//go:build unix

package posts

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A file may have become longer or shorter since its size was asked for.
func TestAppendFileOfAnySize(t *testing.T) {
	root := t.TempDir()
	fsys, ok := newDir(root).(wholeReader)
	if !ok {
		t.Fatal("does not read whole files")
	}
	const before = "before"
	for _, length := range []int{0, 1, 100, 10_000} {
		text := strings.Repeat("a", length)
		if err := os.WriteFile(filepath.Join(root, "a.md"), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		for _, size := range []int{0, length / 2, length - 1, length, length + 1, 2 * length} {
			for _, room := range []int{0, size, size + 1, 3 * size} {
				buf := append(make([]byte, 0, len(before)+max(room, 0)), before...)
				got, err := fsys.appendFile(buf, "a.md", int64(size), 1<<20)
				if err != nil || string(got) != before+text {
					t.Errorf("%d bytes for %d expected ones, room for %d: %d read, %v", length, size, room, len(got)-len(before), err)
				}
			}
		}
	}
}
