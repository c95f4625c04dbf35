package redisdb

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/enshi-daily/enshi/posts"
)

// AcquireWatch takes the watch, or fails with posts.ErrWatched.
func (db *DB) AcquireWatch(ctx context.Context, holder string, ttl time.Duration) (posts.Watch, error) {
	token, other, left, err := db.watch(ctx, "acquire", holder, ttl.Milliseconds(), 0)
	if err != nil {
		return posts.Watch{}, err
	}
	if token == 0 {
		return posts.Watch{}, fmt.Errorf("%w: %s, for another %s unless it renews", posts.ErrWatched, other, left)
	}
	return posts.Watch{Token: token}, nil
}

// RenewWatch lets w live ttl longer; posts.ErrFenced if it is no longer held.
func (db *DB) RenewWatch(ctx context.Context, w posts.Watch, ttl time.Duration) error {
	token, _, _, err := db.watch(ctx, "renew", "", ttl.Milliseconds(), w.Token)
	if err != nil {
		return err
	}
	return fenced(token == 0)
}

// ReleaseWatch gives w back at once.
func (db *DB) ReleaseWatch(ctx context.Context, w posts.Watch) error {
	_, _, _, err := db.watch(ctx, "release", "", 0, w.Token)
	return err
}

// watch runs watch.lua with its arguments after the clock.
func (db *DB) watch(ctx context.Context, args ...any) (token int64, other string, left time.Duration, err error) {
	answers, err := db.run(ctx, scriptWatch, call{
		[]string{db.keys.watch()}, append([]any{db.clock()}, args...),
	})
	if err != nil {
		return 0, "", 0, err
	}
	got, err := answers[0].Slice()
	if err != nil || len(got) != 3 {
		return 0, "", 0, db.fail("watch", fmt.Errorf("answer %v: %w", got, err))
	}
	token, _ = got[0].(int64)
	other, _ = got[1].(string)
	millis, _ := got[2].(int64)
	return token, other, time.Duration(millis) * time.Millisecond, nil
}

func fenced(passed bool) error {
	if passed {
		return posts.ErrFenced
	}
	return nil
}

// storedIdentity is what is kept of an identity beside ID, standing, reason and
// since, which scripts read and write.
type storedIdentity struct {
	Path      string    `json:"path,omitempty"`
	SourceURL string    `json:"source_url,omitempty"`
	Body      string    `json:"body,omitempty"`
	Gone      bool      `json:"gone,omitempty"`
	Seen      time.Time `json:"seen,omitzero"`
}

// Identities returns every record.
func (db *DB) Identities(ctx context.Context) ([]posts.Identity, error) {
	stored, err := db.rdb.HGetAll(ctx, db.keys.identities()).Result()
	if err != nil {
		return nil, db.fail("read identities", err)
	}
	all := make([]posts.Identity, 0, len(stored))
	for id, value := range stored {
		one, err := decodeIdentity(posts.ID(id), value)
		if err != nil {
			return nil, fmt.Errorf("stored identity %s: %w", id, err)
		}
		all = append(all, one)
	}
	return all, nil
}

func decodeIdentity(id posts.ID, value string) (posts.Identity, error) {
	part := strings.SplitN(value, "\t", 4)
	if len(part) != 4 {
		return posts.Identity{}, fmt.Errorf("expected standing, reason, since and record, got %q", value)
	}
	var s storedIdentity
	if err := json.Unmarshal([]byte(part[3]), &s); err != nil {
		return posts.Identity{}, err
	}
	one := posts.Identity{
		ID: id, Standing: posts.Standing(part[0]),
		Path: s.Path, SourceURL: s.SourceURL, Gone: s.Gone, Seen: s.Seen,
	}
	if err := json.Unmarshal([]byte(part[1]), &one.Reason); err != nil {
		return posts.Identity{}, err
	}
	read := recordReader{}
	if one.Since = read.time(part[2]); read.err != nil {
		return posts.Identity{}, read.err
	}
	if s.Body != "" {
		if n, err := hex.Decode(one.Body[:], []byte(s.Body)); err != nil || n != len(one.Body) {
			return posts.Identity{}, fmt.Errorf("body %q: expected %d bytes in hex", s.Body, len(one.Body))
		}
	}
	return one, nil
}

// Record adds or replaces records, all or none.
func (db *DB) Record(ctx context.Context, w posts.Watch, records []posts.Identity) error {
	args := []any{strconv.FormatInt(w.Token, 10), rand.Text()}
	for i := range records {
		r := &records[i]
		stored := storedIdentity{Path: r.Path, SourceURL: r.SourceURL, Gone: r.Gone, Seen: r.Seen}
		if r.Body != [16]byte{} {
			stored.Body = hex.EncodeToString(r.Body[:])
		}
		value, err := marshal(stored)
		if err != nil {
			return fmt.Errorf("identity %s: %w", r.ID, err)
		}
		reason, err := marshal(r.Reason)
		if err != nil {
			return fmt.Errorf("identity %s: %w", r.ID, err)
		}
		args = append(args, string(r.ID), string(r.Standing), reason, recordTime(r.Since), value)
	}
	n, err := db.number(ctx, scriptRecord, []string{db.keys.watch(), db.keys.identities()}, args...)
	if err != nil {
		return err
	}
	return fenced(n == 0)
}

// Revision tells one state of the identities from another.
func (db *DB) Revision(ctx context.Context) (string, error) {
	got, err := db.rdb.HMGet(ctx, db.keys.watch(), "origin", "records").Result()
	if err != nil {
		return "", db.fail("revision of the identities", err)
	}
	origin, ok := got[0].(string)
	if !ok {
		return "", nil
	}
	return fmt.Sprintf("%s.%v", origin, got[1]), nil
}
