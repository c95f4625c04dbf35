package sqlitedb

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/enshi-daily/enshi/digest"
	"github.com/enshi-daily/enshi/posts"
)

// Head implements digest.Log.
func (db *DB) Head(ctx context.Context) (head int64, err error) {
	err = db.read(ctx, "read the arrival log", func(t *tx) error {
		head, err = t.head()
		return err
	})
	return head, err
}

func (t *tx) head() (head int64, err error) {
	_, err = t.row(`SELECT coalesce(max(number), 0) FROM arrival`, nil, &head)
	return head, err
}

// Append implements digest.Log.
func (db *DB) Append(ctx context.Context, w posts.Watch, entries []digest.Entry) (head int64, err error) {
	err = db.write(ctx, "append to the arrival log", func(t *tx) error {
		if err := t.fence(w); err != nil {
			return err
		}
		if head, err = t.head(); err != nil {
			return err
		}
		for i := range entries {
			arrived, err := t.arrive(entries[i], head+1)
			if err != nil {
				return fmt.Errorf("%s: %w", entries[i].Post, err)
			}
			if arrived {
				head++
			}
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	return head, nil
}

// arrive gives an entry a number, unless its post has one or is withdrawn.
func (t *tx) arrive(e digest.Entry, number int64) (bool, error) {
	var standing posts.Standing
	if _, err := t.row(`SELECT standing FROM identity WHERE id = ?`, values(e.Post), &standing); err != nil {
		return false, err
	}
	if standing == posts.Withdrawn || e.Withdrawn {
		return false, nil
	}
	e.Number = number
	data, err := json.Marshal(e)
	if err != nil {
		return false, err
	}
	n, err := t.exec(`INSERT INTO arrival VALUES (?, ?, ?, ?) ON CONFLICT (post) DO NOTHING`, number, e.Post, string(data), amendment(e))
	if err != nil {
		return false, err
	}
	_, err = t.exec(`UPDATE identity SET standing = ?1, reason = '', since = 0 WHERE id = ?2 AND standing <> ?1`, posts.Arrived, e.Post)
	return n > 0, err
}

// How an entry was amended, as the column amended has it.
const (
	corrected = 1
	withdrawn = 2
)

func amendment(e digest.Entry) int {
	switch {
	case e.Withdrawn:
		return withdrawn
	case e.Correction != "":
		return corrected
	}
	return 0
}

// Update implements digest.Log.
func (db *DB) Update(ctx context.Context, w posts.Watch, entries []digest.Entry) error {
	return db.write(ctx, "update the arrival log", func(t *tx) error {
		if err := t.fence(w); err != nil {
			return err
		}
		for i := range entries {
			if err := t.update(entries[i]); err != nil {
				return fmt.Errorf("%s: %w", entries[i].Post, err)
			}
		}
		return nil
	})
}

func (t *tx) update(e digest.Entry) error {
	var data string
	known, err := t.row(`SELECT entry FROM arrival WHERE post = ?`, values(e.Post), &data)
	if err != nil || !known {
		return err
	}
	old, err := decodeEntry(data)
	if err != nil {
		return err
	}
	e.Number, e.Arrived, e.Topics = old.Number, old.Arrived, old.Topics
	taken, err := t.row(`SELECT 1 FROM identity WHERE id = ? AND `+takenBack, values(e.Post), new(int))
	if err != nil {
		return err
	}
	e.Withdrawn = e.Withdrawn || taken
	changed, err := json.Marshal(e)
	if err != nil {
		return err
	}
	_, err = t.exec(`UPDATE arrival SET entry = ?, amended = ? WHERE number = ?`, string(changed), amendment(e), e.Number)
	return err
}

// Since implements digest.Log.
func (db *DB) Since(ctx context.Context, after, to int64) (entries []digest.Entry, err error) {
	err = db.read(ctx, "read the arrival log", func(t *tx) error {
		entries, err = t.entries(`SELECT entry FROM arrival WHERE number > ? AND number <= ? ORDER BY number`, after, to)
		return err
	})
	return entries, err
}

const amendedQuery = `SELECT entry FROM arrival INDEXED BY arrival_amended WHERE amended > 0 ORDER BY number`

// Amended implements digest.Log.
func (db *DB) Amended(ctx context.Context, since time.Time) (entries []digest.Entry, err error) {
	err = db.read(ctx, "read corrections", func(t *tx) error {
		entries, err = t.entries(amendedQuery)
		return err
	})
	return slices.DeleteFunc(entries, func(e digest.Entry) bool { return !e.Arrived.After(since) }), err
}

func (t *tx) entries(query string, args ...any) (entries []digest.Entry, err error) {
	err = t.rows(query, args, func(scan func(...any) error) error {
		var data string
		if err := scan(&data); err != nil {
			return err
		}
		e, err := decodeEntry(data)
		entries = append(entries, e)
		return err
	})
	return entries, err
}

func decodeEntry(data string) (e digest.Entry, err error) {
	if err := json.Unmarshal([]byte(data), &e); err != nil {
		return e, fmt.Errorf("entry of the arrival log: %w", err)
	}
	return e, nil
}
