package posts

import (
	"context"
	"errors"
	"time"
)

// Standing says what became of a post on its way to the arrival log. It only
// moves forward along backlog | due → (held → released →) arrived, and to
// withdrawn from anywhere.
type Standing string

// The standings.
const (
	Backlog   Standing = "backlog"   // seen by the first scan of a new store: never arrives
	Due       Standing = "due"       // seen later: arrives as soon as it is eligible
	Held      Standing = "held"      // kept back by a guard: arrives when an operator releases it
	Released  Standing = "released"  // let go by an operator: arrives at the next scan, whatever the guards say
	Arrived   Standing = "arrived"   // has its number in the arrival log
	Withdrawn Standing = "withdrawn" // taken back before or after it arrived
)

// Identity is the record that a post was seen. It outlives the file.
type Identity struct {
	ID        ID
	Path      string // the source file's latest path; "feed:" and the topic for a feed's own id
	SourceURL string
	Body      [16]byte // Post.Body of the latest version
	Standing  Standing // "" for a feed
	Reason    string   // why it is held, or was withdrawn by an operator
	Gone      bool     // the file vanished
	Seen      time.Time
	Since     time.Time // when it was held or an operator decided on it; zero if neither
}

// TakenBack says that an operator withdrew the post: whatever its file says, it
// stays so.
func (i *Identity) TakenBack() bool { return i.Standing == Withdrawn && !i.Since.IsZero() }

// FeedPath is the Path under which the id of a topic's feed is kept.
func FeedPath(t Topic) string { return feedPrefix + string(t) }

// Watch is the right to write identities and arrivals: one process holds it at
// a time. Token rises with every holder, so that a holder which slept through
// its deadline is recognised.
type Watch struct {
	Token int64
}

// ErrWatched says that another live process holds the watch.
var ErrWatched = errors.New("another process watches the site")

// ErrFenced says that the caller's watch has passed to another process.
var ErrFenced = errors.New("the watch has passed to another process")

// ErrOtherSite says that nothing of what the store has seen is in the site read:
// a wrong directory, which must change nothing.
var ErrOtherSite = errors.New("the store belongs to another site")

// Identities is the record of everything seen. Every method is atomic.
type Identities interface {
	// AcquireWatch takes the watch for ttl, by the store's clock, for a holder
	// (a name for messages). It fails with ErrWatched while another holder's
	// ttl runs; the same one gets another watch, and the first has passed on.
	AcquireWatch(ctx context.Context, holder string, ttl time.Duration) (Watch, error)
	// RenewWatch lets w live ttl longer, also if it ran out and nobody took it;
	// ErrFenced if it is no longer held.
	RenewWatch(ctx context.Context, w Watch, ttl time.Duration) error
	// ReleaseWatch gives w back at once. A watch that has passed on is left alone.
	ReleaseWatch(ctx context.Context, w Watch) error

	// Identities returns every record, in no order.
	Identities(ctx context.Context) ([]Identity, error)
	// Record adds records, or replaces those with the same ID, but never moves
	// a Standing backwards: a stored Arrived or Withdrawn stays. All or none;
	// ErrFenced if w has passed on.
	Record(ctx context.Context, w Watch, records []Identity) error
	// Revision changes with every Record, and with every Decide that decided
	// something, and is no other store's. It is empty before the first Record.
	Revision(ctx context.Context) (string, error)
}
