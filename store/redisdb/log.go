package redisdb

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/enshi-daily/enshi/digest"
	"github.com/enshi-daily/enshi/posts"
)

// keptEntry is the part of an entry that Update never changes.
type keptEntry struct {
	Arrived time.Time     `json:"arrived,omitzero"`
	Topics  []posts.Topic `json:"topics,omitempty"`
}

// takenBackMark ends the entry of a post that an operator withdrew.
const takenBackMark = "\twithdrawn"

// Head returns the greatest number given.
func (db *DB) Head(ctx context.Context) (int64, error) {
	head, err := db.rdb.Get(ctx, db.keys.head()).Int64()
	if err != nil && !errors.Is(err, redis.Nil) {
		return 0, db.fail("read head of the arrival log", err)
	}
	return head, nil
}

// otherPart is the part of an entry that Update replaces.
func otherPart(e digest.Entry) (string, error) {
	e.Number, e.Arrived, e.Topics = 0, time.Time{}, nil
	text, err := marshal(e)
	if err != nil {
		return "", fmt.Errorf("entry of %s: %w", e.Post, err)
	}
	return text, nil
}

// Append gives entries the next numbers, all or none.
func (db *DB) Append(ctx context.Context, w posts.Watch, entries []digest.Entry) (int64, error) {
	args := []any{strconv.FormatInt(w.Token, 10)}
	for _, e := range entries {
		kept, err := marshal(keptEntry{e.Arrived, e.Topics})
		if err != nil {
			return 0, fmt.Errorf("entry of %s: %w", e.Post, err)
		}
		other, err := otherPart(e)
		if err != nil {
			return 0, err
		}
		args = append(args, string(e.Post), amendment(e), kept, other)
	}
	head, err := db.number(ctx, scriptAppend, []string{
		db.keys.watch(), db.keys.head(), db.keys.log(), db.keys.numbers(), db.keys.identities(), db.keys.amended(),
	}, args...)
	if err != nil {
		return 0, err
	}
	return max(head, 0), fenced(head < 0)
}

// amendment says to scripts how an entry was amended.
func amendment(e digest.Entry) string {
	switch {
	case e.Withdrawn:
		return "withdrawn"
	case e.Correction != "":
		return "corrected"
	}
	return ""
}

// Update replaces what the log says of posts in it, all or none.
func (db *DB) Update(ctx context.Context, w posts.Watch, entries []digest.Entry) error {
	args := []any{strconv.FormatInt(w.Token, 10)}
	for _, e := range entries {
		other, err := otherPart(e)
		if err != nil {
			return err
		}
		args = append(args, string(e.Post), amendment(e), other)
	}
	n, err := db.number(ctx, scriptUpdate, []string{db.keys.watch(), db.keys.log(), db.keys.numbers(), db.keys.amended()}, args...)
	if err != nil {
		return err
	}
	return fenced(n < 0)
}

// Since returns the entries with after < Number ≤ to.
func (db *DB) Since(ctx context.Context, after, to int64) ([]digest.Entry, error) {
	head, err := db.Head(ctx)
	if err != nil {
		return nil, err
	}
	var entries []digest.Entry
	for after, to = max(after, 0), min(to, head); after < to; {
		numbers := make([]int64, min(to-after, readStep))
		for i := range numbers {
			after++
			numbers[i] = after
		}
		some, err := db.entries(ctx, numbers)
		if err != nil {
			return nil, err
		}
		entries = append(entries, some...)
	}
	return entries, nil
}

// entries reads those with some numbers, at most readStep.
func (db *DB) entries(ctx context.Context, numbers []int64) ([]digest.Entry, error) {
	fields := make([]string, len(numbers))
	for i, n := range numbers {
		fields[i] = strconv.FormatInt(n, 10)
	}
	values, err := db.rdb.HMGet(ctx, db.keys.log(), fields...).Result()
	if err != nil {
		return nil, db.fail("read the arrival log", err)
	}
	entries := make([]digest.Entry, len(numbers))
	for i, value := range values {
		text, _ := value.(string)
		if entries[i], err = decodeEntry(numbers[i], text); err != nil {
			return nil, fmt.Errorf("stored entry %s of the arrival log: %w", fields[i], err)
		}
	}
	return entries, nil
}

func decodeEntry(number int64, value string) (digest.Entry, error) {
	first, second, ok := strings.Cut(value, "\t")
	if !ok {
		return digest.Entry{}, fmt.Errorf("expected two parts, got %q", value)
	}
	second, takenBack := strings.CutSuffix(second, takenBackMark)
	var e digest.Entry
	if err := json.Unmarshal([]byte(second), &e); err != nil {
		return digest.Entry{}, err
	}
	var kept keptEntry
	if err := json.Unmarshal([]byte(first), &kept); err != nil {
		return digest.Entry{}, err
	}
	e.Number, e.Arrived, e.Topics = number, kept.Arrived, kept.Topics
	e.Withdrawn = e.Withdrawn || takenBack
	return e, nil
}
