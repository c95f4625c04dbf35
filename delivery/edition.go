package delivery

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/enshi-daily/enshi/digest"
	"github.com/enshi-daily/enshi/subscribers"
)

// Edition is one run of one cadence, up to a mark in the arrival log.
type Edition struct {
	ID        string // see EditionID
	Cadence   subscribers.Cadence
	Mark      int64     // the arrival number that it serves up to
	Slot      time.Time // the moment that it is due at; the moment of the command for a manual one
	Scheduled bool      // opened by the calendar: at most one a cadence and slot
	Stage     Stage
	Paused    string // why it is paused, "" if it is not
	Opened    time.Time
	Finished  time.Time // or cancelled; zero until then
}

// Stage is how far an edition is.
type Stage string

// The stages.
const (
	StagePlanning  Stage = "planning"
	StageSending   Stage = "sending" // planned to the end
	StageFinished  Stage = "finished"
	StageCancelled Stage = "cancelled"
)

// EditionID is the name of the edition of a cadence that is due at slot, in the
// slot's zone, and serves up to mark. Two planners make the same.
func EditionID(c subscribers.Cadence, slot time.Time, mark int64) string {
	return fmt.Sprintf("%s-%s-%d", c, slot.Format("20060102"), mark)
}

// Transactional deliveries belong to no edition; these names stand in for one.
const (
	EditionConfirm = "notice-confirm"
	EditionAlready = "notice-already"
)

// NoticeEdition is the stand-in for an edition of a notice's deliveries.
func NoticeEdition(n subscribers.Notice) string { return "notice-" + string(n) }

// ErrNotFound says that there is no such edition or letter.
var ErrNotFound = errors.New("no such edition or letter")

// Planning is the part of the ledger that a Planner writes. Every method is
// atomic; all may be called by several planners at once, and again after a
// crash, without anybody being planned twice or left out.
type Planning interface {
	// Open stores e as StagePlanning, unless an edition of its cadence is
	// being planned, or has its ID, or (both scheduled) has its cadence and
	// slot: then it returns that one, whatever its stage. A manual one of its ID
	// becomes that of its slot, unless another is or it was cancelled: what was
	// to go out then has gone.
	Open(ctx context.Context, e Edition) (Edition, error)
	// Candidates returns up to limit active subscribers of the edition's
	// cadence in one part of the store whose cursor is below its mark, in an
	// order that starts after the given ID ("" for the first). Empty means that
	// the part has no more after it. After somebody who was planned meanwhile,
	// those before him who are still due may come again.
	Candidates(ctx context.Context, e Edition, part int, after subscribers.ID, limit int) ([]Candidate, error)
	// Parts is the number of parts, numbered from 0.
	Parts() int
	// PutLetter keeps a letter's bytes (EncodeLetter), and what it brings for
	// Recall, if it is not there yet. ErrWithdrawn if one of these posts is
	// withdrawn by now.
	PutLetter(ctx context.Context, edition, letter string, data []byte, brings ...digest.Brought) error
	// Plan carries out choices for subscribers of one part. For each that is
	// still as the choice found it (active, of this cadence, same version, same
	// cursor): a delivery is queued if there is a letter, and the cursor moves
	// to the edition's mark, in one step. The others are left alone and counted
	// as Changed. Queued deliveries take an edition that was finished back to
	// StageSending. ErrStage if it was cancelled, or for a letter if its
	// deliveries are only counted by now.
	Plan(ctx context.Context, e Edition, part int, choices []Choice) (Planned, error)
	// Close moves an edition from StagePlanning to StageSending: every part
	// has been worked through.
	Close(ctx context.Context, edition string) error
}

// ErrWithdrawn says that a letter brings a post which was withdrawn since its
// planner read the arrival log.
var ErrWithdrawn = errors.New("the letter brings a post that was withdrawn")

// ErrStage says that the edition is at a stage which does not allow that.
var ErrStage = errors.New("the edition's stage does not allow that")

// Candidate is a subscriber who may be due, as planning needs him.
type Candidate struct {
	Subscriber subscribers.Subscriber
}

// Choice is what a planner chose for one candidate.
type Choice struct {
	Subscriber subscribers.ID
	Version    int64 // of the record that the choice was made from
	Cursor     int64 // the same
	Letter     string
	Group      Group
}

// Planned counts what became of the choices of a batch.
type Planned struct {
	Queued  int // a delivery was added
	Moved   int // nothing pending: only the cursor moved
	Changed int // left alone, to be read again
}

// Editions is what operators and pages see of the ledger.
type Editions interface {
	// Edition returns one edition; ErrNotFound.
	Edition(ctx context.Context, id string) (Edition, error)
	// Editions returns the latest opened editions, newest first, at most limit.
	Editions(ctx context.Context, limit int) ([]Edition, error)
	// Counts returns how many deliveries of an edition are in each state.
	Counts(ctx context.Context, id string) (Counts, error)
	// Deliveries yields an edition's deliveries that are in one of the states,
	// all of them if none is named. Those that were sent are left out some time
	// after the edition ended (Recall knows them), the others after RecallFor;
	// Counts counts them as long as there is the edition.
	Deliveries(ctx context.Context, id string, states ...State) iter.Seq2[Delivery, error]
	// Pause stops leasing from an edition, with a reason for the operator;
	// Resume lets it go on. What is in flight is finished.
	Pause(ctx context.Context, id, reason string) error
	Resume(ctx context.Context, id string) error
}

// Letters gives back what PutLetter kept.
type Letters interface {
	// Letter returns a letter's bytes; ErrNotFound.
	Letter(ctx context.Context, edition, letter string) ([]byte, error)
	// Rewrites counts the letters whose bytes were replaced: while it stays, what
	// Letter returned is true.
	Rewrites(ctx context.Context) (int64, error)
}

// Counts is the number of deliveries in each state.
type Counts map[State]int

// Total is the number of deliveries planned.
func (c Counts) Total() int {
	n := 0
	for _, k := range c {
		n += k
	}
	return n
}

// Open is the number of deliveries that are not at their end.
func (c Counts) Open() int { return c[Queued] + c[Sending] + c[Retry] }

// Renderer turns the content of a letter into bytes that a Sender understands.
// Called once a letter, at planning, and for several at a time. The same content gives the same bytes.
type Renderer interface {
	Render(l digest.Letter) ([]byte, error)
}
