package sqlitedb

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/enshi-daily/enshi/delivery"
	"github.com/enshi-daily/enshi/subscribers"
)

const bringingQuery = `SELECT b.edition, b.letter, b.posts FROM edition e INDEXED BY edition_opened
	CROSS JOIN brought b ON b.edition = e.id WHERE e.opened > ?`

// Bringing implements delivery.Recall.
func (db *DB) Bringing(ctx context.Context, since time.Time, numbers ...int64) (heads []delivery.Letterhead, err error) {
	err = db.read(ctx, "look for letters", func(t *tx) error {
		return t.rows(bringingQuery, values(since.Unix()), func(scan func(...any) error) error {
			var h delivery.Letterhead
			var posts []byte
			if err := scan(&h.Edition, &h.Letter, &posts); err != nil {
				return err
			}
			var err error
			if h.Brought, err = delivery.DecodeBrought(posts); err != nil {
				return fmt.Errorf("letter %s of %s: %w", h.Letter, h.Edition, err)
			}
			if h.Brings(numbers) {
				heads = append(heads, h)
			}
			return nil
		})
	})
	return heads, err
}

const reachedQuery = `SELECT p.key, d.letter, d.state FROM json_each(?) p
	CROSS JOIN delivery d ON d.edition = ? AND d.subscriber = p.value`

// Reached implements delivery.Recall: one question an edition, and the rolls of
// those whose rows are gone.
func (db *DB) Reached(ctx context.Context, ids []subscribers.ID, editions ...string) ([][]delivery.Reach, error) {
	all := make([][]delivery.Reach, len(ids))
	for i := range all {
		all[i] = make([]delivery.Reach, len(editions))
	}
	list, err := json.Marshal(ids)
	if err != nil {
		return nil, err
	}
	err = db.read(ctx, "look for recipients", func(t *tx) error {
		for k, edition := range editions {
			err := t.rows(reachedQuery, values(string(list), edition), func(scan func(...any) error) error {
				var i int
				var r delivery.Reach
				if err := scan(&i, &r.Letter, &r.State); err != nil {
					return err
				}
				all[i][k] = r
				return nil
			})
			if err != nil {
				return err
			}
			if err := db.enrolled(t, edition, ids, func(i int) *delivery.Reach { return &all[i][k] }); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return all, nil
}

// Rewrite implements delivery.Recall.
func (db *DB) Rewrite(ctx context.Context, edition, letter string, from, to []byte) (done bool, err error) {
	err = db.write(ctx, "rewrite a letter", func(t *tx) error {
		done = false
		var data []byte
		found, err := t.row(`SELECT data FROM letter WHERE edition = ? AND letter = ?`, values(edition, letter), &data)
		if err != nil || !found || !bytes.Equal(data, from) {
			return err
		}
		_, err = t.exec(`UPDATE letter SET data = ? WHERE edition = ? AND letter = ?`, blob(to), edition, letter)
		if err != nil {
			return err
		}
		done = true
		_, err = t.exec(`INSERT INTO meta VALUES ('rewrites', '1') ON CONFLICT (key)
			DO UPDATE SET value = CAST(value AS INTEGER) + 1`)
		return err
	})
	return done && err == nil, err
}

// Rewrites implements delivery.Letters.
func (db *DB) Rewrites(ctx context.Context) (n int64, err error) {
	err = db.read(ctx, "count rewritten letters", func(t *tx) error {
		_, err := t.row(`SELECT CAST(value AS INTEGER) FROM meta WHERE key = 'rewrites'`, nil, &n)
		return err
	})
	return n, err
}

const retractQuery = `SELECT d.subscriber FROM delivery d WHERE d.edition = ? AND d.subscriber > ?
	AND d.letter IN (SELECT value FROM json_each(?)) AND d.state IN ('queued', 'retry') ORDER BY d.subscriber LIMIT ?`

// Retract implements delivery.Recall.
func (db *DB) Retract(ctx context.Context, edition string, letters ...string) (retracted int, err error) {
	list, err := json.Marshal(letters)
	if err != nil {
		return 0, err
	}
	for last, n := subscribers.ID(""), sweepBatch; n == sweepBatch; retracted += n {
		err := db.write(ctx, "skip deliveries of a letter", func(t *tx) error {
			n = 0
			after := last
			err := t.rows(retractQuery, values(edition, after, string(list), sweepBatch), func(scan func(...any) error) error {
				n++
				return scan(&last)
			})
			if err != nil || n == 0 {
				return err
			}
			_, err = t.exec(`UPDATE delivery SET state = 'skipped', skip = ?, at = ?, ready_ms = 0, token = '', until_ms = 0
				WHERE edition = ? AND subscriber > ? AND subscriber <= ?
				AND letter IN (SELECT value FROM json_each(?)) AND state IN ('queued', 'retry')`,
				delivery.SkipWithdrawn, t.now.Unix(), edition, after, last, string(list))
			return err
		})
		if err != nil {
			return retracted, err
		}
	}
	return retracted, nil
}
