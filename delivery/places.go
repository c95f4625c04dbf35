package delivery

import (
	"context"
	"crypto/rand"
	"log/slog"
	"sync"
	"time"
)

// longestPlace is how long a process that is killed keeps its places at most.
const longestPlace = time.Minute

// places are those that a worker has in groups that only so many messages may
// be on their way to, from all processes together. They are taken for a while
// and not for each message.
type places struct {
	pacer  Pacer
	holder string
	ttl    time.Duration
	log    *slog.Logger

	mu   sync.Mutex
	have map[Group]*place
}

type place struct {
	held, want, most int
	asked            time.Time // when they were asked for or renewed
	used             time.Time // when there was something to send
}

func newPlaces(o WorkerOptions) *places {
	return &places{pacer: o.Pacer, holder: rand.Text(), ttl: min(o.Lease, longestPlace), log: o.Logger, have: make(map[Group]*place)}
}

// hold takes up to want places of a group's most and returns how many there
// are. What it has it does not ask for again, but a little later for what it
// lacks.
func (p *places) hold(ctx context.Context, g Group, want, most int) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	one := p.have[g]
	if one == nil {
		one = &place{}
		p.have[g] = one
	}
	one.used = time.Now()
	want = min(want, most)
	fresh := time.Since(one.asked)
	if one.want == want && one.most == most && (one.held == want && fresh < p.ttl/2 || fresh < min(time.Second, p.ttl/8)) {
		return one.held, nil
	}
	one.want, one.most = want, most
	return one.held, p.ask(ctx, g, one)
}

func (p *places) ask(ctx context.Context, g Group, one *place) (err error) {
	one.asked = time.Now()
	one.held, err = p.pacer.Occupy(ctx, Share{Group: g, Holder: p.holder, Want: one.want, Most: one.most, TTL: p.ttl})
	return err
}

// keep renews what the worker has, gives back what it does not use, and tells
// limit of what changed, until ctx ends. Then it gives everything back.
func (p *places) keep(ctx context.Context, idle func(Group) bool, limit func(Group, int)) {
	for pause(ctx, p.ttl/12) {
		p.mu.Lock()
		for g, one := range p.have {
			unused := idle(g) && time.Since(one.used) > p.ttl/12
			if !unused && time.Since(one.asked) < p.ttl/4 {
				continue
			}
			if unused {
				one.want = 0
			}
			if err := p.ask(ctx, g, one); err != nil {
				p.log.Warn("places not renewed", "group", g, "error", err)
				continue
			}
			limit(g, one.held)
			if unused {
				delete(p.have, g)
			}
		}
		p.mu.Unlock()
	}
	p.leave(context.WithoutCancel(ctx))
}

func (p *places) leave(ctx context.Context) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for g, one := range p.have {
		if one.want = 0; one.held > 0 {
			if err := p.ask(ctx, g, one); err != nil {
				p.log.Warn("places not given back, they expire by themselves", "group", g, "error", err)
			}
		}
		delete(p.have, g)
	}
}
