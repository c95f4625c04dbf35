package delivery

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/enshi-daily/enshi/digest"
	"github.com/enshi-daily/enshi/posts"
)

// IntakeOptions are what an Intake works with.
type IntakeOptions struct {
	Log        digest.Log
	Identities posts.Identities
	Content    func(*posts.Post) (posts.Content, error) // posts.Bodies.Content
	Link       func(*posts.Post) string                 // the article's absolute address
	Guards     Guards
	Now        func() time.Time
}

// Intake lets posts arrive: it writes the arrival log from what a scan
// recognised. Whoever uses it holds the watch. Not safe for concurrent use.
type Intake struct {
	o      IntakeOptions
	recent map[posts.ID]*follow // the log's tail, whose changes are still of interest
}

// NewIntake returns an intake.
func NewIntake(o IntakeOptions) *Intake { return &Intake{o: o} }

// Recognised is what a scan found, with the identities' standings.
type Recognised struct {
	Catalogue *posts.Catalogue
	Due       []*posts.Post // those that are to arrive
	Standing  map[posts.ID]posts.Standing
	Unsettled int // files that the scan left out because they are still written
	Backfill  int // let those arrive that are in the backlog of the newest so many posts

	// What an operator lets through the guards: posts however many, and
	// however old, also those that were held before for that.
	AcceptMany, AcceptOld bool

	ahead bool // as it will be once all files are settled
}

// Taken is what one run of the intake did.
type Taken struct {
	Arrived  []digest.Entry
	Held     []posts.Identity // kept back by a guard, with the reason
	Updated  []digest.Entry   // those of the log that say something else now, by number
	Unready  int              // due, but not settled yet
	Problems []posts.Diagnostic
}

// Take lets every eligible post arrive: due, settled, not withdrawn, and let
// through by the guards. A post whose body cannot be read now is left for the
// next time, and named.
func (i *Intake) Take(ctx context.Context, w posts.Watch, r Recognised) (Taken, error) {
	var taken Taken
	if err := i.load(ctx); err != nil {
		return taken, err
	}
	eligible := i.eligible(r, &taken)
	held, reason := i.guard(eligible, r)
	if len(held) > 0 {
		if err := i.hold(ctx, w, held, reason, &taken); err != nil {
			return taken, err
		}
		eligible = slices.DeleteFunc(eligible, func(p *posts.Post) bool { _, ok := held[p.ID]; return ok })
	}
	if err := i.arrive(ctx, w, eligible, &taken); err != nil {
		return taken, err
	}
	return taken, i.update(ctx, w, r.Catalogue, &taken)
}

func (i *Intake) arrive(ctx context.Context, w posts.Watch, eligible []*posts.Post, taken *Taken) error {
	entries := make([]digest.Entry, 0, len(eligible))
	for _, p := range eligible {
		if e, ok := i.entry(p, taken); ok {
			entries = append(entries, e)
		}
	}
	if len(entries) == 0 {
		return nil
	}
	head, err := i.o.Log.Append(ctx, w, entries)
	if err != nil {
		return fmt.Errorf("%d posts did not arrive: %w", len(entries), err)
	}
	arrived, err := i.o.Log.Since(ctx, head-int64(len(entries)), head)
	if err != nil {
		return fmt.Errorf("arrival log: %w", err)
	}
	// A post that an operator withdrew just now got no number.
	taken.Arrived = slices.DeleteFunc(arrived, func(e digest.Entry) bool { _, before := i.recent[e.Post]; return before })
	for _, e := range taken.Arrived {
		i.recent[e.Post] = &follow{entry: e}
	}
	return nil
}

// entry is what the log says of a post.
func (i *Intake) entry(p *posts.Post, taken *Taken) (digest.Entry, bool) {
	content, err := i.o.Content(p)
	if err != nil {
		taken.Problems = append(taken.Problems, posts.Diagnostic{
			Path: p.Path, Severity: posts.Error, Message: "not mailed yet: " + err.Error(),
		})
		return digest.Entry{}, false
	}
	return digest.Entry{
		Post: p.ID, Topics: p.Topics(), Title: p.Title, Link: i.o.Link(p),
		Arrived: i.o.Now().UTC().Truncate(time.Second), Date: p.Date,
		Summary: content.Summary, Authors: p.Authors, SourceName: p.SourceName, Image: content.Image,
		Correction: p.Correction, Withdrawn: p.Withdrawn,
	}, true
}
