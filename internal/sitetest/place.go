// Package sitetest writes files into sites that a running program watches.
package sitetest

import (
	"os"
	"path/filepath"
	"testing"
)

// Place writes a file and the directories above it. Whoever reads it meanwhile
// sees all of the text or what was there before: with a settle time of nothing, a
// file that is half written would arrive as the post that it is.
func Place(tb testing.TB, path, text string) {
	tb.Helper()
	temp, err := os.CreateTemp(tb.TempDir(), "")
	if err != nil {
		tb.Fatal(err)
	}
	if _, err := temp.WriteString(text); err != nil {
		tb.Fatal(err)
	}
	if err := temp.Close(); err != nil {
		tb.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		tb.Fatal(err)
	}
	if err := os.Rename(temp.Name(), path); err != nil {
		tb.Fatal(err)
	}
}
