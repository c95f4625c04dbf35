package delivery

import (
	"context"
	"encoding/binary"
	"errors"
	"slices"
	"time"

	"github.com/enshi-daily/enshi/digest"
	"github.com/enshi-daily/enshi/subscribers"
)

// RecallFor is how long it is remembered what letters brought and to whom they
// went, for corrections and withdrawals.
const RecallFor = 90 * 24 * time.Hour

// Recall is what is remembered of letters for RecallFor: what they brought, from
// when their edition opened, and to whom they went, from when it ended. The rows
// of the ledger may be gone by then.
type Recall interface {
	// Bringing returns those letters of the editions opened after since that
	// brought any of the posts, by arrival number, in no order.
	Bringing(ctx context.Context, since time.Time, numbers ...int64) ([]Letterhead, error)
	// Reached returns, for each subscriber in order, what each edition has for
	// him; the zero Reach for nothing. What was sent stays Sent when its row is
	// gone.
	Reached(ctx context.Context, ids []subscribers.ID, editions ...string) ([][]Reach, error)
	// Rewrite replaces a letter's bytes if they are those that the caller read.
	Rewrite(ctx context.Context, edition, letter string, from, to []byte) (bool, error)
	// Retract skips (SkipWithdrawn) the deliveries of letters of an edition that
	// wait, leased ones that did not begin among them, and returns how many. It
	// works in batches; cut off, it may be called again.
	Retract(ctx context.Context, edition string, letters ...string) (int, error)
}

// Letterhead says what a letter brought.
type Letterhead struct {
	Edition string
	Letter  string
	Brought []digest.Brought
}

// Brings says whether any of the posts is among those brought.
func (h *Letterhead) Brings(numbers []int64) bool {
	return slices.ContainsFunc(h.Brought, func(b digest.Brought) bool { return slices.Contains(numbers, b.Number) })
}

// Reach is what an edition has for one subscriber.
type Reach struct {
	Letter string
	State  State
}

// Enrolled is what an edition has for a subscriber whose row is gone, by its
// roll.
func Enrolled(r Roll, id subscribers.ID) Reach {
	if letter := r.Letter(id); letter != "" {
		return Reach{Letter: letter, State: Sent}
	}
	return Reach{}
}

// Has says whether the letter arrived or may have.
func (r Reach) Has() bool { return r.State == Sent || r.State == Uncertain }

// Gets says whether the letter arrived or still may.
func (r Reach) Gets() bool {
	return r.State == Sent || r.State == Queued || r.State == Sending || r.State == Retry
}

// EncodeBrought packs what a letter brings, by number: two bytes a post, and more
// only for corrections.
func EncodeBrought(brought []digest.Brought) []byte {
	var out []byte
	last := int64(0)
	for _, b := range brought {
		corrected := uint64(0)
		if b.Version != 0 {
			corrected = 1
		}
		out = binary.AppendUvarint(out, uint64(b.Number-last)<<1|corrected)
		if corrected == 1 {
			out = binary.BigEndian.AppendUint32(out, b.Version)
		}
		last = b.Number
	}
	return out
}

// DecodeBrought unpacks what EncodeBrought packed.
func DecodeBrought(data []byte) ([]digest.Brought, error) {
	var brought []digest.Brought
	for last := int64(0); len(data) > 0; {
		step, n := binary.Uvarint(data)
		if n <= 0 || step&1 == 1 && len(data) < n+4 {
			return nil, errors.New("stored list of a letter's posts: cut short")
		}
		data = data[n:]
		last += int64(step >> 1)
		b := digest.Brought{Number: last}
		if step&1 == 1 {
			b.Version = binary.BigEndian.Uint32(data)
			data = data[4:]
		}
		brought = append(brought, b)
	}
	return brought, nil
}
