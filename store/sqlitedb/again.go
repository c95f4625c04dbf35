package sqlitedb

import (
	"context"
	"fmt"
	"slices"

	"github.com/enshi-daily/enshi/delivery"
	"github.com/enshi-daily/enshi/subscribers"
)

// Again implements delivery.Control, sweepBatch deliveries a transaction.
func (db *DB) Again(ctx context.Context, id string, states ...delivery.State) (done delivery.Requeued, err error) {
	for _, s := range states {
		if !delivery.Repeatable(s) {
			return done, fmt.Errorf("again: state %q: expected failed, rejected or uncertain", s)
		}
	}
	var batch []delivery.Delivery
	flush := func() error {
		took := done // of no worth if the transaction fails
		err := db.write(ctx, "queue deliveries again", func(t *tx) error { return t.again(id, batch, states, &took) })
		if err == nil {
			done, batch = took, batch[:0]
		}
		return err
	}
	if err := flush(); err != nil || len(states) == 0 { // whether the edition's stage allows it
		return done, err
	}
	for d, err := range db.Deliveries(ctx, id, states...) {
		if err != nil {
			return done, err
		}
		if batch = append(batch, d); len(batch) == sweepBatch {
			if err := flush(); err != nil {
				return done, err
			}
		}
	}
	return done, flush()
}

// again queues deliveries that are still in one of the states.
func (t *tx) again(id string, batch []delivery.Delivery, states []delivery.State, done *delivery.Requeued) error {
	e, err := t.edition(id)
	switch {
	case err != nil:
		return err
	case e.Stage == delivery.StageCancelled:
		return fmt.Errorf("%w: %s was cancelled", delivery.ErrStage, id)
	}
	queued := 0
	for i := range batch {
		q, found, err := t.find(&batch[i])
		if err != nil {
			return err
		}
		if !found || !slices.Contains(states, q.State) {
			continue
		}
		if _, ok := q.sendable(); !ok {
			done.Left++
			continue
		}
		doubts := 0
		if q.State == delivery.Uncertain {
			doubts = 1
		}
		_, err = t.exec(`UPDATE delivery SET state = 'queued', skip = '', tries = 0, doubts = doubts + ?, at = 0, ready_ms = ?
			WHERE edition = ? AND subscriber = ?`, doubts, t.now.UnixMilli(), q.Edition, q.Subscriber)
		if err != nil {
			return err
		}
		queued++
	}
	done.Queued += queued
	if e.Stage != delivery.StageFinished || queued == 0 {
		return nil
	}
	return t.reopen(id)
}

// reopen takes an edition that was finished back to sending, unless its
// deliveries are only counted.
func (t *tx) reopen(id string) error {
	n, err := t.exec(`UPDATE edition SET stage = 'sending', finished = 0, trimmed = 0 WHERE id = ? AND trimmed < ?`, id, folded)
	if err == nil && n == 0 {
		return fmt.Errorf("%w: deliveries of %s are only counted by now", delivery.ErrStage, id)
	}
	return err
}

// DeliveriesTo implements delivery.Control.
func (db *DB) DeliveriesTo(ctx context.Context, id subscribers.ID, editions ...string) (found []delivery.Delivery, err error) {
	err = db.read(ctx, "read deliveries to a subscriber", func(t *tx) error {
		for _, edition := range editions {
			err := t.rows(`SELECT `+deliveryColumns+` FROM delivery d WHERE d.edition = ? AND d.subscriber = ?`,
				values(edition, id), func(scan func(...any) error) error {
					d, err := scanDelivery(scan)
					found = append(found, d)
					return err
				})
			if err != nil {
				return err
			}
		}
		return nil
	})
	return found, err
}
