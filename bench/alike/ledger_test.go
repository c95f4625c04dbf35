package alike

import (
	"cmp"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/enshi-daily/enshi/delivery"
	"github.com/enshi-daily/enshi/store/storetest"
	"github.com/enshi-daily/enshi/subscribers"
)

// people is how many there are in a history: few, so that much happens to each.
const people = 8

// TestOfDeliveries is about people, editions and what becomes of deliveries.
func TestOfDeliveries(t *testing.T) {
	histories(t, 10, func(s *scene) {
		steps := []func(*scene){
			(*scene).save, (*scene).save, (*scene).delete, (*scene).open, (*scene).plan, (*scene).plan,
			(*scene).lease, (*scene).lease, (*scene).report, (*scene).report, (*scene).begin, (*scene).begin, (*scene).renew, (*scene).sweep, (*scene).control,
			func(s *scene) { s.pass(time.Second, 30*time.Second, time.Minute, 10*time.Minute) },
		}
		for range people {
			s.save()
		}
		for range 120 {
			pick(s, steps...)(s)
			s.sameDeliveries()
		}
	})
}

func idOf(n int) subscribers.ID {
	hash := sha256.Sum256(fmt.Appendf(nil, "person %d", n))
	return subscribers.ID(base64.RawURLEncoding.EncodeToString(hash[:9]))
}

func (s *scene) save() {
	id := idOf(s.random.IntN(people))
	p, err := s.stores[sqlite].Subscriber(s.ctx(), id)
	if err != nil {
		p = subscribers.Subscriber{ID: id, Created: s.now}
	}
	p.Address, p.Language, p.Changed = subscribers.Address(id+"@example.org"), subscribers.Chinese, s.now
	p.State = pick(s, subscribers.Active, subscribers.Active, subscribers.Active, subscribers.Pending, subscribers.Unsubscribed,
		subscribers.Bounced, subscribers.Complained, subscribers.Erased)
	p.Cadence = pick(s, subscribers.Daily, subscribers.Daily, subscribers.Weekly)
	p.Returning = s.once(5)
	if s.once(10) {
		p.Version++
	}
	notice := pick(s, subscribers.NoNotice, subscribers.NoNotice, subscribers.NoticeConfirm, subscribers.NoticeAlready)
	s.did(fmt.Sprint("save ", id, p.State, p.Cadence, notice), func(_ int, store storetest.Store) error { return store.Save(s.ctx(), p, notice) })
}

func (s *scene) delete() {
	p, err := s.stores[sqlite].Subscriber(s.ctx(), idOf(s.random.IntN(people)))
	if err == nil && s.once(3) {
		s.did(fmt.Sprint("delete ", p.ID), func(_ int, store storetest.Store) error { return store.Delete(s.ctx(), p) })
	}
}

func (s *scene) open() {
	if !s.once(3) {
		s.mark++
	}
	s.pass(time.Second) // those of one second have no order
	c := pick(s, subscribers.Daily, subscribers.Daily, subscribers.Weekly)
	e := delivery.Edition{ID: delivery.EditionID(c, s.now, s.mark), Cadence: c, Mark: s.mark, Slot: s.now.Truncate(time.Hour), Scheduled: s.once(2), Opened: s.now}
	opened, _ := both(s, "open "+e.ID, func(_ int, store storetest.Store) (delivery.Edition, error) { return store.Open(s.ctx(), e) })
	if !slices.ContainsFunc(s.editions, func(o delivery.Edition) bool { return o.ID == opened.ID }) {
		s.editions = append(s.editions, opened)
	}
}

// plan makes choices for those who are due, some of them from records that have
// changed since.
func (s *scene) plan() {
	if len(s.editions) == 0 {
		return
	}
	e := pick(s, s.editions...)
	var due [2]map[int][]subscribers.Subscriber
	all, _ := both(s, "candidates of "+e.ID, func(i int, store storetest.Store) (all []subscribers.Subscriber, err error) {
		due[i], err = s.due(store, e)
		for _, some := range due[i] {
			all = append(all, some...)
		}
		slices.SortFunc(all, func(a, b subscribers.Subscriber) int { return cmp.Compare(a.ID, b.ID) })
		return all, err
	})
	choices := make(map[subscribers.ID]delivery.Choice)
	for _, p := range all {
		if s.once(5) {
			continue
		}
		c := delivery.Choice{Subscriber: p.ID, Version: p.Version, Cursor: p.Cursor, Letter: pick(s, "a", "a", "b", ""), Group: "other"}
		if p.ID[0]%2 == 0 {
			c.Group = "qq"
		}
		if s.once(10) {
			c.Version++
		}
		choices[p.ID] = c
	}
	both(s, fmt.Sprint("plan ", e.ID, choices), func(i int, store storetest.Store) (sum delivery.Planned, err error) {
		for part, some := range due[i] {
			var of []delivery.Choice
			for _, p := range some {
				if c, ok := choices[p.ID]; ok {
					of = append(of, c)
				}
			}
			if len(of) == 0 {
				continue
			}
			n, failed := store.Plan(s.ctx(), e, part, of)
			sum.Queued, sum.Moved, sum.Changed = sum.Queued+n.Queued, sum.Moved+n.Moved, sum.Changed+n.Changed
			if failed != nil {
				err = failed
			}
		}
		return sum, err
	})
}

// due returns who is due, by part.
func (s *scene) due(store storetest.Store, e delivery.Edition) (map[int][]subscribers.Subscriber, error) {
	due := make(map[int][]subscribers.Subscriber)
	for part := range store.Parts() {
		for after := subscribers.ID(""); ; {
			some, err := store.Candidates(s.ctx(), e, part, after, 3)
			if err != nil {
				return nil, err
			}
			if len(some) == 0 {
				break
			}
			for _, c := range some {
				due[part] = append(due[part], c.Subscriber)
				after = c.Subscriber.ID
			}
		}
	}
	return due, nil
}

// lease takes all that waits in one place: which of them comes first is each
// store's own affair.
func (s *scene) lease() {
	work, _, err := s.stores[sqlite].Work(s.ctx())
	if err != nil || len(work) == 0 {
		return
	}
	from, ttl := pick(s, work...), pick(s, time.Second, time.Minute, time.Hour)
	var leased [2][]delivery.Delivery
	both(s, fmt.Sprint("lease ", from, ttl), func(i int, store storetest.Store) (_ []delivery.Delivery, err error) {
		leased[i], err = store.Lease(s.ctx(), from, 100, ttl)
		slices.SortFunc(leased[i], bySubscriber)
		return plain(leased[i]), err
	})
	for k := range leased[sqlite] {
		s.leases = append(s.leases, [2]delivery.Delivery{leased[sqlite][k], leased[redis][k]})
	}
}

func bySubscriber(a, b delivery.Delivery) int { return cmp.Compare(a.Subscriber, b.Subscriber) }

// plain leaves out what stores need not have alike: tokens, parts of seconds and
// the order.
func plain(list []delivery.Delivery) []delivery.Delivery {
	list = slices.Clone(list)
	for i := range list {
		d := &list[i]
		d.Token, d.Created, d.At = "", d.Created.Truncate(time.Second), d.At.Truncate(time.Second)
	}
	slices.SortFunc(list, bySubscriber)
	return list
}

// some draws from the latest leases, lost ones among them.
func (s *scene) some(most int) (some [][2]delivery.Delivery) {
	latest := s.leases[max(0, len(s.leases)-10):]
	for range min(len(latest), 1+s.random.IntN(most)) {
		some = append(some, pick(s, latest...))
	}
	return some
}

func (s *scene) report() {
	var done [2][]delivery.Result
	for _, d := range s.some(3) {
		r := delivery.Result{Reply: fmt.Sprint("reply ", s.random.IntN(3)), State: pick(s, delivery.Sent, delivery.Sent, delivery.Rejected,
			delivery.Failed, delivery.Uncertain, delivery.Queued, delivery.Retry, delivery.Skipped)}
		switch r.State {
		case delivery.Retry:
			r.At = s.now.Add(pick(s, 0, time.Minute, time.Hour))
		case delivery.Rejected:
			r.Bounce = s.once(2)
		case delivery.Skipped:
			d[sqlite].Skip, d[redis].Skip = delivery.SkipWithdrawn, delivery.SkipWithdrawn
		}
		for i := range done {
			r.Delivery = d[i]
			done[i] = append(done[i], r)
		}
	}
	s.did(fmt.Sprint("report ", done[sqlite]), func(i int, store storetest.Store) error {
		_, err := store.Turn(s.ctx(), done[i], nil)
		return err
	})
}

func (s *scene) begin() {
	some := s.some(4)
	both(s, fmt.Sprint("begin ", some), func(i int, store storetest.Store) ([]delivery.Permit, error) {
		return store.Turn(s.ctx(), nil, column(some, i))
	})
}

func (s *scene) renew() {
	some := s.some(2)
	s.did(fmt.Sprint("renew ", some), func(i int, store storetest.Store) error { return store.Renew(s.ctx(), column(some, i), time.Minute) })
}

// column is what one store has of deliveries.
func column(some [][2]delivery.Delivery, i int) (list []delivery.Delivery) {
	for _, d := range some {
		list = append(list, d[i])
	}
	return list
}

func (s *scene) sweep() {
	p := pick(s, delivery.Resend, delivery.Resend, delivery.SkipIt, delivery.Hold)
	both(s, fmt.Sprint("sweep ", p), func(_ int, store storetest.Store) (delivery.Swept, error) {
		swept, err := store.Sweep(s.ctx(), p)
		slices.Sort(swept.Finished)
		return swept, err
	})
}

// control is what an operator may do to an edition, or to none.
func (s *scene) control() {
	id := pick(s, append([]delivery.Edition{{ID: "daily-20200101-1"}}, s.editions...)...).ID
	states := pick(s, []delivery.State{delivery.Failed}, []delivery.State{delivery.Rejected, delivery.Uncertain})
	simple := map[string]func(storetest.Store) error{
		"cancel": func(store storetest.Store) error { return store.Cancel(s.ctx(), id) },
		"settle": func(store storetest.Store) error { return store.Settle(s.ctx(), id) },
		"close":  func(store storetest.Store) error { return store.Close(s.ctx(), id) },
		"pause":  func(store storetest.Store) error { return store.Pause(s.ctx(), id, "why") },
		"resume": func(store storetest.Store) error { return store.Resume(s.ctx(), id) },
	}
	switch verb := pick(s, append(slices.Sorted(maps.Keys(simple)), "resume", "again", "retract")...); verb {
	case "again":
		both(s, fmt.Sprint("again ", id, states), func(_ int, store storetest.Store) (delivery.Requeued, error) {
			return store.Again(s.ctx(), id, states...)
		})
	case "retract":
		letter := pick(s, "a", "b")
		both(s, fmt.Sprint("retract ", id, letter), func(_ int, store storetest.Store) (int, error) {
			return store.Retract(s.ctx(), id, letter)
		})
	default:
		s.did(verb+" "+id, func(_ int, store storetest.Store) error { return simple[verb](store) })
	}
}

func (s *scene) sameDeliveries() {
	s.Helper()
	ids := []string{delivery.EditionConfirm, delivery.EditionAlready}
	for _, e := range s.editions {
		ids = append(ids, e.ID)
		both(s, "edition "+e.ID, func(_ int, store storetest.Store) (delivery.Edition, error) {
			has, err := store.Edition(s.ctx(), e.ID)
			if !has.Finished.IsZero() {
				has.Finished = e.Opened // Redis finishes anew what it reopened for nothing
			}
			return has, err
		})
	}
	for _, id := range ids {
		both(s, "counts of "+id, func(_ int, store storetest.Store) (delivery.Counts, error) { return store.Counts(s.ctx(), id) })
		both(s, "deliveries of "+id, func(_ int, store storetest.Store) (list []delivery.Delivery, err error) {
			for d, failed := range store.Deliveries(s.ctx(), id) {
				list, err = append(list, d), failed
			}
			return plain(list), err
		})
	}
	for n := range people {
		both(s, "person", func(_ int, store storetest.Store) (subscribers.Subscriber, error) {
			return store.Subscriber(s.ctx(), idOf(n))
		})
	}
	both(s, "people", func(_ int, store storetest.Store) (map[subscribers.State]int, error) { return store.Count(s.ctx()) })
}
