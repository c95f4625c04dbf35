package redisdb

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/redis/go-redis/v9"

	"github.com/enshi-daily/enshi/delivery"
	"github.com/enshi-daily/enshi/subscribers"
)

// Again queues deliveries once more that ended in one of the states. The
// edition reopens before, so that nothing it had is forgotten meanwhile.
func (db *DB) Again(ctx context.Context, id string, states ...delivery.State) (done delivery.Requeued, err error) {
	for _, s := range states {
		if !delivery.Repeatable(s) {
			return done, fmt.Errorf("again: state %q: expected failed, rejected or uncertain", s)
		}
	}
	e, err := db.Edition(ctx, id)
	switch {
	case err != nil:
		return done, err
	case e.Stage == delivery.StageCancelled:
		return done, fmt.Errorf("edition %s again: %w", id, delivery.ErrStage)
	}
	counts, err := db.Counts(ctx, id)
	if err != nil {
		return done, err
	}
	if !slices.ContainsFunc(states, func(s delivery.State) bool { return counts[s] > 0 }) {
		return done, nil
	}
	switch err := db.reopen(ctx, id); {
	case errors.Is(err, delivery.ErrStage):
		return done, nil // only counted since a moment ago, or since long
	case err != nil:
		return done, err
	}
	for shard := range shards {
		if err := db.againShard(ctx, shard, id, states, &done); err != nil {
			return done, err
		}
	}
	return done, db.reopened(ctx, e, done.Queued)
}

func (db *DB) againShard(ctx context.Context, shard int, id string, states []delivery.State, done *delivery.Requeued) error {
	values, err := db.rdb.HGetAll(ctx, db.keys.ledger(shard, id)).Result()
	if err != nil {
		return db.fail("read deliveries of "+id, err)
	}
	var ended []delivery.Delivery
	for member, packed := range values {
		if !slices.Contains(states, packedState(packed)) {
			continue
		}
		d, _, err := unpack(id, subscribers.ID(member), packed)
		if err != nil {
			return err
		}
		ended = append(ended, d)
	}
	for part := range slices.Chunk(ended, sweepStep) {
		answers, err := db.run(ctx, scriptAgain, db.againCall(shard, id, states, part))
		if err != nil {
			return err
		}
		n, err := numbers(answers[0])
		if err != nil {
			return db.fail("again", err)
		}
		if n[0] < 0 {
			return fmt.Errorf("edition %s again: %w", id, delivery.ErrStage)
		}
		done.Queued += int(n[0])
		done.Left += int(n[1])
	}
	return nil
}

func (db *DB) againCall(shard int, id string, states []delivery.State, part []delivery.Delivery) call {
	groups := newGroups()
	records := make([]string, len(part))
	ids := make([]any, len(part))
	for i := range part {
		groups.add(part[i].Group)
		records[i] = db.keys.subscriber(shard, part[i].Subscriber)
		ids[i] = string(part[i].Subscriber)
	}
	names := ","
	for _, s := range states {
		names += string(s) + ","
	}
	keys := append(groups.keys(db.keys, shard, id, db.keys.book(shard, id)), records...)
	return call{keys, append(groups.args([]any{db.clock(), id, names}), ids...)}
}

// DeliveriesTo returns what editions and kinds of notices have for one
// subscriber: one round trip to one shard.
func (db *DB) DeliveriesTo(ctx context.Context, id subscribers.ID, editions ...string) ([]delivery.Delivery, error) {
	shard, err := shardOf(id)
	if err != nil || len(editions) == 0 {
		return nil, err
	}
	pipe := db.rdb.Pipeline()
	answers := make([]*redis.StringCmd, len(editions))
	for i, edition := range editions {
		answers[i] = pipe.HGet(ctx, db.keys.ledger(shard, edition), string(id))
	}
	_, _ = pipe.Exec(ctx) // each command has its own error, Nil among them
	var found []delivery.Delivery
	for i, answer := range answers {
		packed, err := answer.Result()
		if errors.Is(err, redis.Nil) {
			continue
		}
		if err != nil {
			return nil, db.fail("read deliveries to "+string(id), err)
		}
		d, _, err := unpack(editions[i], id, packed)
		if err != nil {
			return nil, err
		}
		found = append(found, d)
	}
	return found, nil
}
