package redisdb_test

import (
	"context"
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/enshi-daily/enshi/delivery"
	"github.com/enshi-daily/enshi/internal/redistest"
	"github.com/enshi-daily/enshi/store/redisdb"
	"github.com/enshi-daily/enshi/subscribers"
)

// await polls until done says so.
func await(t *testing.T, what string, done func() bool) {
	t.Helper()
	deadline := time.NewTimer(30 * time.Second)
	defer deadline.Stop()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for !done() {
		select {
		case <-deadline.C:
			t.Fatalf("waited in vain until %s", what)
		case <-tick.C:
		}
	}
}

// TestKilledServerLosesNothingAnswered runs with appendfsync always, which we
// recommend: with everysec Redis answers before it writes for up to two seconds
// while a slow disk is still syncing.
func TestKilledServerLosesNothingAnswered(t *testing.T) {
	server := redistest.Start(t, "--appendfsync", "always")
	db := open(t, redisdb.Options{URL: server.URL()})
	var answered atomic.Int64
	var writers sync.WaitGroup
	saved := make([]map[int]bool, 4)
	for w := range saved {
		saved[w] = make(map[int]bool)
		writers.Go(func() {
			for n := w; ; n += len(saved) {
				if db.Save(t.Context(), reader(n), subscribers.NoticeAlready) != nil {
					return
				}
				saved[w][n] = true
				answered.Add(1)
			}
		})
	}
	await(t, "enough is written", func() bool { return answered.Load() > 2000 })
	server.Kill()
	writers.Wait()
	server.Restart()

	for _, part := range saved {
		for n := range part {
			if _, err := db.Subscriber(t.Context(), idOf(n)); err != nil {
				t.Errorf("answered, and lost: %v", err)
			}
		}
	}
	// A write may have been kept and its answer lost: one a writer at most.
	notices := counts(t, db, delivery.EditionAlready)
	if extra := notices.Total() - int(answered.Load()); extra < 0 || extra > len(saved) {
		t.Errorf("%d notices for %d answers", notices.Total(), answered.Load())
	}
	people, err := db.Count(t.Context())
	check(t, "Count", err)
	if people[subscribers.Active] != notices[delivery.Queued] {
		t.Errorf("%d people have %d notices: a step was torn", people[subscribers.Active], notices[delivery.Queued])
	}
}

func TestRestartForgetsScriptsAndNobodyNotices(t *testing.T) {
	db, server := start(t)
	save(t, db, 0, 200)
	e := plan(t, db)
	leased := leaseAll(t, db, time.Minute)
	server.Restart()
	permits, err := db.Turn(t.Context(), nil, leased) // a pipeline over all shards
	check(t, "Begin", err)
	for _, p := range permits {
		if p != delivery.Go {
			t.Fatalf("permit after the restart = %q", p)
		}
	}
	check(t, "Finish", finish(t.Context(), db, results(leased, delivery.Sent)))
	if got := counts(t, db, e.ID); got[delivery.Sent] != 200 || got.Total() != 200 {
		t.Errorf("Counts = %v, want 200 sent", got)
	}
}

// scissors cut the connection at the nth pipeline: before it is sent, or after
// it was carried out and before its answers arrive.
type scissors struct {
	armed  atomic.Bool
	answer bool
}

var errCut = errors.New("connection cut")

func (s *scissors) DialHook(next redis.DialHook) redis.DialHook {
	return func(ctx context.Context, network, addr string) (net.Conn, error) { return next(ctx, network, addr) }
}

func (s *scissors) ProcessHook(next redis.ProcessHook) redis.ProcessHook { return next }

func (s *scissors) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		if !s.armed.Load() {
			return next(ctx, cmds)
		}
		s.armed.Store(false)
		half := cmds[:(len(cmds)+1)/2]
		if s.answer {
			half = cmds
		}
		_ = next(ctx, half)
		for _, cmd := range cmds {
			cmd.SetErr(errCut)
		}
		return errCut
	}
}

// twice runs a step whose first try is cut, in the middle or after it.
func twice(t *testing.T, s *scissors, step string, f func() error) {
	t.Helper()
	s.armed.Store(true)
	if err := f(); !errors.Is(err, errCut) {
		t.Fatalf("%s with the connection cut = %v, want the error", step, err)
	}
	check(t, step+" again", f())
}

func TestStepsAreRepeatedAfterACut(t *testing.T) {
	for name, answer := range map[string]bool{"in the middle": false, "before the answer": true} {
		t.Run(name, func(t *testing.T) {
			db, _ := start(t)
			s := &scissors{answer: answer}
			db.Client().AddHook(s)
			save(t, db, 0, 640)
			e, err := db.Open(t.Context(), daily())
			check(t, "Open", err)
			for part := range db.Parts() {
				found, err := db.Candidates(t.Context(), e, part, "", 500)
				check(t, "Candidates", err)
				var choices []delivery.Choice
				for _, c := range found {
					choices = append(choices, delivery.Choice{Subscriber: c.Subscriber.ID, Version: 1, Letter: "l", Group: "qq"})
				}
				twice(t, s, "Plan", func() error {
					_, err := db.Plan(t.Context(), e, part, choices)
					return err
				})
			}
			twice(t, s, "Close", func() error { return db.Close(t.Context(), e.ID) })
			leased := leaseAll(t, db, time.Minute)
			if len(leased) != 640 {
				t.Fatalf("%d deliveries planned, want 640", len(leased))
			}
			sendAll(t, db, s, leased)
			got := counts(t, db, e.ID)
			if got[delivery.Sent] != 600 || got[delivery.Retry] != 40 || got.Total() != 640 {
				t.Errorf("Counts = %v, want 600 sent and 40 to retry", got)
			}
			for d, err := range db.Deliveries(t.Context(), e.ID, delivery.Retry) {
				check(t, "Deliveries", err)
				if d.Tries != 1 {
					t.Fatalf("Tries = %d after one attempt that was recorded twice", d.Tries)
				}
			}
		})
	}
}

func sendAll(t *testing.T, db *redisdb.DB, s *scissors, leased []delivery.Delivery) {
	t.Helper()
	twice(t, s, "Renew", func() error { return db.Renew(t.Context(), leased, time.Minute) })
	twice(t, s, "Begin", func() error {
		permits, err := db.Turn(t.Context(), nil, leased)
		for _, p := range permits {
			if p != delivery.Go {
				t.Fatalf("permit = %q", p)
			}
		}
		return err
	})
	twice(t, s, "Finish", func() error { return finish(t.Context(), db, results(leased[:600], delivery.Sent)) })
	retry := results(leased[600:], delivery.Retry)
	for i := range retry {
		retry[i].At = time.Now().Add(time.Hour)
	}
	twice(t, s, "Finish", func() error { return finish(t.Context(), db, retry) })
}

func TestCutConnectionIsAnErrorAndTheNextCallGoesOn(t *testing.T) {
	db, server := start(t)
	save(t, db, 0, 1)
	server.Cut()
	await(t, "the store answers again", func() bool {
		_, err := db.Subscriber(t.Context(), idOf(0))
		return err == nil
	})
}
