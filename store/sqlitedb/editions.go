package sqlitedb

import (
	"cmp"
	"context"
	"fmt"

	"github.com/enshi-daily/enshi/delivery"
)

const editionColumns = `id, cadence, mark, slot, scheduled, stage, paused, opened, finished`

// editions reads the editions that a query finds.
func (t *tx) editions(query string, args ...any) (some []delivery.Edition, err error) {
	err = t.rows(query, args, func(scan func(...any) error) error {
		var e delivery.Edition
		var slot, opened, finished int64
		err := scan(&e.ID, &e.Cadence, &e.Mark, &slot, &e.Scheduled, &e.Stage, &e.Paused, &opened, &finished)
		e.Slot, e.Opened, e.Finished = moment(slot), moment(opened), moment(finished)
		some = append(some, e)
		return err
	})
	return some, err
}

// edition reads one; delivery.ErrNotFound.
func (t *tx) edition(id string) (delivery.Edition, error) {
	found, err := t.editions(`SELECT `+editionColumns+` FROM edition WHERE id = ?`, id)
	switch {
	case err != nil:
		return delivery.Edition{}, err
	case len(found) == 0:
		return delivery.Edition{}, fmt.Errorf("%w: %s", delivery.ErrNotFound, id)
	}
	return found[0], nil
}

// Edition implements delivery.Editions.
func (db *DB) Edition(ctx context.Context, id string) (e delivery.Edition, err error) {
	err = db.read(ctx, "read an edition", func(t *tx) error {
		e, err = t.edition(id)
		return err
	})
	return e, err
}

const editionsQuery = `SELECT ` + editionColumns + ` FROM edition ORDER BY opened DESC, serial DESC LIMIT ?`

// Editions implements delivery.Editions.
func (db *DB) Editions(ctx context.Context, limit int) (latest []delivery.Edition, err error) {
	err = db.read(ctx, "read editions", func(t *tx) error {
		latest, err = t.editions(editionsQuery, max(limit, 0))
		return err
	})
	return latest, err
}

// countsQuery takes what is being sent from the leased ones. What is queued is
// the rest of all.
const countsQuery = `SELECT state, n FROM tally WHERE edition = ?1 AND n > 0
	UNION ALL SELECT 'sending', count(*) FROM delivery INDEXED BY delivery_leased
		WHERE until_ms > 0 AND edition = ?1 AND state = 'sending' HAVING count(*) > 0`

// Counts implements delivery.Editions.
func (db *DB) Counts(ctx context.Context, id string) (delivery.Counts, error) {
	counts, queued := make(delivery.Counts), 0
	err := db.read(ctx, "count deliveries", func(t *tx) error {
		return t.rows(countsQuery, values(id), func(scan func(...any) error) error {
			var state delivery.State
			var n int
			err := scan(&state, &n)
			if state == "all" {
				queued += n
			} else {
				counts[state] = n
				queued -= n
			}
			return err
		})
	})
	if queued > 0 {
		counts[delivery.Queued] = queued
	}
	return counts, err
}

// Pause implements delivery.Editions. It takes a notice's stand-in, too.
func (db *DB) Pause(ctx context.Context, id, reason string) error {
	reason = cmp.Or(reason, "paused")
	return db.write(ctx, "pause an edition", func(t *tx) error {
		if isNotice(id) {
			_, err := t.exec(`INSERT OR REPLACE INTO paused_notice VALUES (?, ?)`, id, reason)
			return err
		}
		return t.setPaused(id, reason)
	})
}

// Resume implements delivery.Editions.
func (db *DB) Resume(ctx context.Context, id string) error {
	return db.write(ctx, "resume an edition", func(t *tx) error {
		if isNotice(id) {
			_, err := t.exec(`DELETE FROM paused_notice WHERE edition = ?`, id)
			return err
		}
		return t.setPaused(id, "")
	})
}

func (t *tx) setPaused(id, reason string) error {
	n, err := t.exec(`UPDATE edition SET paused = ? WHERE id = ?`, reason, id)
	if err == nil && n == 0 {
		return fmt.Errorf("%w: %s", delivery.ErrNotFound, id)
	}
	return err
}

// isNotice says whether an edition's name is a stand-in.
func isNotice(edition string) bool {
	return edition == delivery.EditionConfirm || edition == delivery.EditionAlready
}
