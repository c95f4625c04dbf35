package sqlitedb

import (
	"context"
	"iter"

	"github.com/enshi-daily/enshi/subscribers"
)

// page is how many rows a listing reads at a time. Between two pages it holds
// nothing that could keep the file from being cleaned up.
const page = 500

// All implements subscribers.Bulk.
func (db *DB) All(ctx context.Context) iter.Seq2[subscribers.Subscriber, error] {
	return pages(func(after subscribers.Subscriber) (some []subscribers.Subscriber, err error) {
		err = db.read(ctx, "read subscribers", func(t *tx) error {
			some, err = t.subscribers(`SELECT `+subscriberColumns+` FROM subscriber
				WHERE id > ? ORDER BY id LIMIT ?`, after.ID, page)
			return err
		})
		return some, err
	})
}

// subscribers reads the records that a query finds.
func (t *tx) subscribers(query string, args ...any) (some []subscribers.Subscriber, err error) {
	err = t.rows(query, args, func(scan func(...any) error) error {
		s, err := scanSubscriber(scan)
		some = append(some, s)
		return err
	})
	return some, err
}

// pages yields what read finds after the last item that was yielded, until it
// finds less than a page. It begins after the zero item.
func pages[T any](read func(after T) ([]T, error)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var last T
		for {
			some, err := read(last)
			if err != nil {
				yield(last, err)
				return
			}
			for _, item := range some {
				if !yield(item, nil) {
					return
				}
				last = item
			}
			if len(some) < page {
				return
			}
		}
	}
}

// Count implements subscribers.Bulk.
func (db *DB) Count(ctx context.Context) (map[subscribers.State]int, error) {
	counts := make(map[subscribers.State]int)
	err := db.read(ctx, "count subscribers", func(t *tx) error {
		return t.rows(`SELECT state, count(*) FROM subscriber GROUP BY state`, nil, func(scan func(...any) error) error {
			var state subscribers.State
			var n int
			err := scan(&state, &n)
			counts[state] = n
			return err
		})
	})
	return counts, err
}
