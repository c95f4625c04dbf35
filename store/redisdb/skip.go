package redisdb

import (
	"context"
	"slices"
	"strings"

	"github.com/enshi-daily/enshi/delivery"
)

// skipping is why waiting deliveries of an edition are skipped, and which.
type skipping struct {
	why     delivery.Skip
	all     bool
	letters []string // those alone, unless all
}

// skipShard skips what waits of an edition in one shard, sweepStep a script, and
// returns how many it were.
func (db *DB) skipShard(ctx context.Context, shard int, id string, s skipping) (skipped int, err error) {
	values, err := db.rdb.HGetAll(ctx, db.keys.ledger(shard, id)).Result()
	if err != nil {
		return 0, db.fail("read deliveries of "+id, err)
	}
	groups := newGroups()
	var tail []any
	flush := func() error {
		if len(tail) == 0 {
			return nil
		}
		keys := groups.keys(db.keys, shard, id, db.keys.book(shard, id))
		args := append(groups.args([]any{db.clock(), id, string(s.why)}), tail...)
		n, err := db.number(ctx, scriptSkip, keys, args...)
		skipped += int(n)
		tail = tail[:0]
		return err
	}
	for member, packed := range values {
		if state := packedState(packed); state != delivery.Queued && state != delivery.Retry {
			continue
		}
		f := strings.SplitN(packed, "|", packedFields)
		group, letter := delivery.Group(f[7]), f[8]
		if s.all {
			letter = ""
		} else if !slices.Contains(s.letters, letter) {
			continue
		}
		groups.add(group)
		if tail = append(tail, member, letter); len(tail) == 2*sweepStep {
			if err := flush(); err != nil {
				return skipped, err
			}
		}
	}
	return skipped, flush()
}
