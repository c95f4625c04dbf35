package redisdb_test

import (
	"context"
	"fmt"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/enshi-daily/enshi/internal/redistest"
	"github.com/enshi-daily/enshi/store/redisdb"
	"github.com/enshi-daily/enshi/store/storetest"
)

// open connects, under the watch of oneSlot.
func open(tb testing.TB, o redisdb.Options) *redisdb.DB {
	tb.Helper()
	db, err := redisdb.Open(tb.Context(), o)
	if err != nil {
		tb.Fatal(err)
	}
	db.Client().AddHook(oneSlot{tb})
	tb.Cleanup(func() {
		if err := db.Shutdown(); err != nil {
			tb.Error(err)
		}
	})
	return db
}

func TestContracts(t *testing.T) {
	server := redistest.Start(t)
	runContracts(t, server)
}

func TestContractsOnACluster(t *testing.T) {
	runContracts(t, redistest.StartCluster(t))
}

// runContracts gives each subtest a prefix of its own on one server, and two
// clients of it.
func runContracts(t *testing.T, server interface{ URL() string }) {
	var n atomic.Int64
	storetest.Run(t, func(t *testing.T) storetest.Harness {
		o := redisdb.Options{URL: server.URL(), Prefix: fmt.Sprintf("test%d:", n.Add(1))}
		first := open(t, o)
		return storetest.Harness{
			Store: first, Second: open(t, o),
			Open:    func() storetest.Store { return open(t, o) },
			Advance: func(d time.Duration) { pass(t, first, d) },
		}
	})
}

// pass waits until d has passed by the server's clock.
func pass(tb testing.TB, db *redisdb.DB, d time.Duration) {
	tb.Helper()
	tick := time.NewTicker(max(d/10, time.Millisecond))
	defer tick.Stop()
	var start time.Time
	for {
		now, err := db.Client().Time(tb.Context()).Result()
		if err != nil {
			tb.Fatal(err)
		}
		if start.IsZero() {
			start = now
		}
		// Deadlines are kept in whole ms.
		if now.Sub(start) > d+2*time.Millisecond {
			return
		}
		<-tick.C
	}
}

// oneSlot demands of every script call that its keys are in one hash slot, and
// of every key that it has one of the store's tags.
type oneSlot struct{ tb testing.TB }

func (h oneSlot) DialHook(next redis.DialHook) redis.DialHook {
	return func(ctx context.Context, network, addr string) (net.Conn, error) { return next(ctx, network, addr) }
}

func (h oneSlot) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		h.check(cmd)
		return next(ctx, cmd)
	}
}

func (h oneSlot) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		for _, cmd := range cmds {
			h.check(cmd)
		}
		return next(ctx, cmds)
	}
}

func (h oneSlot) check(cmd redis.Cmder) {
	args := cmd.Args()
	switch cmd.Name() {
	case "keys", "scan":
		h.tb.Errorf("%v walks the key space", args)
	case "evalsha":
		count, _ := args[2].(int)
		for _, key := range args[3 : 3+count] {
			if want, got := tag(args[3]), tag(key); got != want || !knownTag(got) {
				h.tb.Errorf("script call with keys of {%s} and {%s}: %v", want, got, args[3:3+count])
			}
		}
	}
}

// tag is the part of a key that its slot is computed from.
func tag(key any) string {
	s, _ := key.(string)
	_, rest, _ := strings.Cut(s, "{")
	name, _, _ := strings.Cut(rest, "}")
	return name
}

func knownTag(name string) bool {
	if name == "c" || name == "p" {
		return true
	}
	var n int
	_, err := fmt.Sscanf(name, "s%02d", &n)
	return err == nil && len(name) == 3 && n >= 0 && n < 64
}

func TestRetention(t *testing.T) {
	server := redistest.Start(t)
	var n atomic.Int64
	storetest.RunRetention(t, func(t *testing.T) storetest.Harness {
		c := newClock()
		o := redisdb.Options{URL: server.URL(), Prefix: fmt.Sprintf("test%d:", n.Add(1)), Now: c.Now}
		first := open(t, o)
		return storetest.Harness{
			Store: first, Second: open(t, o), Advance: c.advance, Now: c.Now,
			Spoil: func(edition string) { first.SpoilRolls(t, edition) },
		}
	})
}

func TestErrata(t *testing.T) {
	server := redistest.Start(t)
	var n atomic.Int64
	storetest.RunErrata(t, 6, func(t *testing.T) storetest.Harness {
		c := newClock()
		o := redisdb.Options{URL: server.URL(), Prefix: fmt.Sprintf("test%d:", n.Add(1)), Now: c.Now}
		return storetest.Harness{Store: open(t, o), Second: open(t, o), Advance: c.advance, Now: c.Now}
	})
}
