package delivery

import (
	"context"
	"sync"
	"time"
)

// job is a leased delivery that waits for a sender.
type job struct {
	delivery Delivery
	probe    *Brake // whose relay alone it is to try; nil for any delivery
}

// flight is a job that a sender has.
type flight struct {
	lane  *lane
	since time.Time
	slow  bool // it waits for an answer so long that it counts no more
}

// lane is what waits for one group, and how much of it is on its way.
type lane struct {
	queue  []job
	flying int
	most   int // on their way at a time
	room   int // how many may wait
	later  time.Time
}

// lanes hand jobs to senders so that no group holds up another: the group with
// the fewest on their way comes next, and an answer that takes long keeps a
// sender but not its turn.
type lanes struct {
	turns int           // on their way at a time, slow ones apart
	slow  time.Duration // after which one is slow
	low   chan struct{} // there is room for more, or nothing left

	mu      sync.Mutex
	changed sync.Cond
	groups  map[Group]*lane
	flying  map[*flight]struct{}
	slowed  int
	closed  bool
}

func newLanes(turns int, slow time.Duration) *lanes {
	l := &lanes{
		turns: turns, slow: slow, low: make(chan struct{}, 1),
		groups: make(map[Group]*lane), flying: make(map[*flight]struct{}),
	}
	l.changed.L = &l.mu
	return l
}

// senders is how many goroutines take jobs: as many again as have turns.
func (l *lanes) senders() int { return 2 * l.turns }

// of returns a group's lane. The caller holds the lock.
func (l *lanes) of(g Group) *lane {
	if l.groups[g] == nil {
		l.groups[g] = &lane{most: l.turns, room: l.turns * perTurn}
	}
	return l.groups[g]
}

// perTurn is how many deliveries wait for each turn: few, so that a stop has
// little to give back, and enough for two leases to keep it busy.
const perTurn = 32

// limit sets what a group may have on its way and waiting.
func (l *lanes) limit(g Group, most, room int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	one := l.of(g)
	one.most, one.room = min(most, l.turns), min(room, l.turns*perTurn)
	l.changed.Broadcast()
}

// wants is how many more may wait for a group: none until half of them are gone,
// nor, for so long, before what hold says.
func (l *lanes) wants(g Group, now time.Time) (n int, wait time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	one := l.of(g)
	if len(one.queue) > one.room/2 {
		return 0, 0
	}
	if wait := one.later.Sub(now); wait > 0 {
		return 0, wait
	}
	return one.room - len(one.queue), 0
}

// hold lets a group want nothing until then.
func (l *lanes) hold(g Group, until time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.of(g).later = until
}

// idle says whether a group has nothing waiting and nothing on its way.
func (l *lanes) idle(g Group) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	one := l.of(g)
	return len(one.queue)+one.flying == 0
}

// push lets jobs of a group wait, those for people who wait for a mail first.
func (l *lanes) push(g Group, jobs []job) {
	if len(jobs) == 0 {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	one := l.of(g)
	if first := jobs[0]; first.delivery.Letter == "" || first.probe != nil {
		one.queue = append(jobs, one.queue...)
	} else {
		one.queue = append(one.queue, jobs...)
	}
	l.changed.Broadcast()
}

// next waits for a job; false once the lanes are closed.
func (l *lanes) next() (job, *flight, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for {
		if l.closed {
			return job{}, nil, false
		}
		if one := l.choose(); one != nil {
			j := one.queue[0]
			one.queue = one.queue[1:]
			one.flying++
			f := &flight{lane: one, since: time.Now()}
			l.flying[f] = struct{}{}
			if len(one.queue) == one.room/2 {
				poke(l.low)
			}
			return j, f, true
		}
		l.changed.Wait()
	}
}

// choose is the lane whose turn it is, nil if nothing may go.
func (l *lanes) choose() *lane {
	if len(l.flying)-l.slowed >= l.turns {
		return nil
	}
	var best *lane
	for _, one := range l.groups {
		if len(one.queue) > 0 && one.flying < one.most && (best == nil || one.flying < best.flying) {
			best = one
		}
	}
	return best
}

// done ends a flight.
func (l *lanes) done(f *flight) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.flying, f)
	f.lane.flying--
	if f.slow {
		l.slowed--
	}
	if len(l.flying) == 0 && len(f.lane.queue) == 0 {
		poke(l.low)
	}
	l.changed.Signal()
}

// watch looks for flights that have become slow, until ctx ends.
func (l *lanes) watch(ctx context.Context) {
	for pause(ctx, l.slow/8) {
		l.mu.Lock()
		for f := range l.flying {
			if !f.slow && l.slowed < l.turns && time.Since(f.since) >= l.slow {
				f.slow = true
				l.slowed++
				l.changed.Broadcast()
			}
		}
		l.mu.Unlock()
	}
}

// close sends every sender home and returns what waits.
func (l *lanes) close() (left []job) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
	for _, one := range l.groups {
		left = append(left, one.queue...)
	}
	l.changed.Broadcast()
	return left
}

// poke leaves a mark that somebody is to look, if there is none.
func poke(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
