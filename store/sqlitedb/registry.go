package sqlitedb

import (
	"context"
	"errors"
	"fmt"

	"github.com/enshi-daily/enshi/delivery"
	"github.com/enshi-daily/enshi/subscribers"
)

// Subscriber implements subscribers.Registry.
func (db *DB) Subscriber(ctx context.Context, id subscribers.ID) (s subscribers.Subscriber, err error) {
	err = db.read(ctx, "read a subscriber", func(t *tx) error {
		found := false
		err := t.rows(`SELECT `+subscriberColumns+` FROM subscriber WHERE id = ?`, values(id),
			func(scan func(...any) error) error {
				found = true
				s, err = scanSubscriber(scan)
				return err
			})
		if err == nil && !found {
			return fmt.Errorf("%w: %s", subscribers.ErrNotFound, id)
		}
		return err
	})
	return s, err
}

// Save implements subscribers.Registry.
func (db *DB) Save(ctx context.Context, s subscribers.Subscriber, n subscribers.Notice) error {
	return db.write(ctx, "save a subscriber", func(t *tx) error { return t.save(s, n) })
}

// saveStep is how many records are saved in one transaction, which is then far
// below a quarter of a second.
const saveStep = 500

// SaveAll implements subscribers.Bulk.
func (db *DB) SaveAll(ctx context.Context, list []subscribers.Saving) ([]error, error) {
	became := make([]error, len(list))
	for from := 0; from < len(list); from += saveStep {
		err := db.write(ctx, "save subscribers", func(t *tx) error {
			for i := from; i < min(from+saveStep, len(list)); i++ {
				err := t.save(list[i].Subscriber, list[i].Notice)
				if became[i] = err; err != nil && !errors.Is(err, subscribers.ErrConflict) {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return became, nil
}

// save changes nothing if it returns subscribers.ErrConflict.
func (t *tx) save(s subscribers.Subscriber, n subscribers.Notice) error {
	cursor, err := t.unchanged(s)
	if err != nil {
		return err
	}
	s.Cursor = max(s.Cursor, cursor)
	if err := t.put(s, s.Version+1); err != nil {
		return fmt.Errorf("%s: %w", s.ID, err)
	}
	if n == subscribers.NoNotice {
		return nil
	}
	return t.notify(delivery.NoticeEdition(n), s.ID)
}

// unchanged demands that the stored version is still that of s (0 for none),
// and returns the stored cursor.
func (t *tx) unchanged(s subscribers.Subscriber) (cursor int64, err error) {
	var version int64
	if _, err := t.row(`SELECT version, cursor FROM subscriber WHERE id = ?`, values(s.ID), &version, &cursor); err != nil {
		return 0, err
	}
	if version != s.Version {
		return 0, fmt.Errorf("%w: %s is at version %d, not %d", subscribers.ErrConflict, s.ID, version, s.Version)
	}
	return cursor, nil
}

// notify queues a notice, in the place of the person's last one of its kind.
// The next round makes a lease of that one, and what becomes of it, void.
func (t *tx) notify(edition string, id subscribers.ID) error {
	_, err := t.exec(`INSERT INTO delivery (edition, subscriber, letter, grp, state, created, ready_ms)
		VALUES (?1, ?2, '', '', 'queued', ?3, ?4)
		ON CONFLICT (edition, subscriber) DO UPDATE SET
			state = 'queued', skip = '', tries = 0, created = ?3, at = 0, reply = '', doubts = 0,
			round = round + 1, ready_ms = ?4, token = '', until_ms = 0`,
		edition, id, t.now.Unix(), t.now.UnixMilli())
	return err
}

// Delete implements subscribers.Registry.
func (db *DB) Delete(ctx context.Context, s subscribers.Subscriber) error {
	return db.write(ctx, "delete a subscriber", func(t *tx) error {
		if _, err := t.unchanged(s); err != nil {
			return err
		}
		n, err := t.exec(`DELETE FROM subscriber WHERE id = ?`, s.ID)
		switch {
		case err != nil:
			return err
		case n == 0:
			return fmt.Errorf("%w: %s", subscribers.ErrNotFound, s.ID)
		}
		_, err = t.exec(`UPDATE delivery SET state = 'skipped', skip = ?1, at = ?2, ready_ms = 0, token = '', until_ms = 0
			WHERE subscriber = ?3 AND state IN ('queued', 'retry') AND edition IN (
				SELECT id FROM edition WHERE stage IN ('planning', 'sending')
				UNION ALL VALUES (?4), (?5))`,
			delivery.SkipErased, t.now.Unix(), s.ID, delivery.EditionConfirm, delivery.EditionAlready)
		return err
	})
}
