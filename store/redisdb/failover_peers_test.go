//go:build peers

package redisdb_test

import (
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/enshi-daily/enshi/internal/redistest"
	"github.com/enshi-daily/enshi/store/redisdb"
	"github.com/enshi-daily/enshi/subscribers"
)

func TestContractsOnSixNodes(t *testing.T) {
	t.Parallel()
	runContracts(t, redistest.StartNodes(t))
}

// spare is a Redis in which a replica takes a dead master's place.
type spare interface {
	URL() string
	AwaitMaster(key string) *redistest.Server
	Follower(*redistest.Server) *redistest.Server
	HandOver(*redistest.Server)
}

func spares() map[string]func(*testing.T) spare {
	return map[string]func(*testing.T) spare{
		"cluster":  func(t *testing.T) spare { return redistest.StartNodes(t) },
		"Sentinel": func(t *testing.T) spare { return redistest.StartSentinels(t) },
	}
}

// TestFailoverLosesNothingAnswered kills a master whose replica has lagged
// behind since a moment before: whatever was answered is there afterwards, and
// the store is of use again by itself.
func TestFailoverLosesNothingAnswered(t *testing.T) {
	for name, start := range spares() {
		t.Run(name, func(t *testing.T) {
			s := start(t)
			db := open(t, redisdb.Options{URL: s.URL()})
			w := newWriters(t, db)
			await(t, "enough is written", func() bool { return w.answered.Load() > 500 })
			master := s.AwaitMaster(w.key)
			replica := s.Follower(master)
			replica.Freeze()
			time.Sleep(100 * time.Millisecond) // what was on its way is answered
			before := w.answered.Load()
			time.Sleep(300 * time.Millisecond) // the master alone has what it is given
			if n := w.answered.Load() - before; n > 0 {
				t.Errorf("%d steps were answered that no replica had", n)
			}
			master.Kill()
			replica.Thaw()
			if next := s.AwaitMaster(w.key); next != replica {
				t.Fatalf("%s took the place, want %s", next.Addr(), replica.Addr())
			}
			before = w.answered.Load()
			await(t, "the store takes what it is given", func() bool { return w.answered.Load() > before+200 })
			w.stop()
			for n := range w.saved {
				if _, err := db.Subscriber(t.Context(), idOf(n)); err != nil {
					t.Errorf("answered, and lost: %v", err)
				}
			}
			t.Logf("%d answered, %d not", len(w.saved), w.failed.Load())
		})
	}
}

// TestHandOverLosesNothingAnswered makes a master that goes on running a replica.
func TestHandOverLosesNothingAnswered(t *testing.T) {
	t.Parallel()
	for name, start := range spares() {
		t.Run(name, func(t *testing.T) {
			s := start(t)
			db := open(t, redisdb.Options{URL: s.URL()})
			w := newWriters(t, db)
			await(t, "enough is written", func() bool { return w.answered.Load() > 500 })
			master := s.AwaitMaster(w.key)
			replica := s.Follower(master)
			s.HandOver(master)
			await(t, "the replica is master", func() bool { return s.AwaitMaster(w.key) == replica })
			before := w.answered.Load()
			await(t, "the store takes what it is given", func() bool { return w.answered.Load() > before+200 })
			w.stop()
			for n := range w.saved {
				if _, err := db.Subscriber(t.Context(), idOf(n)); err != nil {
					t.Errorf("answered, and lost: %v", err)
				}
			}
			t.Logf("%d answered, %d not", len(w.saved), w.failed.Load())
		})
	}
}

// writers save subscribers of shard 0 until they are stopped.
type writers struct {
	key              string // of the shard
	answered, failed atomic.Int64
	saved            map[int]bool
	stop             func()
}

func newWriters(t *testing.T, db *redisdb.DB) *writers {
	c := &writers{key: "enshi:{s00}:people", saved: make(map[int]bool)}
	var mu sync.Mutex
	var running sync.WaitGroup
	done := make(chan struct{})
	c.stop = sync.OnceFunc(func() { close(done); running.Wait() })
	t.Cleanup(c.stop)
	const parallel = 4
	for i := range parallel {
		running.Go(func() {
			for n := i; ; n += parallel {
				select {
				case <-done:
					return
				default:
				}
				if db.Save(t.Context(), reader(n*64), subscribers.NoticeAlready) != nil {
					c.failed.Add(1)
					time.Sleep(10 * time.Millisecond)
					continue
				}
				mu.Lock()
				c.saved[n*64] = true
				mu.Unlock()
				c.answered.Add(1)
			}
		})
	}
	return c
}

// TestSlotMoves moves a shard to another master while it is written to: what is
// half there is asked for at both.
func TestSlotMoves(t *testing.T) {
	t.Parallel()
	cluster := redistest.StartNodes(t)
	db := open(t, redisdb.Options{URL: cluster.URL()})
	w := newWriters(t, db)
	await(t, "enough is written", func() bool { return w.answered.Load() > 500 })
	from := cluster.AwaitMaster(w.key)
	cluster.Move(w.key, 10*time.Millisecond)
	before := w.answered.Load()
	await(t, "the store takes what it is given", func() bool { return w.answered.Load() > before+200 })
	w.stop()
	if at := cluster.AwaitMaster(w.key); at == from {
		t.Error("the slot has not moved")
	}
	for n := range w.saved {
		if _, err := db.Subscriber(t.Context(), idOf(n)); err != nil {
			t.Errorf("answered, and lost: %v", err)
		}
	}
	people, err := db.Count(t.Context())
	check(t, "Count", err)
	if n := people[subscribers.Active]; n < len(w.saved) || n > len(w.saved)+int(w.failed.Load()) {
		t.Errorf("%d people, want %d, or up to %d more of which nobody knows", n, len(w.saved), w.failed.Load())
	}
	t.Logf("%d answered, %d not", len(w.saved), w.failed.Load())
}

// TestDurabilityOfReplicas asks those who may be masters soon, too.
func TestDurabilityOfReplicas(t *testing.T) {
	t.Parallel()
	cluster := redistest.StartNodes(t)
	db := open(t, redisdb.Options{URL: cluster.URL()})
	if warnings, err := db.Durability(t.Context()); err != nil || len(warnings) != 0 {
		t.Errorf("Durability = %q, %v, want none", warnings, err)
	}
	master := cluster.AwaitMaster("enshi:{s00}:people")
	replica := cluster.Follower(master)
	replica.Set("appendonly", "no")
	save(t, db, 0, 1) // a replica that has nothing yet is not listed
	await(t, "Durability names the replica", func() bool {
		warnings, err := db.Durability(t.Context())
		return err == nil && len(warnings) == 1 && strings.Contains(warnings[0], replica.Addr()) && strings.Contains(warnings[0], "append-only")
	})
	replica.Kill()
	if warnings, err := db.Durability(t.Context()); err != nil || len(warnings) != 0 {
		t.Errorf("Durability without the replica = %q, %v, want none", warnings, err)
	}
}

// TestMasterAlone is believed again when it lost its replica long enough ago, and
// at once if it never had one.
func TestMasterAlone(t *testing.T) {
	t.Parallel()
	s := redistest.StartSentinels(t)
	db := open(t, redisdb.Options{URL: s.URL()})
	save(t, db, 0, 1)
	s.Follower(s.AwaitMaster("")).Kill()
	lost := time.Now()
	n := 1
	await(t, "the master goes on alone", func() bool {
		n++ // what is not confirmed may be there all the same
		return db.Save(t.Context(), reader(n), subscribers.NoNotice) == nil
	})
	if alone := time.Since(lost); alone < 15*time.Second {
		t.Errorf("it was believed after %v", alone)
	}
	save(t, open(t, redisdb.Options{URL: s.URL()}), n+1, n+2)
}
