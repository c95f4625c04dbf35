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

// interrupted lets something happen before its first batch is carried out, when
// the letters that tell of corrections were read.
type interrupted struct {
	delivery.Planning
	once   sync.Once
	happen func()
}

func (i *interrupted) Plan(ctx context.Context, e delivery.Edition, part int, choices []delivery.Choice) (delivery.Planned, error) {
	i.once.Do(i.happen)
	return i.Planning.Plan(ctx, e, part, choices)
}

// tellOnce lets one planner tell people of a correction while another, of the
// rhythm that they change to next, is at work.
func tellOnce(s *scene) {
	k := &keeper{tells: make(map[letterAt][]int64)}
	planner := func(p delivery.Planning) *delivery.Planner {
		return delivery.NewPlanner(delivery.PlannerOptions{
			Planning: p, Log: s.Store, Renderer: k, Schedule: digest.DefaultSchedule(time.UTC), Recall: s.Store, Editions: s.Store,
			LetterID: func(_, key string) string { return fmt.Sprintf("L%x", key) },
			Group:    func(subscribers.Address) delivery.Group { return "other" }, Now: s.Now,
			Logger: slog.New(slog.NewTextHandler(io.Discard, nil)), Batch: 1, Parallel: 1,
		})
	}
	w, n := s.watch(), 0
	arrive := func() {
		n++
		e := entry(n)
		e.Arrived = s.Now().UTC().Truncate(time.Second)
		_, err := s.Store.Append(s.ctx, w, []digest.Entry{e})
		s.ok(err, "Append")
	}
	people := s.people(24)
	arrive()
	_, _, err := planner(s.Store).Plan(s.ctx, subscribers.Daily)
	s.ok(err, "Plan")
	work, _, err := s.Store.Work(s.ctx)
	s.ok(err, "Work")
	leased, err := s.Store.Lease(s.ctx, work[0], len(people), long)
	s.ok(err, "Lease")
	equal(s, "leased", len(leased), len(people))
	s.permits(leased)
	s.finish(leased, delivery.Sent)

	wrong := s.log()[0]
	wrong.Correction = "更正"
	s.ok(s.Store.Update(s.ctx, w, []digest.Entry{wrong}), "Update")
	arrive()
	movers := people[:12]
	for _, sub := range movers {
		s.change(sub.ID, subscribers.Instant)
	}
	first, err := s.Store.Open(s.ctx, delivery.Edition{ID: "instant-first", Cadence: subscribers.Instant, Mark: 2, Slot: s.Now(), Opened: s.Now()})
	s.ok(err, "Open")
	arrive()
	report, _, err := planner(&interrupted{Planning: s.Store, happen: func() {
		_, err := planner(s.Store).GoOn(s.ctx, first)
		s.ok(err, "GoOn")
		for _, sub := range movers {
			s.change(sub.ID, subscribers.Daily)
		}
	}}).Plan(s.ctx, subscribers.Daily)
	s.ok(err, "Plan")
	k.once(s, people, first.ID, report.Edition.ID)
}

// once demands that one of two editions told everybody, and not both, although
// some are in both.
func (k *keeper) once(s *scene, people []subscribers.Subscriber, editions ...string) {
	s.Helper()
	both := 0
	for _, sub := range people {
		times := 0
		row, err := s.Store.Reached(s.ctx, []subscribers.ID{sub.ID}, editions...)
		s.ok(err, "Reached")
		for i, edition := range editions {
			if slices.Contains(k.tells[letterAt{edition, row[0][i].Letter}], 1) {
				times++
			}
		}
		if row[0][0].Letter != "" && row[0][1].Letter != "" {
			both++
		}
		equal(s, "times that somebody is told", times, 1)
	}
	if both < 3 {
		s.Errorf("%d people were in both editions: too few to prove anything", both)
	}
}

func (s *scene) change(id subscribers.ID, c subscribers.Cadence) {
	s.Helper()
	sub := s.stored(id)
	sub.Cadence = c
	s.add(sub)
}

func (s *scene) log() []digest.Entry {
	s.Helper()
	log, err := s.Store.Since(s.ctx, 0, 1<<40)
	s.ok(err, "Since")
	return log
}
