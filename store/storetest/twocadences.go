package storetest

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/enshi-daily/enshi/delivery"
	"github.com/enshi-daily/enshi/digest"
	"github.com/enshi-daily/enshi/posts"
	"github.com/enshi-daily/enshi/subscribers"
)

// keeper is a Renderer that remembers what each letter tells of.
type keeper struct {
	mu    sync.Mutex
	tells map[letterAt][]int64
}

func (k *keeper) Render(l digest.Letter) ([]byte, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.tells[letterAt{l.Edition, l.ID}] = numbersIn(l.Corrections)
	return []byte(l.ID), nil
}

// interrupted lets something happen before some of its batches are carried out,
// when the letters that tell of corrections were read.
type interrupted struct {
	delivery.Planning
	batches int
	happen  func(batch int)
}

func (i *interrupted) Plan(ctx context.Context, e delivery.Edition, part int, choices []delivery.Choice) (delivery.Planned, error) {
	i.batches++
	i.happen(i.batches)
	return i.Planning.Plan(ctx, e, part, choices)
}

// twoRhythms is people who were sent a post that was corrected since, and
// another that arrived since, with an edition of the other rhythm for it.
type twoRhythms struct {
	*scene
	keeper
	watch  posts.Watch
	people []subscribers.Subscriber
	other  delivery.Edition
}

func newTwoRhythms(s *scene) *twoRhythms {
	r := &twoRhythms{scene: s, keeper: keeper{tells: make(map[letterAt][]int64)}, watch: s.watch(), people: s.people(24)}
	r.arrive(1)
	r.daily(s.Store)
	work, _, err := s.Store.Work(s.ctx)
	s.ok(err, "Work")
	leased := s.lease(work[0], len(r.people), long)
	equal(s, "leased", len(leased), len(r.people))
	s.permits(leased)
	s.finish(leased, delivery.Sent)

	wrong := s.log()[0]
	wrong.Correction = "更正"
	s.ok(s.Store.Update(s.ctx, r.watch, []digest.Entry{wrong}), "Update")
	r.arrive(2)
	r.other, err = s.Store.Open(s.ctx, delivery.Edition{ID: "instant-first", Cadence: subscribers.Instant, Mark: 2, Slot: s.Now(), Opened: s.Now()})
	s.ok(err, "Open")
	return r
}

func (r *twoRhythms) planner(p delivery.Planning) *delivery.Planner {
	return delivery.NewPlanner(delivery.PlannerOptions{
		Planning: p, Log: r.Store, Renderer: r, Schedule: digest.DefaultSchedule(time.UTC), Recall: r.Store, Editions: r.Store,
		LetterID: func(_, key string) string { return fmt.Sprintf("L%x", key) },
		Group:    func(subscribers.Address) delivery.Group { return "other" }, Now: r.Now,
		Logger: slog.New(slog.NewTextHandler(io.Discard, nil)), Batch: 1, Parallel: 1,
	})
}

func (r *twoRhythms) arrive(n int) {
	e := entry(n)
	e.Arrived = r.Now().UTC().Truncate(time.Second)
	_, err := r.Store.Append(r.ctx, r.watch, []digest.Entry{e})
	r.ok(err, "Append")
}

func (r *twoRhythms) daily(p delivery.Planning) string {
	report, _, err := r.planner(p).Plan(r.ctx, subscribers.Daily)
	r.ok(err, "Plan")
	return report.Edition.ID
}

// instant plans the edition of the other rhythm, also beyond its end.
func (r *twoRhythms) instant() {
	_, err := r.planner(r.Store).GoOn(r.ctx, r.other)
	r.ok(err, "GoOn")
}

func (r *twoRhythms) change(people []subscribers.Subscriber, c subscribers.Cadence) {
	for _, sub := range people {
		sub = r.stored(sub.ID)
		sub.Cadence = c
		r.add(sub)
	}
}

// tellOnce lets one planner tell people of a correction while another, of the
// rhythm that they change to next, is at work.
func tellOnce(s *scene) {
	r := newTwoRhythms(s)
	movers := r.people[:12]
	r.change(movers, subscribers.Instant)
	r.arrive(3)
	r.once(r.daily(&interrupted{Planning: s.Store, happen: func(batch int) {
		if batch == 1 {
			r.instant()
			r.change(movers, subscribers.Daily)
		}
	}}))
}

// tellOnceThereAndBack lets people change to a rhythm whose edition was planned
// to its end, and back, while the planner of their own is at work.
func tellOnceThereAndBack(s *scene) {
	r := newTwoRhythms(s)
	r.instant()
	r.arrive(3)
	waves := map[int][]subscribers.Subscriber{1: r.people[:6], 4: r.people[6:12], 8: r.people[12:18]}
	r.once(r.daily(&interrupted{Planning: s.Store, happen: func(batch int) {
		r.change(waves[batch], subscribers.Instant)
		r.instant()
		r.change(waves[batch], subscribers.Daily)
	}}))
}

// once demands that one of the two editions told everybody, and not both,
// although some are in both.
func (r *twoRhythms) once(daily string) {
	r.Helper()
	both, editions := 0, []string{r.other.ID, daily}
	for _, sub := range r.people {
		times := 0
		row, err := r.Store.Reached(r.ctx, []subscribers.ID{sub.ID}, editions...)
		r.ok(err, "Reached")
		for i, edition := range editions {
			if slices.Contains(r.tells[letterAt{edition, row[0][i].Letter}], 1) {
				times++
			}
		}
		if row[0][0].Letter != "" && row[0][1].Letter != "" {
			both++
		}
		equal(r.scene, "times that somebody is told", times, 1)
	}
	if both < 3 {
		r.Errorf("%d people were in both editions: too few to prove anything", both)
	}
}

func (s *scene) log() []digest.Entry {
	s.Helper()
	log, err := s.Store.Since(s.ctx, 0, 1<<40)
	s.ok(err, "Since")
	return log
}
