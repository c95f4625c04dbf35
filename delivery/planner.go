package delivery

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/enshi-daily/enshi/digest"
	"github.com/enshi-daily/enshi/subscribers"
)

// Arrivals is the part of digest.Log that planning reads.
type Arrivals interface {
	Head(ctx context.Context) (int64, error)
	Since(ctx context.Context, after, to int64) ([]digest.Entry, error)
	Amended(ctx context.Context, since time.Time) ([]digest.Entry, error)
}

// PlannerOptions are what a Planner works with. All up to Logger are needed.
type PlannerOptions struct {
	Planning Planning
	Log      Arrivals
	Renderer Renderer
	Schedule digest.Schedule
	LetterID func(edition, key string) string // subscribers.Keys.LetterID
	Group    func(subscribers.Address) Group
	Now      func() time.Time
	Logger   *slog.Logger
	Editions Editions // finds what was left, and tells a late edition from one that ran; nil: neither
	Recall   Recall   // for corrections; nil: letters bring none
	Batch    int      // subscribers an atomic step, default 2000
	Parallel int      // parts of the store at a time, default 2
}

// Planner turns what arrived into editions, letters and deliveries. Any number
// of planners may run at once, anywhere, and be killed at any moment.
type Planner struct {
	o       PlannerOptions
	instant instantWait
	late    map[subscribers.Cadence]time.Time // the late moments that were looked at
}

// NewPlanner returns a planner.
func NewPlanner(o PlannerOptions) *Planner {
	if o.Batch == 0 {
		o.Batch = 2000
	}
	if o.Parallel == 0 {
		o.Parallel = 2
	}
	return &Planner{o: o, late: make(map[subscribers.Cadence]time.Time)}
}

// Report is what planning one edition did.
type Report struct {
	Edition Edition
	Letters int // letters chosen by this planner
	Queued  int
	Moved   int     // subscribers who had nothing pending
	Folded  *Folded // what Scheduled did not open, once; nil if it was not too late
}

// maxPasses bounds how often a part is walked again because records changed
// while it was planned.
const maxPasses = 20

// Plan runs a cadence now: it works an edition through that another planner
// left, and then opens one up to the head of the log for everybody who is due. ok
// is false if there was neither: nobody has anything before the head.
func (p *Planner) Plan(ctx context.Context, c subscribers.Cadence) (r Report, ok bool, err error) {
	e, err := p.atOnce(ctx, c)
	if err != nil {
		return Report{}, false, err
	}
	if r, ok, err = p.takeUp(ctx, c); err != nil {
		return r, false, err
	}
	for {
		due, err := p.anybody(ctx, e)
		if err != nil || !due {
			return r, ok && err == nil, err
		}
		if r, err = p.run(ctx, e); err != nil {
			return r, false, err
		}
		if ok = true; r.Edition.Mark >= e.Mark {
			return r, ok, nil
		}
		// That was one which another planner had open: e is still to come.
	}
}

// atOnce is the edition of a cadence that an operator asks for now.
func (p *Planner) atOnce(ctx context.Context, c subscribers.Cadence) (Edition, error) {
	now := p.o.Now().In(p.o.Schedule.Zone)
	head, err := p.o.Log.Head(ctx)
	if err != nil {
		return Edition{}, fmt.Errorf("arrival log: %w", err)
	}
	return Edition{ID: EditionID(c, now, head), Cadence: c, Mark: head, Slot: now, Opened: now}, nil
}

// takeUp works the edition of a cadence through that was left before its end.
// Everybody in it may be planned already, so that nobody is due.
func (p *Planner) takeUp(ctx context.Context, c subscribers.Cadence) (r Report, ok bool, err error) {
	left, ok, err := p.left(ctx, c)
	if err != nil || !ok {
		return Report{}, false, err
	}
	r, err = p.run(ctx, left)
	return r, err == nil, err
}

// leftAmong is among how many of the latest editions one that was left is looked
// for. Open finds it among all.
const leftAmong = 50

// left is the edition of a cadence that is still to be planned to its end.
func (p *Planner) left(ctx context.Context, c subscribers.Cadence) (Edition, bool, error) {
	if p.o.Editions == nil {
		return Edition{}, false, nil
	}
	latest, err := p.o.Editions.Editions(ctx, leftAmong)
	if err != nil {
		return Edition{}, false, fmt.Errorf("editions: %w", err)
	}
	i := slices.IndexFunc(latest, func(e Edition) bool { return e.Cadence == c && e.Stage == StagePlanning })
	if i < 0 {
		return Edition{}, false, nil
	}
	return latest[i], true, nil
}

// anybody says whether a subscriber of e's cadence has a cursor below its mark.
func (p *Planner) anybody(ctx context.Context, e Edition) (bool, error) {
	for part := range p.o.Planning.Parts() {
		some, err := p.o.Planning.Candidates(ctx, e, part, "", 1)
		if err != nil {
			return false, fmt.Errorf("edition %s: %w", e.ID, err)
		}
		if len(some) > 0 {
			return true, nil
		}
	}
	return false, nil
}

// GoOn works an edition through that another planner left, and opens none.
func (p *Planner) GoOn(ctx context.Context, e Edition) (Report, error) {
	if e.Stage != StagePlanning {
		return Report{Edition: e}, nil
	}
	return p.run(ctx, e)
}

// run opens e (or joins the one that is being planned) and works it through.
func (p *Planner) run(ctx context.Context, e Edition) (Report, error) {
	e, err := p.o.Planning.Open(ctx, e)
	if err != nil {
		return Report{}, fmt.Errorf("open edition %s: %w", e.ID, err)
	}
	report := Report{Edition: e}
	if e.Stage == StageCancelled {
		return report, nil
	}
	desk := newDesk(p.o, e)
	group, groupCtx := errgroup.WithContext(ctx)
	group.SetLimit(p.o.Parallel)
	counts := make([]Planned, p.o.Planning.Parts())
	for part := range counts {
		group.Go(func() error {
			var err error
			counts[part], err = p.part(groupCtx, desk, part)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return report, fmt.Errorf("plan edition %s: %w", e.ID, err)
	}
	for _, n := range counts {
		report.Queued += n.Queued
		report.Moved += n.Moved
	}
	report.Letters = desk.written()
	if err := p.o.Planning.Close(ctx, e.ID); err != nil {
		return report, fmt.Errorf("close edition %s: %w", e.ID, err)
	}
	p.o.Logger.Info("edition planned", "edition", e.ID, "mark", e.Mark,
		"letters", report.Letters, "queued", report.Queued, "nothing_pending", report.Moved)
	return report, nil
}

// errRestless says that a part never came to rest.
var errRestless = errors.New("subscribers keep changing while they are planned: run it again")

// part works through one part until nobody in it is due any more. Planned
// subscribers drop out of the candidates, so a pass that finds nobody is the
// end.
func (p *Planner) part(ctx context.Context, d *desk, part int) (sum Planned, err error) {
	for range maxPasses {
		found, err := p.pass(ctx, d, part, &sum)
		if found == 0 || err != nil {
			return sum, err
		}
	}
	return sum, errRestless
}

// pass goes through a part once. While a batch is carried out, the letters of the
// next one are chosen.
func (p *Planner) pass(ctx context.Context, d *desk, part int, sum *Planned) (found int, err error) {
	batches := make(chan []Choice)
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error {
		defer close(batches)
		for after := subscribers.ID(""); ; {
			some, err := p.o.Planning.Candidates(ctx, d.edition, part, after, p.o.Batch)
			if len(some) == 0 || err != nil {
				return err
			}
			found += len(some)
			choices, err := d.choose(ctx, some)
			if err != nil {
				return err
			}
			select {
			case batches <- choices:
			case <-ctx.Done():
				return ctx.Err()
			}
			after = some[len(some)-1].Subscriber.ID
		}
	})
	group.Go(func() error {
		for choices := range batches {
			n, err := p.o.Planning.Plan(ctx, d.edition, part, choices)
			if err != nil {
				return err
			}
			sum.Queued += n.Queued
			sum.Moved += n.Moved
		}
		return nil
	})
	err = group.Wait()
	return found, err
}
