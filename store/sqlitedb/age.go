package sqlitedb

import (
	"context"
	"time"

	"github.com/enshi-daily/enshi/delivery"
)

// How long the store keeps what it needs no longer. Cursors and counts stay.
const (
	sentLife   = 30 * 24 * time.Hour  // rows of sent deliveries, after their edition ended; then they are in its roll
	ledgerLife = delivery.RecallFor   // the other rows, and the roll
	noticeLife = 7 * 24 * time.Hour   // notices, after they ended
	letterLife = 366 * 24 * time.Hour // letters: their pages are public for a year
	ageEvery   = time.Hour            // how often a process looks
)

// How far an edition's rows are forgotten.
const (
	whole = iota
	trimmed
	folded
)

// age forgets what is old, in transactions of some hundred rows.
func (db *DB) age(ctx context.Context) error {
	now := db.now()
	last := db.aged.Load()
	if now.Sub(time.Unix(last, 0)) < ageEvery || !db.aged.CompareAndSwap(last, now.Unix()) {
		return nil
	}
	for _, forget := range []func(*tx) (more bool, err error){trim, fold, forgetNotices, forgetLetters} {
		for more := true; more; {
			err := db.write(ctx, "forget what is old", func(t *tx) (err error) {
				more, err = forget(t)
				return err
			})
			if err != nil {
				return err
			}
		}
	}
	return nil
}

const oldQuery = `SELECT id FROM edition WHERE trimmed = ? AND trimmed < 2 AND finished > 0 AND finished < ? LIMIT 1`

// old finds an edition that ended a life ago and is still as it was then.
func (t *tx) old(still int, life time.Duration) (id string, found bool, err error) {
	found, err = t.row(oldQuery, values(still, t.now.Add(-life).Unix()), &id)
	return id, found, err
}

// trim moves sent deliveries of one edition to its roll, a part at a time.
func trim(t *tx) (more bool, err error) {
	id, found, err := t.old(whole, sentLife)
	if err != nil || !found {
		return false, err
	}
	part, err := t.enrol(id)
	if err != nil || part != "" {
		return true, err
	}
	return true, t.aged(id, trimmed)
}

// fold leaves of one edition its counts.
func fold(t *tx) (more bool, err error) {
	id, found, err := t.old(trimmed, ledgerLife)
	if err != nil || !found {
		return false, err
	}
	n, err := t.exec(`DELETE FROM delivery WHERE (edition, subscriber) IN (
		SELECT edition, subscriber FROM delivery WHERE edition = ? LIMIT ?)`, id, sweepBatch)
	if err != nil || n == sweepBatch {
		return true, err
	}
	for _, forget := range []string{`DELETE FROM roll WHERE edition = ?`, `DELETE FROM brought WHERE edition = ?`} {
		if _, err := t.exec(forget, id); err != nil {
			return false, err
		}
	}
	return true, t.aged(id, folded)
}

func (t *tx) aged(id string, how int) error {
	_, err := t.exec(`UPDATE edition SET trimmed = ? WHERE id = ?`, how, id)
	return err
}

func forgetNotices(t *tx) (more bool, err error) {
	n, err := t.exec(`DELETE FROM delivery WHERE (edition, subscriber) IN (
		SELECT edition, subscriber FROM delivery WHERE edition IN (?, ?) AND at > 0 AND at < ? AND token = ''
		AND state NOT IN ('queued', 'retry', 'sending') LIMIT ?)`,
		delivery.EditionConfirm, delivery.EditionAlready, t.now.Add(-noticeLife).Unix(), sweepBatch)
	return n == sweepBatch, err
}

// forgetLetters removes those of a few editions at a time.
func forgetLetters(t *tx) (more bool, err error) {
	n, err := t.exec(`DELETE FROM letter WHERE rowid IN (
		SELECT l.rowid FROM letter l JOIN edition e ON e.id = l.edition
		WHERE e.finished > 0 AND e.finished < ? LIMIT 100)`, t.now.Add(-letterLife).Unix())
	return n == 100, err
}
