package digest

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"time"

	"github.com/enshi-daily/enshi/posts"
)

// Entry is one post in the arrival log, with all that a letter says of it, so
// that planning needs no site.
type Entry struct {
	Number     int64     // place in the log, from 1 without gaps; 0 before it arrived
	Arrived    time.Time // when it got its number, by the clock of who appended it; whole seconds, UTC
	Post       posts.ID
	Topics     []posts.Topic // as they were at arrival, without Everything
	Title      string
	Link       string // absolute, canonical
	Date       time.Time
	Summary    string
	Authors    []string
	SourceName string
	Image      string // absolute, "" if none
	Correction string // plain text, "" if nothing was corrected
	Withdrawn  bool   // taken back: no letter planned from now on shows it
}

// In says whether the post belongs to any of topics.
func (e *Entry) In(topics []posts.Topic) bool {
	for _, want := range topics {
		if want == posts.Everything {
			return true
		}
		for _, has := range e.Topics {
			if has == want {
				return true
			}
		}
	}
	return false
}

// Version tells one text of an entry's correction from another, 0 for none.
func (e *Entry) Version() uint32 {
	if e.Correction == "" {
		return 0
	}
	sum := sha256.Sum256([]byte(e.Correction))
	return max(1, binary.BigEndian.Uint32(sum[:]))
}

// Amended says whether the entry was corrected or withdrawn.
func (e *Entry) Amended() bool { return e.Correction != "" || e.Withdrawn }

// Log is the arrival log. Every method is atomic.
type Log interface {
	// Head returns the greatest number given, 0 for an empty log.
	Head(ctx context.Context) (int64, error)
	// Append gives the entries the next numbers, in their order, and moves
	// their identities to posts.Arrived in the same step; it returns the new
	// head. An entry whose post is in the log already, or withdrawn, gets no
	// second number. All or none; posts.ErrFenced if w has passed on.
	Append(ctx context.Context, w posts.Watch, entries []Entry) (int64, error)
	// Update replaces what the log says of posts already in it, Number, Arrived
	// and Topics kept: a corrected title, a withdrawal. A post that is not in it is
	// passed over. All or none; posts.ErrFenced if w has passed on.
	Update(ctx context.Context, w posts.Watch, entries []Entry) error
	// Since returns the entries with after < Number ≤ to, by number.
	Since(ctx context.Context, after, to int64) ([]Entry, error)
	// Amended returns the entries that arrived after since and were corrected
	// or withdrawn, by number.
	Amended(ctx context.Context, since time.Time) ([]Entry, error)
}
