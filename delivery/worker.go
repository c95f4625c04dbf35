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
	Connections int           // concurrent sends, default 4
	Lease       time.Duration // longer than the slowest SMTP dialogue, default 15 minutes
	Poll        time.Duration // between looks at an empty queue, default 1 second
	Grace       time.Duration // for what is in flight when stopping, default 2 minutes
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
	defer context.AfterFunc(ctx, func() { time.AfterFunc(w.o.Grace, cut) })()

	jobs := make(chan Delivery)
	var senders sync.WaitGroup
	for range w.o.Connections {
		senders.Go(func() {
			for d := range jobs {
				w.send(flight, d)
			}
		})
	}
	renewing, stopRenewing := context.WithCancel(flight)
	var renewer sync.WaitGroup
	renewer.Go(func() { w.renew(renewing) })

	err := w.dispatch(ctx, jobs, drain)
	close(jobs)
	senders.Wait()
	w.clerk.flush(flight)
	w.giveBack(flight)
	stopRenewing()
	renewer.Wait()
	return errors.Join(err, w.o.Sender.Close())
}

// ErrUnreachable says that no relay could be reached, so that nothing was sent
// and everything still waits.
var ErrUnreachable = errors.New("no mail relay can be reached")

// dispatch leases deliveries and hands them to the senders until ctx ends or,
// draining, nothing is left.
func (w *Worker) dispatch(ctx context.Context, jobs chan<- Delivery, drain bool) error {
	for ctx.Err() == nil {
		if reply, lasting := w.trouble.lasting(); drain && lasting {
			return fmt.Errorf("%w: %s", ErrUnreachable, reply)
		}
		// Asked before the look at the ledger: what a sender gives back in
		// between is there at the next look.
		idle := w.held.len() == 0
		sent, wait, err := w.round(ctx, jobs)
		if fenced(err) {
			return err
		}
		if err != nil && ctx.Err() == nil {
			w.o.Logger.Warn("ledger unavailable, waiting", "error", err)
			wait = max(wait, w.o.Poll)
		}
		if sent > 0 {
			continue
		}
		if drain && err == nil && wait == 0 && idle {
			return nil
		}
		if wait == 0 {
			wait = w.o.Poll
			if !idle {
				wait = 10 * time.Millisecond
			}
		}
		pause(ctx, min(wait, w.o.Poll))
	}
	return nil
}

// round leases once from every queue that has something. It returns how many it
// handed on, and how long the budgets ask to wait if they held some back.
func (w *Worker) round(ctx context.Context, jobs chan<- Delivery) (sent int, wait time.Duration, err error) {
	if wait := w.trouble.wait(w.o.Now()); wait > 0 {
		return 0, wait, nil
	}
	work, _, err := w.o.Queue.Work(ctx)
	if err != nil {
		return 0, 0, err
	}
	w.letters.renew(ctx, w.o.Now())
	for _, one := range work {
		n, held, err := w.lease(ctx, one, jobs)
		sent += n
		if held > 0 && (wait == 0 || held < wait) {
			wait = held
		}
		if err != nil {
			return sent, wait, err
		}
	}
	return sent, wait, nil
}

// perRound is how many deliveries a connection may have waiting for it: few, so
// that a stop has little to give back, and enough to keep it busy.
const perRound = 16

func (w *Worker) lease(ctx context.Context, one Work, jobs chan<- Delivery) (n int, wait time.Duration, err error) {
	want := min(one.Ready, perRound*w.o.Connections)
	granted, wait, err := w.o.Pacer.Take(ctx, one.Group, w.o.Budget(one.Group), want)
	if err != nil || granted == 0 {
		return 0, wait, err
	}
	leased, err := w.o.Queue.Lease(ctx, one, granted, w.o.Lease)
	if err != nil {
		return 0, wait, err
	}
	w.held.add(leased)
	for _, d := range leased {
		select {
		case jobs <- d:
		case <-ctx.Done():
			return n, 0, nil // giveBack returns those that no sender took
		}
		n++
	}
	return n, wait, nil
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

// giveBack returns leased deliveries that no sender took up.
func (w *Worker) giveBack(ctx context.Context) {
	held := w.held.list()
	results := make([]Result, len(held))
	for i, d := range held {
		results[i] = Result{Delivery: d, State: Queued}
	}
	if len(results) == 0 {
		return
	}
	if _, err := w.o.Queue.Turn(ctx, results, nil); err != nil {
		w.o.Logger.Warn("leases not given back, they expire by themselves", "leases", len(held), "error", err)
	}
	for _, d := range held {
		w.held.drop(d)
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
