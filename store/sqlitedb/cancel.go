package sqlitedb

import (
	"context"
	"fmt"

	"github.com/enshi-daily/enshi/delivery"
)

// Cancel ends an edition: nothing more of it is planned or leased, and what
// waits becomes skipped; what is in flight is finished. It fails with
// delivery.ErrNotFound, and with delivery.ErrStage if the edition is finished.
// Sweep completes a Cancel that was cut off.
func (db *DB) Cancel(ctx context.Context, id string) error {
	err := db.write(ctx, "cancel an edition", func(t *tx) error {
		e, err := t.edition(id)
		switch {
		case err != nil:
			return err
		case e.Stage == delivery.StageFinished:
			return fmt.Errorf("%w: %s is finished", delivery.ErrStage, id)
		case e.Stage == delivery.StageCancelled:
			return nil
		}
		if _, err := t.exec(`UPDATE edition SET stage = 'cancelled', finished = ? WHERE id = ?`, t.now.Unix(), id); err != nil {
			return err
		}
		// What is leased and has not begun.
		_, err = t.exec(`UPDATE delivery INDEXED BY delivery_leased
			SET state = 'skipped', skip = ?, at = ?, ready_ms = 0, token = '', until_ms = 0
			WHERE until_ms > 0 AND edition = ? AND state = 'queued'`, delivery.SkipCancelled, t.now.Unix(), id)
		return err
	})
	if err != nil {
		return err
	}
	return db.clear(ctx)
}

func (t *tx) cancelled(edition string) (bool, error) {
	return t.row(`SELECT 1 FROM edition WHERE id = ? AND stage = 'cancelled'`, values(edition), new(int))
}

const uncleanQuery = `SELECT e.id FROM edition e INDEXED BY edition_cancelled WHERE e.stage = 'cancelled'
	AND EXISTS (SELECT 1 FROM delivery d INDEXED BY delivery_ready WHERE d.edition = e.id AND ` + ready + `) LIMIT 1`

// clear skips what waits in cancelled editions, a batch a transaction.
func (db *DB) clear(ctx context.Context) error {
	for {
		var id string
		var some bool
		err := db.read(ctx, "look for cancelled deliveries", func(t *tx) (err error) {
			some, err = t.row(uncleanQuery, nil, &id)
			return err
		})
		if err != nil || !some {
			return err
		}
		err = db.write(ctx, "skip cancelled deliveries", func(t *tx) error {
			_, err := t.exec(`UPDATE delivery SET state = 'skipped', skip = ?, at = ?, ready_ms = 0 WHERE (edition, subscriber) IN (
				SELECT d.edition, d.subscriber FROM delivery d INDEXED BY delivery_ready
				WHERE d.edition = ? AND `+ready+` LIMIT ?)`, delivery.SkipCancelled, t.now.Unix(), id, sweepBatch)
			return err
		})
		if err != nil {
			return err
		}
	}
}
