package delivery

import (
	"context"
	"time"
)

// Message is a delivery ready to be written and sent.
type Message struct {
	Delivery Delivery
	Dated    time.Time // the Date header, the same in every copy
	Rendered []byte    // what the Renderer made; nil for a notice
	Relays   []string  // the relays that may carry it, by name; nil for any
}

// Class is what a server's answer means for a delivery.
type Class string

// The classes.
const (
	Delivered    Class = "delivered"   // accepted, even if the connection broke afterwards
	BadAddress   Class = "bad address" // the address was refused for good
	Temporary    Class = "temporary"   // and everything unknown
	Unreachable  Class = "unreachable" // no relay answered: nothing was tried, the delivery waits as it was
	OurFault     Class = "our fault"   // authentication, sender, content, policy: the edition pauses
	Bug          Class = "bug"         // the letter could not be composed: the edition pauses
	InDoubt      Class = "in doubt"    // lost after the final dot
	NotPermitted Class = "not begun"   // begin refused: nothing was sent
	TakenBack    Class = "taken back"  // every post of the letter was withdrawn: nothing was sent
	Stopped      Class = "stopped"     // cancelled before it began: nothing was sent
)

// Outcome is what became of one attempt, classified.
type Outcome struct {
	Class Class
	Code  int    // SMTP reply code, 0 if there was none
	Reply string // one line for people, naming the relay, without the address
	Relay string // name of the relay that answered, "" if none did
	// Pause is for how long the provider wants no mail from the relay, at least;
	// 0 if it did not say anything like that.
	Pause time.Duration
}

// Relay is a mail relay and how it does, as one process sees it: another machine
// may reach what this one does not.
type Relay struct {
	Name     string
	Fault    Class     // Unreachable or OurFault if it does not take mail; "" if it does
	Reply    string    // its last word then
	Since    time.Time // since when it is so; zero if it was never used
	Until    time.Time // until when it is left alone, as long as others work
	Failures int       // in a row
	Sent     int64     // messages that it took
}

// Works says whether the relay takes mail, as far as is known.
func (r Relay) Works() bool { return r.Fault == "" }

// Sender hands messages to the outside. It is safe for concurrent use; each
// concurrent Send may hold one connection.
type Sender interface {
	// Send tries once. It calls begin at most once, as late as possible: after
	// the body is written, before the step that cannot be called back; not at
	// all if the server refused before. If begin fails nothing has been sent,
	// and nothing will.
	Send(ctx context.Context, m Message, begin func(context.Context) error) Outcome
	// Relays are those that it can choose from, and how they do; none if it
	// knows no relays.
	Relays() []Relay
	// Close ends idle connections.
	Close() error
}
