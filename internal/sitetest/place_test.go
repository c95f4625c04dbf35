package sitetest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestPlace reads a file while it is written again and again.
func TestPlace(t *testing.T) {
	path := filepath.Join(t.TempDir(), "_posts", "2026-01-02-a.md")
	text := strings.Repeat("今年的收成好。", 10_000)
	Place(t, path, text)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for range 50 {
			Place(t, path, text)
		}
	}()
	for {
		select {
		case <-done:
			return
		default:
		}
		if got, err := os.ReadFile(path); err != nil || string(got) != text {
			t.Fatalf("%d bytes, %v, want all %d", len(got), err, len(text))
		}
	}
}
