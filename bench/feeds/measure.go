package main

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// usage is what a program took.
type usage struct {
	cpu  time.Duration // its own and the kernel's for it
	peak int64         // bytes of memory at most
}

// measure runs one of our programs in the bench's directory to its end.
func (b *bench) measure(ctx context.Context, program string, args ...string) (usage, error) {
	cmd := exec.CommandContext(ctx, b.path("bin", program), args...)
	cmd.Dir = b.dir
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Run(); err != nil {
		return usage{}, fmt.Errorf("%s %s: %w: %s", program, strings.Join(args, " "), err, last(said.Bytes(), 2000))
	}
	u := usage{cpu: cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()}
	if r, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
		u.peak = r.Maxrss << 10 // Linux counts in KiB
	}
	return u, nil
}

// repeat measures b.runs times, each after before, and returns the middle one by
// processor time. What earlier runs left to be written to disk is written first.
func (b *bench) repeat(ctx context.Context, before func() error, program string, args ...string) (usage, error) {
	var all []usage
	for range b.runs {
		if before != nil {
			if err := before(); err != nil {
				return usage{}, err
			}
		}
		if err := exec.CommandContext(ctx, "sync").Run(); err != nil {
			return usage{}, fmt.Errorf("sync: %w", err)
		}
		u, err := b.measure(ctx, program, args...)
		if err != nil {
			return usage{}, err
		}
		all = append(all, u)
	}
	slices.SortFunc(all, func(a, b usage) int { return cmp.Compare(a.cpu, b.cpu) })
	return all[len(all)/2], nil
}

func last(text []byte, n int) []byte { return text[max(0, len(text)-n):] }

func median[T cmp.Ordered](list []T) T {
	sorted := slices.Sorted(slices.Values(list))
	return sorted[len(sorted)/2]
}

// processorTime is what running processes have taken, to the nanosecond:
// /proc/PID/stat counts in hundredths of a second.
func processorTime(pids ...int) (time.Duration, error) {
	var sum time.Duration
	for _, pid := range pids {
		files, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", pid))
		if err != nil || len(files) == 0 {
			return 0, fmt.Errorf("process %d has ended", pid)
		}
		for _, file := range files {
			data, err := os.ReadFile(file)
			if err != nil {
				continue // a thread that has ended; those of Go's programs do not
			}
			first, _, _ := strings.Cut(string(data), " ")
			n, err := strconv.ParseInt(first, 10, 64)
			if err != nil {
				return 0, fmt.Errorf("%s: %q", file, data)
			}
			sum += time.Duration(n)
		}
	}
	return sum, nil
}

// family is a process and its children.
func family(pid int) ([]int, error) {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", pid, pid))
	if err != nil {
		return nil, err
	}
	pids := []int{pid}
	for _, field := range strings.Fields(string(data)) {
		child, err := strconv.Atoi(field)
		if err != nil {
			return nil, err
		}
		pids = append(pids, child)
	}
	return pids, nil
}

// quiet waits until processes have nothing to do but to wait.
func quiet(ctx context.Context, pids ...int) error {
	const enough, idle, patience = 3, 20 * time.Millisecond, 10 * time.Minute
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	before, err := processorTime(pids...)
	for calm := 0; calm < enough && err == nil; {
		select {
		case <-ctx.Done():
			return fmt.Errorf("still busy after %v", patience)
		case <-time.After(time.Second):
		}
		var now time.Duration
		now, err = processorTime(pids...)
		if calm++; now-before > idle {
			calm = 0
		}
		before = now
	}
	return err
}
