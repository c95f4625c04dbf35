package redisdb

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/enshi-daily/enshi/delivery"
	"github.com/enshi-daily/enshi/digest"
	"github.com/enshi-daily/enshi/subscribers"
)

// Amended returns the entries that arrived after since and were corrected or
// withdrawn.
func (db *DB) Amended(ctx context.Context, since time.Time) ([]digest.Entry, error) {
	members, err := db.rdb.HKeys(ctx, db.keys.amended()).Result()
	if err != nil {
		return nil, db.fail("read corrections", err)
	}
	numbers := make([]int64, len(members))
	for i, m := range members {
		if numbers[i], err = strconv.ParseInt(m, 10, 64); err != nil {
			return nil, db.fail("read corrections", err)
		}
	}
	slices.Sort(numbers)
	var entries []digest.Entry
	for some := range slices.Chunk(numbers, readStep) {
		found, err := db.entries(ctx, some)
		if err != nil {
			return nil, err
		}
		entries = append(entries, found...)
	}
	return slices.DeleteFunc(entries, func(e digest.Entry) bool { return !e.Arrived.After(since) }), nil
}

// Bringing returns letters of the editions opened after since.
func (db *DB) Bringing(ctx context.Context, since time.Time, numbers ...int64) ([]delivery.Letterhead, error) {
	editions, err := db.rdb.ZRangeByScore(ctx, db.keys.editions(), &redis.ZRangeBy{
		Min: "(" + strconv.FormatInt(since.UnixMilli(), 10), Max: "+inf"}).Result()
	if err != nil {
		return nil, db.fail("list editions", err)
	}
	var heads []delivery.Letterhead
	for some := range slices.Chunk(editions, sweepStep) {
		found, err := db.bringing(ctx, some, numbers)
		if err != nil {
			return nil, err
		}
		heads = append(heads, found...)
	}
	return heads, nil
}

func (db *DB) bringing(ctx context.Context, editions []string, numbers []int64) (heads []delivery.Letterhead, err error) {
	pipe := db.rdb.Pipeline()
	answers := make([]*redis.MapStringStringCmd, len(editions))
	for i, id := range editions {
		answers[i] = pipe.HGetAll(ctx, db.keys.brought(id))
	}
	if _, err := pipe.Exec(ctx); err != nil {
		return nil, db.fail("look for letters", err)
	}
	for i, answer := range answers {
		for letter, packed := range answer.Val() {
			h := delivery.Letterhead{Edition: editions[i], Letter: letter}
			if h.Brought, err = delivery.DecodeBrought([]byte(packed)); err != nil {
				return nil, fmt.Errorf("letter %s of %s: %w", letter, h.Edition, err)
			}
			if h.Brings(numbers) {
				heads = append(heads, h)
			}
		}
	}
	return heads, nil
}

// Reached returns what editions have for subscribers: one round trip for the
// ledgers of a shard, one for rolls that are not at hand.
func (db *DB) Reached(ctx context.Context, ids []subscribers.ID, editions ...string) ([][]delivery.Reach, error) {
	all := make([][]delivery.Reach, len(ids))
	byShard := make(map[int][]int)
	for i, id := range ids {
		all[i] = make([]delivery.Reach, len(editions))
		shard, err := shardOf(id)
		if err != nil {
			return nil, err
		}
		byShard[shard] = append(byShard[shard], i)
	}
	for shard, places := range byShard {
		for some := range slices.Chunk(places, readStep) {
			r := reaching{db: db, shard: shard, ids: ids, places: some, editions: editions, found: all}
			if err := r.readLedgers(ctx); err != nil {
				return nil, err
			}
			if err := r.readRolls(ctx); err != nil {
				return nil, err
			}
		}
	}
	return all, nil
}

// reaching is a part of one call of Reached: some places of ids, which are in one
// shard.
type reaching struct {
	db       *DB
	shard    int
	ids      []subscribers.ID
	places   []int
	editions []string
	found    [][]delivery.Reach
	missing  []bool // editions that have no entry for somebody
}

func (r *reaching) readLedgers(ctx context.Context) error {
	fields := make([]string, len(r.places))
	for n, i := range r.places {
		fields[n] = string(r.ids[i])
	}
	pipe := r.db.rdb.Pipeline()
	answers := make([]*redis.SliceCmd, len(r.editions))
	for k, edition := range r.editions {
		answers[k] = pipe.HMGet(ctx, r.db.keys.ledger(r.shard, edition), fields...)
	}
	if _, err := pipe.Exec(ctx); err != nil {
		return r.db.fail("look for recipients", err)
	}
	r.missing = make([]bool, len(r.editions))
	for k, answer := range answers {
		for n, value := range answer.Val() {
			packed, ok := value.(string)
			if !ok {
				r.missing[k] = true
				continue
			}
			i := r.places[n]
			d, _, err := unpack(r.editions[k], r.ids[i], packed)
			if err != nil {
				return err
			}
			r.found[i][k] = delivery.Reach{Letter: d.Letter, State: d.State}
		}
	}
	return nil
}

// readRolls completes what the ledgers do not have. It comes after them: trim
// writes a roll before it removes what is in it.
func (r *reaching) readRolls(ctx context.Context) error {
	rolls := make([]delivery.Roll, len(r.editions))
	answers := make(map[int]*redis.StringCmd)
	pipe, part, now := r.db.rdb.Pipeline(), strconv.Itoa(r.shard), r.db.wall()
	for k, edition := range r.editions {
		if !r.missing[k] {
			continue
		}
		var ok bool
		if rolls[k], ok = r.db.rolls.Find(edition, part, now); !ok {
			answers[k] = pipe.Get(ctx, r.db.keys.roll(r.shard, edition))
		}
	}
	if len(answers) > 0 {
		_, _ = pipe.Exec(ctx) // each command has its own error, Nil among them
	}
	for k, answer := range answers {
		members, err := answer.Bytes()
		if err != nil && !errors.Is(err, redis.Nil) {
			return r.db.fail("read rolls", err)
		}
		rolls[k] = r.db.rolls.Keep(r.editions[k], part, now, members)
	}
	for k, roll := range rolls {
		for _, i := range r.places {
			if roll.Len() > 0 && r.found[i][k].State == "" {
				r.found[i][k] = delivery.Enrolled(roll, r.ids[i])
			}
		}
	}
	return nil
}

// Rewrite replaces a letter's bytes if they are those that the caller read.
func (db *DB) Rewrite(ctx context.Context, edition, letter string, from, to []byte) (bool, error) {
	n, err := db.number(ctx, scriptRewrite, []string{db.keys.letter(edition, letter), db.keys.rewrites()}, from, to)
	return n == 1, err
}

// Rewrites counts the letters whose bytes were replaced.
func (db *DB) Rewrites(ctx context.Context) (int64, error) {
	n, err := db.rdb.Get(ctx, db.keys.rewrites()).Int64()
	if err != nil && !errors.Is(err, redis.Nil) {
		return 0, db.fail("count rewritten letters", err)
	}
	return n, nil
}

// Retract skips deliveries of letters that wait, shard by shard.
func (db *DB) Retract(ctx context.Context, edition string, letters ...string) (retracted int, err error) {
	for shard := range shards {
		n, err := db.skipShard(ctx, shard, edition, skipping{why: delivery.SkipWithdrawn, letters: letters})
		retracted += n
		if err != nil {
			return retracted, err
		}
	}
	return retracted, nil
}
