package redisdb

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/base64"
	mathrand "math/rand/v2"
	"slices"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/enshi-daily/enshi/delivery"
	"github.com/enshi-daily/enshi/subscribers"
)

// leaseStep is how many deliveries one script leases at most.
const leaseStep = 200

// waiting is one queue in one shard, what is fresh in it or all else.
type waiting struct {
	shard int
	queue queue
	fresh bool
	ready int
	next  time.Duration // until the next one is ready, 0 for none
}

// Work lists what can be leased now: three round trips, whatever the number of
// subscribers.
func (db *DB) Work(ctx context.Context) ([]delivery.Work, time.Duration, error) {
	all, err := db.waiting(ctx)
	if err != nil || len(all) == 0 {
		return nil, 0, err
	}
	editions, err := db.editionsOf(ctx, all)
	if err != nil {
		return nil, 0, err
	}
	ready := make(map[queue]int)
	var wake time.Duration
	for _, w := range all {
		if !leasable(editions[w.queue.edition]) {
			continue
		}
		if w.ready > 0 {
			ready[w.queue] += w.ready
		}
		if w.next > 0 && (wake == 0 || w.next < wake) {
			wake = w.next
		}
	}
	work := make([]delivery.Work, 0, len(ready))
	for q, n := range ready {
		work = append(work, delivery.Work{Edition: q.edition, Group: q.group, Ready: n})
	}
	slices.SortFunc(work, func(a, b delivery.Work) int {
		return cmp.Or(compareAge(editions[a.Edition], editions[b.Edition]), cmp.Compare(a.Group, b.Group))
	})
	return work, wake, nil
}

// compareAge puts notices first, then editions by age.
func compareAge(a, b delivery.Edition) int {
	rank := func(e delivery.Edition) int {
		switch e.ID {
		case delivery.EditionConfirm:
			return 0
		case delivery.EditionAlready:
			return 1
		}
		return 2
	}
	return cmp.Or(cmp.Compare(rank(a), rank(b)), a.Opened.Compare(b.Opened), cmp.Compare(a.ID, b.ID))
}

// waiting asks every shard for its queues and measures them.
func (db *DB) waiting(ctx context.Context) ([]waiting, error) {
	all, err := db.queues(ctx)
	if err != nil {
		return nil, err
	}
	return all, db.measure(ctx, all)
}

// queues asks every shard for its queues.
func (db *DB) queues(ctx context.Context) (all []waiting, err error) {
	pipe := db.rdb.Pipeline()
	var names [shards]*redis.StringSliceCmd
	for shard := range names {
		names[shard] = pipe.SMembers(ctx, db.keys.queues(shard))
	}
	if _, err := pipe.Exec(ctx); err != nil {
		return nil, db.fail("read queues", err)
	}
	for shard, list := range names {
		for _, name := range list.Val() {
			w := waiting{shard: shard}
			w.queue, w.fresh = parseQueue(name)
			all = append(all, w)
		}
	}
	return all, nil
}

// measure fills in what is ready. Queues of one shard stand together.
func (db *DB) measure(ctx context.Context, all []waiting) error {
	var calls []call
	last := -1
	for _, w := range all {
		if w.shard != last {
			calls = append(calls, call{args: []any{db.clock()}})
			last = w.shard
		}
		c := &calls[len(calls)-1]
		if w.fresh {
			c.keys, c.args = append(c.keys, db.keys.fresh(w.shard, w.queue)), append(c.args, "new")
		} else {
			c.keys, c.args = append(c.keys, db.keys.ready(w.shard, w.queue)), append(c.args, "")
		}
	}
	answers, err := db.run(ctx, scriptWork, calls...)
	if err != nil {
		return err
	}
	i := 0
	for _, answer := range answers {
		n, err := numbers(answer)
		if err != nil {
			return db.fail("work", err)
		}
		for ; len(n) > 0; n = n[2:] {
			all[i].ready = int(n[0])
			all[i].next = time.Duration(max(n[1], 0)) * time.Millisecond
			i++
		}
	}
	return nil
}

func (db *DB) editionsOf(ctx context.Context, all []waiting) (map[string]delivery.Edition, error) {
	byID := make(map[string]delivery.Edition)
	var ids []string
	for _, w := range all {
		if _, ok := byID[w.queue.edition]; !ok {
			byID[w.queue.edition] = delivery.Edition{}
			ids = append(ids, w.queue.edition)
		}
	}
	found, err := db.editions(ctx, ids)
	if err != nil {
		return nil, err
	}
	for _, e := range found {
		byID[e.ID] = e
	}
	return byID, nil
}

// Lease takes up to n ready deliveries. It begins at a random shard, so that
// several workers do not meet, and stays in it as long as it has enough: a
// batch from one shard is begun and finished by one script each.
func (db *DB) Lease(ctx context.Context, w delivery.Work, n int, ttl time.Duration) ([]delivery.Delivery, error) {
	if err := db.sends("lease"); err != nil {
		return nil, err
	}
	lease := leasing{db: db, queue: queue{w.Edition, w.Group}, ttl: ttl, token: newToken()}
	start := mathrand.IntN(shards)
	for from := []waiting{{shard: start, ready: n}}; len(from) > 0; {
		// Of one that was cancelled meanwhile scripts lease nothing, whatever waits.
		edition, err := db.editions(ctx, []string{w.Edition})
		if err != nil || !leasable(edition[0]) {
			return lease.leased, err
		}
		if err := lease.take(ctx, from); err != nil {
			return nil, err
		}
		if from, err = lease.share(ctx, start, n-len(lease.leased)); err != nil {
			return nil, err
		}
	}
	return lease.leased, nil
}

// newToken returns a token that no other lease has, nor had before a restart
// that lost the last second.
func newToken() string {
	var b [8]byte
	rand.Read(b[:])
	return base64.RawURLEncoding.EncodeToString(b[:])
}

// leasing is one call of Lease.
type leasing struct {
	db     *DB
	queue  queue
	ttl    time.Duration
	token  string
	leased []delivery.Delivery
}

// share spreads up to n over the shards that have something ready, from start
// on.
func (l *leasing) share(ctx context.Context, start, n int) ([]waiting, error) {
	if n <= 0 {
		return nil, nil
	}
	all := make([]waiting, 2*shards)
	for i := range all {
		all[i] = waiting{shard: (start + i/2) % shards, queue: l.queue, fresh: i%2 == 1}
	}
	if err := l.db.measure(ctx, all); err != nil {
		return nil, err
	}
	var share []waiting
	for i := 0; i < len(all); i += 2 {
		w := all[i]
		if w.ready = min(w.ready+all[i+1].ready, n); w.ready > 0 {
			n -= w.ready
			share = append(share, w)
		}
	}
	return share, nil
}

// take leases w.ready deliveries from each shard and keeps those that may be
// sent.
func (l *leasing) take(ctx context.Context, from []waiting) error {
	var calls []call
	for _, w := range from {
		for left := w.ready; left > 0; left -= leaseStep {
			keys := append(l.db.keys.book(w.shard, l.queue.edition), l.db.keys.ready(w.shard, l.queue), l.db.keys.fresh(w.shard, l.queue))
			calls = append(calls, call{keys, []any{
				l.db.clock(), l.queue.edition, string(l.queue.group), min(left, leaseStep), millis(l.ttl), l.token,
			}})
		}
	}
	answers, err := l.db.run(ctx, scriptLease, calls...)
	if err != nil {
		return err
	}
	var taken []delivery.Delivery
	for _, answer := range answers {
		pairs, err := answer.StringSlice()
		if err != nil {
			return l.db.fail("lease", err)
		}
		for ; len(pairs) > 0; pairs = pairs[2:] {
			d, token, err := unpack(l.queue.edition, subscribers.ID(pairs[0]), pairs[1])
			if err != nil {
				return err
			}
			d.Token = token
			taken = append(taken, d)
		}
	}
	return l.address(ctx, taken)
}

// address completes what was leased with what the subscriber's record says, and
// skips what may not go out.
func (l *leasing) address(ctx context.Context, taken []delivery.Delivery) error {
	var left []delivery.Delivery
	for len(taken) > 0 {
		step := min(readStep, len(taken))
		ids := make([]subscribers.ID, step)
		for i := range ids {
			ids[i] = taken[i].Subscriber
		}
		found, err := l.db.records(ctx, ids)
		if err != nil {
			return err
		}
		for i, s := range found {
			d := taken[i]
			d.Address, d.Language, d.Cadence, d.Generation = s.Address, s.Language, s.Cadence, s.Generation
			if _, ok := delivery.Sendable(s.State, d.Edition); ok && s.Version != 0 {
				l.leased = append(l.leased, d)
			} else {
				left = append(left, d)
			}
		}
		taken = taken[step:]
	}
	_, err := l.db.check(ctx, left)
	return err
}
