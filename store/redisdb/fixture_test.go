package redisdb_test

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/enshi-daily/enshi/delivery"
	"github.com/enshi-daily/enshi/internal/redistest"
	"github.com/enshi-daily/enshi/posts"
	"github.com/enshi-daily/enshi/store/redisdb"
	"github.com/enshi-daily/enshi/subscribers"
)

// start starts a server and connects to it.
func start(t *testing.T) (*redisdb.DB, *redistest.Server) {
	t.Helper()
	server := redistest.Start(t)
	return open(t, redisdb.Options{URL: server.URL()}), server
}

// clock is a store's clock that a test moves.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: time.Date(2026, 11, 24, 7, 30, 0, 0, time.UTC)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// startAt is start with a clock of the test's.
func startAt(t *testing.T) (*redisdb.DB, *clock) {
	t.Helper()
	c := newClock()
	return open(t, redisdb.Options{URL: redistest.Start(t).URL(), Now: c.Now}), c
}

// idOf is a subscriber ID that falls into shard n%64.
func idOf(n int) subscribers.ID {
	var raw [9]byte
	binary.BigEndian.PutUint64(raw[1:], uint64(n))
	return subscribers.ID(base64.RawURLEncoding.EncodeToString(raw[:]))
}

func reader(n int) subscribers.Subscriber {
	created := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	return subscribers.Subscriber{
		ID: idOf(n), Address: subscribers.Address(fmt.Sprintf("reader.number.%d@example.org", n)),
		State: subscribers.Active, Topics: []posts.Topic{posts.Everything},
		Cadence: subscribers.Daily, Language: subscribers.Chinese, Generation: 1,
		Consent: subscribers.DoubleOptIn, Created: created, Confirmed: created, Changed: created, NoticedAt: created,
	}
}

// check ends the test if a step went wrong.
func check(tb testing.TB, step string, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatalf("%s: %v", step, err)
	}
}

// save stores readers from to to.
func save(tb testing.TB, db *redisdb.DB, from, to int) {
	tb.Helper()
	for n := from; n < to; n++ {
		check(tb, "Save", db.Save(tb.Context(), reader(n), subscribers.NoNotice))
	}
}

func daily() delivery.Edition {
	slot := time.Date(2026, 11, 24, 7, 30, 0, 0, time.UTC)
	return delivery.Edition{
		ID: delivery.EditionID(subscribers.Daily, slot, 5), Cadence: subscribers.Daily,
		Mark: 5, Slot: slot, Scheduled: true, Opened: slot,
	}
}

// groupOf spreads letters over provider groups.
func groupOf(n int) delivery.Group {
	return [...]delivery.Group{"qq", "netease", "gmail", "outlook", "other"}[n%5]
}

// planPart plans everybody of one part, as a planner does.
func planPart(ctx context.Context, db *redisdb.DB, e delivery.Edition, part int) (queued int, err error) {
	for after := subscribers.ID(""); ; {
		found, err := db.Candidates(ctx, e, part, after, 500)
		if err != nil || len(found) == 0 {
			return queued, err
		}
		choices := make([]delivery.Choice, len(found))
		for i, c := range found {
			choices[i] = delivery.Choice{
				Subscriber: c.Subscriber.ID, Version: c.Subscriber.Version, Cursor: c.Subscriber.Cursor,
				Letter: "Zm9vYmFyYmF6cXV4", Group: groupOf(int(c.Subscriber.ID[10])),
			}
		}
		n, err := db.Plan(ctx, e, part, choices)
		if err != nil {
			return queued, err
		}
		queued += n.Queued
		after = found[len(found)-1].Subscriber.ID
	}
}

// plan opens and plans the daily edition, and closes it.
func plan(tb testing.TB, db *redisdb.DB) delivery.Edition {
	tb.Helper()
	e, err := db.Open(tb.Context(), daily())
	check(tb, "Open", err)
	for part := range db.Parts() {
		_, err := planPart(tb.Context(), db, e, part)
		check(tb, "plan", err)
	}
	check(tb, "Close", db.Close(tb.Context(), e.ID))
	return e
}

// leaseAll leases everything that is ready.
func leaseAll(tb testing.TB, db *redisdb.DB, ttl time.Duration) []delivery.Delivery {
	tb.Helper()
	work, _, err := db.Work(tb.Context())
	check(tb, "Work", err)
	var all []delivery.Delivery
	for _, w := range work {
		leased, err := db.Lease(tb.Context(), w, w.Ready, ttl)
		check(tb, "Lease", err)
		all = append(all, leased...)
	}
	return all
}

func results(done []delivery.Delivery, state delivery.State) []delivery.Result {
	all := make([]delivery.Result, len(done))
	for i, d := range done {
		all[i] = delivery.Result{Delivery: d, State: state, Reply: "250 2.0.0 Ok: queued"}
	}
	return all
}

func counts(tb testing.TB, db *redisdb.DB, edition string) delivery.Counts {
	tb.Helper()
	c, err := db.Counts(tb.Context(), edition)
	check(tb, "Counts", err)
	return c
}

// finish records results and begins nothing.
func finish(ctx context.Context, db *redisdb.DB, results []delivery.Result) error {
	_, err := db.Turn(ctx, results, nil)
	return err
}
