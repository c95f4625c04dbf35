package delivery

import (
	"context"

	"github.com/enshi-daily/enshi/subscribers"
)

// Control is how an operator steps into an edition by hand, and asks what one
// person was sent.
type Control interface {
	// Cancel ends an edition: nothing more of it is planned or leased, and what
	// waits becomes Skipped; what is in flight is finished. ErrNotFound, and
	// ErrStage if the edition is finished.
	Cancel(ctx context.Context, edition string) error
	// Again queues deliveries of an edition once more that ended in one of the
	// states (Failed, Rejected or Uncertain), their tries forgotten, Doubts
	// raised by one if they were Uncertain. Those whose subscriber may not
	// receive it any more (Sendable) stay as they are. An edition that was
	// finished is sending again. It works in batches; cut off, it may be called
	// again. ErrNotFound, and ErrStage if the edition was cancelled.
	Again(ctx context.Context, edition string, states ...State) (Requeued, error)
	// Settle finishes an edition that is planned to the end and has nothing
	// open, whatever in it is Uncertain and stays so. ErrNotFound, and ErrStage
	// if it is not as far.
	Settle(ctx context.Context, edition string) error
	// DeliveriesTo returns what editions and kinds of notices have for one
	// subscriber, in the order they are named, those without anything on record
	// left out.
	DeliveriesTo(ctx context.Context, id subscribers.ID, editions ...string) ([]Delivery, error)
}

// Requeued is what Again did.
type Requeued struct {
	Queued int
	Left   int // stay at their end: their subscriber left
}

// Repeatable says whether Again takes deliveries that ended in a state.
func Repeatable(s State) bool { return s == Failed || s == Rejected || s == Uncertain }
