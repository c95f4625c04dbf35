package sqlitedb

import (
	"context"
	"encoding/json"
	"iter"
	"time"

	"github.com/enshi-daily/enshi/delivery"
)

// deliveryColumns are what scanDelivery reads, in its order, of a delivery
// named d.
const deliveryColumns = `d.edition, d.subscriber, d.letter, d.grp, d.state, d.skip, d.tries,
	d.created, d.at, d.reply, d.doubts, d.ready_ms`

// scanDelivery reads a delivery, and more columns into more.
func scanDelivery(scan func(...any) error, more ...any) (d delivery.Delivery, err error) {
	var created, at, ready int64
	err = scan(append([]any{&d.Edition, &d.Subscriber, &d.Letter, &d.Group, &d.State, &d.Skip, &d.Tries,
		&created, &at, &d.Reply, &d.Doubts, &ready}, more...)...)
	d.Created, d.At = moment(created), moment(at)
	if d.State == delivery.Retry {
		d.At = time.UnixMilli(ready).UTC()
	}
	return d, err
}

// Deliveries implements delivery.Editions.
func (db *DB) Deliveries(ctx context.Context, id string, states ...delivery.State) iter.Seq2[delivery.Delivery, error] {
	if len(states) == 0 {
		states = delivery.States[:]
	}
	return pages(func(after delivery.Delivery) (some []delivery.Delivery, err error) {
		wanted, err := json.Marshal(states)
		if err != nil {
			return nil, err
		}
		err = db.read(ctx, "read deliveries", func(t *tx) error {
			return t.rows(`SELECT `+deliveryColumns+` FROM delivery d WHERE d.edition = ? AND d.subscriber > ?
				AND d.state IN (SELECT value FROM json_each(?)) ORDER BY d.subscriber LIMIT ?`,
				values(id, after.Subscriber, string(wanted), page),
				func(scan func(...any) error) error {
					d, err := scanDelivery(scan)
					some = append(some, d)
					return err
				})
		})
		return some, err
	})
}
