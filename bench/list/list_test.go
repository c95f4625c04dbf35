package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestCountsEveryFileAndFindsTheLatest(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "below"), 0o777); err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	for i, name := range []string{"a", "below/b", "below/c"} {
		name = filepath.Join(dir, name)
		if err := os.WriteFile(name, nil, 0o666); err != nil {
			t.Fatal(err)
		}
		date := at.Add(time.Duration(i%2) * time.Hour)
		if err := os.Chtimes(name, date, date); err != nil {
			t.Fatal(err)
		}
	}
	var out strings.Builder
	if err := run(&out, dir); err != nil {
		t.Fatal(err)
	}
	if got, want := out.String(), "3 files, the latest of 2026-01-01T13:00:00Z\n"; got != want {
		t.Errorf("list = %q, want %q", got, want)
	}
	if err := run(&out, filepath.Join(dir, "gone")); err == nil {
		t.Error("a directory that is not there is listed")
	}
}
