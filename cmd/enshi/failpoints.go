//go:build failpoints

package main

import (
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// failVariable says which fail points do what, as in
//
//	ENSHI_FAIL="plan.after:2=kill,begin.before=error,send:*=sleep 50ms"
//
// each of them a point, at which hit in this process (the first, if it is left
// out; * for every one), and what: kill (SIGKILL to itself), hold (say so, and
// wait for SIGUSR1), error, sleep DURATION.
const failVariable = "ENSHI_FAIL"

// aheadVariable says by how much the store's clock is ahead of the machine's, so that a
// test needs not wait until deliveries are old.
const aheadVariable = "ENSHI_AHEAD"

func readAhead() (time.Duration, error) {
	text := os.Getenv(aheadVariable)
	if text == "" {
		return 0, nil
	}
	ahead, err := time.ParseDuration(text)
	if err != nil {
		return 0, usagef("%s: %w", aheadVariable, err)
	}
	return ahead, nil
}

// The points come before and after each step of the ledger that lasts, and
// around what a sender does. After the final dot there is none: a mail server
// under a test's control knows better when that has come in.
var failPointNames = [...]string{
	"any",                           // whichever comes: its hits are counted over all points
	"decide.before", "decide.after", // an operator on posts
	"append.before", "append.after", // posts arrive
	"update.before", "update.after", // posts that did are corrected
	"open.before", "open.after", // an edition
	"letter.before", "letter.after", // is kept
	"plan.before", "plan.after", // a batch
	"close.before", "close.after", // planned to the end
	"lease.before", "lease.after",
	"send",                        // leased, nothing of it on the wire
	"body",                        // on the wire, but for the final dot
	"begin.before", "begin.after", // the turn that marks deliveries as sending
	"begun",                         // marked, and known to be: before the final dot
	"accepted",                      // 250 was read
	"record.before", "record.after", // the turn that records outcomes
	"renew.before", "renew.after",
	"sweep.before", "sweep.after",
	"cancel.before", "cancel.after",
	"again.before", "again.after",
	"rewrite.before", "rewrite.after", // a letter, without what was withdrawn
	"retract.before", "retract.after", // letters that are empty then
	"trim.before", "trim.after", // old deliveries that were sent, into a roll
	"fold.before", "fold.after", // all old deliveries of an edition, into its counts
}

// failAction is what one fail point does.
type failAction struct {
	hit   int // 0 for every hit
	what  string
	sleep time.Duration
}

// failPoints are the points of a process that do something.
type failPoints struct {
	mu      sync.Mutex
	actions map[string]failAction
	hits    map[string]int
}

// readFailPoints reads failVariable.
func readFailPoints() (*failPoints, error) {
	f := &failPoints{actions: make(map[string]failAction), hits: make(map[string]int)}
	for one := range strings.SplitSeq(os.Getenv(failVariable), ",") {
		if one = strings.TrimSpace(one); one == "" {
			continue
		}
		point, what, _ := strings.Cut(one, "=")
		name, hit, counted := strings.Cut(point, ":")
		a := failAction{hit: 1, what: what}
		if n, err := strconv.Atoi(hit); err == nil && n > 0 {
			a.hit = n
		} else if hit == "*" {
			a.hit = 0
		} else if counted {
			return nil, usagef("%s: %s: expected a hit from 1, or *", failVariable, one)
		}
		verb, length, _ := strings.Cut(what, " ")
		if verb == "sleep" {
			d, err := time.ParseDuration(length)
			if err != nil {
				return nil, usagef("%s: %s: %w", failVariable, one, err)
			}
			a.what, a.sleep = verb, d
		}
		if !slices.Contains(failPointNames[:], name) || !slices.Contains([]string{"kill", "hold", "error", "sleep"}, a.what) {
			return nil, usagef("%s: %s: expected one of %s, then =kill, =hold, =error or =sleep DURATION", failVariable, one, strings.Join(failPointNames[:], " "))
		}
		f.actions[name] = a
	}
	return f, nil
}

// at is reached at a point.
func (f *failPoints) at(name string) error {
	a, found := f.due(name)
	if !found {
		a, found = f.due("any")
	}
	if !found {
		return nil
	}
	switch a.what {
	case "kill":
		if err := syscall.Kill(os.Getpid(), syscall.SIGKILL); err != nil {
			return err
		}
		select {} // until it arrives
	case "hold":
		released := make(chan os.Signal, 1)
		signal.Notify(released, syscall.SIGUSR1)
		fmt.Fprintln(os.Stderr, "held at", name)
		<-released
		signal.Stop(released)
	case "sleep":
		time.Sleep(a.sleep)
	case "error":
		return fmt.Errorf("fail point %s", name)
	}
	return nil
}

// due counts a hit, and returns what is to be done at it.
func (f *failPoints) due(name string) (a failAction, found bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.hits[name]++
	a, found = f.actions[name]
	return a, found && (a.hit == 0 || a.hit == f.hits[name])
}

// around puts the points NAME.before and NAME.after around a step. An error
// after it is an answer that was lost: the step is done.
func around[T any](f *failPoints, name string, step func() (T, error)) (result T, err error) {
	if err := f.at(name + ".before"); err != nil {
		return result, err
	}
	done, err := step()
	if err != nil {
		return done, err
	}
	if err := f.at(name + ".after"); err != nil {
		return result, err
	}
	return done, nil
}

// aroundStep is around for a step that answers nothing.
func aroundStep(f *failPoints, name string, step func() error) error {
	_, err := around(f, name, func() (struct{}, error) { return struct{}{}, step() })
	return err
}
