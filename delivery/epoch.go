package delivery

import (
	"context"
	"errors"
)

// ErrOldEpoch says that the store has begun a new epoch since this process
// opened it, so that nothing more may be written or sent by what it knows.
var ErrOldEpoch = errors.New("the store was restored, copied or taken over since this process opened it: " +
	"this process must end; start it again only if this is the machine that goes on sending")

// ErrRetired says that nothing may be sent from the store any more.
var ErrRetired = errors.New("the store is retired, nothing is planned or sent from it")

// fenced says that the store has nothing more for this process, however long it
// waits.
func fenced(err error) bool { return errors.Is(err, ErrOldEpoch) || errors.Is(err, ErrRetired) }

// Tenure is which epoch a store is in, and whether anything may be sent in it.
type Tenure struct {
	Epoch   int64  // 0 for a new store
	Retired string // why nothing may be sent any more, "" if it may
}

// Epochs fence processes that know a store as it was before it was restored,
// copied or moved away.
type Epochs interface {
	// Tenure returns what the store says now, to a fenced handle too.
	Tenure(ctx context.Context) (Tenure, error)
	// Raise begins the next epoch. From then on every other handle that was
	// opened before fails with ErrOldEpoch in each step that writes, and nothing
	// of it is done; the one that raised goes on. With a reason in retired the
	// steps Open, Plan, Lease and Turn (which begins) fail with ErrRetired,
	// until an epoch is raised without; facts are still recorded.
	Raise(ctx context.Context, retired string) (Tenure, error)
}
