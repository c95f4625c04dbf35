package redisdb

import (
	"context"
	"fmt"
	"sync"

	"github.com/redis/go-redis/v9"
)

// Durability says in which ways this Redis could lose or evict what it was
// given; nil if in none.
func (db *DB) Durability(ctx context.Context) (warnings []string, err error) {
	cluster, ok := db.rdb.(*redis.ClusterClient)
	if !ok {
		return db.durability(ctx, db.rdb)
	}
	var mu sync.Mutex
	look := func(ctx context.Context, node *redis.Client) error {
		found, err := db.durability(ctx, node)
		mu.Lock()
		defer mu.Unlock()
		for _, w := range found {
			warnings = append(warnings, node.Options().Addr+": "+w)
		}
		return err
	}
	if err := cluster.ForEachMaster(ctx, look); err != nil {
		return warnings, err
	}
	// A replica may be a master soon. One that does not answer now is no reason
	// not to send.
	_ = cluster.ForEachSlave(ctx, look)
	return warnings, nil
}

// durability uses INFO, because managed servers forbid CONFIG.
func (db *DB) durability(ctx context.Context, node redis.Cmdable) ([]string, error) {
	info, err := node.Info(ctx, "everything").Result()
	if err != nil {
		return nil, db.fail("ask for its settings", err)
	}
	var warnings []string
	if infoField(info, "aof_enabled") != "1" {
		warnings = append(warnings, "no append-only file: a restart loses what was written since the last snapshot; set appendonly yes (and appendfsync always)")
	} else if infoField(info, "aof_last_write_status") != "ok" {
		warnings = append(warnings, "the append-only file cannot be written: look at the server's log and its disk")
	}
	policy := infoField(info, "maxmemory_policy")
	if policy != "noeviction" && infoField(info, "maxmemory") != "0" {
		warnings = append(warnings, fmt.Sprintf("maxmemory-policy %s evicts keys when memory is full: set maxmemory-policy noeviction", policy))
	}
	return warnings, nil
}
