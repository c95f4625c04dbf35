package redisdb

import (
	"context"
	"fmt"
	"iter"

	"github.com/redis/go-redis/v9"

	"github.com/enshi-daily/enshi/delivery"
	"github.com/enshi-daily/enshi/subscribers"
)

// readStep is how many records one round trip reads.
const readStep = 200

// Subscriber returns the record; subscribers.ErrNotFound if there is none.
func (db *DB) Subscriber(ctx context.Context, id subscribers.ID) (subscribers.Subscriber, error) {
	found, err := db.records(ctx, []subscribers.ID{id})
	if err != nil {
		return subscribers.Subscriber{}, err
	}
	if found[0].Version == 0 {
		return subscribers.Subscriber{}, fmt.Errorf("subscriber %s: %w", id, subscribers.ErrNotFound)
	}
	return found[0], nil
}

// records reads records in one round trip, in order; those that are not there
// have Version 0.
func (db *DB) records(ctx context.Context, ids []subscribers.ID) ([]subscribers.Subscriber, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	pipe := db.rdb.Pipeline()
	answers := make([]*redis.SliceCmd, len(ids))
	for i, id := range ids {
		shard, err := shardOf(id)
		if err != nil {
			return nil, err
		}
		answers[i] = pipe.HMGet(ctx, db.keys.subscriber(shard, id), recordFields[:]...)
	}
	if _, err := pipe.Exec(ctx); err != nil {
		return nil, db.fail("read subscribers", err)
	}
	found := make([]subscribers.Subscriber, len(ids))
	for i, answer := range answers {
		s, ok, err := decodeRecord(ids[i], answer.Val())
		if err != nil {
			return nil, err
		}
		if ok {
			found[i] = s
		}
	}
	return found, nil
}

// Save stores s by compare-and-swap and queues the notice in the same step.
func (db *DB) Save(ctx context.Context, s subscribers.Subscriber, n subscribers.Notice) error {
	c, err := db.saveCall(s, n)
	if err != nil {
		return err
	}
	stored, err := db.number(ctx, scriptSave, c.keys, c.args...)
	if err != nil {
		return err
	}
	return conflict(stored, s.ID)
}

// saveStep is how many records go in one pipeline.
const saveStep = 500

// SaveAll is Save for each, in pipelines.
func (db *DB) SaveAll(ctx context.Context, list []subscribers.Saving) ([]error, error) {
	became := make([]error, 0, len(list))
	for from := 0; from < len(list); from += saveStep {
		part := list[from:min(from+saveStep, len(list))]
		calls := make([]call, len(part))
		for i, one := range part {
			var err error
			if calls[i], err = db.saveCall(one.Subscriber, one.Notice); err != nil {
				return nil, err
			}
		}
		answers, err := db.run(ctx, scriptSave, calls...)
		if err != nil {
			return nil, err
		}
		for i, answer := range answers {
			stored, err := answer.Int64()
			if err != nil {
				return nil, db.fail(string(scriptSave), err)
			}
			became = append(became, conflict(stored, part[i].Subscriber.ID))
		}
	}
	return became, nil
}

func (db *DB) saveCall(s subscribers.Subscriber, n subscribers.Notice) (call, error) {
	shard, err := shardOf(s.ID)
	if err != nil {
		return call{}, err
	}
	fields, err := encodeRecord(s)
	if err != nil {
		return call{}, err
	}
	keys := append([]string{db.keys.subscriber(shard, s.ID)}, db.keys.person(shard)...)
	var q queue
	if n != subscribers.NoNotice {
		// No planner sorts notices by provider: they wait in the group "".
		q = queue{edition: delivery.NoticeEdition(n)}
		keys = append(keys, db.keys.book(shard, q.edition)...)
		keys = append(keys, db.keys.ready(shard, q))
	}
	args := []any{
		db.clock(), s.Version, string(s.ID), string(s.State), string(s.Cadence), s.Cursor,
		q.edition, string(q.group),
	}
	return call{keys, append(args, fields...)}, nil
}

// conflict reads the answer of save.lua and delete.lua.
func conflict(done int64, id subscribers.ID) error {
	if done == 0 {
		return fmt.Errorf("subscriber %s: %w", id, subscribers.ErrConflict)
	}
	return nil
}

// Delete removes the record whole; its deliveries that wait become skipped.
func (db *DB) Delete(ctx context.Context, s subscribers.Subscriber) error {
	shard, err := shardOf(s.ID)
	if err != nil {
		return err
	}
	queues, err := db.queuesOf(ctx, shard)
	if err != nil {
		return err
	}
	// Deliveries that are leased are in no queue.
	editions, err := db.rdb.SMembers(ctx, db.keys.open()).Result()
	if err != nil {
		return db.fail("list open editions", err)
	}
	editions = append(editions, delivery.EditionConfirm, delivery.EditionAlready)
	keys := append([]string{db.keys.subscriber(shard, s.ID)}, db.keys.person(shard)...)
	keys = append(keys, db.keys.queues(shard), db.keys.leases(shard), db.keys.ended(shard), db.keys.stopped(shard))
	args := []any{db.clock(), s.Version, string(s.ID), len(editions)}
	for _, e := range editions {
		keys = append(keys, db.keys.ledger(shard, e), db.keys.counts(shard, e))
		args = append(args, e)
	}
	for _, q := range queues {
		keys = append(keys, db.keys.ready(shard, q))
		args = append(args, q.name())
	}
	removed, err := db.number(ctx, scriptDelete, keys, args...)
	if err != nil {
		return err
	}
	return conflict(removed, s.ID)
}

// queuesOf lists the queues of a shard whose ready set has something.
func (db *DB) queuesOf(ctx context.Context, shard int) ([]queue, error) {
	names, err := db.rdb.SMembers(ctx, db.keys.queues(shard)).Result()
	if err != nil {
		return nil, db.fail("read queues", err)
	}
	var queues []queue
	for _, name := range names {
		if q, fresh := parseQueue(name); !fresh {
			queues = append(queues, q)
		}
	}
	return queues, nil
}

// All yields every record. It holds the IDs of one shard and a few records.
func (db *DB) All(ctx context.Context) iter.Seq2[subscribers.Subscriber, error] {
	return func(yield func(subscribers.Subscriber, error) bool) {
		for shard := range shards {
			ids, err := db.members(ctx, shard)
			if err != nil {
				yield(subscribers.Subscriber{}, err)
				return
			}
			if !db.each(ctx, ids, yield) {
				return
			}
		}
	}
}

// members lists everybody in a shard at one moment: each is in one index.
func (db *DB) members(ctx context.Context, shard int) ([]subscribers.ID, error) {
	pipe := db.rdb.TxPipeline()
	var lists []*redis.StringSliceCmd
	for _, key := range db.keys.person(shard)[1:] {
		lists = append(lists, pipe.ZRange(ctx, key, 0, -1))
	}
	if _, err := pipe.Exec(ctx); err != nil {
		return nil, db.fail("list subscribers", err)
	}
	var ids []subscribers.ID
	for _, list := range lists {
		for _, id := range list.Val() {
			ids = append(ids, subscribers.ID(id))
		}
	}
	return ids, nil
}

// each yields the records that are still there; false to stop.
func (db *DB) each(ctx context.Context, ids []subscribers.ID, yield func(subscribers.Subscriber, error) bool) bool {
	for len(ids) > 0 {
		step := min(readStep, len(ids))
		found, err := db.records(ctx, ids[:step])
		if err != nil {
			yield(subscribers.Subscriber{}, err)
			return false
		}
		for _, s := range found {
			if s.Version != 0 && !yield(s, nil) {
				return false
			}
		}
		ids = ids[step:]
	}
	return true
}

// Count returns how many subscribers there are in each state.
func (db *DB) Count(ctx context.Context) (map[subscribers.State]int, error) {
	sum, err := db.sum(ctx, db.keys.people)
	if err != nil {
		return nil, err
	}
	count := make(map[subscribers.State]int, len(sum))
	for state, n := range sum {
		count[subscribers.State(state)] = n
	}
	return count, nil
}

// sum adds up a HASH of numbers over all shards; fields that are 0 are left out.
func (db *DB) sum(ctx context.Context, key func(shard int) string) (map[string]int, error) {
	pipe := db.rdb.Pipeline()
	var answers [shards]*redis.MapStringStringCmd
	for shard := range answers {
		answers[shard] = pipe.HGetAll(ctx, key(shard))
	}
	if _, err := pipe.Exec(ctx); err != nil {
		return nil, db.fail("count", err)
	}
	sum := make(map[string]int)
	for _, answer := range answers {
		read := recordReader{}
		for field, n := range answer.Val() {
			if sum[field] += int(read.number(n)); sum[field] == 0 {
				delete(sum, field)
			}
		}
		if read.err != nil {
			return nil, db.fail("count", read.err)
		}
	}
	return sum, nil
}
