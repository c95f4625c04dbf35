package sqlitedb

import (
	"strconv"
	"strings"

	"github.com/enshi-daily/enshi/delivery"
	"github.com/enshi-daily/enshi/subscribers"
)

// queued is a delivery with what decides on it.
type queued struct {
	delivery.Delivery
	round  int64
	token  string // as stored
	until  int64
	person person
}

// person is what a delivery needs of its subscriber, of a subscriber named s.
type person struct {
	state      subscribers.State // "" if there is no record any more
	address    subscribers.Address
	language   subscribers.Language
	cadence    subscribers.Cadence
	generation uint32
}

const personColumns = `s.state, s.address, s.language, s.cadence, s.generation`

// sendable says whether the person may receive the delivery.
func (q *queued) sendable() (delivery.Skip, bool) {
	if q.person.state == "" {
		return delivery.SkipErased, false
	}
	return delivery.Sendable(q.person.state, q.Edition)
}

// waiting reads the deliveries that leaseQuery finds.
func (t *tx) waiting(query string, args ...any) (found []queued, err error) {
	err = t.rows(query, args, func(scan func(...any) error) error {
		var q queued
		q.Delivery, err = scanPerson(&q.person, func(dest ...any) (delivery.Delivery, error) {
			return scanDelivery(scan, append([]any{&q.round}, dest...)...)
		})
		found = append(found, q)
		return err
	})
	return found, err
}

// scanPerson reads personColumns, all NULL for a person without a record.
func scanPerson[T any](p *person, scan func(dest ...any) (T, error)) (T, error) {
	return scan(&p.state, &p.address, &p.language, &p.cadence, &p.generation)
}

const queuedQuery = `SELECT ` + deliveryColumns + `, d.round, d.token, d.until_ms, ` + personColumns + `
	FROM delivery d LEFT JOIN subscriber s ON s.id = d.subscriber WHERE d.edition = ? AND d.subscriber = ?`

// find reads a delivery as it is now; false if there is none.
func (t *tx) find(d *delivery.Delivery) (q queued, found bool, err error) {
	err = t.rows(queuedQuery, values(d.Edition, d.Subscriber), func(scan func(...any) error) (err error) {
		found = true
		q.Delivery, err = scanPerson(&q.person, func(dest ...any) (delivery.Delivery, error) {
			return scanDelivery(scan, append([]any{&q.round, &q.token, &q.until}, dest...)...)
		})
		return err
	})
	return q, found, err
}

// holds says whether a token is the one of the delivery's lease.
func (q *queued) holds(token string) bool { return token != "" && q.token == token }

// sameRound says whether a token, lost or not, is of this round: a notice that
// was asked for again knows nothing of what became of the one before.
func (q *queued) sameRound(token string) bool {
	_, round, _ := strings.Cut(token, ".")
	return round == strconv.FormatInt(q.round, 10)
}
