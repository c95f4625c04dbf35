package redisdb

import (
	"context"
	"errors"
	"fmt"

	"github.com/redis/go-redis/v9"

	"github.com/enshi-daily/enshi/posts"
)

// Decide releases or withdraws posts, all or none.
func (db *DB) Decide(ctx context.Context, d posts.Decision) ([]posts.ID, error) {
	if err := d.Undecidable(); err != nil {
		return nil, err
	}
	reason, err := marshal(d.Reason)
	if err != nil {
		return nil, fmt.Errorf("decide on posts: %w", err)
	}
	args := []any{string(d.Standing), reason, recordTime(d.At)}
	for _, id := range d.Posts {
		args = append(args, string(id))
	}
	answers, err := db.run(ctx, scriptDecide, call{[]string{
		db.keys.watch(), db.keys.identities(), db.keys.log(), db.keys.numbers(), db.keys.amended(),
	}, args})
	if err != nil {
		return nil, err
	}
	names, err := answers[0].StringSlice()
	if err != nil {
		return nil, db.fail("decide", err)
	}
	decided := make([]posts.ID, len(names))
	for i, name := range names {
		decided[i] = posts.ID(name)
	}
	return decided, nil
}

// Decided counts the calls of Decide that decided something.
func (db *DB) Decided(ctx context.Context) (string, error) {
	count, err := db.rdb.HGet(ctx, db.keys.watch(), "decisions").Result()
	if err != nil && !errors.Is(err, redis.Nil) {
		return "", db.fail("look for decisions", err)
	}
	return count, nil
}
