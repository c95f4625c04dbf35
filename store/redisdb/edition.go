package redisdb

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/enshi-daily/enshi/delivery"
	"github.com/enshi-daily/enshi/subscribers"
)

// editionFields are the fields of an edition's HASH, in reading order.
var editionFields = [...]string{
	"stage", "cadence", "mark", "slot", "scheduled", "paused", "opened", "finished",
}

// Answers of stage.lua.
const (
	stageMissing = -1
	stageRefused = -2
)

// Open stores e, unless another edition stands in its place.
func (db *DB) Open(ctx context.Context, e delivery.Edition) (delivery.Edition, error) {
	if err := errors.Join(plain("edition", e.ID), db.sends("open")); err != nil {
		return delivery.Edition{}, err
	}
	scheduled := 0
	if e.Scheduled {
		scheduled = 1
	}
	keys := []string{
		db.keys.edition(e.ID), db.keys.planning(), db.keys.slot(e.Cadence, e.Slot), db.keys.editions(), db.keys.open(),
	}
	answers, err := db.run(ctx, scriptOpen, call{keys, []any{
		e.ID, string(e.Cadence), scheduled, e.Opened.UnixMilli(), editionLife.Milliseconds(),
		e.Slot.Format(time.RFC3339Nano), "stage", string(delivery.StagePlanning), "cadence", string(e.Cadence), "mark", e.Mark,
		"slot", e.Slot.Format(time.RFC3339Nano), "scheduled", scheduled, "opened", e.Opened.Format(time.RFC3339Nano),
	}})
	if err != nil {
		return delivery.Edition{}, err
	}
	id, err := answers[0].Text()
	if err != nil {
		return delivery.Edition{}, db.fail("open", err)
	}
	return db.Edition(ctx, id)
}

// Edition returns one edition; delivery.ErrNotFound.
func (db *DB) Edition(ctx context.Context, id string) (delivery.Edition, error) {
	found, err := db.editions(ctx, []string{id})
	if err != nil {
		return delivery.Edition{}, err
	}
	if found[0].Stage == "" {
		return delivery.Edition{}, fmt.Errorf("edition %s: %w", id, delivery.ErrNotFound)
	}
	return found[0], nil
}

// Editions returns the latest opened editions, newest first.
func (db *DB) Editions(ctx context.Context, limit int) ([]delivery.Edition, error) {
	if limit <= 0 {
		return nil, nil
	}
	ids, err := db.rdb.ZRevRange(ctx, db.keys.editions(), 0, int64(limit)-1).Result()
	if err != nil {
		return nil, db.fail("list editions", err)
	}
	found, err := db.editions(ctx, ids)
	if err != nil {
		return nil, err
	}
	known := found[:0]
	for _, e := range found {
		if e.Stage != "" {
			known = append(known, e)
		}
	}
	return known, nil
}

// editions reads editions in order, those that are not there without a Stage.
func (db *DB) editions(ctx context.Context, ids []string) ([]delivery.Edition, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	pipe := db.rdb.Pipeline()
	answers := make([]*redis.SliceCmd, len(ids))
	for i, id := range ids {
		answers[i] = pipe.HMGet(ctx, db.keys.edition(id), editionFields[:]...)
	}
	if _, err := pipe.Exec(ctx); err != nil {
		return nil, db.fail("read editions", err)
	}
	found := make([]delivery.Edition, len(ids))
	for i, answer := range answers {
		e, err := decodeEdition(ids[i], answer.Val())
		if err != nil {
			return nil, err
		}
		found[i] = e
	}
	return found, nil
}

func decodeEdition(id string, values []any) (delivery.Edition, error) {
	text := make([]string, len(editionFields))
	for i := range text {
		text[i], _ = values[i].(string)
	}
	read := recordReader{}
	e := delivery.Edition{
		ID: id, Stage: delivery.Stage(text[0]), Cadence: subscribers.Cadence(text[1]),
		Mark: read.number(text[2]), Slot: read.time(text[3]), Scheduled: text[4] == "1",
		Paused: text[5], Opened: read.time(text[6]), Finished: read.millis(text[7]),
	}
	if read.err != nil {
		return delivery.Edition{}, fmt.Errorf("stored edition %s: %w", id, read.err)
	}
	return e, nil
}

// Close moves an edition from planning to sending. It may be called again.
func (db *DB) Close(ctx context.Context, edition string) error {
	_, err := db.stage(ctx, edition, "close")
	return err
}

// stage moves an edition to another stage; moved is false if it was there.
func (db *DB) stage(ctx context.Context, edition, verb string) (moved bool, err error) {
	keys := []string{db.keys.edition(edition), db.keys.planning(), db.keys.open(), db.keys.trim(), db.keys.fold()}
	n, err := db.number(ctx, scriptStage, keys,
		db.clock(), edition, verb, editionLife.Milliseconds(), sentLife.Milliseconds(), ledgerLife.Milliseconds())
	switch {
	case err != nil:
		return false, err
	case n == stageMissing:
		return false, fmt.Errorf("%s edition %s: %w", verb, edition, delivery.ErrNotFound)
	case n == stageRefused:
		return false, fmt.Errorf("%s edition %s: %w", verb, edition, delivery.ErrStage)
	}
	return n == 1, nil
}

// notice says whether an edition's name stands in for a kind of notice.
func notice(edition string) bool {
	return edition == delivery.EditionConfirm || edition == delivery.EditionAlready
}

// Pause stops leasing from an edition, or from a kind of notice.
func (db *DB) Pause(ctx context.Context, id, reason string) error {
	if reason == "" {
		reason = "paused"
	}
	if err := db.known(ctx, id); err != nil {
		return err
	}
	_, err := db.runSteps(ctx, []step{db.command(db.keys.edition(id), "HSET", "paused", reason)})
	return err
}

// Resume lets a paused edition go on.
func (db *DB) Resume(ctx context.Context, id string) error {
	if err := db.known(ctx, id); err != nil {
		return err
	}
	_, err := db.runSteps(ctx, []step{db.command(db.keys.edition(id), "HDEL", "paused")})
	return err
}

func (db *DB) known(ctx context.Context, id string) error {
	if notice(id) {
		return nil
	}
	_, err := db.Edition(ctx, id)
	return err
}

// leasable says whether deliveries of an edition may be leased.
func leasable(e delivery.Edition) bool {
	return e.Paused == "" && (notice(e.ID) || e.Stage != "" && e.Stage != delivery.StageCancelled)
}
