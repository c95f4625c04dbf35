package faults

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/enshi-daily/enshi/delivery"
)

// tally is what became of everybody.
type tally struct {
	planned int
	copies  int // beyond the first
	doubts  int // deliveries in doubt, each time counted
	lost    int // count as sent, and the mail server has none
	states  delivery.Counts
}

// account compares the ledger with what the mail server has, and what people got
// with what they asked for. Every edition must be finished.
func (s *scene) account() tally {
	s.Helper()
	store := s.open()
	defer store.Shutdown()
	a := &auditor{scene: s, store: store, tally: tally{states: make(delivery.Counts)}, posts: make(map[string][]string)}
	editions, err := store.Editions(s.context(), 10_000)
	s.check(err)
	for _, e := range editions {
		a.edition(e)
	}
	a.everybody()
	s.inbox.mu.Lock()
	defer s.inbox.mu.Unlock()
	for _, fault := range s.inbox.faults {
		s.Error(fault)
	}
	if a.mails != s.inbox.all {
		s.Errorf("the mail server has %d mails, %d of them of deliveries in the ledger", s.inbox.all, a.mails)
	}
	return a.tally
}

// auditor goes through the ledger.
type auditor struct {
	*scene
	tally
	store ledger
	posts map[string][]string // titles in the letters that were planned for an address
	mails int
	shown int
}

// complain reports a fault, of many the first few.
func (a *auditor) complain(format string, args ...any) {
	a.Helper()
	if a.shown++; a.shown <= 20 {
		a.Errorf(format, args...)
	}
}

func (a *auditor) edition(e delivery.Edition) {
	a.Helper()
	if e.Stage != delivery.StageFinished {
		a.complain("%s is %s, want it finished", e.ID, e.Stage)
	}
	counts, err := a.store.Counts(a.context(), e.ID)
	a.check(err)
	titles := make(map[string][]string)
	seen := make(delivery.Counts)
	for d, err := range a.store.Deliveries(a.context(), e.ID) {
		a.check(err)
		if _, known := titles[d.Letter]; !known {
			titles[d.Letter] = a.titles(e.ID, d.Letter)
		}
		address := a.addresses[d.Subscriber]
		a.posts[address] = append(a.posts[address], titles[d.Letter]...)
		a.delivery(d, address)
		seen[d.State]++
		a.states[d.State]++
		a.planned++
	}
	ends := counts[delivery.Sent] + counts[delivery.Rejected] + counts[delivery.Failed] + counts[delivery.Uncertain] + counts[delivery.Skipped]
	maps.DeleteFunc(counts, func(_ delivery.State, n int) bool { return n == 0 })
	if !maps.Equal(counts, seen) || ends != counts.Total() {
		a.complain("%s: the counts are %v, the deliveries %v; want every one at its end", e.ID, counts, seen)
	}
}

// delivery compares one delivery with the copies that the mail server has.
func (a *auditor) delivery(d delivery.Delivery, address string) {
	a.Helper()
	n := a.inbox.got(d.Edition, address)
	a.mails += n
	a.copies += max(0, n-1)
	doubts := d.Doubts
	most := doubts
	switch d.State {
	case delivery.Sent:
		most++
		if n == 0 {
			a.lost++
			a.complain("%s counts as sent to %s, and the mail server has none", d.Edition, address)
		}
	case delivery.Uncertain:
		doubts++
		most++
	}
	a.doubts += doubts
	if n > most {
		a.complain("%s to %s is %s, %d times in doubt, and the mail server has %d copies", d.Edition, address, d.State, d.Doubts, n)
	}
}

func (a *auditor) titles(edition, letter string) (titles []string) {
	a.Helper()
	data, err := a.store.Letter(a.context(), edition, letter)
	a.check(err)
	content, _, err := delivery.DecodeLetter(data)
	a.check(err)
	for _, e := range content.Entries {
		titles = append(titles, e.Title)
	}
	for _, e := range content.Corrections {
		titles = append(titles, correctionOf+e.Title)
	}
	return titles
}

// everybody demands that each person was planned each post that he follows,
// once, and no other.
func (a *auditor) everybody() {
	a.Helper()
	for _, p := range a.people {
		got := a.posts[p.address]
		slices.Sort(got)
		if twice := len(got) - len(slices.Compact(slices.Clone(got))); twice > 0 {
			a.complain("%s was planned a post twice: %v", p.address, got)
		}
		if a.moving[p.address] {
			continue
		}
		want := a.wanted(p)
		if !slices.Equal(want, got) {
			a.complain("%s was planned %v, want %v", p.address, got, want)
		}
	}
}

// correctionOf stands before the title of a post of which a letter brings the
// correction.
const correctionOf = "更正："

// wanted is what a person is to get: what he follows, and the corrections of it
// once he gets something else.
func (s *scene) wanted(p person) (want []string) {
	for _, i := range s.issues {
		if i.withdrawn || !p.follows(i) {
			continue
		}
		want = append(want, i.title)
		if i.corrected > 0 && slices.ContainsFunc(s.issues[i.corrected:], p.follows) {
			want = append(want, correctionOf+i.title)
		}
	}
	slices.Sort(want)
	return want
}

func (t tally) String() string {
	var states []string
	for _, s := range delivery.States {
		if t.states[s] > 0 {
			states = append(states, fmt.Sprintf("%d %s", t.states[s], s))
		}
	}
	return fmt.Sprintf("%d planned = %s; in doubt %d, copies %d, lost %d", t.planned, strings.Join(states, " + "), t.doubts, t.copies, t.lost)
}
