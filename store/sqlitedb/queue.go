package sqlitedb

import (
	"context"
	"crypto/rand"
	"strconv"
	"time"

	"github.com/enshi-daily/enshi/delivery"
)

// ready is what the index delivery_ready holds. A query must repeat it word for
// word to be answered from the index.
const ready = `d.ready_ms > 0`

// maxReady is where Work stops counting: more than a worker leases at a time,
// and few enough to count whenever one looks.
const maxReady = 400

// workQuery finds each group of an edition by a step down the index, then
// counts it and looks for what comes next. It says >= where > would do: SQLite
// would compare what is bound with the index's own condition, and so parse the
// query anew whenever time has passed.
const workQuery = `WITH RECURSIVE g (grp) AS (
		SELECT (SELECT d.grp FROM delivery d WHERE d.edition = ?1 AND ` + ready + ` ORDER BY d.grp LIMIT 1)
		UNION ALL
		SELECT (SELECT d.grp FROM delivery d WHERE d.edition = ?1 AND d.grp > g.grp AND ` + ready + ` ORDER BY d.grp LIMIT 1)
		FROM g WHERE g.grp IS NOT NULL)
	SELECT g.grp,
		(SELECT count(*) FROM (SELECT 1 FROM delivery d
			WHERE d.edition = ?1 AND d.grp = g.grp AND d.ready_ms <= ?2 AND ` + ready + ` LIMIT ?3)),
		coalesce((SELECT d.ready_ms FROM delivery d
			WHERE d.edition = ?1 AND d.grp = g.grp AND d.ready_ms >= ?2 + 1 AND ` + ready + ` ORDER BY d.ready_ms LIMIT 1), 0)
	FROM g WHERE g.grp IS NOT NULL`

// Work implements delivery.Queue.
func (db *DB) Work(ctx context.Context) (work []delivery.Work, wake time.Duration, err error) {
	err = db.read(ctx, "look for work", func(t *tx) error {
		editions, err := t.leasable()
		if err != nil {
			return err
		}
		now, next := t.now.UnixMilli(), int64(0)
		for _, edition := range editions {
			err := t.rows(workQuery, values(edition, now, maxReady), func(scan func(...any) error) error {
				w := delivery.Work{Edition: edition}
				var at int64
				err := scan(&w.Group, &w.Ready, &at)
				if w.Ready > 0 {
					work = append(work, w)
				}
				if at > 0 && (next == 0 || at < next) {
					next = at
				}
				return err
			})
			if err != nil {
				return err
			}
		}
		if next > 0 {
			wake = time.Duration(next-now) * time.Millisecond
		}
		return nil
	})
	return work, wake, err
}

const leasableQuery = `SELECT id FROM edition WHERE stage IN ('planning', 'sending') AND paused = ''
	ORDER BY opened, serial`

// leasable returns what may be leased from and is not paused: the notices'
// stand-ins, then the editions under way, by age.
func (t *tx) leasable() (open []string, err error) {
	for _, notice := range []string{delivery.EditionConfirm, delivery.EditionAlready} {
		ok, err := t.mayLease(notice)
		if err != nil {
			return nil, err
		}
		if ok {
			open = append(open, notice)
		}
	}
	err = t.rows(leasableQuery, nil, func(scan func(...any) error) error {
		var id string
		err := scan(&id)
		open = append(open, id)
		return err
	})
	return open, err
}

const leaseQuery = `SELECT ` + deliveryColumns + `, d.round, ` + personColumns + `
	FROM delivery d INDEXED BY delivery_ready LEFT JOIN subscriber s ON s.id = d.subscriber
	WHERE d.edition = ? AND d.grp = ? AND ` + ready + ` AND d.ready_ms <= ? ORDER BY d.ready_ms, d.subscriber LIMIT ?`

// leaseScan bounds how many deliveries one lease looks at while it skips those
// whose subscribers left: the transaction stays short.
const leaseScan = 2000

// Lease implements delivery.Queue.
func (db *DB) Lease(ctx context.Context, w delivery.Work, n int, ttl time.Duration) (leased []delivery.Delivery, err error) {
	if err := db.sends("lease deliveries"); err != nil {
		return nil, err
	}
	err = db.write(ctx, "lease deliveries", func(t *tx) error {
		open, err := t.mayLease(w.Edition)
		if err != nil || !open {
			return err
		}
		token, until := rand.Text(), t.now.Add(ttl).UnixMilli()
		for seen := 0; len(leased) < n && seen < leaseScan; {
			found, err := t.waiting(leaseQuery, w.Edition, w.Group, t.now.UnixMilli(), min(n-len(leased), leaseScan))
			if err != nil || len(found) == 0 {
				return err
			}
			seen += len(found)
			for i := range found {
				taken, err := t.take(&found[i], token, until)
				if err != nil {
					return err
				}
				if taken {
					leased = append(leased, found[i].Delivery)
				}
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return leased, nil
}

// mayLease says whether an edition may be leased from.
func (t *tx) mayLease(edition string) (bool, error) {
	if isNotice(edition) {
		paused, err := t.row(`SELECT 1 FROM paused_notice WHERE edition = ?`, values(edition), new(int))
		return !paused, err
	}
	return t.row(`SELECT 1 FROM edition WHERE id = ? AND stage IN ('planning', 'sending') AND paused = ''`,
		values(edition), new(int))
}

// take leases a delivery, or skips it if its subscriber left.
func (t *tx) take(q *queued, token string, until int64) (bool, error) {
	if skip, ok := q.sendable(); !ok {
		return false, t.skip(&q.Delivery, skip)
	}
	q.State, q.At, q.Token = delivery.Queued, time.Time{}, token+"."+strconv.FormatInt(q.round, 10)
	q.Address, q.Language = q.person.address, q.person.language
	q.Cadence, q.Generation = q.person.cadence, q.person.generation
	_, err := t.exec(`UPDATE delivery SET state = 'queued', ready_ms = 0, token = ?, until_ms = ? WHERE edition = ? AND subscriber = ?`,
		q.Token, until, q.Edition, q.Subscriber)
	return true, err
}

// skip ends a delivery that must not go out.
func (t *tx) skip(d *delivery.Delivery, why delivery.Skip) error {
	_, err := t.exec(`UPDATE delivery SET state = 'skipped', skip = ?, at = ?, ready_ms = 0, token = '', until_ms = 0
		WHERE edition = ? AND subscriber = ?`, why, t.now.Unix(), d.Edition, d.Subscriber)
	return err
}

// Clock implements delivery.Queue.
func (db *DB) Clock(context.Context) (time.Time, error) { return db.now(), nil }

// Renew implements delivery.Queue.
func (db *DB) Renew(ctx context.Context, leased []delivery.Delivery, ttl time.Duration) error {
	return db.write(ctx, "renew leases", func(t *tx) error {
		until := t.now.Add(ttl).UnixMilli()
		for i := range leased {
			d := &leased[i]
			_, err := t.exec(`UPDATE delivery SET until_ms = ? WHERE edition = ? AND subscriber = ? AND token = ? AND token <> ''`,
				until, d.Edition, d.Subscriber, d.Token)
			if err != nil {
				return err
			}
		}
		return nil
	})
}
