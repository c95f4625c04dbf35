package redisdb

import (
	"context"
	"time"

	"github.com/enshi-daily/enshi/delivery"
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

// Take asks for up to n messages to a group now.
func (db *DB) Take(ctx context.Context, g delivery.Group, b delivery.Budget, n int) (granted int, wait time.Duration, err error) {
	if b.PerMinute <= 0 || n <= 0 {
		return max(n, 0), 0, nil
	}
	each := float64(time.Minute/time.Millisecond) / float64(b.PerMinute)
	answers, err := db.run(ctx, scriptPace, call{
		[]string{db.keys.pace(g)}, []any{db.clock(), each, max(b.Burst, 1), n},
	})
	if err != nil {
		return 0, 0, err
	}
	got, err := numbers(answers[0])
	if err != nil {
		return 0, 0, db.fail("pace", err)
	}
	return int(got[0]), time.Duration(got[1]) * time.Millisecond, nil
}

// millis is a duration for a script, at least one.
func millis(d time.Duration) int64 { return max(1, d.Milliseconds()) }
