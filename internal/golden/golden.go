// Package golden compares bytes with a file under testdata. Run the tests with
// -update to write the files instead, then read the difference in git.
//
// It is test support and imports no other package of ours.
package golden

import (
	"bytes"
	"errors"
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// update is defined here and nowhere else, so that every test binary that
// compares golden files knows the same flag.
var update = flag.Bool("update", false, "write golden files instead of comparing with them")

// Updating says whether the tests run to write golden files.
func Updating() bool { return *update }

// Equal compares got with testdata/NAME of the package under test. A name that
// starts with ../ is taken from the package's own directory.
func Equal(tb testing.TB, name string, got []byte) {
	tb.Helper()
	path := filepath.Join("testdata", filepath.FromSlash(name))
	if strings.HasPrefix(name, "../") {
		path = filepath.FromSlash(name)
	}
	equal(tb, path, got, *update)
}

func equal(tb testing.TB, path string, got []byte, update bool) {
	tb.Helper()
	if update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			tb.Fatal(err)
		}
		if err := os.WriteFile(path, got, 0o644); err != nil {
			tb.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		tb.Fatalf("%s is not there: run the test with -update and read what it wrote", path)
	}
	if err != nil {
		tb.Fatal(err)
	}
	if !bytes.Equal(want, got) {
		tb.Errorf("%s differs (-want +got); if it should, run the test with -update:\n%s", path, cmp.Diff(string(want), string(got)))
	}
}
