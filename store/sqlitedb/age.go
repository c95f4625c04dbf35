package sqlitedb

import (
	"context"
	"errors"
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

// age forgets what is old, in transactions of some hundred rows. An edition of
// which it cannot read a roll stays as it is.
func (db *DB) age(ctx context.Context) (unread, err error) {
	now := db.now()
	last := db.aged.Load()
	if now.Sub(time.Unix(last, 0)) < ageEvery || !db.aged.CompareAndSwap(last, now.Unix()) {
		return nil, nil
	}
	var a ageing
	for _, old := range []struct {
		name   string
		forget func(*tx) (more bool, err error)
	}{{"trim", a.trim}, {"fold", fold}, {"notices", forgetNotices}, {"letters", forgetLetters}} {
		for more := true; more; {
			err := db.point.Around(old.name, func() error {
				return db.write(ctx, "forget what is old", func(t *tx) (err error) {
					more, err = old.forget(t)
					return err
				})
			})
			if err != nil {
				return a.unread, err
			}
		}
	}
	return a.unread, nil
}

const oldQuery = `SELECT id FROM edition WHERE trimmed IN (0, ?) AND trimmed < 2 AND finished > 0 AND finished < ?
	AND instr(?, ' ' || id || ' ') = 0 LIMIT 1`

// old finds an edition, but those that are passed over, that ended a life ago
// and of which no more is forgotten.
func (t *tx) old(most int, life time.Duration, passed string) (id string, found bool, err error) {
	found, err = t.row(oldQuery, values(most, t.now.Add(-life).Unix(), passed), &id)
	return id, found, err
}

// ageing is one pass over what is old.
type ageing struct {
	passed string // editions that have a roll which cannot be read, a space on either side
	unread error
}

// trim moves sent deliveries of one edition to its roll, a part at a time.
func (a *ageing) trim(t *tx) (more bool, err error) {
	id, found, err := t.old(whole, sentLife, a.passed)
	if err != nil || !found {
		return false, err
	}
	part, err := t.enrol(id)
	switch {
	case errors.Is(err, delivery.ErrRoll):
		a.passed, a.unread = a.passed+" "+id+" ", errors.Join(a.unread, err)
		return true, nil
	case err != nil || part != "":
		return true, err
	}
	return true, t.aged(id, trimmed)
}

// fold leaves of one edition its counts.
func fold(t *tx) (more bool, err error) {
	id, found, err := t.old(trimmed, ledgerLife, "")
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
