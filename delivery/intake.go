package delivery

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/enshi-daily/enshi/digest"
	"github.com/enshi-daily/enshi/posts"
)

// Guards keep back what an operator would not want to be mailed by accident.
type Guards struct {
	MaxNew int           // more new posts than this in one scan are held; 0 for no limit
	MaxAge time.Duration // new posts dated longer ago are held; 0 for no limit
}

// DefaultGuards hold more than 200 new posts in one scan, and new posts dated
// more than 7 days ago.
func DefaultGuards() Guards { return Guards{MaxNew: 200, MaxAge: 7 * 24 * time.Hour} }

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
	recent map[posts.ID]digest.Entry // the log's tail, whose changes are still of interest
	seen   map[posts.ID][16]byte     // the Hash that recent was last compared with
}

// recentEntries is how much of the log's tail is kept up to date with the
// posts: more than any edition still to be planned shows.
const recentEntries = 1000

// NewIntake returns an intake.
func NewIntake(o IntakeOptions) *Intake { return &Intake{o: o} }

// Recognised is what a scan found, with the identities' standings.
type Recognised struct {
	Catalogue *posts.Catalogue
	Due       []*posts.Post // those that are to arrive
	Standing  map[posts.ID]posts.Standing
	Backfill  int // let the newest so many of a new store's backlog arrive
}

// Taken is what one run of the intake did.
type Taken struct {
	Arrived  []digest.Entry
	Held     []posts.Identity // kept back by a guard, with the reason
	Updated  int              // entries of the log that say something else now
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
	held, reason := i.guard(eligible, r.Standing)
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

func (i *Intake) load(ctx context.Context) error {
	if i.recent != nil {
		return nil
	}
	head, err := i.o.Log.Head(ctx)
	if err != nil {
		return fmt.Errorf("arrival log: %w", err)
	}
	tail, err := i.o.Log.Since(ctx, max(0, head-recentEntries), head)
	if err != nil {
		return fmt.Errorf("arrival log: %w", err)
	}
	i.recent, i.seen = make(map[posts.ID]digest.Entry), make(map[posts.ID][16]byte)
	for _, e := range tail {
		i.recent[e.Post] = e
	}
	return nil
}

// eligible returns the posts that may arrive, by date, as one scan's arrivals
// are ordered.
func (i *Intake) eligible(r Recognised, taken *Taken) []*posts.Post {
	var due []*posts.Post
	for _, p := range r.Due {
		switch {
		case p.Withdrawn:
		case !p.Settled:
			taken.Unready++
		default:
			due = append(due, p)
		}
	}
	if r.Backfill > 0 {
		due = append(due, backfill(r)...)
	}
	slices.SortFunc(due, func(a, b *posts.Post) int {
		return cmp.Or(a.Date.Compare(b.Date), cmp.Compare(a.Path, b.Path))
	})
	return due
}

// backfill returns the newest posts of the backlog.
func backfill(r Recognised) []*posts.Post {
	var old []*posts.Post
	for _, p := range r.Catalogue.Posts(posts.Everything) {
		if len(old) == r.Backfill {
			break
		}
		if !p.Withdrawn && r.Standing[p.ID] == posts.Backlog {
			old = append(old, p)
		}
	}
	return old
}

// guard returns the posts to hold, with the reason for each. A backlog that an
// operator lets arrive is not held.
func (i *Intake) guard(eligible []*posts.Post, standing map[posts.ID]posts.Standing) (map[posts.ID]*posts.Post, map[posts.ID]string) {
	held, reason := make(map[posts.ID]*posts.Post), make(map[posts.ID]string)
	g := i.o.Guards
	for _, p := range eligible {
		switch {
		case standing[p.ID] == posts.Backlog:
			continue
		case g.MaxNew > 0 && len(eligible) > g.MaxNew:
			reason[p.ID] = fmt.Sprintf("%d new posts in one scan, more than %d", len(eligible), g.MaxNew)
		case g.MaxAge > 0 && i.o.Now().Sub(p.Date) > g.MaxAge:
			reason[p.ID] = fmt.Sprintf("dated %s, more than %d days ago", p.Date.Format("2006-01-02"), int(g.MaxAge.Hours()/24))
		default:
			continue
		}
		held[p.ID] = p
	}
	return held, reason
}

func (i *Intake) hold(ctx context.Context, w posts.Watch, held map[posts.ID]*posts.Post, reason map[posts.ID]string, taken *Taken) error {
	for id, p := range held {
		taken.Held = append(taken.Held, posts.Identity{
			ID: id, Path: p.Path, SourceURL: p.SourceURL, Body: p.Body,
			Standing: posts.Held, Reason: reason[id], Seen: i.o.Now().UTC().Truncate(time.Second),
		})
	}
	slices.SortFunc(taken.Held, func(a, b posts.Identity) int { return cmp.Compare(a.Path, b.Path) })
	if err := i.o.Identities.Record(ctx, w, taken.Held); err != nil {
		return fmt.Errorf("hold %d posts: %w", len(held), err)
	}
	return nil
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
	for _, e := range arrived {
		i.recent[e.Post] = e
	}
	taken.Arrived = arrived
	return nil
}

// update carries changes of posts that arrived into the log.
func (i *Intake) update(ctx context.Context, w posts.Watch, c *posts.Catalogue, taken *Taken) error {
	var changed []digest.Entry
	for id, old := range i.recent {
		p, ok := c.ByID(id)
		if !ok || i.seen[id] == p.Hash {
			continue
		}
		e, ok := i.entry(p, taken)
		if !ok {
			continue
		}
		i.seen[p.ID] = p.Hash
		e.Number, e.Arrived, e.Topics = old.Number, old.Arrived, old.Topics
		if !sameEntry(e, old) {
			changed = append(changed, e)
			i.recent[p.ID] = e
		}
	}
	if len(changed) == 0 {
		return nil
	}
	slices.SortFunc(changed, func(a, b digest.Entry) int { return cmp.Compare(a.Number, b.Number) })
	if err := i.o.Log.Update(ctx, w, changed); err != nil {
		return fmt.Errorf("%d entries of the arrival log not updated: %w", len(changed), err)
	}
	taken.Updated = len(changed)
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

func sameEntry(a, b digest.Entry) bool {
	return a.Title == b.Title && a.Link == b.Link && a.Date.Equal(b.Date) && a.Summary == b.Summary &&
		slices.Equal(a.Authors, b.Authors) && a.SourceName == b.SourceName && a.Image == b.Image &&
		a.Correction == b.Correction && a.Withdrawn == b.Withdrawn
}
