package delivery

import (
	"context"
	"time"

	"github.com/enshi-daily/enshi/subscribers"
)

// State is the durable state of a delivery.
type State string

// The states. Sent, Rejected, Failed, Skipped and Uncertain are ends;
// only an operator's retry leaves them.
const (
	Queued    State = "queued" // also while a worker has leased it and not begun
	Sending   State = "sending"
	Sent      State = "sent"
	Retry     State = "retry"     // queued again, not before its time
	Rejected  State = "rejected"  // the address was refused for good
	Failed    State = "failed"    // given up
	Uncertain State = "uncertain" // may or may not have arrived, and is not sent again
	Skipped   State = "skipped"   // see Skip
)

// States are all of them, in the order that people read them in.
var States = [...]State{Queued, Sending, Retry, Sent, Rejected, Failed, Uncertain, Skipped}

// Skip says why a delivery was skipped.
type Skip string

// The reasons.
const (
	SkipUnsubscribed Skip = "unsubscribed"
	SkipSuppressed   Skip = "suppressed" // bounced or complained
	SkipErased       Skip = "erased"
	SkipWithdrawn    Skip = "withdrawn" // every post of the letter was taken back
	SkipCancelled    Skip = "cancelled"
)

// Delivery is one letter, or notice, on its way to one subscriber.
type Delivery struct {
	Edition    string // an edition's ID, or EditionConfirm, EditionAlready
	Subscriber subscribers.ID
	Letter     string // "" for a notice
	Group      Group
	State      State
	Skip       Skip // why, if Skipped
	Tries      int  // attempts that ended in Retry so far
	Created    time.Time
	At         time.Time // Retry: not before; ends: since when
	Reply      string    // the server's last word, one line, without any address
	Doubts     int       // how often it was uncertain and sent again

	// Set by Lease alone:
	Token      string // the right to begin and to renew
	Address    subscribers.Address
	Language   subscribers.Language
	Cadence    subscribers.Cadence // the subscriber's, for the footer
	Generation uint32
}

// Notice is the notice that the delivery carries, NoNotice for a letter.
func (d *Delivery) Notice() subscribers.Notice {
	switch d.Edition {
	case EditionConfirm:
		return subscribers.NoticeConfirm
	case EditionAlready:
		return subscribers.NoticeAlready
	}
	return subscribers.NoNotice
}

// Work is what waits in one edition for one provider group.
type Work struct {
	Edition string
	Group   Group
	Ready   int // may be leased now
}

// Permit is the answer to begin one delivery.
type Permit string

// The permits. Anything but Go means that the letter must not go out.
const (
	Go        Permit = "go"
	LeaseLost Permit = "lease lost" // another worker may have it
	Left      Permit = "left"       // the delivery is Skipped: the subscriber left, or it was cancelled or taken back
)

// Result is what became of one attempt.
type Result struct {
	Delivery Delivery
	State    State     // Queued gives a lease back of which nothing was sent, begun or not
	At       time.Time // Retry: not before
	Reply    string    // one line, without any address
	Bounce   bool      // the address is dead: the subscriber becomes bounced in the same step (or, never confirmed, Erased as before), unless the letter had arrived
}

// Policy says what becomes of a delivery whose lease expired while sending.
type Policy string

// The policies.
const (
	Resend Policy = "resend" // queued again with the same Message-ID; Doubts counts it
	SkipIt Policy = "skip"   // stays Uncertain
	Hold   Policy = "hold"   // stays Uncertain, and the edition open until an operator decides
)

// Known says whether p is one of the policies.
func (p Policy) Known() bool { return p == Resend || p == SkipIt || p == Hold }

// Swept is what a sweep did.
type Swept struct {
	Requeued  int // leases that expired before they began
	Uncertain int // leases that expired while sending
	Finished  []string
	Unread    error // what kept editions as they are, each named; nil for nothing
}

// Queue is the part of the ledger that a Worker uses. Every method is atomic
// per subscriber and safe for several processes. Deadlines are by the store's
// clock.
type Queue interface {
	// Work lists what can be leased now, notices first, then editions by age,
	// paused and cancelled ones left out. wake is how long until something else
	// may be ready; 0 if nothing is foreseen.
	Work(ctx context.Context) (work []Work, wake time.Duration, err error)
	// Lease takes up to n ready deliveries for ttl. Those whose subscriber may
	// not receive it any more (Sendable) become Skipped and are not returned.
	Lease(ctx context.Context, w Work, n int, ttl time.Duration) ([]Delivery, error)
	// Renew lets the leases live ttl longer, also those that expired and were
	// not taken back yet; those that were lost are passed over.
	Renew(ctx context.Context, leased []Delivery, ttl time.Duration) error
	// Turn records what became of attempts and then begins others, in one step,
	// so that a worker needs one a message. Sent and Rejected are facts and are
	// recorded even if the lease was lost; other results only with the token.
	// Retry raises Tries by one. Those that are next are marked Sending, just
	// before they can no longer be called back, if the token and the subscriber
	// still allow it; there is an answer for each in order.
	Turn(ctx context.Context, done []Result, next []Delivery) ([]Permit, error)
	// Sweep takes expired leases back by the policy and finishes editions that
	// are planned to the end and have nothing open; by Hold only those in which
	// nothing is Uncertain either.
	Sweep(ctx context.Context, p Policy) (Swept, error)
	// Clock is the store's clock.
	Clock(ctx context.Context) (time.Time, error)
}

// Sendable says whether a subscriber in a state may receive a delivery of an
// edition, and if not, why it is skipped. Stores hold themselves to it.
func Sendable(s subscribers.State, edition string) (Skip, bool) {
	switch {
	case s == subscribers.Active && edition != EditionConfirm,
		s != subscribers.Active && s != subscribers.Erased && edition == EditionConfirm:
		return "", true
	case s == subscribers.Bounced || s == subscribers.Complained:
		return SkipSuppressed, false
	case s == subscribers.Erased:
		return SkipErased, false
	}
	return SkipUnsubscribed, false
}
