package redisdb_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/redis/go-redis/v9"

	"github.com/enshi-daily/enshi/delivery"
	"github.com/enshi-daily/enshi/internal/redistest"
	"github.com/enshi-daily/enshi/store/redisdb"
)

// breaks cuts the connection at the nth pipeline from when it is set: before that
// is sent, or after it was carried out and before its answers arrive.
type breaks struct {
	left   int // 0: no more
	answer bool
}

func (b *breaks) DialHook(next redis.DialHook) redis.DialHook {
	return func(ctx context.Context, network, addr string) (net.Conn, error) { return next(ctx, network, addr) }
}

func (b *breaks) ProcessHook(next redis.ProcessHook) redis.ProcessHook { return next }

func (b *breaks) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		if b.left--; b.left != 0 {
			return next(ctx, cmds)
		}
		if b.answer {
			_ = next(ctx, cmds)
		}
		for _, cmd := range cmds {
			cmd.SetErr(errCut)
		}
		return errCut
	}
}

// TestStepsOfManyScriptsAreRepeatedAfterACut cuts what an operator or a sweeper does in
// many scripts at each of them, and does it again: it comes to the same.
func TestStepsOfManyScriptsAreRepeatedAfterACut(t *testing.T) {
	server := redistest.Start(t)
	const people = 6
	for name, c := range map[string]struct {
		step  func(*redisdb.DB, *clock, delivery.Edition) error
		want  delivery.Counts
		stage delivery.Stage
	}{
		"Cancel": {func(db *redisdb.DB, _ *clock, e delivery.Edition) error { return db.Cancel(t.Context(), e.ID) },
			delivery.Counts{delivery.Sending: 1, delivery.Failed: 2, delivery.Skipped: 3}, delivery.StageCancelled},
		"Again": {func(db *redisdb.DB, _ *clock, e delivery.Edition) error {
			_, err := db.Again(t.Context(), e.ID, delivery.Failed)
			return err
		}, delivery.Counts{delivery.Sending: 1, delivery.Queued: 5}, delivery.StageSending},
		"Retract": {func(db *redisdb.DB, _ *clock, e delivery.Edition) error {
			_, err := db.Retract(t.Context(), e.ID, "Zm9vYmFyYmF6cXV4")
			return err
		}, delivery.Counts{delivery.Sending: 1, delivery.Failed: 2, delivery.Skipped: 3}, delivery.StageSending},
		"Sweep": {func(db *redisdb.DB, c *clock, _ delivery.Edition) error {
			c.advance(time.Hour)
			_, err := db.Sweep(t.Context(), delivery.SkipIt)
			return err
		}, delivery.Counts{delivery.Uncertain: 1, delivery.Failed: 2, delivery.Queued: 3}, delivery.StageSending},
	} {
		for _, answer := range []bool{false, true} {
			for n, cut := 1, true; cut; n++ {
				clock := newClock()
				db := open(t, redisdb.Options{URL: server.URL(), Prefix: fmt.Sprintf("%s%t%d:", name, answer, n), Now: clock.Now})
				save(t, db, 0, people)
				e := plan(t, db)
				leased := leaseAll(t, db, time.Minute)
				check(t, "Finish", finish(t.Context(), db, results(leased[:2], delivery.Failed)))
				_, err := db.Turn(t.Context(), nil, leased[2:3])
				check(t, "Begin", err)
				check(t, "Finish", finish(t.Context(), db, results(leased[3:5], delivery.Queued)))

				hook := &breaks{left: n, answer: answer}
				db.Client().AddHook(hook)
				err = c.step(db, clock, e)
				if cut = errors.Is(err, errCut); !cut {
					check(t, name, err)
				}
				hook.left = 0
				check(t, name+" again", c.step(db, clock, e))
				if diff := cmp.Diff(c.want, counts(t, db, e.ID)); diff != "" {
					t.Errorf("%s cut at %d, answer %t: Counts (-want +got):\n%s", name, n, answer, diff)
				}
				stored, err := db.Edition(t.Context(), e.ID)
				check(t, "Edition", err)
				if stored.Stage != c.stage {
					t.Errorf("%s cut at %d, answer %t: the edition is %s, want %s", name, n, answer, stored.Stage, c.stage)
				}
				if got, want := len(leaseAll(t, db, time.Minute)), waitingOf(name, c.want); got != want {
					t.Errorf("%s cut at %d, answer %t: %d can be leased, want %d", name, n, answer, got, want)
				}
			}
		}
	}
}

// waitingOf is how many of the queued ones are not under a lease.
func waitingOf(step string, c delivery.Counts) int {
	if step == "Again" {
		return c[delivery.Queued] - 1
	}
	return c[delivery.Queued]
}
