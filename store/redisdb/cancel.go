package redisdb

import (
	"context"

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
		if _, err := db.skipShard(ctx, shard, id, skipping{why: delivery.SkipCancelled, all: true}); err != nil {
			return err
		}
	}
	if err := db.age(ctx, id); err != nil {
		return err
	}
	_, err := db.runSteps(ctx, []step{db.command(db.keys.open(), "SREM", id)})
	return err
}
