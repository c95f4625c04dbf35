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

// between does something before the nth pipeline from when it is set.
type between struct {
	left int // 0: no more
	do   func()
}

func (b *between) DialHook(next redis.DialHook) redis.DialHook {
	return func(ctx context.Context, network, addr string) (net.Conn, error) { return next(ctx, network, addr) }
}

func (b *between) ProcessHook(next redis.ProcessHook) redis.ProcessHook { return next }

func (b *between) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		if b.left > 0 {
			if b.left--; b.left == 0 {
				b.do()
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
	hook := &between{left: step, do: func() {
		done, err := other.Again(t.Context(), e.ID, delivery.Failed)
		check(t, "Again", err)
		queued, interrupted = done.Queued, true
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
