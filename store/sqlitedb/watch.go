package sqlitedb

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/enshi-daily/enshi/posts"
)

// AcquireWatch implements posts.Identities.
func (db *DB) AcquireWatch(ctx context.Context, holder string, ttl time.Duration) (w posts.Watch, err error) {
	holder = cmp.Or(holder, "unnamed")
	err = db.write(ctx, "take the watch", func(t *tx) error {
		var has string
		var until int64
		if _, err := t.row(`SELECT token, holder, until_ms FROM watch`, nil, &w.Token, &has, &until); err != nil {
			return err
		}
		if has != "" && has != holder && until > t.now.UnixMilli() {
			return fmt.Errorf("%w: %s until %s", posts.ErrWatched, has,
				time.UnixMilli(until).UTC().Format(time.RFC3339))
		}
		w.Token++
		_, err := t.exec(`UPDATE watch SET token = ?, holder = ?, until_ms = ?`,
			w.Token, holder, t.now.Add(ttl).UnixMilli())
		return err
	})
	if err != nil {
		return posts.Watch{}, err
	}
	return w, nil
}

// RenewWatch implements posts.Identities.
func (db *DB) RenewWatch(ctx context.Context, w posts.Watch, ttl time.Duration) error {
	return db.write(ctx, "renew the watch", func(t *tx) error {
		if err := t.fence(w); err != nil {
			return err
		}
		_, err := t.exec(`UPDATE watch SET until_ms = ?`, t.now.Add(ttl).UnixMilli())
		return err
	})
}

// ReleaseWatch implements posts.Identities.
func (db *DB) ReleaseWatch(ctx context.Context, w posts.Watch) error {
	return db.write(ctx, "release the watch", func(t *tx) error {
		_, err := t.exec(`UPDATE watch SET holder = '' WHERE token = ?`, w.Token)
		return err
	})
}

// fence refuses a watch that is no longer held. One whose time ran out while
// nobody took it is still good: every writer is checked in its own transaction.
func (t *tx) fence(w posts.Watch) error {
	held, err := t.row(`SELECT 1 FROM watch WHERE token = ? AND holder <> ''`, values(w.Token), new(int))
	if err == nil && !held {
		return fmt.Errorf("%w: token %d", posts.ErrFenced, w.Token)
	}
	return err
}
