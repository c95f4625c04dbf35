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
	Logger *slog.Logger
}

// Sweeper takes back what dead workers left, and finishes editions. Several may
// run at once.
type Sweeper struct{ o SweeperOptions }

// NewSweeper returns a sweeper.
func NewSweeper(o SweeperOptions) *Sweeper {
	if o.Policy == "" {
		o.Policy = Resend
	}
	if o.Every == 0 {
		o.Every = 5 * time.Second
	}
	return &Sweeper{o: o}
}

// Run sweeps until ctx is cancelled and returns nil, or the store is in another
// epoch.
func (s *Sweeper) Run(ctx context.Context) error {
	for {
		err := s.Sweep(ctx)
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
