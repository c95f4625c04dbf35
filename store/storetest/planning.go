package storetest

import (
	"slices"
	"sync"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/enshi-daily/enshi/delivery"
	"github.com/enshi-daily/enshi/subscribers"
)

func planning() []law {
	return append([]law{
		{"Open stores an edition as StagePlanning", openStores},
		{"Open returns the edition of the same ID, whatever its stage", openSameID},
		{"Open returns the edition of the same cadence that is being planned", openWhilePlanning},
		{"Open returns the scheduled edition of the same cadence and slot", openSameSlot},
		{"Open stores a manual edition beside a scheduled one of its slot", openManual},
		{"Open gives a slot that nobody has to the manual edition of the same ID", openGivesSlot},
		{"Open gives a slot to a manual edition that is being planned", openGivesSlotEarly},
		{"Open at once makes one edition", openAtOnce},
		{"Candidates are active, of the edition's cadence, with a cursor below its mark", candidatesDue},
		{"Candidates are whole records", candidatesWhole},
		{"Candidates come in an order that starts after the given ID, at most limit", candidatesPages},
		{"Candidates follow every change of a record", candidatesFollow},
		{"every subscriber is in one of the Parts", candidatesParts},
		{"PutLetter keeps the bytes that were there first", putLetterFirst},
		{"Close moves an edition from StagePlanning to StageSending", closeMoves},
		{"Close again changes nothing", closeAgain},
		{"Close fails with ErrNotFound if there is no such edition", closeNotFound},
	}, plans()...)
}

func (s *scene) edition(id string) delivery.Edition {
	s.Helper()
	e, err := s.Second.Edition(s.ctx, id)
	s.ok(err, "Edition")
	return e
}

// finished closes and sweeps an edition with nothing open.
func (s *scene) finished(e delivery.Edition) {
	s.Helper()
	s.ok(s.Store.Close(s.ctx, e.ID), "Close")
	if swept := s.sweep(delivery.Resend); !slices.Contains(swept.Finished, e.ID) {
		s.Fatalf("Sweep finished %v, want %s", swept.Finished, e.ID)
	}
}

// opens demands which edition Open returns for e.
func (s *scene) opens(e delivery.Edition, want string) delivery.Edition {
	s.Helper()
	got, err := s.Second.Open(s.ctx, e)
	s.ok(err, "Open")
	equal(s, "Open("+e.ID+")", got.ID, want)
	return got
}

func openStores(s *scene) {
	e := daily(7)
	e.Scheduled, e.Stage = true, ""
	got := s.opens(e, e.ID)
	e.Stage = delivery.StagePlanning
	for _, has := range []delivery.Edition{got, s.edition(e.ID)} {
		if diff := cmp.Diff(e, has); diff != "" {
			s.Fatalf("edition (-want +got):\n%s", diff)
		}
	}
}

func openSameID(s *scene) {
	e := s.open(7)
	s.opens(daily(7), e.ID)
	s.ok(s.Store.Close(s.ctx, e.ID), "Close")
	equal(s, "Stage", s.opens(daily(7), e.ID).Stage, delivery.StageSending)
	s.sweep(delivery.Resend)
	equal(s, "Stage", s.opens(daily(7), e.ID).Stage, delivery.StageFinished)
}

func openWhilePlanning(s *scene) {
	e := s.open(7)
	got := s.opens(daily(8), e.ID)
	equal(s, "Mark", got.Mark, 7)
	weekly := daily(8)
	weekly.Cadence, weekly.ID = subscribers.Weekly, "weekly-20261124-8"
	s.opens(weekly, weekly.ID)
	s.ok(s.Store.Close(s.ctx, e.ID), "Close")
	s.opens(daily(8), daily(8).ID)
}

func openSameSlot(s *scene) {
	e := daily(7)
	e.Scheduled = true
	s.opens(e, e.ID)
	s.ok(s.Store.Close(s.ctx, e.ID), "Close")
	later := daily(8)
	later.Scheduled = true
	equal(s, "Stage", s.opens(later, e.ID).Stage, delivery.StageSending)
	s.sweep(delivery.Resend)
	equal(s, "Stage", s.opens(later, e.ID).Stage, delivery.StageFinished)
	later.Slot = later.Slot.AddDate(0, 0, 1)
	s.opens(later, later.ID)
}

func openManual(s *scene) {
	e := daily(7)
	e.Scheduled = true
	s.opens(e, e.ID)
	s.ok(s.Store.Close(s.ctx, e.ID), "Close")
	s.opens(daily(8), daily(8).ID)
	s.ok(s.Store.Close(s.ctx, daily(8).ID), "Close")
	scheduled := daily(9)
	scheduled.Scheduled = true
	s.opens(scheduled, e.ID)
}

func openGivesSlot(s *scene) {
	s.open(7)
	scheduled := daily(7)
	scheduled.Scheduled, scheduled.Slot = true, scheduled.Slot.Add(time.Hour)
	got := s.opens(scheduled, daily(7).ID)
	if !got.Scheduled || !got.Slot.Equal(scheduled.Slot) {
		s.Fatalf("Open = %+v, want it to be that of the slot", got)
	}
	s.ok(s.Store.Close(s.ctx, daily(7).ID), "Close")
	later := scheduled
	later.ID, later.Mark = daily(8).ID, 8
	s.opens(later, daily(7).ID)
	other := later
	other.Slot = other.Slot.AddDate(0, 0, 1)
	s.opens(other, daily(8).ID)
	s.ok(s.Store.Cancel(s.ctx, daily(8).ID), "Cancel")
	s.opens(daily(9), daily(9).ID)
	s.ok(s.Store.Cancel(s.ctx, daily(9).ID), "Cancel")
	third := other
	third.ID, third.Mark, third.Slot = daily(9).ID, 9, third.Slot.AddDate(0, 0, 1)
	if s.opens(third, daily(9).ID).Scheduled {
		s.Fatalf("a cancelled edition took a slot")
	}
}

func openGivesSlotEarly(s *scene) {
	e := s.open(7)
	scheduled := e
	scheduled.Scheduled = true
	if got := s.opens(scheduled, e.ID); !got.Scheduled || got.Stage != delivery.StagePlanning {
		s.Fatalf("Open = %+v, want it to be that of the slot", got)
	}
	s.finished(e)
	scheduled.ID, scheduled.Mark = daily(8).ID, 8
	s.opens(scheduled, e.ID)
}

func openAtOnce(s *scene) {
	var lock sync.Mutex
	ids := make(map[string]bool)
	s.atOnce(8, func(i int, store Store) error {
		e, err := store.Open(s.ctx, daily(int64(i+1)))
		lock.Lock()
		defer lock.Unlock()
		ids[e.ID] = true
		return err
	})
	equal(s, "editions opened", len(ids), 1)
	all, err := s.Store.Editions(s.ctx, 100)
	s.ok(err, "Editions")
	equal(s, "editions stored", len(all), 1)
}

// due demands who the candidates are.
func (s *scene) due(e delivery.Edition, want ...subscribers.ID) {
	s.Helper()
	all, _ := s.candidates(e)
	got := make([]subscribers.ID, len(all))
	for i, sub := range all {
		got[i] = sub.ID
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		s.Fatalf("Candidates(%s) = %v, want %v", e.ID, got, want)
	}
}

func candidatesDue(s *scene) {
	e := s.open(5)
	s.due(e)
	for i, state := range []subscribers.State{
		subscribers.Pending, subscribers.Unsubscribed, subscribers.Bounced,
		subscribers.Complained, subscribers.Erased,
	} {
		p := person(i)
		p.State = state
		s.add(p)
	}
	for i, cadence := range []subscribers.Cadence{subscribers.Instant, subscribers.Weekly} {
		p := person(10 + i)
		p.Cadence = cadence
		s.add(p)
	}
	for i, cursor := range []int64{0, 4, 5, 6} {
		p := person(20 + i)
		p.Cursor = cursor
		s.add(p)
	}
	s.due(e, person(20).ID, person(21).ID)
}

func candidatesWhole(s *scene) {
	p := full()
	p.State, p.Cadence, p.Cursor = subscribers.Active, subscribers.Daily, 3
	want := s.add(p)
	all, _ := s.candidates(s.open(5))
	if diff := cmp.Diff([]subscribers.Subscriber{want}, all); diff != "" {
		s.Fatalf("Candidates (-want +got):\n%s", diff)
	}
}

func candidatesPages(s *scene) {
	s.people(30)
	e := s.open(5)
	for part := range s.Store.Parts() {
		whole, err := s.Store.Candidates(s.ctx, e, part, "", 100)
		s.ok(err, "Candidates")
		for i := range whole {
			rest, err := s.Store.Candidates(s.ctx, e, part, whole[i].Subscriber.ID, 2)
			s.ok(err, "Candidates")
			if diff := cmp.Diff(whole[i+1:min(i+3, len(whole))], rest); diff != "" && len(rest) > 0 {
				s.Fatalf("Candidates after number %d (-want +got):\n%s", i, diff)
			}
			equal(s, "candidates after", len(rest), min(2, len(whole)-i-1))
		}
	}
}

func candidatesFollow(s *scene) {
	e := s.open(5)
	id := person(1).ID
	s.add(person(1))
	s.due(e, id)
	for _, change := range []func(*subscribers.Subscriber){
		func(sub *subscribers.Subscriber) { sub.Cadence = subscribers.Weekly },
		func(sub *subscribers.Subscriber) { sub.State = subscribers.Unsubscribed },
	} {
		before := s.stored(id)
		after := before
		change(&after)
		s.add(after)
		s.due(e)
		after.Cadence, after.State = before.Cadence, before.State
		after.Version++
		s.add(after)
		s.due(e, id)
	}
	s.ok(s.Store.Delete(s.ctx, s.stored(id)), "Delete")
	s.due(e)
}

func candidatesParts(s *scene) {
	if s.Store.Parts() < 1 {
		s.Fatalf("Parts = %d", s.Store.Parts())
	}
	equal(s, "Parts of the other process", s.Second.Parts(), s.Store.Parts())
	all := s.people(40)
	_, part := s.candidates(s.open(5))
	equal(s, "subscribers found in all parts", len(part), len(all))
}

func putLetterFirst(s *scene) {
	e := s.open(1)
	s.ok(s.Store.PutLetter(s.ctx, e.ID, "a", []byte("first")), "PutLetter")
	s.ok(s.Second.PutLetter(s.ctx, e.ID, "a", []byte("second")), "PutLetter again")
	s.letter(e.ID, "a", []byte("first"))
}

func closeMoves(s *scene) {
	e, _ := s.mailing(1)
	s.ok(s.Store.Close(s.ctx, e.ID), "Close")
	equal(s, "Stage", s.edition(e.ID).Stage, delivery.StageSending)
}

func closeAgain(s *scene) {
	e := s.open(1)
	for range 2 {
		s.ok(s.Store.Close(s.ctx, e.ID), "Close")
	}
	s.sweep(delivery.Resend)
	s.ok(s.Second.Close(s.ctx, e.ID), "Close of a finished edition")
	equal(s, "Stage", s.edition(e.ID).Stage, delivery.StageFinished)
}

func closeNotFound(s *scene) {
	s.is(s.Store.Close(s.ctx, "daily-20260101-1"), "Close", delivery.ErrNotFound)
}
