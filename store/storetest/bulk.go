package storetest

import (
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/enshi-daily/enshi/delivery"
	"github.com/enshi-daily/enshi/subscribers"
)

func bulk() []law {
	return []law{
		{"All of an empty store yields nothing", allEmpty},
		{"All yields every record once, erased ones included", allEvery},
		{"All ends when its caller has enough", allStops},
		{"All yields a record that changes meanwhile once", allChanging},
		{"Count returns how many there are in each state", countStates},
		{"Count of an empty store counts nobody", countEmpty},
		{"SaveAll saves each of many as Save does", saveAll},
		{"SaveAll answers ErrConflict for each that changed, and saves the others", saveAllConflicts},
	}
}

func allEmpty(s *scene) {
	for sub, err := range s.Store.All(s.ctx) {
		s.Fatalf("All yields %v, %v", sub, err)
	}
}

// everybody reads All, and refuses to see anybody twice.
func (s *scene) everybody() map[subscribers.ID]subscribers.Subscriber {
	s.Helper()
	all := make(map[subscribers.ID]subscribers.Subscriber)
	for sub, err := range s.Second.All(s.ctx) {
		s.ok(err, "All")
		if _, twice := all[sub.ID]; twice {
			s.Fatalf("All yields %s twice", sub.ID)
		}
		all[sub.ID] = sub
	}
	return all
}

func allEvery(s *scene) {
	want := make(map[subscribers.ID]subscribers.Subscriber)
	states := []subscribers.State{
		subscribers.Pending, subscribers.Active, subscribers.Unsubscribed,
		subscribers.Bounced, subscribers.Complained,
	}
	for i := range 300 {
		p := person(i)
		p.State = states[i%len(states)]
		want[p.ID] = s.add(p)
	}
	gone := s.add(subscribers.Subscriber{
		ID: person(1000).ID, State: subscribers.Erased, Generation: 3,
		Created: at(0), Changed: at(9), Confirmed: time.Time{},
	})
	want[gone.ID] = gone
	if diff := cmp.Diff(want, s.everybody()); diff != "" {
		s.Fatalf("All (-want +got):\n%s", diff)
	}
}

func allStops(s *scene) {
	s.people(20)
	n := 0
	for _, err := range s.Store.All(s.ctx) {
		s.ok(err, "All")
		if n++; n == 3 {
			break
		}
	}
	s.add(person(21)) // nothing that the reading held keeps a writer out
}

func allChanging(s *scene) {
	s.people(50)
	seen := make(map[subscribers.ID]int)
	for sub, err := range s.Store.All(s.ctx) {
		s.ok(err, "All")
		seen[sub.ID]++
		if len(seen)%10 == 1 {
			for i := range 50 {
				changed := s.stored(person(i).ID)
				changed.Generation++
				s.ok(s.Second.Save(s.ctx, changed, subscribers.NoNotice), "Save")
			}
		}
	}
	equal(s, "records yielded", len(seen), 50)
	for id, n := range seen {
		equal(s, "times that "+string(id)+" is yielded", n, 1)
	}
}

// states demands how many people are in each state.
func (s *scene) states(want map[subscribers.State]int) {
	s.Helper()
	got, err := s.Second.Count(s.ctx)
	s.ok(err, "Count")
	for state, n := range got {
		if n != want[state] {
			s.Fatalf("Count = %v, want %v", got, want)
		}
	}
	for state, n := range want {
		equal(s, "Count of "+string(state), got[state], n)
	}
}

func countStates(s *scene) {
	s.people(5)
	p := person(9)
	p.State = subscribers.Pending
	s.add(p)
	s.states(map[subscribers.State]int{subscribers.Active: 5, subscribers.Pending: 1})
	s.leave(person(0).ID, subscribers.Unsubscribed)
	s.leave(person(1).ID, subscribers.Erased)
	s.ok(s.Store.Delete(s.ctx, s.stored(person(9).ID)), "Delete")
	s.states(map[subscribers.State]int{
		subscribers.Active: 3, subscribers.Unsubscribed: 1, subscribers.Erased: 1,
	})
}

func countEmpty(s *scene) { s.states(nil) }

func saveAll(s *scene) {
	list := make([]subscribers.Saving, 1200)
	for i := range list {
		list[i].Subscriber = person(i)
	}
	list[3].Subscriber.State = subscribers.Pending
	list[3].Notice = subscribers.NoticeConfirm
	became, err := s.Store.SaveAll(s.ctx, list)
	s.ok(err, "SaveAll")
	equal(s, "answers", len(became), len(list))
	for i, err := range became {
		s.ok(err, "SaveAll of one")
		want := list[i].Subscriber
		want.Version++
		if i%100 == 3 {
			s.same(want, want.Version)
		}
	}
	equal(s, "records", len(s.everybody()), len(list))
	equal(s, "notices that wait", s.ready(delivery.Work{Edition: delivery.EditionConfirm}), 1)
	became, err = s.Store.SaveAll(s.ctx, nil)
	s.ok(err, "SaveAll of nothing")
	equal(s, "answers for nothing", len(became), 0)
}

func saveAllConflicts(s *scene) {
	all := s.people(3)
	stale := all[1]
	stale.Version += 7
	cursor := all[2]
	cursor.Cursor = -1 // stores never move it backwards
	became, err := s.Store.SaveAll(s.ctx, []subscribers.Saving{{Subscriber: all[0]}, {Subscriber: stale}, {Subscriber: cursor}, {Subscriber: all[0]}})
	s.ok(err, "SaveAll")
	s.ok(became[0], "the first")
	s.is(became[1], "a stale record", subscribers.ErrConflict)
	s.ok(became[2], "the third")
	s.is(became[3], "the first again", subscribers.ErrConflict)
	equal(s, "Cursor", s.stored(all[2].ID).Cursor, all[2].Cursor)
	equal(s, "Version of the stale one", s.stored(all[1].ID).Version, all[1].Version)
}
