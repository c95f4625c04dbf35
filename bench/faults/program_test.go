package faults

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// program is the path of the program with its fail points, once it is built.
var program string

// atOnce is how many tests run at a time: most of what they do is wait for the end
// of a lease. Two soaks would be in each other's way.
func atOnce() string {
	if os.Getenv("KILLS") != "" {
		return "1"
	}
	return "5"
}

func TestMain(m *testing.M) {
	flag.Parse()
	err := flag.Set("test.parallel", atOnce())
	code := 0
	if err == nil {
		code, err = buildAndRun(m)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func buildAndRun(m *testing.M) (code int, err error) {
	dir, err := os.MkdirTemp("", "faults")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(dir)
	program = filepath.Join(dir, "enshi")
	build := exec.Command("go", "build", "-tags", "failpoints", "-o", program, "github.com/enshi-daily/enshi/cmd/enshi")
	if out, err := build.CombinedOutput(); err != nil {
		return 0, fmt.Errorf("build the program with its fail points: %w\n%s", err, out)
	}
	return m.Run(), nil
}

// process is a running program.
type process struct {
	tb     testing.TB
	cmd    *exec.Cmd
	args   string
	out    output
	ended  chan struct{}
	mu     sync.Mutex
	result error
}

// output is what a process says, kept to its last part.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.text.Len() > 1<<20 {
		o.text.Next(o.text.Len() / 2)
	}
	return o.text.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// launch starts the program; it is killed when the test ends.
func launch(tb testing.TB, env []string, args ...string) *process {
	tb.Helper()
	p := &process{tb: tb, args: strings.Join(args, " "), ended: make(chan struct{})}
	p.cmd = exec.Command(program, args...)
	p.cmd.Env = append(os.Environ(), env...)
	p.cmd.Stdout, p.cmd.Stderr = &p.out, &p.out
	if err := p.cmd.Start(); err != nil {
		tb.Fatal(err)
	}
	go func() {
		err := p.cmd.Wait()
		p.mu.Lock()
		p.result = err
		p.mu.Unlock()
		close(p.ended)
	}()
	tb.Cleanup(p.kill)
	return p
}

// running says whether the process has not ended.
func (p *process) running() bool {
	select {
	case <-p.ended:
		return false
	default:
		return true
	}
}

func (p *process) signal(s syscall.Signal) {
	if err := p.cmd.Process.Signal(s); err != nil && !errors.Is(err, os.ErrProcessDone) {
		p.tb.Errorf("signal %v: %v", s, err)
	}
}

// kill ends the process at once and waits for its end.
func (p *process) kill() {
	p.signal(syscall.SIGKILL)
	<-p.ended
}

// patience bounds everything that a test waits for.
const patience = 2 * time.Minute

// wait waits for the end and returns the exit code, -1 if a signal ended it.
func (p *process) wait() int {
	p.tb.Helper()
	select {
	case <-p.ended:
	case <-time.After(patience):
		p.signal(syscall.SIGCONT)
		p.signal(syscall.SIGQUIT) // says where everything is
		<-p.ended
		p.tb.Fatalf("enshi %s did not end within %v:\n%s", p.args, patience, p.out.String())
	}
	return p.cmd.ProcessState.ExitCode()
}

// killed demands that the process was ended by SIGKILL.
func (p *process) killed() {
	p.tb.Helper()
	p.wait()
	if status := p.cmd.ProcessState.Sys().(syscall.WaitStatus); !status.Signaled() || status.Signal() != syscall.SIGKILL {
		p.tb.Fatalf("enshi %s ended with %v, want it killed:\n%s", p.args, p.cmd.ProcessState, p.out.String())
	}
}

// held waits until the process is held at a fail point.
func (p *process) held() {
	p.tb.Helper()
	await(p.tb, "enshi "+p.args+" is held", func() bool {
		if !p.running() {
			p.tb.Fatalf("enshi %s ended, want it held:\n%s", p.args, p.out.String())
		}
		return strings.Contains(p.out.String(), "held at")
	})
}

// freeze stops a process that is held, whole, at a moment when it has no step of
// the store under way: on SQLite nobody else could write.
func (p *process) freeze(free func() bool) {
	p.tb.Helper()
	p.held()
	await(p.tb, "enshi "+p.args+" is frozen", func() bool {
		p.signal(syscall.SIGSTOP)
		await(p.tb, "enshi "+p.args+" stands still", p.still)
		if free() {
			return true
		}
		p.signal(syscall.SIGCONT)
		return false
	})
}

// still says whether every thread of the process is stopped.
func (p *process) still() bool {
	threads, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", p.cmd.Process.Pid))
	if err != nil || len(threads) == 0 {
		p.tb.Fatalf("enshi %s ended: %v\n%s", p.args, err, p.out.String())
	}
	for _, thread := range threads {
		stat, err := os.ReadFile(thread)
		_, after, _ := strings.Cut(string(stat), ") ")
		if err == nil && !strings.HasPrefix(after, "T") {
			return false
		}
	}
	return true
}

// thaw lets it go on.
func (p *process) thaw() {
	p.signal(syscall.SIGUSR1)
	p.signal(syscall.SIGCONT)
}

// await polls until something is so.
func await(tb testing.TB, what string, so func() bool) {
	tb.Helper()
	for deadline := time.Now().Add(patience); !so(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			tb.Fatalf("waited %v until %s", patience, what)
		}
	}
}
