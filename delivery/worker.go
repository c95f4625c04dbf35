package delivery

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"
)

// WorkerOptions are what a Worker works with. The first six are needed.
type WorkerOptions struct {
	Queue    Queue
	Editions Editions
	Letters  Letters
	Pacer    Pacer
	Sender   Sender
	Now      func() time.Time
	Logger   *slog.Logger
	Random   func() float64 // in [0, 1), for jitter

	Budget      func(Group) Budget
	Ready       func(rendered []byte) ([]byte, error) // what the Sender would do to a letter for each recipient; nil for nothing
	Backoff     Backoff
	Deferral    func(Group, string) Deferral // what a temporary answer (Outcome.Reply) calls for; nil for nothing
	Connections int                          // concurrent sends, default 4
	Lease       time.Duration                // longer than the slowest SMTP dialogue, default 15 minutes
	Poll        time.Duration                // between looks at an empty queue, default 1 second
	Grace       time.Duration                // for what is in flight when stopping, default 2 minutes
	Slow        time.Duration                // a send that takes longer gives its turn to others, default 10 seconds
}

// Worker leases deliveries and sends them. Any number may work on one ledger,
// in any number of processes, and be killed at any moment: at most the letters
// between begin and the server's answer are in doubt then, one a connection.
type Worker struct {
	o       WorkerOptions
	clerk   *clerk
	letters letterCache
	held    leases
	trouble trouble
	lanes   *lanes
	lights  *lights
	places  *places
}

// NewWorker returns a worker.
func NewWorker(o WorkerOptions) *Worker {
	if o.Connections == 0 {
		o.Connections = 4
	}
	if o.Lease == 0 {
		o.Lease = 15 * time.Minute
	}
	if o.Poll == 0 {
		o.Poll = time.Second
	}
	if o.Grace == 0 {
		o.Grace = 2 * time.Minute
	}
	if o.Slow == 0 {
		o.Slow = 10 * time.Second
	}
	if o.Budget == nil {
		o.Budget = func(Group) Budget { return Budget{} }
	}
	if o.Ready == nil {
		o.Ready = func(rendered []byte) ([]byte, error) { return rendered, nil }
	}
	w := &Worker{o: o, letters: letterCache{source: o.Letters, ready: o.Ready}}
	w.clerk = &clerk{turn: o.Queue.Turn, log: o.Logger}
	return w
}

// Run sends what there is until ctx is cancelled. Then it leases no more, gives
// back what has not begun, finishes what is in flight and returns nil: a stop
// leaves nothing in doubt. ErrOldEpoch and ErrRetired end it before.
func (w *Worker) Run(ctx context.Context) error { return w.work(ctx, false) }

// Drain is Run that returns once nothing can be leased and nothing is in
// flight. ErrUnreachable if no relay answers.
func (w *Worker) Drain(ctx context.Context) error { return w.work(ctx, true) }

func (w *Worker) work(ctx context.Context, drain bool) error {
	// What is in flight outlives ctx by the grace time.
	flight, cut := context.WithCancel(context.WithoutCancel(ctx))
	defer cut()
	defer context.AfterFunc(ctx, func() {
		if pause(flight, w.o.Grace) {
			cut()
		}
	})()

	w.lanes = newLanes(w.o.Connections, w.o.Slow)
	w.held.empty = w.lanes.low
	w.lights = newLights(w.o)
	w.places = newPlaces(w.o)
	var senders, keepers sync.WaitGroup
	for range w.lanes.senders() {
		senders.Go(func() { w.carry(flight) })
	}
	keeping, stopKeeping := context.WithCancel(flight)
	keepers.Go(func() { w.renew(keeping) })
	keepers.Go(func() { w.lanes.watch(keeping) })
	keepers.Go(func() {
		w.places.keep(keeping, w.lanes.idle, func(g Group, held int) { w.lanes.limit(g, held, w.room(w.o.Budget(g))) })
	})

	err := w.dispatch(ctx, drain)
	left := w.lanes.close()
	senders.Wait()
	w.clerk.flush(flight)
	w.giveBack(flight, left)
	w.lights.observe(flight)
	stopKeeping()
	keepers.Wait()
	return errors.Join(err, w.o.Sender.Close())
}

// ErrUnreachable says that no relay could be reached, so that nothing was sent
// and everything still waits.
var ErrUnreachable = errors.New("no mail relay can be reached")

// dispatch leases deliveries and puts them into their lanes until ctx ends or,
// draining, nothing is left.
func (w *Worker) dispatch(ctx context.Context, drain bool) error {
	for ctx.Err() == nil {
		if reply, lasting := w.trouble.lasting(); drain && lasting {
			return fmt.Errorf("%w: %s", ErrUnreachable, reply)
		}
		// Asked before the look at the ledger: what a sender gives back in
		// between is there at the next look.
		idle := w.held.len() == 0
		r, err := w.round(ctx)
		if fenced(err) {
			return err
		}
		if err != nil && ctx.Err() == nil {
			w.o.Logger.Warn("ledger unavailable, waiting", "error", err)
			r.wait = max(r.wait, w.o.Poll)
		}
		switch {
		case r.more:
		case drain && err == nil && r.leased == 0 && r.wait == 0 && idle:
			return nil
		default:
			w.rest(ctx, r.wait)
		}
	}
	return nil
}

// rest waits until there is room for more, something may have changed, or d is
// over.
func (w *Worker) rest(ctx context.Context, d time.Duration) {
	if d == 0 {
		d = w.o.Poll
	}
	timer := time.NewTimer(min(d, w.o.Poll))
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-w.lanes.low:
	case <-ctx.Done():
	}
}

// round is what one look at the ledger led to.
type round struct {
	leased int
	more   bool          // there is room and something to fill it with
	wait   time.Duration // how long the budgets ask to wait, 0 if they hold nothing back
}

func (r *round) sooner(wait time.Duration) {
	if wait > 0 && (r.wait == 0 || wait < r.wait) {
		r.wait = wait
	}
}

// round leases once from every queue that has something and whose lane has room.
func (w *Worker) round(ctx context.Context) (r round, err error) {
	if err := w.lights.refresh(ctx); err != nil {
		return r, err
	}
	if wait := w.trouble.wait(w.o.Now()); wait > 0 {
		return round{wait: wait}, nil
	}
	work, _, err := w.o.Queue.Work(ctx)
	if err != nil {
		return r, err
	}
	w.letters.renew(ctx, w.o.Now())
	for _, one := range work {
		n, wait, err := w.lease(ctx, one)
		r.leased += n
		room, _ := w.lanes.wants(one.Group, w.o.Now())
		r.more = r.more || n > 0 && n < one.Ready && wait == 0 && room > 0
		r.sooner(wait)
		if err != nil {
			return r, err
		}
	}
	return r, nil
}

// renew keeps the leases of what waits or is in flight alive.
func (w *Worker) renew(ctx context.Context) {
	for pause(ctx, w.o.Lease/3) {
		held := w.held.list()
		if len(held) == 0 {
			continue
		}
		if err := w.o.Queue.Renew(ctx, held, w.o.Lease); err != nil && ctx.Err() == nil {
			w.o.Logger.Warn("leases not renewed", "leases", len(held), "error", err)
		}
	}
}

// giveBack returns leased deliveries that no sender took up, and the budget that
// they were granted. A probe was granted none.
func (w *Worker) giveBack(ctx context.Context, left []job) {
	if len(left) == 0 {
		return
	}
	results := make([]Result, len(left))
	unused := make(map[Group]int)
	for i, j := range left {
		results[i] = Result{Delivery: j.delivery, State: Queued}
		if j.probe != nil {
			w.lights.learn(ctx, j.probe, false)
		} else {
			unused[j.delivery.Group]++
		}
		w.held.drop(j.delivery)
	}
	if _, err := w.o.Queue.Turn(ctx, results, nil); err != nil {
		w.o.Logger.Warn("leases not given back, they expire by themselves", "leases", len(left), "error", err)
	}
	for g, n := range unused {
		w.giveBackTo(ctx, g, w.budget(g), n)
	}
}

// pause waits for d; false if ctx ended first.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
