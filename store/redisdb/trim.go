package redisdb

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/enshi-daily/enshi/delivery"
	"github.com/enshi-daily/enshi/subscribers"
)

// trim moves the sent deliveries of editions that ended more than sentLife ago,
// the bulk of a ledger, into rolls of a few bytes each. Sent is for ever, so no
// script needs to look again.
func (db *DB) trim(ctx context.Context) (unread, err error) {
	return db.old(ctx, db.keys.trim(), func(id string) error {
		for shard := range shards {
			if err := db.trimShard(ctx, shard, id); err != nil {
				return err
			}
		}
		return nil
	})
}

// fold leaves of editions that ended more than ledgerLife ago their counts. The
// mark comes first, in the place where Again reopens: one of them is refused.
func (db *DB) fold(ctx context.Context) (unread, err error) {
	return db.old(ctx, db.keys.fold(), func(id string) error {
		marked := false
		err := db.point.Around("fold", func() (err error) {
			marked, err = db.stage(ctx, id, "fold")
			return err
		})
		gone := errors.Is(err, delivery.ErrNotFound) // by itself
		if !gone && (err != nil || !marked) {
			return err
		}
		var steps []step
		for shard := range shards {
			steps = append(steps, db.command(db.keys.ledger(shard, id), "UNLINK"), db.command(db.keys.roll(shard, id), "UNLINK"))
		}
		if _, err := db.runSteps(ctx, steps); err != nil {
			return err
		}
		return db.age(ctx, id) // whoever finished it may have been killed before he did
	})
}

// unreadFor is how long an edition that could not be read is left alone.
const unreadFor = time.Hour

// old calls forget for editions that are due in a set, and takes them out of it.
// Those of which a roll cannot be read stay as they are.
func (db *DB) old(ctx context.Context, set string, forget func(id string) error) (unread, err error) {
	answers, err := db.run(ctx, scriptExpired, call{[]string{set}, []any{db.clock(), sweepStep}})
	if err != nil {
		return nil, err
	}
	ids, err := answers[0].StringSlice()
	if err != nil {
		return nil, db.fail("old editions", err)
	}
	for _, id := range ids {
		again := any("")
		err := forget(id)
		switch {
		case errors.Is(err, delivery.ErrRoll):
			unread = errors.Join(unread, fmt.Errorf("edition %s: %w", id, err))
			again = unreadFor.Milliseconds()
		case err != nil:
			return unread, err
		}
		if _, err := db.run(ctx, scriptDone, call{[]string{set}, []any{db.clock(), id, again}}); err != nil {
			return unread, err
		}
	}
	return unread, nil
}

// trimShard writes the roll, whole, before anything that is in it goes: a crash
// in between, or another process that does the same, loses nobody. What was
// skipped because the edition was cancelled goes, too.
func (db *DB) trimShard(ctx context.Context, shard int, id string) error {
	for {
		members, err := db.rdb.Get(ctx, db.keys.roll(shard, id)).Bytes()
		if err != nil && !errors.Is(err, redis.Nil) {
			return db.fail("read a roll of "+id, err)
		}
		sent, gone, err := db.trimmable(ctx, shard, id)
		if err != nil || len(gone) == 0 {
			return err
		}
		written := false
		err = db.point.Around("trim", func() (err error) {
			written, err = db.enrol(ctx, db.keys.roll(shard, id), members, sent)
			return err
		})
		if err != nil {
			return err
		}
		if written {
			return db.forget(ctx, db.keys.ledger(shard, id), gone)
		}
	}
}

// trimmable reads the sent deliveries of a shard, and the names of all that go.
func (db *DB) trimmable(ctx context.Context, shard int, id string) (sent []delivery.Delivery, gone []any, err error) {
	values, err := db.rdb.HGetAll(ctx, db.keys.ledger(shard, id)).Result()
	if err != nil {
		return nil, nil, db.fail("read deliveries of "+id, err)
	}
	for member, packed := range values {
		f := strings.SplitN(packed, "|", packedFields)
		switch {
		case packedState(packed) == delivery.Sent:
			sent = append(sent, delivery.Delivery{Subscriber: subscribers.ID(member), Letter: f[8]})
		case f[5] != string(delivery.SkipCancelled):
			continue
		}
		gone = append(gone, member)
	}
	return sent, gone, nil
}

// enrol adds sent deliveries to a roll; false if it is no longer as it was read.
func (db *DB) enrol(ctx context.Context, key string, members []byte, sent []delivery.Delivery) (bool, error) {
	if len(sent) == 0 {
		return true, nil
	}
	old, err := delivery.DecodeRoll(members)
	if err != nil {
		return false, db.fail(key, err)
	}
	n, err := db.number(ctx, scriptRoll, []string{key}, members, old.With(sent).Encode())
	return n == 1, err
}

func (db *DB) forget(ctx context.Context, key string, members []any) error {
	var steps []step
	for part := range slices.Chunk(members, sweepStep) {
		steps = append(steps, db.command(key, "HDEL", part...))
	}
	_, err := db.runSteps(ctx, steps)
	return err
}
