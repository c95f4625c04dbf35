package redisdb_test

import (
	"context"
	"fmt"
	"net"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/enshi-daily/enshi/delivery"
	"github.com/enshi-daily/enshi/internal/redistest"
	"github.com/enshi-daily/enshi/store/redisdb"
)

// between does something before the nth pipeline from when it is set. An error
// of it stands for a process that is killed there: the pipeline is not sent.
type between struct {
	left int // 0: no more
	do   func() error
}

func (b *between) DialHook(next redis.DialHook) redis.DialHook {
	return func(ctx context.Context, network, addr string) (net.Conn, error) { return next(ctx, network, addr) }
}

func (b *between) ProcessHook(next redis.ProcessHook) redis.ProcessHook { return next }

func (b *between) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		if b.left > 0 {
			if b.left--; b.left == 0 {
				if err := b.do(); err != nil {
					for _, cmd := range cmds {
						cmd.SetErr(err)
					}
					return err
				}
			}
		}
		return next(ctx, cmds)
	}
}

// TestAgainWhileAnEditionIsForgotten queues failed deliveries again before each
// step of the sweep that leaves of their edition its counts: either they all go
// out, or none is queued.
func TestAgainWhileAnEditionIsForgotten(t *testing.T) {
	server := redistest.Start(t)
	for step, inTime := 1, 0; ; step++ {
		queued, interrupted := againAt(t, server.URL(), step)
		if queued > 0 {
			inTime++
		}
		if interrupted {
			continue
		}
		if inTime == 0 || inTime == step-1 {
			t.Errorf("in %d of %d steps it came in time, want some and not all", inTime, step-1)
		}
		return
	}
}

// againAt says how many were queued at a step, and whether the sweep has one.
func againAt(t *testing.T, url string, step int) (queued int, interrupted bool) {
	t.Helper()
	const people = 130
	clock := newClock()
	o := redisdb.Options{URL: url, Prefix: fmt.Sprintf("step%d:", step), Now: clock.Now}
	db, other := open(t, o), open(t, o)
	save(t, db, 0, people)
	e := plan(t, db)
	check(t, "Finish", finish(t.Context(), db, results(leaseAll(t, db, time.Minute), delivery.Failed)))
	_, err := db.Sweep(t.Context(), delivery.Resend)
	check(t, "Sweep", err)
	clock.advance(delivery.RecallFor + time.Minute)
	hook := &between{left: step, do: func() error {
		done, err := other.Again(t.Context(), e.ID, delivery.Failed)
		queued, interrupted = done.Queued, true
		return err
	}}
	db.Client().AddHook(hook)
	_, err = db.Sweep(t.Context(), delivery.Resend)
	check(t, "Sweep", err)
	hook.left = 0
	if queued != 0 && queued != people {
		t.Errorf("step %d: %d queued again, want all or none", step, queued)
	}
	rows := 0
	for _, err := range db.Deliveries(t.Context(), e.ID) {
		check(t, "Deliveries", err)
		rows++
	}
	if n := len(leaseAll(t, db, time.Minute)); n != queued || rows != queued {
		t.Errorf("step %d: %d queued again, %d can be sent, %d rows", step, queued, n, rows)
	}
	if got := counts(t, db, e.ID)[delivery.Queued]; got != queued {
		t.Errorf("step %d: %d are counted as queued, want %d", step, got, queued)
	}
	return queued, interrupted
}

// TestFinishedAgainWhileForgotten has an edition sent again and finished anew
// before each step of the sweep that forgets what was sent of it, and of the one that leaves
// its counts: it is forgotten all the same, once it is time again.
func TestFinishedAgainWhileForgotten(t *testing.T) {
	server := redistest.Start(t)
	for _, age := range []time.Duration{49 * time.Hour, delivery.RecallFor + time.Minute} {
		for step := 1; finishedAgainAt(t, server.URL(), age, step); step++ {
		}
	}
}

// finishedAgainAt says whether the sweep has that step.
func finishedAgainAt(t *testing.T, url string, age time.Duration, step int) (interrupted bool) {
	t.Helper()
	clock := newClock()
	o := redisdb.Options{URL: url, Prefix: fmt.Sprintf("age%v:step%d:", age, step), Now: clock.Now}
	db, other := open(t, o), open(t, o)
	save(t, db, 0, 4)
	e := plan(t, db)
	sendSome(t, db, 2)
	clock.advance(age)
	hook := &between{left: step, do: func() error {
		_, err := other.Again(t.Context(), e.ID, delivery.Failed)
		sendSome(t, other, 1)
		interrupted = true
		return err
	}}
	db.Client().AddHook(hook)
	_, err := db.Sweep(t.Context(), delivery.Resend)
	check(t, "Sweep", err)
	hook.left = 0
	for _, later := range []time.Duration{49 * time.Hour, delivery.RecallFor} {
		clock.advance(later)
		_, err := db.Sweep(t.Context(), delivery.Resend)
		check(t, "Sweep", err)
		for d, err := range db.Deliveries(t.Context(), e.ID) {
			check(t, "Deliveries", err)
			if d.State == delivery.Sent || later > delivery.RecallFor/2 {
				t.Errorf("after %v, step %d: %v later the ledger still has what is %s", age, step, later, d.State)
			}
		}
	}
	return interrupted
}

// sendSome sends up to n of what waits, lets the rest fail, and sweeps.
func sendSome(t *testing.T, db *redisdb.DB, n int) {
	t.Helper()
	leased := leaseAll(t, db, time.Minute)
	n = min(n, len(leased))
	check(t, "Finish", finish(t.Context(), db, results(leased[:n], delivery.Sent)))
	check(t, "Finish", finish(t.Context(), db, results(leased[n:], delivery.Failed)))
	_, err := db.Sweep(t.Context(), delivery.Resend)
	check(t, "Sweep", err)
}
