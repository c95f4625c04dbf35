package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"github.com/enshi-daily/enshi/delivery"
	"github.com/enshi-daily/enshi/digest"
	"github.com/enshi-daily/enshi/mailer"
	"github.com/enshi-daily/enshi/subscribers"
)

// foreseen is one mail that would be sent.
type foreseen struct {
	Subscriber subscribers.ID      `json:"subscriber"`
	Address    subscribers.Address `json:"address"`
	Cadence    subscribers.Cadence `json:"cadence"`
	Letter     string              `json:"letter"`
	Posts      []string            `json:"posts"`
	Corrected  []string            `json:"corrected,omitempty"` // older posts whose corrections it tells of
	Bytes      int                 `json:"bytes"`               // of the rendered letter
}

// foresee opens a planner that knows the posts that would arrive now. Nothing
// it does changes anything.
func foresee(ctx context.Context, p *parts, a admission) (planner *delivery.Planner, bad int, err error) {
	archive, err := p.openArchive(ctx)
	if err != nil {
		return nil, 0, err
	}
	r, err := archive.scan(ctx, scanOptions{foresee: true, admission: a})
	if err != nil {
		return nil, 0, err
	}
	bad = printDiagnostics(p.err, r.diagnostics)
	p.sayHeld("would be held", r.taken.Held)
	planner, err = p.plannerOver(ctx, delivery.Ahead{Arrivals: p.store, Extra: r.taken.Arrived, Updated: r.taken.Updated})
	return planner, bad, err
}

// dryRun says who would get which posts by the cadence that was named, or by what
// is due, posts that would arrive first included, and changes nothing.
func dryRun(ctx context.Context, p *parts, r request) error {
	planner, bad, err := foresee(ctx, p, r.admission)
	if err != nil {
		return err
	}
	show := &forecast{parts: p, sizes: make(map[string]int), encoder: json.NewEncoder(p.out), dir: r.eml}
	if r.eml != "" {
		if show.composer, err = p.composer(); err != nil {
			return err
		}
		if err := os.MkdirAll(r.eml, 0o755); err != nil {
			return fmt.Errorf("--eml: %w", err)
		}
	}
	for _, cadence := range r.cadences() {
		preview := planner.PreviewScheduled
		if r.cadence != "" || cadence == subscribers.Instant {
			preview = planner.Preview
		}
		if err := preview(ctx, cadence, show.mail); err != nil {
			return err
		}
	}
	p.result("dry run: %d mails in %d letters would be sent, nothing was changed", show.mails, len(show.sizes))
	if r.cadence == "" {
		p.say("that is what is due by the calendar; --cadence shows what one would send now")
	}
	if err := p.sayLeft(ctx); err != nil {
		return err
	}
	if r.eml != "" && len(show.sizes) > 0 {
		p.say("the letters are in %s, one file each, with links that lead nowhere", r.eml)
	}
	if bad > 0 {
		return fmt.Errorf("%d posts: %w", bad, errPart)
	}
	return nil
}

// sayLeft says how many mails of earlier runs would go out, too.
func (p *parts) sayLeft(ctx context.Context) error {
	editions, err := p.store.Editions(ctx, openLately)
	if err != nil {
		return fmt.Errorf("editions: %w", err)
	}
	counts, err := p.noticeCounts(ctx)
	if err != nil {
		return err
	}
	waiting := counts.Open()
	for _, e := range editions {
		if e.Stage != delivery.StagePlanning && e.Stage != delivery.StageSending || e.Paused != "" {
			continue
		}
		if counts, err = p.store.Counts(ctx, e.ID); err != nil {
			return fmt.Errorf("edition %s: %w", e.ID, err)
		}
		waiting += counts.Open()
	}
	if waiting > 0 {
		p.say("%d mails of earlier runs wait, and would be sent or tried again with them", waiting)
	}
	return nil
}

// forecast prints mails, each letter rendered once to tell its size.
type forecast struct {
	*parts
	sizes    map[string]int
	encoder  *json.Encoder
	mails    int
	dir      string // for letters as files, "" for none
	composer *mailer.Composer
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
		if f.dir != "" {
			if err := f.write(l, rendered); err != nil {
				return err
			}
		}
	}
	f.mails++
	m := foreseen{Subscriber: s.ID, Address: s.Address, Cadence: l.Cadence, Letter: l.ID, Bytes: size}
	for i := range l.Entries {
		m.Posts = append(m.Posts, l.Entries[i].Title)
	}
	for i := range l.Corrections {
		m.Corrected = append(m.Corrected, l.Corrections[i].Title)
	}
	if f.json {
		return f.encoder.Encode(m)
	}
	fmt.Fprintf(f.out, "%s %s (%s): %d posts, about %d kB\n", m.Cadence, m.Address, m.Subscriber, len(m.Posts), (size+999)/1000)
	for _, title := range m.Posts {
		fmt.Fprintf(f.out, "    %s\n", title)
	}
	for _, title := range m.Corrected {
		fmt.Fprintf(f.out, "    correction of %s\n", title)
	}
	return nil
}

// nobody is a subscriber ID that no address has: links and return paths made
// for it are well formed and do nothing. sample is who a letter in a file is to.
const (
	nobody = subscribers.ID("AAAAAAAAAAAA")
	sample = subscribers.Address("reader@example.invalid")
)

// write writes a letter as nobody would get it. Files of real people's letters
// would be passed on with the links by which those leave.
func (f *forecast) write(l digest.Letter, rendered []byte) error {
	now := f.now()
	data, err := f.composer.Compose(delivery.Message{
		Delivery: delivery.Delivery{Edition: l.Edition, Subscriber: nobody, Letter: l.ID, Address: sample,
			Language: l.Language, Cadence: l.Cadence, Created: now},
		Dated: now, Rendered: rendered,
	})
	if err != nil {
		return fmt.Errorf("letter %s: %w", l.ID, err)
	}
	name := filepath.Join(f.dir, l.Edition+"_"+l.ID+".eml")
	if err := os.WriteFile(name, data, 0o644); err != nil {
		return fmt.Errorf("--eml: %w", err)
	}
	return nil
}
