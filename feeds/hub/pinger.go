package hub

import (
	"context"
	"net/http"
	"slices"
	"sync"
	"time"
)

// Pinger tells hubs of topics. It is safe for concurrent use, but for Run and
// Drain, of which one may run at a time.
type Pinger struct {
	o      Options
	client *http.Client
	own    bool // the client is ours, with its connections
	hubs   []*hub
}

// Stats are the figures of one hub since the start. A topic that changed again
// while it waited counts as one.
type Stats struct {
	Hub         string
	Sent        int64     // pings that it took
	Failed      int64     // pings that it refused, or that were given up
	Retried     int64     // attempts after a first one that it did not take
	Dropped     int64     // topics for which the queue had no room
	Waiting     int       // topics now
	LastSuccess time.Time // zero if there was none
}

// New checks the options. Nothing is sent before Run.
func New(o Options) (*Pinger, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	p := &Pinger{o: o.withDefaults(), client: newClient(o.Client), own: o.Client == nil}
	for i, address := range o.Hubs {
		if !slices.Contains(o.Hubs[:i], address) {
			p.hubs = append(p.hubs, &hub{p: p, address: address, wake: make(chan struct{}, 1)})
		}
	}
	return p, nil
}

// Notify lets every hub know of topics, by the exact address of each, as soon
// as it can. It never waits. A topic that is being pinged at this moment is
// pinged again: the hub may have fetched what it was before.
func (p *Pinger) Notify(topics []string) {
	if len(topics) == 0 {
		return
	}
	now := p.o.Now()
	for _, h := range p.hubs {
		h.add(topics, now)
	}
}

// Run pings until ctx ends, and cuts short what is on its way then.
func (p *Pinger) Run(ctx context.Context) error {
	p.work(ctx, false)
	return nil
}

// Drain pings until nothing waits, or ctx ends, which is its error. A hub that
// takes nothing for Backoff.GiveUp, or asks for such a long time, is given up
// with all that waits for it.
func (p *Pinger) Drain(ctx context.Context) error {
	p.work(ctx, true)
	return ctx.Err()
}

func (p *Pinger) work(ctx context.Context, drain bool) {
	var hubs sync.WaitGroup
	for _, h := range p.hubs {
		hubs.Go(func() { h.run(ctx, drain) })
	}
	hubs.Wait()
	if p.own {
		p.client.CloseIdleConnections()
	}
}

// Stats returns the figures of every hub, in the order of the options.
func (p *Pinger) Stats() []Stats {
	all := make([]Stats, 0, len(p.hubs))
	for _, h := range p.hubs {
		all = append(all, h.figures())
	}
	return all
}
