package main

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/enshi-daily/enshi/delivery"
	"github.com/enshi-daily/enshi/digest"
	"github.com/enshi-daily/enshi/subscribers"
)

// foreseen is one mail that would be sent.
type foreseen struct {
	Subscriber subscribers.ID      `json:"subscriber"`
	Address    subscribers.Address `json:"address"`
	Cadence    subscribers.Cadence `json:"cadence"`
	Letter     string              `json:"letter"`
	Posts      []string            `json:"posts"`
	Bytes      int                 `json:"bytes"` // of the rendered letter
}

// dryRun says who would get which posts if the cadences ran now, posts that
// would arrive first included, and changes nothing.
func dryRun(ctx context.Context, p *parts, cadences []subscribers.Cadence, backfill int) error {
	archive, err := p.openArchive(ctx)
	if err != nil {
		return err
	}
	r, err := archive.scan(ctx, scanOptions{foresee: true, backfill: backfill})
	if err != nil {
		return err
	}
	bad := printDiagnostics(p.err, r.diagnostics)
	for _, held := range r.taken.Held {
		p.say("would be held: %s: %s", held.Path, held.Reason)
	}
	planner, err := p.plannerOver(ctx, delivery.Ahead{Arrivals: p.store, Extra: r.taken.Arrived})
	if err != nil {
		return err
	}
	show := &forecast{parts: p, sizes: make(map[string]int), encoder: json.NewEncoder(p.out)}
	for _, cadence := range cadences {
		if err := planner.Preview(ctx, cadence, show.mail); err != nil {
			return err
		}
	}
	p.result("dry run: %d mails in %d letters would be sent, nothing was changed", show.mails, len(show.sizes))
	if bad > 0 {
		return fmt.Errorf("%d posts: %w", bad, errPart)
	}
	return nil
}

// forecast prints mails, each letter rendered once to tell its size.
type forecast struct {
	*parts
	sizes   map[string]int
	encoder *json.Encoder
	mails   int
}

func (f *forecast) mail(s subscribers.Subscriber, l digest.Letter) error {
	size, ok := f.sizes[l.ID]
	if !ok {
		rendered, err := f.renderer.Render(l)
		if err != nil {
			return fmt.Errorf("letter for %s: %w", s.ID, err)
		}
		size = len(rendered)
		f.sizes[l.ID] = size
	}
	f.mails++
	m := foreseen{Subscriber: s.ID, Address: s.Address, Cadence: l.Cadence, Letter: l.ID, Bytes: size}
	for i := range l.Entries {
		m.Posts = append(m.Posts, l.Entries[i].Title)
	}
	if f.json {
		return f.encoder.Encode(m)
	}
	fmt.Fprintf(f.out, "%s %s (%s): %d posts, about %d kB\n", m.Cadence, m.Address, m.Subscriber, len(m.Posts), (size+999)/1000)
	for _, title := range m.Posts {
		fmt.Fprintf(f.out, "    %s\n", title)
	}
	return nil
}
