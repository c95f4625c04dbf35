package feeds_test

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// limitFileSize makes writes fail half way, as on a full disk, until the
// function it returns is called.
func limitFileSize(tb testing.TB, bytes uint64) (restore func()) {
	tb.Helper()
	signal.Ignore(syscall.SIGXFSZ)
	var old syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &old); err != nil {
		tb.Fatal(err)
	}
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: bytes, Max: old.Max}); err != nil {
		tb.Fatal(err)
	}
	return func() {
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &old); err != nil {
			tb.Fatal(err)
		}
	}
}

func TestWriteThatFailsHalfWayLeavesTheOldDocument(t *testing.T) {
	dir := t.TempDir()
	p := newPublisher(t, dir)
	publish(t, p, one("feed.xml", "old", newPost(1).Date))
	before := tree(t, dir)

	restore := limitFileSize(t, 1<<20) // the testing package writes a log of its own meanwhile
	report, err := p.Publish(context.Background(), one("feed.xml", strings.Repeat("清江", 1<<18), newPost(2).Date))
	restore()
	if err != nil {
		t.Fatal(err)
	}
	if len(report.Failed) != 1 || report.Failed[0].Path != "feed.xml" || !errors.Is(report.Err(), syscall.EFBIG) {
		t.Errorf("Failed = %v, want feed.xml and %v", report.Failed, syscall.EFBIG)
	}
	if diff := cmp.Diff(before, tree(t, dir)); diff != "" {
		t.Errorf("the directory changed:\n%s", diff)
	}
	if f, ok := p.Lookup("feed.xml"); !ok {
		t.Error("the old document is not found any more")
	} else if body, err := os.ReadFile(f.Name); err != nil || string(body) != "old" {
		t.Errorf("the old document = %q, %v", body, err)
	}
}
