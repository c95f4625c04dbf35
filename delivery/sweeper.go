package delivery

import (
	"context"
	"log/slog"
	"time"
)

// SweeperOptions are what a Sweeper works with.
type SweeperOptions struct {
	Queue  Queue
	Policy Policy        // default Resend
	Every  time.Duration // default 5 seconds
	Lease  time.Duration // of the workers, default 15 minutes
	Logger *slog.Logger

	// Passed is how much time has passed, however clocks were set; by default
	// as the system says.
	Passed func() time.Duration
}

// Sweeper takes back what dead workers left, and finishes editions. Several may
// run at once.
type Sweeper struct {
	o      SweeperOptions
	clock  time.Time     // the store's, at the last look
	passed time.Duration // at the last look
	resume time.Duration // when to sweep again after the clock was set
}

// NewSweeper returns a sweeper.
func NewSweeper(o SweeperOptions) *Sweeper {
	if o.Policy == "" {
		o.Policy = Resend
	}
	if o.Every == 0 {
		o.Every = 5 * time.Second
	}
	if o.Lease == 0 {
		o.Lease = 15 * time.Minute
	}
	if o.Passed == nil {
		begun := time.Now()
		o.Passed = func() time.Duration { return time.Since(begun) }
	}
	return &Sweeper{o: o}
}

// Run sweeps until ctx is cancelled and returns nil, or the store is in another
// epoch.
func (s *Sweeper) Run(ctx context.Context) error {
	for {
		err := s.turn(ctx)
		if fenced(err) {
			return err
		}
		if err != nil && ctx.Err() == nil {
			s.o.Logger.Warn("ledger not swept", "error", err)
		}
		if !pause(ctx, s.o.Every) {
			return nil
		}
	}
}

// turn sweeps unless the store's clock was set forward a moment ago: then all
// deadlines have passed at once, and those who live must have the time to renew
// their leases.
func (s *Sweeper) turn(ctx context.Context) error {
	clock, err := s.o.Queue.Clock(ctx)
	if err != nil {
		return err
	}
	passed := s.o.Passed()
	// Round takes away what would make Sub see through a clock that was set.
	forward := clock.Round(0).Sub(s.clock.Round(0)) - (passed - s.passed)
	if !s.clock.IsZero() && forward > s.o.Lease/4 {
		s.resume = passed + s.o.Lease/2
		s.o.Logger.Warn("the store's clock was set forward: leases are taken back later, so that those who hold them can renew them",
			"forward", forward, "later", s.o.Lease/2)
	}
	s.clock, s.passed = clock, passed
	if passed < s.resume {
		return nil
	}
	return s.Sweep(ctx)
}

// Sweep does it once.
func (s *Sweeper) Sweep(ctx context.Context) error {
	swept, err := s.o.Queue.Sweep(ctx, s.o.Policy)
	if err != nil {
		return err
	}
	if swept.Unread != nil {
		s.o.Logger.Error("old deliveries not forgotten: left as they are, looked at again in an hour", "error", swept.Unread)
	}
	if swept.Requeued > 0 || swept.Uncertain > 0 {
		s.o.Logger.Warn("leases expired", "requeued", swept.Requeued, "uncertain", swept.Uncertain, "policy", s.o.Policy)
	}
	for _, id := range swept.Finished {
		s.o.Logger.Info("edition finished", "edition", id)
	}
	return nil
}
