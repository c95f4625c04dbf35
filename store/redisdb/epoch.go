package redisdb

import (
	"context"
	"fmt"
	"strconv"

	"github.com/redis/go-redis/v9"

	"github.com/enshi-daily/enshi/delivery"
)

// Tenure returns what the store says now, to a fenced handle too.
func (db *DB) Tenure(ctx context.Context) (has delivery.Tenure, err error) {
	pipe := db.rdb.TxPipeline() // both of one moment
	epoch := pipe.Get(ctx, db.keys.epoch(db.keys.meta()))
	retired := pipe.HGet(ctx, db.keys.meta(), "retired")
	_, _ = pipe.Exec(ctx) // each command has its own error, Nil among them
	for _, answer := range []*redis.StringCmd{epoch, retired} {
		if err := answer.Err(); err != nil && err != redis.Nil {
			return has, db.fail("read the epoch", err)
		}
	}
	has.Retired = retired.Val()
	if text := epoch.Val(); text != "" {
		if has.Epoch, err = strconv.ParseInt(text, 10, 64); err != nil {
			return has, db.fail("read the epoch", err)
		}
	}
	return has, nil
}

// Raise begins the next epoch in {c} and tells every other tag. If it fails in
// between, the next process that opens the store completes it.
func (db *DB) Raise(ctx context.Context, retired string) (delivery.Tenure, error) {
	meta := db.keys.meta()
	n, err := db.number(ctx, scriptRaise, []string{db.keys.epoch(meta), meta}, retired)
	if err != nil {
		return delivery.Tenure{}, err
	}
	raised := delivery.Tenure{Epoch: n, Retired: retired}
	db.tenure.Store(&raised)
	return raised, db.spread(ctx)
}

// enter remembers the epoch that the store was opened in.
func (db *DB) enter(ctx context.Context) error {
	tenure, err := db.Tenure(ctx)
	if err != nil {
		return err
	}
	db.tenure.Store(&tenure)
	if tenure.Epoch == 0 {
		return nil
	}
	return db.spread(ctx)
}

// spread tells every tag of the epoch.
func (db *DB) spread(ctx context.Context) error {
	calls := []call{{keys: []string{db.keys.pacing()}}}
	for shard := range shards {
		calls = append(calls, call{keys: []string{db.keys.people(shard)}})
	}
	_, err := db.run(ctx, scriptTouch, calls...)
	return err
}

// sends refuses a step that sends, or leads to it, in a retired store. What is
// found out here stays true: a mark is set and removed by raising the epoch.
func (db *DB) sends(op string) error {
	if why := db.tenure.Load().Retired; why != "" {
		return db.fail(op, fmt.Errorf("%w: %s", delivery.ErrRetired, why))
	}
	return nil
}
