package sqlitedb

import (
	"context"

	"github.com/enshi-daily/enshi/delivery"
	"github.com/enshi-daily/enshi/subscribers"
)

// Turn implements delivery.Queue.
func (db *DB) Turn(ctx context.Context, done []delivery.Result, next []delivery.Delivery) ([]delivery.Permit, error) {
	if len(next) > 0 {
		if err := db.sends("begin deliveries"); err != nil {
			return nil, err
		}
	}
	permits := make([]delivery.Permit, len(next))
	err := db.write(ctx, "record and begin deliveries", func(t *tx) (err error) {
		for i := range done {
			if err := t.finish(&done[i]); err != nil {
				return err
			}
		}
		for i := range next {
			if permits[i], err = t.begin(&next[i]); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return permits, nil
}

// begin marks a delivery as being sent. One statement does it if everything is
// as it usually is.
func (t *tx) begin(d *delivery.Delivery) (delivery.Permit, error) {
	if d.Token != "" && d.Edition != delivery.EditionConfirm {
		begun, err := t.exec(`UPDATE delivery SET state = 'sending' WHERE edition = ?1 AND subscriber = ?2
			AND state = 'queued' AND token = ?3 AND until_ms > ?4 AND (SELECT state FROM subscriber WHERE id = ?2) = 'active'`,
			d.Edition, d.Subscriber, d.Token, t.now.UnixMilli())
		if err != nil || begun > 0 {
			return delivery.Go, err
		}
	}
	q, found, err := t.find(d)
	switch {
	case err != nil:
		return "", err
	case found && q.State == delivery.Skipped:
		return delivery.Left, nil
	case !found || !q.holds(d.Token) || q.until <= t.now.UnixMilli():
		return delivery.LeaseLost, nil
	case q.State == delivery.Sending:
		return delivery.Go, nil // asked again: the first answer was lost
	}
	if skip, ok := q.sendable(); !ok {
		return delivery.Left, t.skip(d, skip)
	}
	_, err = t.exec(`UPDATE delivery SET state = 'sending' WHERE edition = ? AND subscriber = ?`,
		d.Edition, d.Subscriber)
	return delivery.Go, err
}

// finish records a result. One statement does it for what was sent under a
// lease that still stands.
func (t *tx) finish(r *delivery.Result) error {
	if r.State == delivery.Sent && !r.Bounce && r.Delivery.Token != "" {
		sent, err := t.exec(`UPDATE delivery SET state = 'sent', skip = '', at = ?, reply = ?, ready_ms = 0, token = '', until_ms = 0
			WHERE edition = ? AND subscriber = ? AND state = 'sending' AND token = ?`,
			t.now.Unix(), r.Reply, r.Delivery.Edition, r.Delivery.Subscriber, r.Delivery.Token)
		if err != nil || sent > 0 {
			return err
		}
	}
	q, found, err := t.find(&r.Delivery)
	if err != nil || !found || !counts(&q, r) {
		return err
	}
	if r.Bounce {
		if err := t.bounce(r.Delivery.Subscriber); err != nil {
			return err
		}
	}
	if r.State == delivery.Queued || r.State == delivery.Retry {
		cancelled, err := t.cancelled(r.Delivery.Edition)
		if err != nil {
			return err
		}
		if cancelled {
			return t.skip(&r.Delivery, delivery.SkipCancelled)
		}
	}
	return t.enter(r)
}

// enter writes a result down.
func (t *tx) enter(r *delivery.Result) error {
	at, ready, tries := t.now.Unix(), int64(0), 0
	switch r.State {
	case delivery.Retry:
		at, ready, tries = 0, max(r.At.UnixMilli(), 1), 1 // any time, if none was given
	case delivery.Queued:
		at, ready = 0, t.now.UnixMilli()
	}
	_, err := t.exec(`UPDATE delivery SET state = ?, skip = ?, at = ?, reply = ?, ready_ms = ?, tries = tries + ?, token = '', until_ms = 0
		WHERE edition = ? AND subscriber = ?`,
		r.State, skipOf(r), at, r.Reply, ready, tries, r.Delivery.Edition, r.Delivery.Subscriber)
	return err
}

// counts says whether a result is recorded: a fact in any case, once, unless the
// letter has arrived; another one only of whoever holds the lease.
func counts(q *queued, r *delivery.Result) bool {
	if r.State == delivery.Sent || r.State == delivery.Rejected {
		return q.sameRound(r.Delivery.Token) && q.State != delivery.Sent && q.State != r.State
	}
	return q.holds(r.Delivery.Token)
}

func skipOf(r *delivery.Result) delivery.Skip {
	if r.State == delivery.Skipped {
		return r.Delivery.Skip
	}
	return ""
}

// bounce takes a dead address out. The version rises, so that a change which
// was made from the record before it is refused.
func (t *tx) bounce(id subscribers.ID) error {
	// Somebody who was erased before and never confirmed is erased again.
	returning, err := t.subscribers(`SELECT `+subscriberColumns+` FROM subscriber WHERE id = ? AND state = 'pending' AND comes_back = 1`, id)
	if err != nil {
		return err
	}
	if len(returning) > 0 {
		return t.put(subscribers.Erase(returning[0], t.now), returning[0].Version+1)
	}
	_, err = t.exec(`UPDATE subscriber SET state = ?, generation = generation + 1, version = version + 1, changed = ?
		WHERE id = ? AND state NOT IN ('bounced', 'complained', 'erased')`,
		subscribers.Bounced, t.now.Unix(), id)
	return err
}
