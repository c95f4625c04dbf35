package sqlitedb

import (
	"context"
	"time"

	"github.com/enshi-daily/enshi/delivery"
)

// How long the store keeps what it needs no longer. Cursors and counts stay,
// and so does every delivery that did not end as sent.
const (
	sentLife   = 30 * 24 * time.Hour  // rows of sent deliveries, after their edition ended
	noticeLife = 7 * 24 * time.Hour   // notices, after they ended
	letterLife = 366 * 24 * time.Hour // letters: their pages are public for a year
	ageEvery   = time.Hour            // how often a process looks
)

// age forgets what is old, in transactions of sweepBatch rows.
func (db *DB) age(ctx context.Context) error {
	now := db.now()
	last := db.aged.Load()
	if now.Sub(time.Unix(last, 0)) < ageEvery || !db.aged.CompareAndSwap(last, now.Unix()) {
		return nil
	}
	for _, forget := range []func(*tx) (more bool, err error){forgetSent, forgetNotices, forgetLetters} {
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

// forgetSent removes sent deliveries of one edition that ended long ago.
func forgetSent(t *tx) (more bool, err error) {
	var id string
	more, err = t.row(`SELECT id FROM edition WHERE trimmed = 0 AND finished > 0 AND finished < ? LIMIT 1`,
		values(t.now.Add(-sentLife).Unix()), &id)
	if err != nil || !more {
		return false, err
	}
	n, err := t.exec(`DELETE FROM delivery WHERE (edition, subscriber) IN (
		SELECT edition, subscriber FROM delivery WHERE edition = ? AND state = 'sent' LIMIT ?)`, id, sweepBatch)
	if err != nil {
		return false, err
	}
	_, err = t.exec(`UPDATE edition SET forgotten = forgotten + ?, trimmed = ? WHERE id = ?`, n, n < sweepBatch, id)
	return true, err
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
