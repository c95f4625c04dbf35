package sqlitedb

import (
	"context"
	"fmt"

	"github.com/enshi-daily/enshi/delivery"
)

// sweepBatch is how many expired leases one transaction takes back.
const sweepBatch = 500

// Sweep implements delivery.Queue. It writes only if a reading found something
// to do: sweepers look often and find little.
func (db *DB) Sweep(ctx context.Context, p delivery.Policy) (swept delivery.Swept, err error) {
	if !p.Known() {
		return swept, fmt.Errorf("policy %q: expected %s, %s or %s", p, delivery.Resend, delivery.SkipIt, delivery.Hold)
	}
	for {
		some, err := db.expired(ctx)
		if err != nil {
			return swept, err
		}
		if !some {
			break
		}
		err = db.write(ctx, "take expired leases back", func(t *tx) error { return t.takeBack(p, &swept) })
		if err != nil {
			return swept, err
		}
	}
	if err := db.clear(ctx); err != nil {
		return swept, err
	}
	if swept.Finished, err = db.finishDone(ctx, p == delivery.Hold); err != nil {
		return swept, err
	}
	swept.Unread, err = db.age(ctx)
	return swept, err
}

// finishDone finishes what is planned to the end and has nothing open; with
// hold, nothing uncertain either.
func (db *DB) finishDone(ctx context.Context, hold bool) (finished []string, err error) {
	done, err := db.done(ctx, hold)
	if err != nil {
		return nil, err
	}
	for _, id := range done {
		ok, err := db.finish(ctx, id)
		if err != nil {
			return finished, err
		}
		if ok {
			finished = append(finished, id)
		}
	}
	return finished, nil
}

func (db *DB) finish(ctx context.Context, id string) (ok bool, err error) {
	err = db.write(ctx, "finish an edition", func(t *tx) error {
		n, err := t.exec(`UPDATE edition AS e SET stage = 'finished', finished = ? WHERE id = ? AND `+allDone, t.now.Unix(), id)
		ok = n > 0
		return err
	})
	return ok && err == nil, err
}

// Settle implements delivery.Control.
func (db *DB) Settle(ctx context.Context, id string) error {
	e, err := db.Edition(ctx, id)
	if err != nil || e.Stage == delivery.StageFinished {
		return err
	}
	if done, err := db.finish(ctx, id); done || err != nil {
		return err
	}
	return delivery.ErrStage
}

const expiredQuery = `SELECT 1 FROM delivery WHERE until_ms > 0 AND until_ms <= ? LIMIT 1`

func (db *DB) expired(ctx context.Context) (some bool, err error) {
	err = db.read(ctx, "look for expired leases", func(t *tx) error {
		some, err = t.row(expiredQuery, values(t.now.UnixMilli()), new(int))
		return err
	})
	return some, err
}

// takeBack ends expired leases. swept counts them once the transaction stands;
// if it fails, the sweep does, and nobody reads swept.
func (t *tx) takeBack(p delivery.Policy, swept *delivery.Swept) error {
	type lease struct {
		delivery.Delivery
		cancelled bool
	}
	var found []lease
	err := t.rows(`SELECT `+deliveryColumns+`, EXISTS (SELECT 1 FROM edition e WHERE e.id = d.edition AND e.stage = 'cancelled')
		FROM delivery d WHERE d.until_ms > 0 AND d.until_ms <= ? LIMIT ?`, values(t.now.UnixMilli(), sweepBatch),
		func(scan func(...any) error) (err error) {
			var l lease
			l.Delivery, err = scanDelivery(scan, &l.cancelled)
			found = append(found, l)
			return err
		})
	if err != nil {
		return err
	}
	for i := range found {
		state, doubts, at, ready := delivery.Queued, 0, int64(0), t.now.UnixMilli()
		switch {
		case found[i].State != delivery.Sending:
			swept.Requeued++
		case p == delivery.Resend && !found[i].cancelled:
			swept.Uncertain++
			doubts = 1
		default:
			swept.Uncertain++
			state, at, ready = delivery.Uncertain, t.now.Unix(), 0
		}
		_, err := t.exec(`UPDATE delivery SET state = ?, doubts = doubts + ?, at = ?, ready_ms = ?, token = '', until_ms = 0
			WHERE edition = ? AND subscriber = ?`,
			state, doubts, at, ready, found[i].Edition, found[i].Subscriber)
		if err != nil {
			return err
		}
	}
	return nil
}

// allDone holds for an edition e that is planned to the end and has nothing
// open: what is queued or waits is in one index, what is leased in the other.
const allDone = `e.stage = 'sending'
	AND NOT EXISTS (SELECT 1 FROM delivery d INDEXED BY delivery_ready WHERE d.edition = e.id AND ` + ready + `)
	AND NOT EXISTS (SELECT 1 FROM delivery d INDEXED BY delivery_leased WHERE d.until_ms > 0 AND d.edition = e.id)`

const doneQuery = `SELECT e.id FROM edition e WHERE e.stage IN ('planning', 'sending') AND ` + allDone

// certain holds for an edition e in which nothing is uncertain.
const certain = ` AND coalesce((SELECT n FROM tally WHERE edition = e.id AND state = 'uncertain'), 0) = 0`

// done returns the editions that can be finished.
func (db *DB) done(ctx context.Context, hold bool) (ids []string, err error) {
	query := doneQuery
	if hold {
		query += certain
	}
	err = db.read(ctx, "look for finished editions", func(t *tx) error {
		return t.rows(query, nil, func(scan func(...any) error) error {
			var id string
			err := scan(&id)
			ids = append(ids, id)
			return err
		})
	})
	return ids, err
}
