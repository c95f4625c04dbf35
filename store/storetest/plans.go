package storetest

import (
	"fmt"
	"math/rand/v2"
	"sync/atomic"

	"github.com/enshi-daily/enshi/delivery"
	"github.com/enshi-daily/enshi/subscribers"
)

// plans are the laws of Planning.Plan.
func plans() []law {
	return []law{
		{"Plan queues a delivery and moves the cursor in one step", planQueues},
		{"Plan without a letter only moves the cursor", planMoves},
		{"Plan does not raise the version", planKeepsVersion},
		{"Plan leaves a choice alone whose record changed", planChangedVersion},
		{"Plan leaves a choice alone whose cursor changed", planChangedCursor},
		{"Plan leaves a choice alone whose subscriber left", planLeft},
		{"Plan leaves a choice alone whose cadence changed", planChangedCadence},
		{"Plan leaves a choice alone whose subscriber is gone", planGone},
		{"Plan again plans nobody twice", planTwice},
		{"Plan carries out the good choices of a mixed batch", planMixed},
		{"Plan of an empty batch does nothing", planEmpty},
		{"Plan never moves a cursor back", planNeverBack},
		{"two planners at once plan everybody once", planAtOnce},
		{"a planner that stops in the middle leaves the rest to the next one", planResumed},
		{"everybody is planned once while preferences change", planWhileChanging},
		{"Plan into a finished edition takes it back to StageSending", planReopens},
	}
}

// planOne carries out one choice in the part that it belongs to.
func (s *scene) planOne(e delivery.Edition, part map[subscribers.ID]int, c delivery.Choice) delivery.Planned {
	s.Helper()
	p, err := s.Store.Plan(s.ctx, e, part[c.Subscriber], []delivery.Choice{c})
	s.ok(err, "Plan")
	return p
}

func planQueues(s *scene) {
	e, all := s.mailing(3)
	s.counts(e.ID, delivery.Counts{delivery.Queued: 3})
	for _, sub := range all {
		equal(s, "Cursor", s.stored(sub.ID).Cursor, e.Mark)
		d := s.one(e.ID, sub.ID)
		if d.Created.IsZero() {
			s.Fatal("Created is zero")
		}
		d.Created = sub.Created
		want := delivery.Delivery{
			Edition: e.ID, Subscriber: sub.ID, Letter: "letter", Group: "other",
			State: delivery.Queued, Created: sub.Created,
		}
		equal(s, "delivery", d, want)
	}
}

func planMoves(s *scene) {
	s.people(3)
	e := s.open(5)
	equal(s, "Plan", s.plan(e, ""), delivery.Planned{Moved: 3})
	s.counts(e.ID, delivery.Counts{})
	equal(s, "Cursor", s.stored(person(1).ID).Cursor, 5)
	s.due(e)
}

func planKeepsVersion(s *scene) {
	_, all := s.mailing(1)
	equal(s, "Version", s.stored(all[0].ID).Version, all[0].Version)
	changed := all[0] // read before it was planned
	changed.Cadence = subscribers.Weekly
	equal(s, "Cursor after Save of the old record", s.add(changed).Cursor, 1)
}

// planAfter makes a choice, lets the record change, and demands that the
// choice is left alone.
func planAfter(s *scene, change func(sub *subscribers.Subscriber)) {
	s.Helper()
	sub := s.add(person(1))
	e := s.open(5)
	_, part := s.candidates(e)
	after := sub
	change(&after)
	after = s.add(after)
	equal(s, "Plan", s.planOne(e, part, choice(sub, "letter")), delivery.Planned{Changed: 1})
	s.counts(e.ID, delivery.Counts{})
	equal(s, "record", fmt.Sprint(s.stored(sub.ID)), fmt.Sprint(after))
}

func planChangedVersion(s *scene) {
	planAfter(s, func(sub *subscribers.Subscriber) { sub.Topics = full().Topics })
}

func planLeft(s *scene) {
	planAfter(s, func(sub *subscribers.Subscriber) { sub.State = subscribers.Unsubscribed })
}

func planChangedCadence(s *scene) {
	planAfter(s, func(sub *subscribers.Subscriber) { sub.Cadence = subscribers.Weekly })
	// The record that the choice names is as the store has it: only its cadence is another.
	e := s.edition(daily(5).ID)
	weekly := daily(6)
	weekly.ID, weekly.Cadence = "weekly-20261124-6", subscribers.Weekly
	weekly, err := s.Store.Open(s.ctx, weekly)
	s.ok(err, "Open")
	all, part := s.candidates(weekly)
	equal(s, "weekly candidates", len(all), 1)
	equal(s, "Plan", s.planOne(e, part, choice(all[0], "letter")), delivery.Planned{Changed: 1})
	equal(s, "Cursor", s.stored(all[0].ID).Cursor, 0)
}

func planChangedCursor(s *scene) {
	sub := s.add(person(1))
	e := s.open(5)
	_, part := s.candidates(e)
	c := choice(sub, "letter")
	for _, cursor := range []int64{1, 4, 5, -1} {
		c.Cursor = cursor
		equal(s, "Plan", s.planOne(e, part, c), delivery.Planned{Changed: 1})
	}
	s.due(e, sub.ID)
}

func planGone(s *scene) {
	sub := s.add(person(1))
	e := s.open(5)
	_, part := s.candidates(e)
	s.ok(s.Store.Delete(s.ctx, sub), "Delete")
	equal(s, "Plan", s.planOne(e, part, choice(sub, "letter")), delivery.Planned{Changed: 1})
	s.counts(e.ID, delivery.Counts{})
}

func planTwice(s *scene) {
	all := s.people(2)
	e := s.open(5)
	_, part := s.candidates(e)
	for _, want := range []delivery.Planned{{Queued: 1}, {Changed: 1}, {Changed: 1}} {
		equal(s, "Plan", s.planOne(e, part, choice(all[0], "letter")), want)
	}
	twice := []delivery.Choice{choice(all[1], "letter"), choice(all[1], "other")}
	p, err := s.Store.Plan(s.ctx, e, part[all[1].ID], twice)
	s.ok(err, "Plan")
	equal(s, "Plan of the same one twice in a batch", p, delivery.Planned{Queued: 1, Changed: 1})
	s.counts(e.ID, delivery.Counts{delivery.Queued: 2})
	equal(s, "Letter", s.one(e.ID, all[1].ID).Letter, "letter")
}

func planMixed(s *scene) {
	all := s.people(60)
	e := s.open(5)
	_, part := s.candidates(e)
	batches := make(map[int][]delivery.Choice)
	var want, got delivery.Planned
	for i, sub := range all {
		c := choice(sub, "letter")
		switch i % 3 {
		case 0:
			want.Queued++
		case 1:
			c.Letter = ""
			want.Moved++
		case 2:
			c.Version = 9
			want.Changed++
		}
		batches[part[sub.ID]] = append(batches[part[sub.ID]], c)
	}
	for p, batch := range batches {
		planned, err := s.Store.Plan(s.ctx, e, p, batch)
		s.ok(err, "Plan")
		got.Queued += planned.Queued
		got.Moved += planned.Moved
		got.Changed += planned.Changed
	}
	equal(s, "Plan", got, want)
	s.counts(e.ID, delivery.Counts{delivery.Queued: want.Queued})
}

func planEmpty(s *scene) {
	p, err := s.Store.Plan(s.ctx, s.open(5), 0, nil)
	s.ok(err, "Plan")
	equal(s, "Plan", p, delivery.Planned{})
}

func planNeverBack(s *scene) {
	sub := s.add(person(1))
	_, part := s.candidates(s.open(5))
	sub.Cursor = 9
	sub = s.add(sub)
	equal(s, "Plan", s.planOne(daily(5), part, choice(sub, "letter")), delivery.Planned{Changed: 1})
	equal(s, "Plan", s.planOne(daily(5), part, choice(sub, "")), delivery.Planned{Changed: 1})
	equal(s, "Cursor", s.stored(sub.ID).Cursor, 9)
}

// planner works through an edition like the real one: page by page, until a
// pass finds nobody. It returns how many deliveries it queued.
func planner(s *scene, store Store, e delivery.Edition, batch int) (queued int, err error) {
	for part := range store.Parts() {
		after := subscribers.ID("")
		for {
			found, err := store.Candidates(s.ctx, e, part, after, batch)
			if err != nil {
				return queued, err
			}
			if len(found) == 0 && after == "" {
				break
			}
			after = ""
			choices := make([]delivery.Choice, len(found))
			for i, c := range found {
				after = c.Subscriber.ID
				choices[i] = choice(c.Subscriber, "letter")
			}
			p, err := store.Plan(s.ctx, e, part, choices)
			if err != nil {
				return queued, err
			}
			queued += p.Queued
		}
	}
	return queued, nil
}

func planAtOnce(s *scene) {
	everybody := s.people(120)
	e := s.open(5)
	var queued atomic.Int64
	s.atOnce(4, func(_ int, store Store) error {
		n, err := planner(s, store, e, 7)
		queued.Add(int64(n))
		return err
	})
	equal(s, "deliveries that planners queued", queued.Load(), int64(len(everybody)))
	s.counts(e.ID, delivery.Counts{delivery.Queued: len(everybody)})
	s.due(e)
}

func planResumed(s *scene) {
	everybody := s.people(40)
	e := s.open(5)
	all, part := s.candidates(e)
	for _, sub := range all[:17] {
		s.planOne(e, part, choice(sub, "letter"))
	}
	same, err := s.Second.Open(s.ctx, daily(6))
	s.ok(err, "Open")
	n, err := planner(s, s.Second, same, 10)
	s.ok(err, "second planner")
	equal(s, "deliveries that the second planner queued", n, len(everybody)-17)
	s.counts(e.ID, delivery.Counts{delivery.Queued: len(everybody)})
}

func planWhileChanging(s *scene) {
	everybody := s.people(60)
	e := s.open(5)
	s.atOnce(3, func(i int, store Store) error {
		if i < 2 {
			_, err := planner(s, store, e, 5)
			return err
		}
		random := rand.New(rand.NewPCG(1, 2))
		for range 60 {
			sub, err := store.Subscriber(s.ctx, everybody[random.IntN(len(everybody))].ID)
			if err != nil {
				return err
			}
			sub.Topics = full().Topics
			if err := store.Save(s.ctx, sub, subscribers.NoNotice); err != nil {
				return err
			}
		}
		return nil
	})
	s.counts(e.ID, delivery.Counts{delivery.Queued: len(everybody)})
	for _, sub := range everybody {
		equal(s, "Cursor", s.stored(sub.ID).Cursor, e.Mark)
	}
}

func planReopens(s *scene) {
	e := s.open(5)
	s.finished(e)
	s.people(1) // came to this cadence later, with posts pending
	equal(s, "Plan", s.plan(e, ""), delivery.Planned{Moved: 1})
	equal(s, "Stage after Plan queued nothing", s.edition(e.ID).Stage, delivery.StageFinished)
	late := s.add(person(2))
	_, part := s.candidates(e)
	stale := choice(late, "letter")
	stale.Version++
	planned, err := s.Store.Plan(s.ctx, e, part[late.ID], []delivery.Choice{stale})
	s.ok(err, "Plan")
	equal(s, "Plan", planned, delivery.Planned{Changed: 1})
	equal(s, "Stage after Plan found nobody as he was", s.edition(e.ID).Stage, delivery.StageFinished)
	equal(s, "Plan", s.plan(e, "letter"), delivery.Planned{Queued: 1})
	again := s.edition(e.ID)
	equal(s, "Stage", again.Stage, delivery.StageSending)
	equal(s, "Finished is zero", again.Finished.IsZero(), true)
	d := s.lease(work(e), 1, long)
	s.begin(d)
	s.finish(d, delivery.Sent)
	s.finished(e)
}
