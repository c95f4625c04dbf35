package subscribers

import (
	"time"

	"github.com/enshi-daily/enshi/posts"
)

// ID names a subscriber without giving the address away: the first 9 bytes of
// HMAC-SHA-256(identity key, normalised address) in base64url, 12 characters.
type ID string

// Address is a normalised address: domain in lower case and IDNA's ASCII form,
// local part as given. Only ParseAddress makes one.
type Address string

// State says what a subscriber may receive. Only Active receives digests.
type State string

// The states. Bounced and Complained are left only by a new double opt-in of
// the person; Erased keeps the ID and nothing else.
const (
	Pending      State = "pending"
	Active       State = "active"
	Unsubscribed State = "unsubscribed"
	Bounced      State = "bounced"
	Complained   State = "complained"
	Erased       State = "erased"
)

// Cadence is the rhythm of somebody's digests.
type Cadence string

// The cadences.
const (
	Instant Cadence = "instant"
	Daily   Cadence = "daily"
	Weekly  Cadence = "weekly"
)

// Cadences are all of them, most frequent first.
var Cadences = [...]Cadence{Instant, Daily, Weekly}

// Language is the language of mails and pages, as BCP 47.
type Language string

// The languages.
const (
	Chinese Language = "zh-Hans"
	English Language = "en"
)

// Subscriber is one person's record.
type Subscriber struct {
	ID       ID
	Address  Address // "" once erased
	State    State
	Topics   []posts.Topic // canonical order, never empty while Pending or Active
	Cadence  Cadence
	Language Language

	// Cursor is the arrival number up to which the person has been served.
	// Stores never move it backwards, whatever they are given.
	Cursor int64

	// Generation rises with every step that must make old links dead:
	// confirmation, unsubscription, complaint, erasure, a new private address.
	Generation uint32

	Consent   string    // how they agreed: "double opt-in", or an import's text
	Created   time.Time // first time this address was given; whole seconds, UTC, as all times here
	Confirmed time.Time // zero until confirmed
	Changed   time.Time // last change of State
	NoticedAt time.Time // last confirmation or "already subscribed" mail asked for

	// Returning marks a Pending person who was Erased before: unconfirmed, the
	// record becomes Erased again.
	Returning bool

	// Asked is what a sign-up wants in place of the choices of somebody who
	// Unsubscribed: they come into force by its confirmation alone. nil: nothing.
	Asked *Preferences

	// Version is the record's version in the store; 0 for one that is not
	// stored yet. Every Save raises it; planning does not.
	Version int64
}

// Notice asks the store for a transactional mail in the same step that saves
// the subscriber: leased before any digest, sent by a worker, never from the
// request.
type Notice string

// The notices.
const (
	NoNotice      Notice = ""
	NoticeConfirm Notice = "confirm" // asks to confirm, carries the link
	NoticeAlready Notice = "already" // says that the address is subscribed already
)
