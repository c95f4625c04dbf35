//go:build peers

package posts_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// TestOracleIsFresh asks the real Jekyll again, and holds the golden files that
// the reader is tested by to its answers.
func TestOracleIsFresh(t *testing.T) {
	kept := filepath.Join("testdata", "oracle")
	again := filepath.Join(t.TempDir(), "oracle")
	// cp -a: the trap sites have symbolic links in them.
	if said, err := exec.Command("cp", "-a", kept, again).CombinedOutput(); err != nil {
		t.Fatalf("cp: %v\n%s", err, said)
	}
	if said, err := exec.Command(filepath.Join(again, "regenerate.sh")).CombinedOutput(); err != nil {
		t.Fatalf("regenerate.sh: %v\n%s", err, said)
	}
	names, err := filepath.Glob(filepath.Join(kept, "*.golden.*"))
	if err != nil || len(names) < 10 {
		t.Fatalf("%d golden files, %v, want at least ten", len(names), err)
	}
	for _, name := range names {
		want, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(filepath.Join(again, filepath.Base(name)))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s: Jekyll says something else now: run make golden and read the difference", name)
		}
	}
}
