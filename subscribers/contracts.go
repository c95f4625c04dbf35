package subscribers

import (
	"context"
	"errors"
	"iter"
	"time"
)

// ErrNotFound says that nobody has that ID.
var ErrNotFound = errors.New("no such subscriber")

// ErrConflict says that the record changed since it was read: read it again.
var ErrConflict = errors.New("the subscriber's record has changed meanwhile")

// Registry keeps one record a person. Every method is atomic and safe for
// concurrent use by several processes.
type Registry interface {
	// Subscriber returns the record; ErrNotFound if there is none.
	Subscriber(ctx context.Context, id ID) (Subscriber, error)
	// Save stores s if the stored version is still s.Version (0: not stored),
	// and raises the version by one; else ErrConflict, nothing changed. The
	// stored cursor becomes the greater of both. A Notice is queued in the same
	// step as a transactional delivery; one that still waits for the same
	// person and kind is replaced, not doubled.
	Save(ctx context.Context, s Subscriber, n Notice) error
	// Delete removes the record whole if its version is still s.Version:
	// for pending ones that were never confirmed. Deliveries of it that are
	// still queued become skipped.
	Delete(ctx context.Context, s Subscriber) error
}

// Saving is a record to be saved, with the notice that goes with it.
type Saving struct {
	Subscriber Subscriber
	Notice     Notice
}

// Bulk reads and writes many records.
type Bulk interface {
	// SaveAll does what Registry.Save does for each of many, in few steps of
	// the store, and returns what became of each: nil or ErrConflict. An error
	// of the whole means that any of them may be saved or not.
	SaveAll(ctx context.Context, list []Saving) ([]error, error)
	// All yields every record, erased ones included, in no order, without
	// holding them in memory. A record changed meanwhile is yielded once,
	// before or after its change.
	All(ctx context.Context) iter.Seq2[Subscriber, error]
	// Count returns how many there are in each state.
	Count(ctx context.Context) (map[State]int, error)
}

// Limits counts events to keep sign-up abuse down.
type Limits interface {
	// Allow counts one event under a key and says whether it is within n per
	// period (a fixed window that starts with the first event). A key holds no
	// personal data: callers pass a keyed hash.
	Allow(ctx context.Context, key string, n int, period time.Duration) (bool, error)
	// Forget ends a key's window: what was counted came to nothing.
	Forget(ctx context.Context, key string) error
}
