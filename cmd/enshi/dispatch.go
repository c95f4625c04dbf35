package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/enshi-daily/enshi/delivery"
)

// How long a run stays while nothing changes that others have in hand: a daemon
// that sends at the same time, or leases of a process that was killed. With
// --wait, until such leases have ended.
const (
	patience = 10 * time.Second
	waitMost = 20 * time.Minute
)

// send sends whatever waits until nothing is left that can go now, with --wait
// until nothing is left. Others may be sending at the same time.
func (d *dispatch) send(ctx context.Context) error {
	worker, sweeper := d.newWorker(d.sender), d.newSweeper()
	ended, err := d.retract(ctx)
	if err != nil {
		return err
	}
	defer ended()
	stop := d.watch(ctx, d.sending())
	defer stop()
	stuck := stall{most: patience}
	if d.wait {
		stuck.most = waitMost
	}
	said, told := 0, make(map[string]bool)
	for {
		if err := worker.Drain(ctx); err != nil || ctx.Err() != nil {
			return errors.Join(err, ctx.Err())
		}
		if err := sweeper.Sweep(ctx); err != nil {
			return fmt.Errorf("sweep the ledger: %w", err)
		}
		a, err := d.account(ctx)
		if err != nil {
			return err
		}
		retries := a.retries()
		later := d.wait && retries+len(a.Held) > 0
		switch {
		case a.inHand() == 0 && !later, a.onlyHeld() && !d.wait:
			return nil
		case stuck.note(d.now(), a.inHand()) && !later:
			d.log.Warn("another process has these in hand; if it was killed, they come back when its leases end", "deliveries", a.inHand())
			return nil
		}
		if retries > 0 && retries != said {
			said = retries
			d.log.Info("waiting for another attempt", "deliveries", retries, "next", a.NextTry)
		}
		for _, h := range a.Held {
			if text := string(h.Group) + h.Until; !told[text] {
				told[text] = true
				d.log.Info("waiting for a provider", "group", h.Group, "deliveries", h.Waiting, "until", h.Until, "reason", h.Reason)
			}
		}
		if err := d.nap(ctx, a.onlyHeld()); err != nil {
			return err
		}
	}
}

// retract takes withdrawn posts out of what waits, and again until ended.
func (d *dispatch) retract(ctx context.Context) (ended func(), err error) {
	retractor, err := d.newRetractor(ctx)
	if err != nil {
		return nil, err
	}
	if _, err := retractor.Retract(ctx); err != nil {
		return nil, fmt.Errorf("withdrawn posts: %w", err)
	}
	ctx, cancel := context.WithCancel(ctx)
	var running sync.WaitGroup
	running.Go(func() {
		if err := retractor.Run(ctx); err != nil {
			d.log.Error("withdrawn posts are not taken out of letters any more", "error", err)
		}
	})
	return func() { cancel(); running.Wait() }, nil
}

// stall notices that nothing changes any more.
type stall struct {
	most  time.Duration
	seen  int
	since time.Time
}

func (s *stall) note(now time.Time, n int) bool {
	if n != s.seen || s.since.IsZero() {
		s.seen, s.since = n, now
	}
	return now.Sub(s.since) > s.most
}

// nap waits until something may be ready, and looks up now and then: others
// work on the same ledger. Pauses are held for minutes.
func (d *dispatch) nap(ctx context.Context, held bool) error {
	_, wake, err := d.store.Work(ctx)
	if err != nil {
		return fmt.Errorf("ledger: %w", err)
	}
	wait := 500 * time.Millisecond
	if held {
		wait = 5 * time.Second
	}
	if wake > 0 {
		wait = min(max(wake, 50*time.Millisecond), 5*time.Second)
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(wait):
		return nil
	}
}

// conclude prints the account and makes the error of it: done in part if
// somebody did not get theirs, more if an edition was paused by this run.
func (d *dispatch) conclude(ctx context.Context) error {
	a, err := d.account(ctx)
	if err != nil {
		return err
	}
	if err := d.print(a); err != nil {
		return err
	}
	missed := a.Notices.missed()
	for _, e := range a.Editions {
		if e.Paused != "" && !d.held[e.Edition] {
			return fmt.Errorf("edition %s is paused: %s: mend that, then run enshi editions resume %[1]s and send-digest again, or send-digest --resume", e.Edition, e.Paused)
		}
		missed = missed || e.missed()
	}
	switch {
	case a.Unaccounted != 0:
		return fmt.Errorf("%d deliveries are in no state: the ledger is damaged", a.Unaccounted)
	case missed:
		return fmt.Errorf("some did not get theirs: %w", errPart)
	case d.bad > 0:
		return fmt.Errorf("%d posts: %w", d.bad, errPart)
	}
	return nil
}

// watch shows lines of progress until stop, on a terminal alone.
func (d *dispatch) watch(ctx context.Context, line func(context.Context) (string, error)) (stop func()) {
	if d.console == nil {
		return func() {}
	}
	ctx, cancel := context.WithCancel(ctx)
	var shown sync.WaitGroup
	shown.Go(func() {
		defer d.console.show("")
		tick := time.NewTicker(time.Second)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
			// A store that does not answer is told of by what needs it.
			if text, err := line(ctx); err == nil {
				d.console.show(text)
			}
		}
	})
	return func() { cancel(); shown.Wait() }
}

// sending is the line while mails go out.
func (d *dispatch) sending() func(context.Context) (string, error) {
	var p progress
	return func(ctx context.Context) (string, error) {
		a, err := d.account(ctx)
		if err != nil {
			return "", err
		}
		return p.at(d.now(), a.planned()-a.Waiting, a.planned(), a.retries()), nil
	}
}

// planning is the line while editions are planned.
func (d *dispatch) planning() func(context.Context) (string, error) {
	var p progress
	return func(ctx context.Context) (string, error) {
		editions, err := d.store.Editions(ctx, openLately)
		if err != nil {
			return "", err
		}
		for _, e := range editions {
			if e.Stage != delivery.StagePlanning {
				continue
			}
			counts, err := d.store.Counts(ctx, e.ID)
			if err != nil {
				return "", err
			}
			n := counts.Total()
			p.note(d.now(), n)
			return fmt.Sprintf("planning %s: %s, %s/s", e.ID, grouped(n), grouped(int(p.rate()))), nil
		}
		return "", nil
	}
}
