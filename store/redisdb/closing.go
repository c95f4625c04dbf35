package redisdb

import (
	"context"
	"errors"
	"slices"

	"github.com/enshi-daily/enshi/delivery"
)

// underWay reads the editions that are planned or sent, or cancelled and not yet
// cleared.
func (db *DB) underWay(ctx context.Context) ([]delivery.Edition, error) {
	ids, err := db.rdb.SMembers(ctx, db.keys.open()).Result()
	if err != nil {
		return nil, db.fail("list open editions", err)
	}
	return db.editions(ctx, ids)
}

// finishEditions finishes what is planned to the end and has nothing open; with
// hold, nothing uncertain either.
func (db *DB) finishEditions(ctx context.Context, underWay []delivery.Edition, hold bool) (finished []string, err error) {
	for _, e := range underWay {
		if e.Stage != delivery.StageSending {
			continue
		}
		ok, err := db.finishEdition(ctx, e.ID, hold)
		if err != nil {
			return finished, err
		}
		if ok {
			finished = append(finished, e.ID)
		}
	}
	return finished, nil
}

func (db *DB) finishEdition(ctx context.Context, id string, hold bool) (bool, error) {
	counts, err := db.Counts(ctx, id)
	if err != nil || counts.Open() > 0 || hold && counts[delivery.Uncertain] > 0 {
		return false, err
	}
	moved, err := db.stage(ctx, id, "finish")
	if err != nil || !moved {
		return false, err
	}
	// A late planner may have queued somebody since they were counted.
	if counts, err = db.Counts(ctx, id); err != nil || counts.Open() > 0 {
		return false, errors.Join(err, db.reopen(ctx, id))
	}
	return true, db.age(ctx, id)
}

// Settle implements delivery.Control.
func (db *DB) Settle(ctx context.Context, id string) error {
	e, err := db.Edition(ctx, id)
	if err != nil || e.Stage == delivery.StageFinished {
		return err
	}
	if e.Stage == delivery.StageSending {
		if done, err := db.finishEdition(ctx, id, false); done || err != nil {
			return err
		}
	}
	return delivery.ErrStage
}

// age gives the counts of a finished or cancelled edition their last days.
func (db *DB) age(ctx context.Context, id string) error {
	if err := db.dropStale(ctx, id); err != nil {
		return err
	}
	var steps []step
	for shard := range shards {
		steps = append(steps, db.command(db.keys.counts(shard, id), "PEXPIRE", editionLife.Milliseconds()))
	}
	_, err := db.runSteps(ctx, steps)
	return err
}

// dropStale empties the fresh lists of an edition that has nothing open: whom
// it skipped may be in them still.
func (db *DB) dropStale(ctx context.Context, id string) error {
	all, err := db.queues(ctx)
	if err != nil {
		return err
	}
	for len(all) > 0 {
		var calls []call
		all = slices.DeleteFunc(all, func(w waiting) bool { return !w.fresh || w.queue.edition != id })
		for _, w := range all {
			keys := append(db.keys.book(w.shard, id), db.keys.fresh(w.shard, w.queue))
			calls = append(calls, call{keys, []any{db.clock(), id, string(w.queue.group), sweepStep}})
		}
		answers, err := db.run(ctx, scriptStale, calls...)
		if err != nil {
			return err
		}
		rest := all[:0]
		for i, answer := range answers {
			dropped, err := answer.Int64()
			if err != nil {
				return db.fail("stale", err)
			}
			if dropped == sweepStep {
				rest = append(rest, all[i])
			}
		}
		all = rest
	}
	return nil
}

// reopen takes an edition that finished back to sending.
func (db *DB) reopen(ctx context.Context, id string) error {
	moved, err := db.stage(ctx, id, "reopen")
	if err != nil || !moved {
		return err
	}
	var steps []step
	for shard := range shards {
		steps = append(steps, db.command(db.keys.counts(shard, id), "PERSIST"))
	}
	_, err = db.runSteps(ctx, steps)
	return err
}

// reopened is the end of what may have begun with reopen: e is as it was before. One
// that got something queued is reopened once more, because a sweep may have
// finished it in between; one that was finished and got nothing is so again.
func (db *DB) reopened(ctx context.Context, e delivery.Edition, queued int) error {
	switch {
	case queued > 0:
		return db.reopen(ctx, e.ID)
	case e.Stage == delivery.StageFinished:
		_, err := db.finishEdition(ctx, e.ID, false)
		return err
	}
	return nil
}

// purgeNotices removes notices that ended more than noticeLife ago.
func (db *DB) purgeNotices(ctx context.Context) error {
	kinds := []string{delivery.EditionConfirm, delivery.EditionAlready}
	for more := true; more; {
		calls := make([]call, shards)
		for shard := range calls {
			c := call{[]string{db.keys.ended(shard)}, []any{db.clock(), noticeLife.Milliseconds(), sweepStep}}
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
