package delivery

import (
	"context"
	"sync"
)

// maxGroup is the most calls that one step of the ledger takes.
const maxGroup = 256

// batcher makes one step of the ledger of many concurrent calls: while one step
// is under way, the calls that come in wait for the next. Alone, a call waits
// for nobody.
type batcher[In, Out any] struct {
	step func(context.Context, []In) ([]Out, error)

	mu      sync.Mutex
	waiting []*call[In, Out]
	busy    bool
}

type call[In, Out any] struct {
	in   In
	out  Out
	err  error
	done chan struct{}
}

// do runs in through a step and returns its answer. The step belongs to several
// callers: it gets the context of the one that leads it, without cancellation.
func (b *batcher[In, Out]) do(ctx context.Context, in In) (Out, error) {
	c := &call[In, Out]{in: in, done: make(chan struct{})}
	b.mu.Lock()
	b.waiting = append(b.waiting, c)
	lead := !b.busy
	b.busy = true
	b.mu.Unlock()
	if lead {
		go b.lead(context.WithoutCancel(ctx))
	}
	select {
	case <-c.done:
		return c.out, c.err
	case <-ctx.Done():
		var none Out
		return none, ctx.Err()
	}
}

// lead runs steps until nobody waits.
func (b *batcher[In, Out]) lead(ctx context.Context) {
	for {
		b.mu.Lock()
		n := min(len(b.waiting), maxGroup)
		if n == 0 {
			b.busy = false
			b.mu.Unlock()
			return
		}
		group := b.waiting[:n:n]
		b.waiting = b.waiting[n:]
		b.mu.Unlock()
		b.run(ctx, group)
	}
}

func (b *batcher[In, Out]) run(ctx context.Context, group []*call[In, Out]) {
	ins := make([]In, len(group))
	for i, c := range group {
		ins[i] = c.in
	}
	outs, err := b.step(ctx, ins)
	for i, c := range group {
		if c.err = err; err == nil {
			c.out = outs[i]
		}
		close(c.done)
	}
}
