package delivery

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/enshi-daily/enshi/digest"
	"github.com/enshi-daily/enshi/posts"
	"github.com/enshi-daily/enshi/subscribers"
)

// Mailed is told of one mail: who would get it, and the letter with its ID.
type Mailed func(subscribers.Subscriber, digest.Letter) error

// Preview says who would get which letter by Plan, and changes nothing.
func (p *Planner) Preview(ctx context.Context, c subscribers.Cadence, each Mailed) error {
	e, err := p.atOnce(ctx, c)
	if err != nil {
		return err
	}
	return p.preview(ctx, e, each)
}

// PreviewScheduled says who would get which letter by Scheduled, and changes
// nothing.
func (p *Planner) PreviewScheduled(ctx context.Context, c subscribers.Cadence, each Mailed) error {
	e, err := p.byCalendar(ctx, c)
	if err != nil {
		return err
	}
	return p.preview(ctx, e, each)
}

// preview goes through the edition that another planner left, and then through
// the one that would be opened.
func (p *Planner) preview(ctx context.Context, next Edition, each Mailed) error {
	var desks []*desk
	left, ok, err := p.left(ctx, next.Cadence)
	if err != nil {
		return err
	}
	if ok {
		desks = append(desks, newDesk(p.o, left))
	}
	opens, err := p.opens(ctx, next)
	if err != nil {
		return err
	}
	if opens {
		desks = append(desks, newDesk(p.o, next))
	}
	if len(desks) == 0 {
		return nil
	}
	last := desks[len(desks)-1].edition
	for part := range p.o.Planning.Parts() {
		for after := subscribers.ID(""); ; {
			some, err := p.o.Planning.Candidates(ctx, last, part, after, p.o.Batch)
			if err != nil {
				return fmt.Errorf("edition %s: %w", last.ID, err)
			}
			if len(some) == 0 {
				break
			}
			after = some[len(some)-1].Subscriber.ID
			for _, d := range desks {
				if some, err = d.show(ctx, some, each); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// opens says whether an edition would be worked through that Plan or Scheduled
// asks for.
func (p *Planner) opens(ctx context.Context, e Edition) (bool, error) {
	if p.o.Editions == nil {
		return true, nil
	}
	there, err := p.o.Editions.Edition(ctx, e.ID)
	switch {
	case errors.Is(err, ErrNotFound):
	case err != nil:
		return false, fmt.Errorf("edition %s: %w", e.ID, err)
	case e.Scheduled || there.Stage == StagePlanning || there.Stage == StageCancelled:
		return false, nil
	}
	if !e.Scheduled {
		return true, nil
	}
	ran, err := Ran(ctx, p.o.Editions, e.Cadence, e.Slot)
	return !ran && !p.o.Schedule.Late(e.Cadence, e.Slot, e.Opened), err
}

// show tells each of those of a batch who would get a letter. It returns the
// batch as the edition would leave it.
func (d *desk) show(ctx context.Context, batch []Candidate, each Mailed) ([]Candidate, error) {
	letters, err := d.contents(ctx, batch)
	if err != nil {
		return nil, err
	}
	for i := range batch {
		s := &batch[i].Subscriber
		if s.Cursor >= d.edition.Mark {
			continue
		}
		if len(letters[i].Entries) > 0 {
			if err := each(*s, letters[i]); err != nil {
				return nil, err
			}
		}
		s.Cursor = d.edition.Mark
	}
	return batch, nil
}

// Letter is what one subscriber would get if a cadence ran now, without entries
// if nothing is pending. It changes nothing.
func (p *Planner) Letter(ctx context.Context, c subscribers.Cadence, s subscribers.Subscriber) (digest.Letter, error) {
	e, err := p.atOnce(ctx, c)
	if err != nil {
		return digest.Letter{}, err
	}
	letters, err := newDesk(p.o, e).contents(ctx, []Candidate{{Subscriber: s}})
	if err != nil {
		return digest.Letter{}, err
	}
	return letters[0], nil
}

// Corrections are those that one subscriber's next letter tells of, if it has any
// posts.
func (p *Planner) Corrections(ctx context.Context, s subscribers.Subscriber) ([]digest.Entry, error) {
	due, err := newDesk(p.o, Edition{}).corrections(ctx, []Candidate{{Subscriber: s}})
	if err != nil {
		return nil, err
	}
	return due[0], nil
}

// Foresee says what Take would let arrive once all files are settled, numbered as
// it would be, what it would hold and what it would change, and changes nothing.
func (i *Intake) Foresee(ctx context.Context, r Recognised) (Taken, error) {
	var taken Taken
	r.ahead = true
	head, err := i.o.Log.Head(ctx)
	if err != nil {
		return taken, fmt.Errorf("arrival log: %w", err)
	}
	if err := i.load(ctx); err != nil {
		return taken, err
	}
	taken.Updated = i.changed(r.Catalogue, &taken)
	eligible := i.eligible(r, &taken)
	held, reason := i.guard(eligible, r)
	for _, p := range eligible {
		if held[p.ID] != nil {
			taken.Held = append(taken.Held, posts.Identity{ID: p.ID, Path: p.Path, Standing: posts.Held, Reason: reason[p.ID]})
			continue
		}
		if e, ok := i.entry(p, &taken); ok {
			head++
			e.Number = head
			taken.Arrived = append(taken.Arrived, e)
		}
	}
	return taken, nil
}

// Ahead is an arrival log as Foresee says that it would be: with entries behind
// its head that have not arrived yet, and others that say something else.
type Ahead struct {
	Arrivals
	Extra   []digest.Entry
	Updated []digest.Entry
}

// Head is the number of the last extra entry.
func (a Ahead) Head(ctx context.Context) (int64, error) {
	if n := len(a.Extra); n > 0 {
		return a.Extra[n-1].Number, nil
	}
	return a.Arrivals.Head(ctx)
}

// Since reads through the log into the extra entries.
func (a Ahead) Since(ctx context.Context, after, to int64) ([]digest.Entry, error) {
	entries, err := a.Arrivals.Since(ctx, after, to)
	if err != nil {
		return nil, err
	}
	for i := range entries {
		entries[i] = a.now(entries[i])
	}
	for _, e := range a.Extra {
		if e.Number > after && e.Number <= to && !slices.ContainsFunc(entries, func(x digest.Entry) bool { return x.Number == e.Number }) {
			entries = append(entries, e)
		}
	}
	return entries, nil
}

// Amended reads what would be amended.
func (a Ahead) Amended(ctx context.Context, since time.Time) ([]digest.Entry, error) {
	entries, err := a.Arrivals.Amended(ctx, since)
	if err != nil {
		return nil, err
	}
	for i := range entries {
		entries[i] = a.now(entries[i])
	}
	known := numbersOf(entries)
	for _, e := range slices.Concat(a.Updated, a.Extra) {
		if e.Arrived.After(since) && !slices.Contains(known, e.Number) {
			entries = append(entries, e)
		}
	}
	entries = slices.DeleteFunc(entries, func(e digest.Entry) bool { return !e.Amended() })
	slices.SortFunc(entries, func(x, y digest.Entry) int { return cmp.Compare(x.Number, y.Number) })
	return entries, nil
}

// now is an entry as it would be.
func (a Ahead) now(e digest.Entry) digest.Entry {
	for _, u := range a.Updated {
		if u.Number == e.Number {
			return u
		}
	}
	return e
}
