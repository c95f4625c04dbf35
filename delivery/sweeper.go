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

	// Wall is the clock that the store's deadlines are by, Passed how much time
	// has passed however that clock was set; by default the system's.
	Wall   func() time.Time
	Passed func() time.Duration
}

// Sweeper takes back what dead workers left, and finishes editions. Several may
// run at once.
type Sweeper struct {
	o      SweeperOptions
	wall   time.Time     // of the last look
	passed time.Duration // the same
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
	if o.Wall == nil {
		o.Wall = time.Now
	}
	if o.Passed == nil {
		begun := time.Now()
		o.Passed = func() time.Duration { return time.Since(begun) }
	}
	return &Sweeper{o: o, wall: o.Wall(), passed: o.Passed()}
}

// Run sweeps until ctx is cancelled and returns nil, or the store is in another
// epoch.
func (s *Sweeper) Run(ctx context.Context) error {
	for {
		if s.trusts() {
			err := s.Sweep(ctx)
			if fenced(err) {
				return err
			}
			if err != nil && ctx.Err() == nil {
				s.o.Logger.Warn("ledger not swept", "error", err)
			}
		}
		if !pause(ctx, s.o.Every) {
			return nil
		}
	}
}

// trusts says whether deadlines mean what they did. When the clock was set
// forward they have all passed at once, and those who live must have the time to
// renew their leases.
func (s *Sweeper) trusts() bool {
	wall, passed := s.o.Wall(), s.o.Passed()
	forward := wall.Round(0).Sub(s.wall.Round(0)) - (passed - s.passed)
	s.wall, s.passed = wall, passed
	if forward > s.o.Lease/4 {
		s.resume = passed + s.o.Lease/2
		s.o.Logger.Warn("the clock was set forward: leases are taken back later, so that those who hold them can renew them",
			"forward", forward, "later", s.o.Lease/2)
	}
	return passed >= s.resume
}

// Sweep does it once.
func (s *Sweeper) Sweep(ctx context.Context) error {
	swept, err := s.o.Queue.Sweep(ctx, s.o.Policy)
	if err != nil {
		return err
	}
	if swept.Requeued > 0 || swept.Uncertain > 0 {
		s.o.Logger.Warn("leases expired", "requeued", swept.Requeued, "uncertain", swept.Uncertain, "policy", s.o.Policy)
	}
	for _, id := range swept.Finished {
		s.o.Logger.Info("edition finished", "edition", id)
	}
	return nil
}
