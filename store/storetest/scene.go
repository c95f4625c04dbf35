package storetest

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/enshi-daily/enshi/delivery"
	"github.com/enshi-daily/enshi/posts"
	"github.com/enshi-daily/enshi/subscribers"
)

// Leases: short ones are meant to expire at once, brief ones after a step or
// two, long ones never.
const (
	short   = 50 * time.Millisecond
	expired = short + 20*time.Millisecond
	brief   = 500 * time.Millisecond
	over    = brief + 20*time.Millisecond
	long    = time.Minute
)

// scene is one subtest with its store.
type scene struct {
	*testing.T
	Harness
	ctx context.Context
}

func newScene(t *testing.T, h Harness) *scene {
	if h.Now == nil {
		h.Now = time.Now
	}
	return &scene{T: t, Harness: h, ctx: t.Context()}
}

// ok ends the subtest if a step went wrong.
func (s *scene) ok(err error, step string) {
	s.Helper()
	if err != nil {
		s.Fatalf("%s: %v", step, err)
	}
}

// is demands that a step failed with one of the errors.
func (s *scene) is(err error, step string, want ...error) {
	s.Helper()
	for _, w := range want {
		if errors.Is(err, w) {
			return
		}
	}
	s.Fatalf("%s = %v, want %v", step, err, want)
}

// equal demands that a step gave what it should.
func equal[T comparable](s *scene, step string, got, want T) {
	s.Helper()
	if got != want {
		s.Fatalf("%s = %v, want %v", step, got, want)
	}
}

// at is a whole second in UTC, n seconds into the test data's day.
func at(n int) time.Time { return time.Date(2026, 11, 24, 7, 30, n, 0, time.UTC) }

// person is the nth subscriber, active, daily, following everything.
func person(n int) subscribers.Subscriber {
	hash := sha256.Sum256(fmt.Appendf(nil, "person %d", n))
	return subscribers.Subscriber{
		ID:        subscribers.ID(base64.RawURLEncoding.EncodeToString(hash[:9])),
		Address:   subscribers.Address(fmt.Sprintf("reader%d@example.org", n)),
		State:     subscribers.Active,
		Topics:    []posts.Topic{posts.Everything},
		Cadence:   subscribers.Daily,
		Language:  subscribers.Chinese,
		Consent:   "double opt-in",
		Created:   at(0),
		Confirmed: at(1),
		Changed:   at(1),
	}
}

// add saves a subscriber and returns it as stored.
func (s *scene) add(sub subscribers.Subscriber) subscribers.Subscriber {
	s.Helper()
	return s.save(sub, subscribers.NoNotice)
}

func (s *scene) save(sub subscribers.Subscriber, n subscribers.Notice) subscribers.Subscriber {
	s.Helper()
	s.ok(s.Store.Save(s.ctx, sub, n), "Save")
	return s.stored(sub.ID)
}

// people adds n active daily subscribers.
func (s *scene) people(n int) []subscribers.Subscriber {
	s.Helper()
	all := make([]subscribers.Subscriber, n)
	for i := range all {
		all[i] = s.add(person(i))
	}
	return all
}

func (s *scene) stored(id subscribers.ID) subscribers.Subscriber {
	s.Helper()
	sub, err := s.Store.Subscriber(s.ctx, id)
	s.ok(err, "Subscriber")
	return sub
}

// leave makes a stored subscriber's state another one.
func (s *scene) leave(id subscribers.ID, state subscribers.State) {
	s.Helper()
	sub := s.stored(id)
	sub.State = state
	sub.Generation++
	s.add(sub)
}

// watch takes the watch for longer than any test.
func (s *scene) watch() posts.Watch {
	s.Helper()
	w, err := s.Store.AcquireWatch(s.ctx, "test", time.Hour)
	s.ok(err, "AcquireWatch")
	return w
}

// stale returns a watch that has passed on to another holder, and that
// holder's.
func (s *scene) stale() (lost, held posts.Watch) {
	s.Helper()
	lost, err := s.Store.AcquireWatch(s.ctx, "first", short)
	s.ok(err, "AcquireWatch")
	s.Advance(expired)
	held, err = s.Second.AcquireWatch(s.ctx, "second", time.Hour)
	s.ok(err, "AcquireWatch of the successor")
	return lost, held
}

// daily is an edition of the daily cadence, not opened yet.
func daily(mark int64) delivery.Edition {
	return delivery.Edition{
		ID:      delivery.EditionID(subscribers.Daily, at(0), mark),
		Cadence: subscribers.Daily,
		Mark:    mark,
		Slot:    at(0),
		Stage:   delivery.StagePlanning,
		Opened:  at(int(mark)),
	}
}

// open opens the daily edition with that mark.
func (s *scene) open(mark int64) delivery.Edition {
	s.Helper()
	e, err := s.Store.Open(s.ctx, daily(mark))
	s.ok(err, "Open")
	return e
}

// candidates finds everybody who may be due, with their parts.
func (s *scene) candidates(e delivery.Edition) (all []subscribers.Subscriber, part map[subscribers.ID]int) {
	s.Helper()
	part = make(map[subscribers.ID]int)
	for p := range s.Store.Parts() {
		after := subscribers.ID("")
		for {
			found, err := s.Store.Candidates(s.ctx, e, p, after, 3)
			s.ok(err, "Candidates")
			if len(found) == 0 {
				break
			}
			for _, c := range found {
				after = c.Subscriber.ID
				if _, twice := part[after]; twice {
					s.Fatalf("Candidates gave %s twice", after)
				}
				part[after] = p
				all = append(all, c.Subscriber)
			}
		}
	}
	return all, part
}

// choice is the choice of a letter for a subscriber as he is.
func choice(sub subscribers.Subscriber, letter string) delivery.Choice {
	return delivery.Choice{
		Subscriber: sub.ID, Version: sub.Version, Cursor: sub.Cursor, Letter: letter, Group: "other",
	}
}

// plan gives everybody who is due a letter ("" for none).
func (s *scene) plan(e delivery.Edition, letter string) delivery.Planned {
	s.Helper()
	all, part := s.candidates(e)
	var sum delivery.Planned
	for _, sub := range all {
		p, err := s.Store.Plan(s.ctx, e, part[sub.ID], []delivery.Choice{choice(sub, letter)})
		s.ok(err, "Plan")
		sum.Queued += p.Queued
		sum.Moved += p.Moved
		sum.Changed += p.Changed
	}
	return sum
}

// mailing opens and plans the edition with mark 1 for n people.
func (s *scene) mailing(n int) (delivery.Edition, []subscribers.Subscriber) {
	s.Helper()
	everybody := s.people(n)
	e := s.open(1)
	equal(s, "Plan", s.plan(e, "letter"), delivery.Planned{Queued: n})
	return e, everybody
}

// work is where the deliveries of mailing wait.
func work(e delivery.Edition) delivery.Work { return delivery.Work{Edition: e.ID, Group: "other"} }

// lease takes exactly n deliveries.
func (s *scene) lease(w delivery.Work, n int, ttl time.Duration) []delivery.Delivery {
	s.Helper()
	leased, err := s.Store.Lease(s.ctx, w, n, ttl)
	s.ok(err, "Lease")
	if len(leased) != n {
		s.Fatalf("Lease gave %d deliveries, want %d", len(leased), n)
	}
	return leased
}

// begin marks leased deliveries Sending; all must be permitted.
func (s *scene) begin(leased []delivery.Delivery) {
	s.Helper()
	for i, permit := range s.permits(leased) {
		if permit != delivery.Go {
			s.Fatalf("Begin permit %d = %q, want %q", i, permit, delivery.Go)
		}
	}
}

func (s *scene) permits(leased []delivery.Delivery) []delivery.Permit {
	s.Helper()
	permits, err := s.Store.Turn(s.ctx, nil, leased)
	s.ok(err, "Begin")
	if len(permits) != len(leased) {
		s.Fatalf("Begin answered %d times for %d deliveries", len(permits), len(leased))
	}
	return permits
}

// finish records one result, with only its state set, for each delivery.
func (s *scene) finish(done []delivery.Delivery, state delivery.State) {
	s.Helper()
	results := make([]delivery.Result, len(done))
	for i, d := range done {
		results[i] = delivery.Result{Delivery: d, State: state, Reply: "250 2.0.0 queued"}
	}
	s.ok(finish(s.ctx, s.Store, results), "Finish")
}

func (s *scene) sweep(p delivery.Policy) delivery.Swept {
	s.Helper()
	swept, err := s.Store.Sweep(s.ctx, p)
	s.ok(err, "Sweep")
	return swept
}

// counts demands how many deliveries are in each state.
func (s *scene) counts(edition string, want delivery.Counts) {
	s.Helper()
	got, err := s.Store.Counts(s.ctx, edition)
	s.ok(err, "Counts")
	for _, state := range delivery.States {
		if got[state] != want[state] {
			s.Fatalf("Counts(%s) = %v, want %v", edition, got, want)
		}
	}
	equal(s, "the sum of Counts", got.Total(), want.Total())
}

// one returns the delivery of an edition to a subscriber.
func (s *scene) one(edition string, id subscribers.ID) delivery.Delivery {
	s.Helper()
	for d, err := range s.Store.Deliveries(s.ctx, edition) {
		s.ok(err, "Deliveries")
		if d.Subscriber == id {
			return d
		}
	}
	s.Fatalf("edition %s has no delivery to %s", edition, id)
	return delivery.Delivery{}
}

// ready returns what Work says of an edition and group; 0 if it is not listed.
func (s *scene) ready(w delivery.Work) int {
	s.Helper()
	all, _, err := s.Store.Work(s.ctx)
	s.ok(err, "Work")
	for _, has := range all {
		if has.Edition == w.Edition && has.Group == w.Group {
			return has.Ready
		}
	}
	return 0
}

// atOnce runs f n times at the same moment, half of them on either handle.
func (s *scene) atOnce(n int, f func(i int, store Store) error) {
	s.Helper()
	var group sync.WaitGroup
	start := make(chan struct{})
	errs := make([]error, n)
	for i := range n {
		store := s.Store
		if i%2 == 1 {
			store = s.Second
		}
		group.Go(func() {
			<-start
			errs[i] = f(i, store)
		})
	}
	close(start)
	group.Wait()
	s.ok(errors.Join(errs...), "at once")
}

// retry lets deliveries be tried again, not before a time.
func (s *scene) retry(done []delivery.Delivery, at time.Time) {
	s.Helper()
	results := make([]delivery.Result, len(done))
	for i, d := range done {
		results[i] = delivery.Result{Delivery: d, State: delivery.Retry, At: at, Reply: "450 4.2.1 later"}
	}
	s.ok(finish(s.ctx, s.Store, results), "Finish")
}

// finish records results and begins nothing.
func finish(ctx context.Context, q delivery.Queue, results []delivery.Result) error {
	_, err := q.Turn(ctx, results, nil)
	return err
}
