package delivery

import (
	"context"
	"fmt"
	"time"

	"github.com/enshi-daily/enshi/subscribers"
)

// patience is after how many quiet times an instant edition goes out although
// posts keep arriving.
const patience = 3

// instantWait remembers what a planner knows of posts that no instant edition
// has covered yet.
type instantWait struct {
	served int64     // head of the log at the last instant edition of this planner
	head   int64     // at the last look
	last   time.Time // when the post at head arrived, by our clock
	since  time.Time // the same of the first post after served
	looked time.Time // when Instant last asked for people who are behind
}

// lookEvery is how often Instant looks for people who are behind although nothing
// arrived: their rhythm was another when it did.
const lookEvery = time.Minute

// Instant plans an instant edition once nothing has arrived for the schedule's
// quiet time, or the first post has waited for several of them. If it is too
// early, again is how long to wait. Who became due in another way, by choosing
// this rhythm, is served within a minute or so.
func (p *Planner) Instant(ctx context.Context) (r Report, ok bool, again time.Duration, err error) {
	head, err := p.o.Log.Head(ctx)
	if err != nil {
		return Report{}, false, 0, fmt.Errorf("arrival log: %w", err)
	}
	now := p.o.Now()
	if head == p.instant.served {
		if now.Sub(p.instant.looked).Abs() < lookEvery {
			return Report{}, false, 0, nil
		}
		p.instant.looked = now
		r, ok, err = p.Plan(ctx, subscribers.Instant)
		return r, ok, 0, err
	}
	newest, err := p.o.Log.Since(ctx, head-1, head)
	if err != nil || len(newest) == 0 {
		return Report{}, false, 0, err
	}
	quiet := p.o.Schedule.Quiet
	last, since := p.instant.note(head, newest[0].Arrived, now)
	if again = min(quiet-now.Sub(last), patience*quiet-now.Sub(since)); again > 0 {
		return Report{}, false, again, nil
	}
	r, ok, err = p.Plan(ctx, subscribers.Instant)
	if err == nil {
		p.instant = instantWait{served: head, looked: now}
	}
	return r, ok, 0, err
}

// note takes a look at the log's head into account, and returns when its post
// arrived and the first that waits. Whoever let it arrive may have another clock,
// and ours may be set back: then it arrived now.
func (w *instantWait) note(head int64, arrived, now time.Time) (last, since time.Time) {
	if head != w.head {
		w.head, w.last = head, arrived
	}
	if w.last.After(now) {
		w.last = now
	}
	if w.since.IsZero() || w.since.After(now) {
		w.since = w.last
	}
	return w.last, w.since
}
