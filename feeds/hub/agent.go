package hub

import (
	"context"
	"sync"
	"time"
)

// hub is one of them, with what waits for it.
type hub struct {
	p       *Pinger
	address string
	wake    chan struct{}

	mu       sync.Mutex
	queue    queue
	busy     bool // a ping is on its way
	stats    Stats
	free     time.Time // no ping before this
	failures int       // attempts in a row that may be repeated
	failing  time.Time // since when
	refusing bool      // it refused a ping, which was said
	full     bool      // the queue had no room, which was said
}

func (h *hub) add(topics []string, now time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	dropped := 0
	for _, topic := range topics {
		if !h.queue.has(topic) && h.waiting() >= h.p.o.Queue {
			dropped++
			continue
		}
		h.queue.add(topic, now)
	}
	h.stats.Dropped += int64(dropped)
	if dropped > 0 && !h.full {
		h.full = true
		h.p.o.Log.Warn("too many topics wait for a hub, more are dropped", "hub", h.address, "waiting", h.waiting(), "dropped", dropped)
	}
	select {
	case h.wake <- struct{}{}:
	default:
	}
}

// waiting is how many topics the hub has still to hear of, h.mu held.
func (h *hub) waiting() int {
	n := h.queue.len()
	if h.busy {
		n++
	}
	return n
}

func (h *hub) figures() Stats {
	h.mu.Lock()
	defer h.mu.Unlock()
	s := h.stats
	s.Hub, s.Waiting = h.address, h.waiting()
	return s
}

// run pings until ctx ends, or with drain until nothing waits.
func (h *hub) run(ctx context.Context, drain bool) {
	for ctx.Err() == nil {
		one, wait := h.take()
		switch {
		case one != nil:
			h.try(ctx, one)
			if drain {
				h.despair()
			}
		case wait > 0:
			h.sleep(ctx, wait)
		case drain:
			return
		default:
			select {
			case <-ctx.Done():
			case <-h.wake:
			}
		}
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if n := h.waiting(); n > 0 {
		h.p.o.Log.Info("stopped before a hub heard of all topics", "hub", h.address, "waiting", n)
	}
}

func (h *hub) sleep(ctx context.Context, wait time.Duration) {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-h.wake: // what is new may be due before what waits
	case <-timer.C:
	}
}

// take returns the next ping, or how long there is none, 0 if nothing waits.
func (h *hub) take() (*ping, time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.queue.len() == 0 {
		h.full = false
		return nil, 0
	}
	now := h.p.o.Now()
	if wait := max(h.queue.due().Sub(now), h.free.Sub(now)); wait > 0 {
		return nil, wait
	}
	h.busy = true
	one := h.queue.pop()
	if one.first.IsZero() {
		one.first = now
	}
	if one.tries > 0 {
		h.stats.Retried++
	}
	return one, 0
}

// try makes one attempt.
func (h *hub) try(ctx context.Context, one *ping) {
	a := h.p.post(ctx, h.address, one.topic)
	now, log := h.p.o.Now(), h.p.o.Log.With("hub", h.address, "topic", one.topic)
	h.mu.Lock()
	defer h.mu.Unlock()
	h.busy = false
	h.free = now.Add(h.p.o.Spacing)
	switch {
	case a.err == nil:
		h.stats.Sent++
		h.stats.LastSuccess = now
		if h.failures > 0 || h.refusing {
			log.Info("the hub takes pings again")
		}
		h.failures, h.refusing = 0, false
		log.Debug("hub pinged")
	case ctx.Err() != nil: // nothing is known of the hub
		h.again(one)
	case a.final:
		h.failures = 0 // it is there
		h.stats.Failed++
		if !h.refusing {
			log.Warn("the hub refused a ping, its next refusals are only counted", "error", a.err)
		}
		h.refusing = true
	default:
		h.postpone(one, a, now)
	}
}

// again puts an attempt back, unless its topic has changed meanwhile and waits
// already. h.mu is held.
func (h *hub) again(one *ping) {
	if !h.queue.has(one.topic) {
		h.queue.push(one)
	}
}

// postpone leaves a hub alone that did not take a ping, and the topic too: it
// may be that topic alone. h.mu is held.
func (h *hub) postpone(one *ping, a answer, now time.Time) {
	b, random, log := h.p.o.Backoff, h.p.o.Random(), h.p.o.Log.With("hub", h.address, "topic", one.topic)
	if h.failures == 0 {
		h.failing = now
	}
	h.failures++
	one.tries++
	wait := max(b.wait(h.failures, random), a.retryAfter, h.p.o.Spacing)
	h.free = now.Add(wait)
	one.due = now.Add(max(b.wait(one.tries, random), a.retryAfter))
	switch {
	case one.due.Sub(one.first) >= b.GiveUp && !h.queue.has(one.topic):
		h.stats.Failed++
		log.Warn("ping given up", "tries", one.tries, "error", a.err)
		return
	case h.failures == 1:
		log.Warn("the hub did not take a ping, which is tried again", "after", wait, "error", a.err)
	default:
		log.Debug("ping failed again", "after", wait, "error", a.err)
	}
	h.again(one)
}

// despair empties the queue of a hub that has been failing for too long, or
// would be before it may be asked again.
func (h *hub) despair() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.failures == 0 || h.free.Sub(h.failing) < h.p.o.Backoff.GiveUp || h.queue.len() == 0 {
		return
	}
	h.stats.Failed += int64(h.queue.len())
	h.p.o.Log.Warn("the hub is given up", "hub", h.address, "topics", h.queue.len())
	h.queue = queue{}
}
