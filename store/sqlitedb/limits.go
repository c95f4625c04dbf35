package sqlitedb

import (
	"context"
	"time"
)

// Allow implements subscribers.Limits.
func (db *DB) Allow(ctx context.Context, key string, n int, period time.Duration) (allowed bool, err error) {
	err = db.write(ctx, "count an event", func(t *tx) error {
		now := t.now.UnixMilli()
		// Windows that are over go, a few at a time, so that none of these steps is long.
		if _, err := t.exec(`DELETE FROM allowance WHERE key IN
			(SELECT key FROM allowance WHERE until_ms <= ? LIMIT 100)`, now); err != nil {
			return err
		}
		var events int
		_, err := t.row(`INSERT INTO allowance VALUES (?1, 1, ?2) ON CONFLICT (key) DO UPDATE SET
			events   = CASE WHEN until_ms <= ?3 THEN 1 ELSE events + 1 END,
			until_ms = CASE WHEN until_ms <= ?3 THEN ?2 ELSE until_ms END
			RETURNING events`, values(key, t.now.Add(period).UnixMilli(), now), &events)
		allowed = events <= n
		return err
	})
	return allowed && err == nil, err
}

// Forget implements subscribers.Limits.
func (db *DB) Forget(ctx context.Context, key string) error {
	return db.write(ctx, "forget events", func(t *tx) error {
		_, err := t.exec(`DELETE FROM allowance WHERE key = ?`, key)
		return err
	})
}
