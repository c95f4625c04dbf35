package faults

import (
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/enshi-daily/enshi/subscribers"
)

// TestDiskIsFull lets the daemons' files grow no further while people are
// planned and mails go out. Nothing goes out then, because it could not be
// recorded; once there is space again, everything goes on, and nothing is in
// doubt.
func TestDiskIsFull(t *testing.T) {
	t.Parallel()
	s := newScene(t, setting{store: "sqlite", people: crowd, cadence: subscribers.Instant})
	s.slow(5 * time.Millisecond)
	s.post(3)
	planner, sender := s.serve("plan.after:*=sleep 500ms", "watch,plan"), s.serve("", "send")
	s.await("mails come", func() bool { return s.inbox.count() >= 100 })
	was := planner.limitFiles(1)
	sender.limitFiles(1)
	s.await("both say that they cannot write", func() bool {
		return strings.Contains(planner.out.String(), "the disk") && strings.Contains(sender.out.String(), "the disk")
	})
	before := s.inbox.count()
	time.Sleep(2 * time.Second) // in which hundreds would come
	if now := s.inbox.count(); now != before {
		t.Errorf("%d mails came that could not be recorded", now-before)
	}
	planner.limitFiles(was)
	sender.limitFiles(was)
	s.settle()
	s.stop()
	if got := s.account(); got.copies+got.doubts > 0 {
		t.Errorf("%v; want nothing in doubt", got)
	}
}

// limitFiles lets the files of a process grow to so many bytes; it returns what
// the limit was.
func (p *process) limitFiles(most uint64) (was uint64) {
	p.tb.Helper()
	var old unix.Rlimit
	err := unix.Prlimit(p.cmd.Process.Pid, unix.RLIMIT_FSIZE, nil, &old)
	if err == nil {
		err = unix.Prlimit(p.cmd.Process.Pid, unix.RLIMIT_FSIZE, &unix.Rlimit{Cur: most, Max: old.Max}, nil)
	}
	if err != nil {
		p.tb.Fatalf("limit of file size: %v", err)
	}
	return old.Cur
}
