package storetest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/enshi-daily/enshi/delivery"
	"github.com/enshi-daily/enshi/digest"
	"github.com/enshi-daily/enshi/posts"
	"github.com/enshi-daily/enshi/subscribers"
)

// RunErrata lets random histories of posts, corrections, withdrawals, readers
// and outcomes pass over a store whose clock moves, and holds every letter to a
// plain model of who has to be told of what.
func RunErrata(t *testing.T, histories int, open func(t *testing.T) Harness) {
	told := 0
	for n := range histories {
		t.Run(fmt.Sprint("history ", n), func(t *testing.T) {
			h := newHistory(newScene(t, open(t)), uint64(n))
			for range 80 {
				h.step()
			}
			told += h.told
		})
	}
	if told == 0 {
		t.Error("nobody was told of any correction: the histories are too tame")
	}
}

// history is what the model knows.
type history struct {
	*scene
	random    *rand.Rand
	watch     posts.Watch
	planner   *delivery.Planner
	retractor *delivery.Retractor
	readers   []subscribers.ID
	mu        sync.Mutex                 // a planner renders and keeps several letters at a time
	cuts      int                        // how often planning is cut off
	letters   map[letterAt]digest.Letter // as they were rendered first
	states    map[reader]delivery.Reach  // as they were last seen
	opened    map[string]time.Time       // edition → when
	told      int
}

type letterAt struct{ edition, letter string }

type reader struct {
	edition    string
	subscriber subscribers.ID
}

func newHistory(s *scene, seed uint64) *history {
	h := &history{
		scene: s, random: rand.New(rand.NewPCG(seed, 90)), watch: s.watch(),
		letters: make(map[letterAt]digest.Letter), states: make(map[reader]delivery.Reach), opened: make(map[string]time.Time),
	}
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	h.planner = delivery.NewPlanner(delivery.PlannerOptions{
		Planning: &cutPlanning{s.Store, h}, Log: s.Store, Renderer: h, Schedule: digest.DefaultSchedule(time.UTC), Recall: s.Store, Editions: s.Store,
		LetterID: func(_, key string) string { return fmt.Sprintf("L%x", key) },
		Group:    func(subscribers.Address) delivery.Group { return "other" }, Now: s.Now, Logger: log, Batch: 4,
	})
	h.retractor = delivery.NewRetractor(delivery.RetractorOptions{
		Log: s.Second, Editions: s.Second, Letters: s.Second, Recall: s.Second, Renderer: h, Now: s.Now, Logger: log,
	})
	for n := range 9 {
		sub := person(n)
		h.choosePreferences(&sub)
		s.add(sub)
		h.readers = append(h.readers, sub.ID)
	}
	return h
}

// errCut stands for the end of a process.
var errCut = errors.New("cut off")

// cutPlanning ends planning before or after some of its steps.
type cutPlanning struct {
	delivery.Planning
	h *history
}

func (c *cutPlanning) cut() bool {
	c.h.mu.Lock()
	defer c.h.mu.Unlock()
	if c.h.cuts == 0 || c.h.random.IntN(3) > 0 {
		return false
	}
	c.h.cuts--
	return true
}

func (c *cutPlanning) PutLetter(ctx context.Context, edition, letter string, data []byte, brings ...digest.Brought) error {
	if c.cut() {
		return errCut
	}
	return c.Planning.PutLetter(ctx, edition, letter, data, brings...)
}

func (c *cutPlanning) Plan(ctx context.Context, e delivery.Edition, part int, choices []delivery.Choice) (delivery.Planned, error) {
	planned, err := c.Planning.Plan(ctx, e, part, choices)
	if err == nil && c.cut() {
		return delivery.Planned{}, errCut
	}
	return planned, err
}

func (c *cutPlanning) Close(ctx context.Context, edition string) error {
	if c.cut() {
		return errCut
	}
	return c.Planning.Close(ctx, edition)
}

// Render implements delivery.Renderer.
func (h *history) Render(l digest.Letter) ([]byte, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	at := letterAt{l.Edition, l.ID}
	if _, known := h.letters[at]; !known {
		h.letters[at] = l
	}
	return []byte(l.ID), nil
}

func (h *history) topics() []posts.Topic {
	all := []posts.Topic{posts.Tag("茶叶"), posts.Category("yaowen"), posts.Tag("清江")}
	h.random.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	return posts.SortTopics(all[:1+h.random.IntN(len(all))])
}

func (h *history) choosePreferences(sub *subscribers.Subscriber) {
	sub.Topics = h.topics()
	if h.random.IntN(3) == 0 {
		sub.Topics = []posts.Topic{posts.Everything}
	}
	sub.Cadence = subscribers.Cadences[h.random.IntN(3)]
	sub.Language = []subscribers.Language{subscribers.Chinese, subscribers.English}[h.random.IntN(2)]
}

// step is one event.
func (h *history) step() {
	h.Helper()
	switch n := h.random.IntN(100); {
	case n < 22:
		h.publish()
	case n < 37:
		h.amend()
	case n < 40:
		h.withdraw()
	case n < 45:
		sub := h.stored(h.readers[h.random.IntN(len(h.readers))])
		h.choosePreferences(&sub)
		h.add(sub)
	case n < 65:
		h.plan(subscribers.Cadences[h.random.IntN(3)])
	case n < 85:
		h.send()
	case n < 90:
		h.sweep([]delivery.Policy{delivery.Resend, delivery.SkipIt}[h.random.IntN(2)])
	case n < 98:
		h.Advance(time.Duration(1+h.random.IntN(30)) * time.Hour)
	default:
		h.Advance(31 * day)
		h.sweep(delivery.Resend)
	}
	h.look()
}

func (h *history) publish() {
	e := entry(len(h.log()) + 1)
	e.Topics, e.Arrived = h.topics(), h.Now().UTC().Truncate(time.Second)
	if h.random.IntN(6) == 0 {
		e.Correction = "从一开始"
	}
	h.record(h.watch, identity(e.Post, posts.Due))
	_, err := h.Store.Append(h.ctx, h.watch, []digest.Entry{e})
	h.ok(err, "Append")
}

func (h *history) amend() {
	log := h.log()
	if len(log) == 0 {
		return
	}
	e := log[h.random.IntN(len(log))]
	e.Correction = []string{"", "甲", "乙", "丙", fmt.Sprint(h.random.Int())}[h.random.IntN(5)]
	h.ok(h.Store.Update(h.ctx, h.watch, []digest.Entry{e}), "Update")
}

// withdraw withdraws a post, and demands that nothing that waits shows it.
func (h *history) withdraw() {
	log := h.log()
	if len(log) == 0 {
		return
	}
	_, err := h.Store.Decide(h.ctx, decision(posts.Withdrawn, log[h.random.IntN(len(log))].Post))
	h.ok(err, "Decide")
	_, err = h.retractor.Retract(h.ctx)
	h.ok(err, "Retract")
	h.look()
	gone := make(map[int64]bool)
	for _, e := range h.log() {
		gone[e.Number] = e.Withdrawn && e.Arrived.After(h.Now().Add(-delivery.RecallFor))
	}
	for at, r := range h.states {
		if r.State != delivery.Queued && r.State != delivery.Retry {
			continue
		}
		data, err := h.Store.Letter(h.ctx, at.edition, r.Letter)
		h.ok(err, "Letter")
		l, rendered, err := delivery.DecodeLetter(data)
		h.ok(err, "DecodeLetter")
		if slices.ContainsFunc(append(slices.Clone(l.Entries), l.Corrections...), func(e digest.Entry) bool { return gone[e.Number] }) ||
			len(l.Entries) == 0 || len(rendered) == 0 {
			h.Fatalf("%s waits with a letter of %v: a withdrawn post, or nothing", at.subscriber, numbersIn(l.Entries))
		}
	}
}

// send leases some deliveries and ends them one way or another; a few stay
// Sending until a sweep.
func (h *history) send() {
	work, _, err := h.Store.Work(h.ctx)
	h.ok(err, "Work")
	for _, w := range work {
		leased, err := h.Store.Lease(h.ctx, w, 1+h.random.IntN(12), short)
		h.ok(err, "Lease")
		for i, permit := range h.permits(leased) {
			if permit != delivery.Go {
				continue
			}
			switch n := h.random.IntN(10); {
			case n < 6:
				h.finish(leased[i:i+1], delivery.Sent)
			case n < 7:
				h.retry(leased[i:i+1], h.Now().Add(time.Hour))
			case n < 8:
				h.finish(leased[i:i+1], []delivery.State{delivery.Failed, delivery.Uncertain}[h.random.IntN(2)])
			}
		}
	}
}

// look notes what the ledger says of everybody. What it says no longer stays as
// it was.
func (h *history) look() {
	for edition := range h.opened {
		for d, err := range h.Second.Deliveries(h.ctx, edition) {
			h.ok(err, "Deliveries")
			h.states[reader{edition, d.Subscriber}] = delivery.Reach{Letter: d.Letter, State: d.State}
		}
	}
}

// plan runs a cadence and holds everybody's letter to the model.
func (h *history) plan(c subscribers.Cadence) {
	h.Helper()
	log, since := h.log(), h.Now().Add(-delivery.RecallFor)
	pending, due := make(map[subscribers.ID][]int64), make(map[subscribers.ID][]int64)
	for _, id := range h.readers {
		sub := h.stored(id)
		if sub.Cadence != c || sub.Cursor >= int64(len(log)) {
			continue
		}
		pending[id], due[id] = h.pending(log, sub), h.due(log, id, since)
	}
	before := len(h.opened)
	h.cuts = h.random.IntN(4)
	report, ok, err := h.planner.Plan(h.ctx, c)
	for errors.Is(err, errCut) {
		report, ok, err = h.planner.Plan(h.ctx, c) // as the next process does
	}
	h.ok(err, "Plan")
	if ok {
		if _, known := h.opened[report.Edition.ID]; !known {
			h.opened[report.Edition.ID] = report.Edition.Opened
		}
	}
	old := h.states
	h.states = make(map[reader]delivery.Reach)
	h.look()
	for id := range pending {
		got := h.states[reader{report.Edition.ID, id}]
		if len(pending[id]) == 0 || old[reader{report.Edition.ID, id}] != (delivery.Reach{}) {
			continue
		}
		l := h.letters[letterAt{report.Edition.ID, got.Letter}]
		h.told += len(l.Corrections)
		if diff := gocmp.Diff(pending[id], numbersIn(l.Entries)); diff != "" {
			h.Errorf("posts for %s in %s, edition %d (-want +got):\n%s", id, report.Edition.ID, before, diff)
		}
		if diff := gocmp.Diff(due[id], numbersIn(l.Corrections)); diff != "" {
			h.Errorf("corrections for %s in %s, edition %d (-want +got):\n%s", id, report.Edition.ID, before, diff)
		}
	}
	for at, r := range h.states {
		if _, due := pending[at.subscriber]; at.edition == report.Edition.ID && old[at] == (delivery.Reach{}) && (!due || len(pending[at.subscriber]) == 0) {
			h.Errorf("%s got letter %s and had nothing pending", at.subscriber, r.Letter)
		}
		old[at] = r
	}
	h.states = old
}

func numbersIn(entries []digest.Entry) []int64 {
	var numbers []int64
	for i := range entries {
		numbers = append(numbers, entries[i].Number)
	}
	return numbers
}

// pending is what arrived for somebody after his cursor, as letters order it.
func (h *history) pending(log []digest.Entry, sub subscribers.Subscriber) []int64 {
	var some []digest.Entry
	for _, e := range log {
		if e.Number > sub.Cursor && !e.Withdrawn && e.In(sub.Topics) {
			some = append(some, e)
		}
	}
	slices.SortFunc(some, func(a, b digest.Entry) int {
		return cmp.Or(b.Date.Compare(a.Date), cmp.Compare(b.Number, a.Number))
	})
	return numbersIn(some)
}

// due is what somebody has to be told of, newest first: the model.
func (h *history) due(log []digest.Entry, id subscribers.ID, since time.Time) []int64 {
	var due []int64
	for _, e := range slices.Backward(log) {
		if e.Correction == "" || e.Withdrawn || !e.Arrived.After(since) || len(due) == digest.MaxCorrections {
			continue
		}
		has, told := false, false
		for edition, opened := range h.opened {
			r := h.states[reader{edition, id}]
			l := h.letters[letterAt{edition, r.Letter}]
			if !opened.After(since) || r.Letter == "" {
				continue
			}
			for _, b := range append(slices.Clone(l.Entries), l.Corrections...) {
				if b.Number != e.Number {
					continue
				}
				switch r.State {
				case delivery.Sent, delivery.Uncertain:
					has = has || b.Correction != e.Correction
				}
				switch r.State {
				case delivery.Sent, delivery.Queued, delivery.Retry, delivery.Sending:
					told = told || b.Correction == e.Correction
				}
			}
		}
		if has && !told {
			due = append(due, e.Number)
		}
	}
	return due
}
