package redisdb

import (
	"context"
	"fmt"
	"strings"

	"github.com/redis/go-redis/v9"

	"github.com/enshi-daily/enshi/delivery"
)

// sweepStep is how many leases or deliveries one script takes back.
const sweepStep = 200

// Sweep takes expired leases back by the policy, finishes editions that have
// nothing open, and completes what a crash left of a cancellation.
func (db *DB) Sweep(ctx context.Context, p delivery.Policy) (swept delivery.Swept, err error) {
	if p != delivery.Resend && p != delivery.SkipIt {
		return swept, fmt.Errorf("policy %q: expected %q or %q", p, delivery.Resend, delivery.SkipIt)
	}
	for {
		expired, err := db.expired(ctx)
		if err != nil {
			return swept, err
		}
		if len(expired) == 0 {
			break
		}
		if err := db.takeBack(ctx, expired, p, &swept); err != nil {
			return swept, err
		}
	}
	if swept.Finished, err = db.finishEditions(ctx); err != nil {
		return swept, err
	}
	return swept, db.purgeNotices(ctx)
}

// expiredLease is an entry of a shard's leases.
type expiredLease struct {
	queue queue
	id    string
}

// expired lists expired leases by shard, sweepStep a shard at most.
func (db *DB) expired(ctx context.Context) (map[int][]expiredLease, error) {
	calls := make([]call, shards)
	for shard := range calls {
		calls[shard] = call{[]string{db.keys.leases(shard)}, []any{db.clock(), sweepStep}}
	}
	answers, err := db.run(ctx, scriptExpired, calls...)
	if err != nil {
		return nil, err
	}
	found := make(map[int][]expiredLease)
	for shard, answer := range answers {
		members, err := answer.StringSlice()
		if err != nil {
			return nil, db.fail("expired", err)
		}
		for _, m := range members {
			edition, rest, _ := strings.Cut(m, "|")
			group, id, ok := strings.Cut(rest, "|")
			if !ok {
				return nil, db.fail("expired", fmt.Errorf("stored lease %q: expected EDITION|GROUP|ID", m))
			}
			found[shard] = append(found[shard], expiredLease{queue{edition, delivery.Group(group)}, id})
		}
	}
	return found, nil
}

func (db *DB) takeBack(ctx context.Context, expired map[int][]expiredLease, p delivery.Policy, swept *delivery.Swept) error {
	var calls []call
	for shard, leases := range expired {
		byEdition := make(map[string][]expiredLease)
		for _, l := range leases {
			byEdition[l.queue.edition] = append(byEdition[l.queue.edition], l)
		}
		for edition, leases := range byEdition {
			groups := newGroups()
			var tail []any
			for _, l := range leases {
				groups.add(l.queue.group)
				tail = append(tail, l.id, string(l.queue.group))
			}
			keys := groups.keys(db.keys, shard, edition, db.keys.book(shard, edition))
			args := groups.args([]any{db.clock(), edition, string(p)})
			calls = append(calls, call{keys, append(args, tail...)})
		}
	}
	answers, err := db.run(ctx, scriptSweep, calls...)
	if err != nil {
		return err
	}
	for _, answer := range answers {
		n, err := numbers(answer)
		if err != nil {
			return db.fail("sweep", err)
		}
		swept.Requeued += int(n[0])
		swept.Uncertain += int(n[1])
	}
	return nil
}

// finishEditions finishes what is planned to the end and has nothing open.
func (db *DB) finishEditions(ctx context.Context) (finished []string, err error) {
	ids, err := db.rdb.SMembers(ctx, db.keys.open()).Result()
	if err != nil {
		return nil, db.fail("list open editions", err)
	}
	editions, err := db.editions(ctx, ids)
	if err != nil {
		return nil, err
	}
	for _, e := range editions {
		switch e.Stage {
		case delivery.StageCancelled:
			if err := db.clear(ctx, e.ID); err != nil {
				return finished, err
			}
		case delivery.StageSending:
			ok, err := db.finishEdition(ctx, e.ID)
			if err != nil {
				return finished, err
			}
			if ok {
				finished = append(finished, e.ID)
			}
		}
	}
	return finished, nil
}

func (db *DB) finishEdition(ctx context.Context, id string) (bool, error) {
	counts, err := db.Counts(ctx, id)
	if err != nil || counts.Open() > 0 {
		return false, err
	}
	moved, err := db.stage(ctx, id, "finish")
	if err != nil || !moved {
		return false, err
	}
	return true, db.age(ctx, id)
}

// age gives what a finished or cancelled edition left its last days.
func (db *DB) age(ctx context.Context, id string) error {
	pipe := db.rdb.Pipeline()
	for shard := range shards {
		pipe.PExpire(ctx, db.keys.ledger(shard, id), ledgerLife)
		pipe.PExpire(ctx, db.keys.counts(shard, id), editionLife)
	}
	if _, err := pipe.Exec(ctx); err != nil {
		return db.fail("age edition "+id, err)
	}
	return nil
}

// reopen takes an edition that finished back to sending.
func (db *DB) reopen(ctx context.Context, id string) error {
	moved, err := db.stage(ctx, id, "reopen")
	if err != nil || !moved {
		return err
	}
	pipe := db.rdb.Pipeline()
	for shard := range shards {
		pipe.Persist(ctx, db.keys.ledger(shard, id))
		pipe.Persist(ctx, db.keys.counts(shard, id))
	}
	if _, err := pipe.Exec(ctx); err != nil {
		return db.fail("reopen edition "+id, err)
	}
	return nil
}

// Cancel ends an edition: nothing more of it is planned or leased, and what
// waits becomes skipped; what is in flight is finished. The stage is in
// another slot than the shards, so the order matters: first the stage, then a
// mark in every shard that plan.lua and finish.lua check, then what waits.
// Sweep completes a Cancel that was cut off.
func (db *DB) Cancel(ctx context.Context, id string) error {
	if _, err := db.stage(ctx, id, "cancel"); err != nil {
		return err
	}
	return db.clear(ctx, id)
}

func (db *DB) clear(ctx context.Context, id string) error {
	pipe := db.rdb.Pipeline()
	var waiting [shards]*redis.MapStringStringCmd
	for shard := range waiting {
		pipe.SAdd(ctx, db.keys.stopped(shard), id)
	}
	if _, err := pipe.Exec(ctx); err != nil {
		return db.fail("cancel "+id, err)
	}
	for shard := range shards {
		if err := db.clearShard(ctx, shard, id); err != nil {
			return err
		}
	}
	if err := db.age(ctx, id); err != nil {
		return err
	}
	if err := db.rdb.SRem(ctx, db.keys.open(), id).Err(); err != nil {
		return db.fail("cancel "+id, err)
	}
	return nil
}

func (db *DB) clearShard(ctx context.Context, shard int, id string) error {
	values, err := db.rdb.HGetAll(ctx, db.keys.ledger(shard, id)).Result()
	if err != nil {
		return db.fail("read deliveries of "+id, err)
	}
	groups := newGroups()
	var ids []any
	flush := func() error {
		if len(ids) == 0 {
			return nil
		}
		keys := groups.keys(db.keys, shard, id, db.keys.book(shard, id))
		args := append(groups.args([]any{db.clock(), id}), ids...)
		_, err := db.run(ctx, scriptCancel, call{keys, args})
		ids = ids[:0]
		return err
	}
	for member, packed := range values {
		state, _, _ := strings.Cut(packed, "|")
		if s := delivery.State(state); s != delivery.Queued && s != delivery.Retry {
			continue
		}
		groups.add(delivery.Group(strings.SplitN(packed, "|", packedFields)[7]))
		if ids = append(ids, member); len(ids) == sweepStep {
			if err := flush(); err != nil {
				return err
			}
		}
	}
	return flush()
}

// purgeNotices removes notices that ended more than ledgerLife ago.
func (db *DB) purgeNotices(ctx context.Context) error {
	kinds := []string{delivery.EditionConfirm, delivery.EditionAlready}
	for more := true; more; {
		calls := make([]call, shards)
		for shard := range calls {
			c := call{[]string{db.keys.ended(shard)}, []any{db.clock(), ledgerLife.Milliseconds(), sweepStep}}
			for _, kind := range kinds {
				c.keys = append(c.keys, db.keys.ledger(shard, kind), db.keys.counts(shard, kind))
				c.args = append(c.args, kind)
			}
			calls[shard] = c
		}
		answers, err := db.run(ctx, scriptPurge, calls...)
		if err != nil {
			return err
		}
		more = false
		for _, answer := range answers {
			n, err := answer.Int64()
			if err != nil {
				return db.fail("purge", err)
			}
			more = more || n == sweepStep
		}
	}
	return nil
}
