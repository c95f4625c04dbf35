package redisdb

import (
	"context"
	"iter"
	"slices"

	"github.com/enshi-daily/enshi/delivery"
	"github.com/enshi-daily/enshi/subscribers"
)

// Counts returns how many deliveries of an edition are in each state.
func (db *DB) Counts(ctx context.Context, id string) (delivery.Counts, error) {
	sum, err := db.sum(ctx, func(shard int) string { return db.keys.counts(shard, id) })
	if err != nil {
		return nil, err
	}
	counts := make(delivery.Counts, len(sum))
	for state, n := range sum {
		counts[delivery.State(state)] = n
	}
	return counts, nil
}

// Deliveries yields an edition's deliveries that are in one of the states. It
// holds those of one shard. Sent ones are forgotten two days after the edition
// finished, others with its ledger; Counts keeps their number.
func (db *DB) Deliveries(ctx context.Context, id string, states ...delivery.State) iter.Seq2[delivery.Delivery, error] {
	return func(yield func(delivery.Delivery, error) bool) {
		for shard := range shards {
			values, err := db.rdb.HGetAll(ctx, db.keys.ledger(shard, id)).Result()
			if err != nil {
				yield(delivery.Delivery{}, db.fail("read deliveries of "+id, err))
				return
			}
			for member, packed := range values {
				d, _, err := unpack(id, subscribers.ID(member), packed)
				if err == nil && len(states) > 0 && !slices.Contains(states, d.State) {
					continue
				}
				if !yield(d, err) {
					return
				}
			}
		}
	}
}
