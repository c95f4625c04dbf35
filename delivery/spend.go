package delivery

import (
	"context"
	"time"
)

// lease takes deliveries of one queue into their lane: as many as there is room
// for and the group's budget grants; none while its provider wants none, but for
// the one that probes.
func (w *Worker) lease(ctx context.Context, one Work) (n int, wait time.Duration, err error) {
	way := w.lights.route(one.Group)
	if !way.open && !way.due {
		return 0, 0, nil
	}
	budget := w.o.Budget(one.Group).slowed(way.level)
	want, wait, err := w.wants(ctx, one, budget)
	if err != nil || want == 0 {
		return 0, wait, err
	}
	if way.due {
		if probe := w.lights.probe(ctx, one.Group); probe != nil {
			n, err := w.fetch(ctx, one, 1, probe)
			if n == 0 {
				w.lights.learn(ctx, probe, false)
			}
			return n, 0, err
		}
	}
	if !way.open {
		return 0, 0, nil
	}
	granted, wait, err := w.o.Pacer.Take(ctx, one.Group, budget, want)
	if err != nil {
		return 0, 0, err
	}
	until := time.Time{} // not now, which is hours ahead of a clock that is set back
	if wait > 0 {
		until = w.o.Now().Add(wait)
	}
	w.lanes.hold(one.Group, until)
	if granted == 0 {
		return 0, wait, nil
	}
	if n, err = w.fetch(ctx, one, granted, nil); n < granted {
		w.giveBackTo(ctx, one.Group, budget, granted-n)
	}
	return n, wait, err
}

// fetch leases up to n deliveries of a queue and puts them into its lane.
func (w *Worker) fetch(ctx context.Context, one Work, n int, probe *Brake) (int, error) {
	leased, err := w.o.Queue.Lease(ctx, one, n, w.o.Lease)
	if err != nil {
		return 0, err
	}
	w.held.add(leased)
	jobs := make([]job, len(leased))
	for i, d := range leased {
		jobs[i] = job{d, probe}
	}
	w.lanes.push(one.Group, jobs)
	return len(leased), nil
}

// wants is how many deliveries of a queue its lane has room for.
func (w *Worker) wants(ctx context.Context, one Work, b Budget) (n int, wait time.Duration, err error) {
	n, wait = w.lanes.wants(one.Group, w.o.Now())
	if n = min(n, one.Ready, w.room(b)); n == 0 {
		return 0, wait, nil
	}
	most := w.o.Connections
	if b.Connections > 0 {
		if most, err = w.places.hold(ctx, one.Group, most, b.Connections); err != nil || most == 0 {
			return 0, w.o.Poll, err
		}
	}
	w.lanes.limit(one.Group, most, w.room(b))
	return n, 0, nil
}

// room is how many deliveries may wait in a lane. Where a rate is to be kept they
// are no more than may go at once: what was granted and then waited would make
// the next ones too many.
func (w *Worker) room(b Budget) int {
	if b.PerMinute > 0 {
		return max(b.Burst, 1)
	}
	return w.o.Connections * perTurn
}

// budget is that of a group now.
func (w *Worker) budget(g Group) Budget { return w.o.Budget(g).slowed(w.lights.route(g).level) }

// refund gives back what was granted for a message that did not go out.
func (w *Worker) refund(ctx context.Context, g Group) {
	w.giveBackTo(ctx, g, w.budget(g), 1)
}

func (w *Worker) giveBackTo(ctx context.Context, g Group, b Budget, n int) {
	if b.PerMinute == 0 {
		return
	}
	if err := w.o.Pacer.GiveBack(context.WithoutCancel(ctx), g, b, n); err != nil {
		w.o.Logger.Debug("budget not given back", "group", g, "messages", n, "error", err)
	}
}
