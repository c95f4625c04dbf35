package redisdb

import (
	"context"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/enshi-daily/enshi/subscribers"
)

// Client is the store's own client, for hooks and for looking at keys.
func (db *DB) Client() redis.UniversalClient { return db.rdb }

// Unsendable asks the scripts what delivery.Sendable says in Go: the reason, ""
// for none.
func (db *DB) Unsendable(ctx context.Context, state subscribers.State, edition string) (string, error) {
	prelude, err := luaFiles.ReadFile("lua/prelude.lua")
	if err != nil {
		return "", err
	}
	source := string(prelude) + "return unsendable(ARGV[1], ARGV[2]) or ''"
	return db.rdb.Eval(ctx, source, []string{db.keys.epoch(db.keys.meta())}, string(state), edition, 0).Text()
}

// SpoilRolls makes the rolls of an edition such as no program reads.
func (db *DB) SpoilRolls(tb testing.TB, edition string) {
	tb.Helper()
	for shard := range shards {
		// In every shard: whoever is sent to again may be alone in his.
		if err := db.rdb.Set(tb.Context(), db.keys.roll(shard, edition), "\x63spoiled", 0).Err(); err != nil {
			tb.Fatal(err)
		}
	}
}

// ShardOf is shardOf.
func ShardOf(id subscribers.ID) (int, error) { return shardOf(id) }

// ParseURL gives what a URL means: addresses, database, Sentinel's master, and
// whether it is a TLS address.
func ParseURL(s string) (addrs []string, db int, master string, tls bool, err error) {
	o, _, err := parseURL(s)
	if err != nil {
		return nil, 0, "", false, err
	}
	return o.Addrs, o.DB, o.MasterName, o.TLSConfig != nil, nil
}

// Where is the address that messages of a URL's store name.
func Where(s string) (string, error) {
	_, where, err := parseURL(s)
	return where, err
}
