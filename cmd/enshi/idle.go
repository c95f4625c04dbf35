package main

import (
	"context"
	"time"
)

// idleFor is how long no document may have changed before they get their brotli
// twins. Readers have gzip until then.
const idleFor = time.Minute

// compress makes brotli twins while nothing else is to be done, on at most half
// a processor.
func (d *daemon) compress(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-d.written:
		}
		for quiet := false; !quiet; {
			select {
			case <-ctx.Done():
				return nil
			case <-d.written:
			case <-time.After(idleFor):
				quiet = true
			}
		}
		made, err := d.press.publisher.Brotli(ctx, func(took time.Duration) time.Duration { return took })
		if err != nil && ctx.Err() == nil {
			d.log.Warn("feeds not compressed, gzip serves", "error", err)
		} else if made > 0 {
			d.log.Info("feeds compressed", "documents", made)
		}
	}
}

// poke wakes whoever waits on c, or will.
func poke(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
