package main

import (
	"context"
	"time"

	"github.com/enshi-daily/enshi/store/redisdb"
)

const (
	storePatience = 30 * time.Second // for a store that is away when serve starts
	storeRetry    = 500 * time.Millisecond
)

// awaitStore opens the store for a daemon, which may be started before its
// Redis, or while another server takes the place of one that died. Anything
// else that is wrong with the store ends it at once.
func (p *parts) awaitStore(ctx context.Context) error {
	deadline := time.Now().Add(storePatience)
	for said := false; ; said = true {
		err := p.openStore(ctx)
		if err == nil || !redisdb.Away(err) || time.Now().After(deadline) {
			return err
		}
		if !said {
			p.log.Warn("the store is away, waiting for it", "most", storePatience, "error", err)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(storeRetry):
		}
	}
}
