package golden

import (
	"os"
	"path/filepath"
	"testing"
)

// witness takes failures instead of ending the test.
type witness struct {
	testing.TB
	failed bool
}

func (w *witness) Helper()               {}
func (w *witness) Errorf(string, ...any) { w.failed = true }
func (w *witness) Fatalf(string, ...any) { w.failed = true; panic("stopped") }

// fails says whether equal fails.
func fails(t *testing.T, path, got string, update bool) (failed bool) {
	t.Helper()
	w := &witness{TB: t}
	defer func() {
		if r := recover(); r != nil && !w.failed {
			panic(r)
		}
		failed = w.failed
	}()
	equal(w, path, []byte(got), update)
	return w.failed
}

func TestEqual(t *testing.T) {
	path := filepath.Join(t.TempDir(), "deep", "want.txt")
	if !fails(t, path, "恩施", false) {
		t.Error("passes without a file")
	}
	if fails(t, path, "恩施", true) {
		t.Error("fails while updating")
	}
	if data, err := os.ReadFile(path); err != nil || string(data) != "恩施" {
		t.Errorf("updating wrote %q, %v", data, err)
	}
	if fails(t, path, "恩施", false) {
		t.Error("fails for what it wrote")
	}
	if !fails(t, path, "恩施\n", false) {
		t.Error("passes for something else")
	}
	if data, err := os.ReadFile(path); err != nil || string(data) != "恩施" {
		t.Errorf("comparing wrote %q, %v", data, err)
	}
}
