package faults

import (
	"slices"
	"testing"
	"time"

	"github.com/enshi-daily/enshi/delivery"
	"github.com/enshi-daily/enshi/posts"
	"github.com/enshi-daily/enshi/subscribers"
)

// change is what a person does while an edition is under way.
type change struct {
	name string
	make func(subscribers.Subscriber) subscribers.Subscriber
	// mayGet says whether somebody may still get a letter that was not on its
	// way when he did it.
	mayGet bool
}

func changes() []change {
	prefer := func(s subscribers.Subscriber, p subscribers.Preferences) subscribers.Subscriber {
		s, _ = subscribers.Prefer(s, p)
		return s
	}
	return []change{
		{"unsubscribe", func(s subscribers.Subscriber) subscribers.Subscriber { return subscribers.Unsubscribe(s, time.Now()) }, false},
		{"bounce", func(s subscribers.Subscriber) subscribers.Subscriber { return subscribers.Bounce(s, time.Now()) }, false},
		{"erase", func(s subscribers.Subscriber) subscribers.Subscriber { return subscribers.Erase(s, time.Now()) }, false},
		{"another cadence", func(s subscribers.Subscriber) subscribers.Subscriber {
			return prefer(s, subscribers.Preferences{Cadence: subscribers.Weekly, Language: s.Language, Topics: s.Topics})
		}, true},
		{"other topics", func(s subscribers.Subscriber) subscribers.Subscriber {
			return prefer(s, subscribers.Preferences{Cadence: s.Cadence, Language: s.Language, Topics: []posts.Topic{posts.Everything}})
		}, true},
	}
}

// TestPeopleChangeTheirMinds stops the program at each step of planning and
// sending, lets people change their minds, and goes on.
func TestPeopleChangeTheirMinds(t *testing.T) {
	points := []string{
		"open.after", "letter.after:3", "plan.before:2", "plan.after", "close.before",
		"lease.after:2", "send:40", "body:40", "begun:40", "accepted:40", "record.after:20",
	}
	eachStore(t, func(t *testing.T, store string) {
		s := newScene(t, setting{store: store, people: crowd / 2})
		all := changes()
		for n, point := range points {
			s.post(3)
			p := s.start(point+"=hold", "send-digest", "--cadence", "daily", "--wait")
			p.freeze(s.writable)
			// Everybody who is still as at first, one in 25 at each point.
			gone := s.change(all, n, 2*len(points))
			p.thaw()
			if code := p.wait(); code != 0 {
				t.Fatalf("stopped at %s: exit %d\n%s", point, code, p.out.String())
			}
			for address, had := range gone {
				if got := s.inbox.copiesTo(address); got > had {
					t.Errorf("%s left when the program was at %s, and got %d mails more", address, point, got-had)
				}
			}
		}
		s.enshi("send-digest", "--cadence", "weekly", "--wait")
		if got := s.account(); got.copies+got.doubts > 0 {
			t.Errorf("%v; want nothing in doubt", got)
		} else {
			t.Log(got)
		}
	})
}

// change lets every step-th person from the nth on change, each in another way.
// It returns those who must get nothing more, with the mails that they may have.
func (s *scene) change(all []change, n, step int) (gone map[string]int) {
	s.Helper()
	store := s.open()
	defer store.Shutdown()
	flying := s.flying(store)
	gone = make(map[string]int)
	for id, address := range s.addresses {
		i := slices.IndexFunc(s.people, func(p person) bool { return p.address == address })
		if i%step != n {
			continue
		}
		one := all[i/step%len(all)]
		record, err := store.Subscriber(s.context(), id)
		s.check(err)
		changed := one.make(record)
		s.check(store.Save(s.context(), changed, subscribers.NoNotice))
		s.note(i, one, changed)
		if !one.mayGet {
			gone[address] = s.inbox.copiesTo(address) + flying[id]
		}
	}
	return gone
}

// note keeps what is to be expected of a person who changed.
func (s *scene) note(i int, c change, now subscribers.Subscriber) {
	switch {
	case now.State != subscribers.Active:
		s.moving[s.people[i].address] = true
	case slices.Equal(now.Topics, []posts.Topic{posts.Everything}) && c.name == "other topics":
		s.moving[s.people[i].address] = true // the letter of this edition is of the old topics or of the new ones
	}
}

// flying counts, for each person, letters that can no longer be called back.
func (s *scene) flying(store ledger) map[subscribers.ID]int {
	s.Helper()
	n := make(map[subscribers.ID]int)
	editions, err := store.Editions(s.context(), 10)
	s.check(err)
	for _, e := range editions {
		for d, err := range store.Deliveries(s.context(), e.ID, delivery.Sending) {
			s.check(err)
			n[d.Subscriber]++
		}
	}
	return n
}
