package delivery

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"time"
)

// maxTurn is the most attempts that one turn of the ledger begins, and records.
const maxTurn = 256

// lull is how long a result waits for the next delivery to begin, which then
// takes the same turn. A worker that is killed meanwhile leaves one delivery a
// connection in doubt, as it would without.
const lull = 5 * time.Millisecond

// gather is how long a delivery that could begin waits for others that are about
// to. A turn costs the ledger much more than one attempt more in it.
const gather = 300 * time.Microsecond

// clerk makes few turns of the ledger of many attempts: while one turn is under
// way, what comes in waits for the next. A result that the ledger could not take
// is kept and given again, for ever: a known outcome is not thrown away because
// the store is away. Only a store of another epoch never takes it.
type clerk struct {
	turn func(ctx context.Context, done []Result, next []Delivery) ([]Permit, error)
	log  *slog.Logger

	mu      sync.Mutex
	coming  int // attempts that have not come to begin yet
	results []*entered
	turning []*entered // results in the latest turn, which may be under way
	begins  []*asked
	busy    bool
	failing bool
	hurry   chan struct{} // closed when something waits that should not have to
}

// entered is a result on its way into the ledger.
type entered struct {
	result Result
	after  func()
	done   chan struct{}
}

// asked is a delivery that waits for its permit.
type asked struct {
	delivery Delivery
	permit   Permit
	err      error
	done     chan struct{}
}

// approach announces an attempt, which either begins or turns back.
func (c *clerk) approach() {
	c.mu.Lock()
	c.coming++
	c.mu.Unlock()
}

// turnBack takes an announcement back.
func (c *clerk) turnBack() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.coming--; c.coming <= 0 && len(c.begins) > 0 {
		c.hasten()
	}
}

// begin asks for the permit of a delivery that was announced.
func (c *clerk) begin(ctx context.Context, d Delivery) (Permit, error) {
	a := &asked{delivery: d, done: make(chan struct{})}
	c.mu.Lock()
	c.coming--
	c.begins = append(c.begins, a)
	c.wake(ctx, c.coming <= 0)
	if len(c.begins) == 1 && c.coming > 0 {
		time.AfterFunc(gather, c.gathered)
	}
	c.mu.Unlock()
	select {
	case <-a.done:
		return a.permit, a.err
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

// record enters a result, and calls after once the ledger has it. It waits for
// that only while the ledger is away, or if now is set.
func (c *clerk) record(ctx context.Context, r Result, now bool, after func()) {
	e := &entered{result: r, after: after, done: make(chan struct{})}
	c.mu.Lock()
	c.results = append(c.results, e)
	wait := now || c.failing
	c.wake(ctx, wait)
	c.mu.Unlock()
	if !wait {
		return
	}
	select {
	case <-e.done:
	case <-ctx.Done():
	}
}

// flush waits until everything that was entered is recorded, or ctx ends. Then
// what is not is let go of: its lease runs out, and it is in doubt. It must not
// be given back as if it had not been tried.
func (c *clerk) flush(ctx context.Context) {
	c.mu.Lock()
	waiting := slices.Concat(c.turning, c.results)
	if len(waiting) > 0 {
		c.wake(ctx, true)
	}
	c.mu.Unlock()
	for _, e := range waiting {
		select {
		case <-e.done:
		case <-ctx.Done():
			e.after()
		}
	}
}

// wake starts the turns if there are none under way, at once if hurry is set.
// The caller holds the lock.
func (c *clerk) wake(ctx context.Context, hurry bool) {
	if !c.busy {
		c.busy, c.hurry = true, make(chan struct{})
		go c.work(ctx)
	}
	if hurry {
		c.hasten()
	}
}

// hasten ends the rest before a turn. The caller holds the lock.
func (c *clerk) hasten() {
	select {
	case <-c.hurry:
	default:
		close(c.hurry)
	}
}

// gathered ends the rest of those that wait to begin.
func (c *clerk) gathered() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.begins) > 0 {
		c.hasten()
	}
}

// work makes turns until nothing waits. ctx ends when the worker gives up what
// is in flight.
func (c *clerk) work(ctx context.Context) {
	for wait := lull; ; {
		c.rest(ctx, wait)
		c.mu.Lock()
		results, begins := take(&c.results), take(&c.begins)
		c.turning = results
		if len(results)+len(begins) == 0 {
			c.busy = false
			c.mu.Unlock()
			return
		}
		c.hurry = make(chan struct{})
		if len(c.begins) > 0 {
			c.hasten()
		}
		c.mu.Unlock()
		err := c.step(ctx, results, begins)
		if errors.Is(err, ErrOldEpoch) {
			c.log.Error("outcomes lost: the store is in another epoch", "outcomes", len(results), "error", err)
		} else if err != nil && ctx.Err() == nil {
			c.log.Warn("outcomes not recorded yet", "outcomes", len(results), "error", err)
		}
		if err == nil || errors.Is(err, ErrOldEpoch) {
			wait = lull
			continue
		}
		if ctx.Err() != nil {
			c.mu.Lock()
			c.busy = false
			c.mu.Unlock()
			return
		}
		wait = min(max(2*wait, 100*time.Millisecond), 10*time.Second)
	}
}

// rest waits a little for more to come, but not while a delivery waits to begin.
func (c *clerk) rest(ctx context.Context, d time.Duration) {
	c.mu.Lock()
	hurry, failing := c.hurry, c.failing
	c.mu.Unlock()
	if failing {
		hurry = nil // the ledger is given time
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-hurry:
	case <-ctx.Done():
	}
}

// take removes up to maxTurn from a list.
func take[T any](list *[]T) []T {
	n := min(len(*list), maxTurn)
	taken := (*list)[:n:n]
	*list = (*list)[n:]
	return taken
}

// step is one turn. What it was to record comes again if it failed.
func (c *clerk) step(ctx context.Context, results []*entered, begins []*asked) error {
	done, next := make([]Result, len(results)), make([]Delivery, len(begins))
	for i, e := range results {
		done[i] = e.result
	}
	for i, a := range begins {
		next[i] = a.delivery
	}
	permits, err := c.turn(context.WithoutCancel(ctx), done, next)
	lost := errors.Is(err, ErrOldEpoch)
	c.mu.Lock()
	c.failing = err != nil && !lost
	if c.failing {
		c.results = append(results, c.results...)
	}
	c.mu.Unlock()
	for i, a := range begins {
		if a.err = err; err == nil {
			a.permit = permits[i]
		}
		close(a.done)
	}
	if err != nil && !lost {
		return err
	}
	for _, e := range results {
		e.after()
		close(e.done)
	}
	return err
}
