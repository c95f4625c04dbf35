package delivery

import (
	"context"
	"fmt"
	"slices"

	"github.com/enshi-daily/enshi/digest"
	"github.com/enshi-daily/enshi/posts"
	"github.com/enshi-daily/enshi/subscribers"
)

// Preview says who would get which letter if a cadence ran now, and changes
// nothing. each is called once a subscriber; the letter has its ID.
func (p *Planner) Preview(ctx context.Context, c subscribers.Cadence, each func(subscribers.Subscriber, digest.Letter) error) error {
	now := p.o.Now().In(p.o.Schedule.Zone)
	head, err := p.o.Log.Head(ctx)
	if err != nil {
		return fmt.Errorf("arrival log: %w", err)
	}
	e := Edition{ID: EditionID(c, now, head), Cadence: c, Mark: head, Slot: now}
	desk := newDesk(p.o, e)
	for part := range p.o.Planning.Parts() {
		for after := subscribers.ID(""); ; {
			some, err := p.o.Planning.Candidates(ctx, e, part, after, p.o.Batch)
			if err != nil {
				return fmt.Errorf("edition %s: %w", e.ID, err)
			}
			if len(some) == 0 {
				break
			}
			letters, err := desk.contents(ctx, some)
			if err != nil {
				return err
			}
			for i := range some {
				if len(letters[i].Entries) == 0 {
					continue
				}
				if err := each(some[i].Subscriber, letters[i]); err != nil {
					return err
				}
			}
			after = some[len(some)-1].Subscriber.ID
		}
	}
	return nil
}

// Letter is what one subscriber would get if a cadence ran now, without entries
// if nothing is pending. It changes nothing.
func (p *Planner) Letter(ctx context.Context, c subscribers.Cadence, s subscribers.Subscriber) (digest.Letter, error) {
	now := p.o.Now().In(p.o.Schedule.Zone)
	head, err := p.o.Log.Head(ctx)
	if err != nil {
		return digest.Letter{}, fmt.Errorf("arrival log: %w", err)
	}
	e := Edition{ID: EditionID(c, now, head), Cadence: c, Mark: head, Slot: now}
	letters, err := newDesk(p.o, e).contents(ctx, []Candidate{{Subscriber: s}})
	if err != nil {
		return digest.Letter{}, err
	}
	return letters[0], nil
}

// Foresee says what Take would let arrive and what it would hold, numbered as
// it would be, and changes nothing.
func (i *Intake) Foresee(ctx context.Context, r Recognised) (Taken, error) {
	var taken Taken
	head, err := i.o.Log.Head(ctx)
	if err != nil {
		return taken, fmt.Errorf("arrival log: %w", err)
	}
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

// Ahead is an arrival log with entries that have not arrived yet behind its
// head.
type Ahead struct {
	Arrivals
	Extra []digest.Entry // as Foresee numbered them
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
	for _, e := range a.Extra {
		if e.Number > after && e.Number <= to && !slices.ContainsFunc(entries, func(x digest.Entry) bool { return x.Number == e.Number }) {
			entries = append(entries, e)
		}
	}
	return entries, nil
}
