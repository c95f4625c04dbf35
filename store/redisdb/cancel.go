package redisdb

import (
	"context"
	"strings"

	"github.com/enshi-daily/enshi/delivery"
)

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
	marks := make([]step, shards)
	for shard := range marks {
		marks[shard] = db.command(db.keys.stopped(shard), "SADD", id)
	}
	if _, err := db.runSteps(ctx, marks); err != nil {
		return err
	}
	for shard := range shards {
		if err := db.clearShard(ctx, shard, id); err != nil {
			return err
		}
	}
	if err := db.age(ctx, id); err != nil {
		return err
	}
	_, err := db.runSteps(ctx, []step{db.command(db.keys.open(), "SREM", id)})
	return err
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
		if s := packedState(packed); s != delivery.Queued && s != delivery.Retry {
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
