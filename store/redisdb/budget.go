package redisdb

import (
	"context"
	"time"
)

// Allow counts one event under a key and says whether it is within n per
// period.
func (db *DB) Allow(ctx context.Context, key string, n int, period time.Duration) (bool, error) {
	count, err := db.number(ctx, scriptAllow, []string{db.keys.limit(key)}, db.clock(), millis(period))
	if err != nil {
		return false, err
	}
	return count <= int64(n), nil
}

// Forget ends a key's window.
func (db *DB) Forget(ctx context.Context, key string) error {
	_, err := db.runSteps(ctx, []step{db.command(db.keys.limit(key), "DEL")})
	return err
}

// millis is a duration for a script, at least one.
func millis(d time.Duration) int64 { return max(1, d.Milliseconds()) }
