package alike

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/enshi-daily/enshi/delivery"
	"github.com/enshi-daily/enshi/internal/redistest"
	"github.com/enshi-daily/enshi/posts"
	"github.com/enshi-daily/enshi/store/redisdb"
	"github.com/enshi-daily/enshi/store/sqlitedb"
	"github.com/enshi-daily/enshi/store/storetest"
	"github.com/enshi-daily/enshi/subscribers"
)

// The stores of a scene.
const (
	sqlite = iota
	redis
)

// scene is one history of calls, made of both stores.
type scene struct {
	*testing.T
	stores [2]storetest.Store
	random *rand.Rand
	now    time.Time
	said   []string

	mark     int64
	editions []delivery.Edition
	leases   [][2]delivery.Delivery
	watches  [][2]posts.Watch
}

// histories runs a test with stores that have nothing in them, each time with other calls.
func histories(t *testing.T, few int, history func(s *scene)) {
	server := redistest.Start(t)
	if n, err := strconv.Atoi(os.Getenv("HISTORIES")); err == nil {
		few = n
	}
	for n := range few {
		t.Run(fmt.Sprint("history ", n), func(t *testing.T) {
			s := &scene{T: t, random: rand.New(rand.NewPCG(uint64(n), 1)), now: time.Date(2026, 11, 24, 7, 30, 0, 0, time.UTC)}
			clock := func() time.Time { return s.now }
			file, err := sqlitedb.Open(sqlitedb.Options{Path: filepath.Join(t.TempDir(), "enshi.db"), Now: clock})
			if err != nil {
				t.Fatal(err)
			}
			server, err := redisdb.Open(t.Context(), redisdb.Options{URL: server.URL(), Prefix: fmt.Sprintf("history%d:", n), Now: clock})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() {
				if err := errors.Join(file.Shutdown(), server.Shutdown()); err != nil {
					t.Error(err)
				}
			})
			s.stores = [2]storetest.Store{file, server}
			history(s)
		})
	}
}

// pick draws one of several.
func pick[T any](s *scene, from ...T) T { return from[s.random.IntN(len(from))] }

// once says whether something happens that does one time in n.
func (s *scene) once(n int) bool { return s.random.IntN(n) == 0 }

func (s *scene) pass(d ...time.Duration) { s.now = s.now.Add(pick(s, d...)) }

// kindOf is what callers tell an error by.
func kindOf(err error) string {
	for _, known := range []error{
		subscribers.ErrConflict, subscribers.ErrNotFound, delivery.ErrStage, delivery.ErrNotFound, delivery.ErrWithdrawn,
		posts.ErrFenced, posts.ErrWatched,
	} {
		if errors.Is(err, known) {
			return known.Error()
		}
	}
	if err != nil {
		return "unknown: " + err.Error()
	}
	return ""
}

// both makes a call of both stores, and returns what they answer alike.
func both[T any](s *scene, what string, call func(i int, store storetest.Store) (T, error)) (T, bool) {
	s.Helper()
	var answers [2]T
	var kinds [2]string
	for i, store := range s.stores {
		var err error
		answers[i], err = call(i, store)
		kinds[i] = kindOf(err)
	}
	s.said = append(s.said, fmt.Sprintf("%s: %v %s", what, answers[sqlite], kinds[sqlite]))
	s.alike(what, kinds[sqlite], kinds[redis])
	s.alike(what, answers[sqlite], answers[redis])
	return answers[sqlite], kinds[sqlite] == ""
}

// did is both for a call that answers nothing.
func (s *scene) did(what string, call func(i int, store storetest.Store) error) bool {
	s.Helper()
	_, ok := both(s, what, func(i int, store storetest.Store) (struct{}, error) { return struct{}{}, call(i, store) })
	return ok
}

func (s *scene) alike(what string, a, b any) {
	s.Helper()
	if diff := cmp.Diff(a, b, cmpopts.EquateEmpty()); diff != "" {
		for _, line := range s.said[max(0, len(s.said)-25):] {
			s.Log(line)
		}
		s.Fatalf("%s (-sqlite +redis):\n%s", what, diff)
	}
}

func (s *scene) ctx() context.Context { return s.Context() }
