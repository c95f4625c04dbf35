package delivery_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/enshi-daily/enshi/delivery"
	"github.com/enshi-daily/enshi/digest"
	"github.com/enshi-daily/enshi/posts"
	"github.com/enshi-daily/enshi/store/sqlitedb"
	"github.com/enshi-daily/enshi/subscribers"
)

func state(s string) subscribers.State { return subscribers.State(s) }

// scene is a real store with a clock, a log and people.
type scene struct {
	t     *testing.T
	store *sqlitedb.DB
	path  string
	keys  *subscribers.Keys
	watch posts.Watch
	clock *clock
	print *printer
	group func(subscribers.Address) delivery.Group // nil: other
}

type clock struct {
	mu      sync.Mutex
	now     time.Time
	running time.Time // since when it runs, zero if it stands
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.running.IsZero() {
		return c.now.Add(time.Since(c.running))
	}
	return c.now
}

// run lets the clock run like any other.
func (c *clock) run() { c.running = time.Now() }

func (c *clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

func newScene(t *testing.T) *scene {
	t.Helper()
	c := &clock{now: time.Date(2026, 11, 24, 7, 31, 0, 0, shanghai(t))}
	path := filepath.Join(t.TempDir(), "enshi.db")
	store := openStore(t, path, c)
	w, err := store.AcquireWatch(t.Context(), t.Name(), 24*time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	return &scene{t: t, store: store, path: path, keys: subscribers.NewKeys(), watch: w, clock: c, print: &printer{}}
}

func openStore(t *testing.T, path string, c *clock) *sqlitedb.DB {
	t.Helper()
	store, err := sqlitedb.Open(sqlitedb.Options{Path: path, Now: c.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Shutdown(); err != nil {
			t.Error(err)
		}
	})
	return store
}

func shanghai(t *testing.T) *time.Location {
	t.Helper()
	zone, err := time.LoadLocation("Asia/Shanghai")
	if err != nil {
		t.Fatal(err)
	}
	return zone
}

// arrive appends a post with these topics to the log.
func (s *scene) arrive(title string, topics ...posts.Topic) {
	s.t.Helper()
	now := s.clock.Now()
	e := digest.Entry{
		Post: posts.ID("http://news.example.com/" + title), Title: title, Topics: posts.SortTopics(topics),
		Link: "http://news.example.com/" + title, Date: now, Arrived: now.UTC().Truncate(time.Second),
	}
	err := s.store.Record(s.t.Context(), s.watch, []posts.Identity{{ID: e.Post, Path: title, Standing: posts.Due, Seen: now}})
	if err != nil {
		s.t.Fatal(err)
	}
	if _, err := s.store.Append(s.t.Context(), s.watch, []digest.Entry{e}); err != nil {
		s.t.Fatal(err)
	}
}

// join makes somebody active with the head of the log as cursor.
func (s *scene) join(name string, c subscribers.Cadence, topics ...posts.Topic) subscribers.ID {
	s.t.Helper()
	address := subscribers.Address(name + "@example.com")
	head, err := s.store.Head(s.t.Context())
	if err != nil {
		s.t.Fatal(err)
	}
	person, ok := subscribers.Activate(subscribers.Subscriber{}, s.keys.ID(address), address,
		subscribers.Preferences{Topics: topics, Cadence: c, Language: subscribers.Chinese},
		subscribers.Consent{Text: "test", At: s.clock.Now(), Head: head})
	if !ok {
		s.t.Fatalf("Activate(%s) refused", name)
	}
	if err := s.store.Save(s.t.Context(), person, subscribers.NoNotice); err != nil {
		s.t.Fatal(err)
	}
	return person.ID
}

func (s *scene) planner() *delivery.Planner { return s.plannerOn(s.store) }

func (s *scene) plannerOn(store *sqlitedb.DB) *delivery.Planner {
	return delivery.NewPlanner(delivery.PlannerOptions{
		Planning: store, Log: store, Renderer: s.print, Schedule: digest.DefaultSchedule(shanghai(s.t)),
		LetterID: s.keys.LetterID, Group: func(a subscribers.Address) delivery.Group {
			if s.group == nil {
				return delivery.Other
			}
			return s.group(a)
		},
		Now: s.clock.Now, Logger: quiet(), Recall: store, Batch: 7,
	})
}

func (s *scene) worker(sender delivery.Sender, change ...func(*delivery.WorkerOptions)) *delivery.Worker {
	o := delivery.WorkerOptions{
		Queue: s.store, Editions: s.store, Letters: s.store, Pacer: s.store, Sender: sender,
		Now: s.clock.Now, Logger: quiet(), Random: func() float64 { return 0.5 }, Backoff: delivery.DefaultBackoff(), Connections: 4,
	}
	for _, f := range change {
		f(&o)
	}
	return delivery.NewWorker(o)
}

// plan runs a cadence and fails the test if nothing was due.
func (s *scene) plan(c subscribers.Cadence) delivery.Report {
	s.t.Helper()
	r, ok, err := s.planner().Plan(s.t.Context(), c)
	if err != nil || !ok {
		s.t.Fatalf("Plan(%s) = %t, %v, want an edition", c, ok, err)
	}
	return r
}

func (s *scene) counts(edition string) delivery.Counts {
	s.t.Helper()
	return s.countsOn(s.store, edition)
}

func (s *scene) countsOn(store *sqlitedb.DB, edition string) delivery.Counts {
	s.t.Helper()
	counts, err := store.Counts(s.t.Context(), edition)
	if err != nil {
		s.t.Fatal(err)
	}
	return counts
}

func quiet() *slog.Logger { return slog.New(slog.NewTextHandler(io.Discard, nil)) }

// printer renders letters as their titles, and counts.
type printer struct {
	before func() // each rendering; nil for nothing

	mu      sync.Mutex
	printed []digest.Letter
}

func (p *printer) Render(l digest.Letter) ([]byte, error) {
	if p.before != nil {
		p.before()
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.printed = append(p.printed, l)
	var text string
	for _, e := range l.Entries {
		text += e.Title + e.Correction + "\n"
	}
	for _, e := range l.Corrections {
		text += "更正 " + e.Title + e.Correction + "\n"
	}
	return []byte(text), nil
}

// post is what a fake server got.
type post struct {
	to   subscribers.Address
	text string
}

// relay is a sender whose answers a test chooses; the real ones are tested in
// mailer.
type relay struct {
	answer func(delivery.Message) delivery.Outcome // nil: delivered
	names  []string
	down   string // of these, one that fails

	mu  sync.Mutex
	got []post
}

func (r *relay) Send(ctx context.Context, m delivery.Message, begin func(context.Context) error) delivery.Outcome {
	outcome := delivery.Outcome{Class: delivery.Delivered, Code: 250}
	if r.answer != nil {
		outcome = r.answer(m)
	}
	if outcome.Class == delivery.Unreachable || outcome.Class == delivery.BadAddress {
		return outcome
	}
	if err := begin(ctx); err != nil {
		return delivery.Outcome{Class: delivery.NotPermitted, Reply: fmt.Sprint(err)}
	}
	if outcome.Class == delivery.Delivered || outcome.Class == delivery.InDoubt {
		r.mu.Lock()
		r.got = append(r.got, post{m.Delivery.Address, string(m.Rendered)})
		r.mu.Unlock()
	}
	return outcome
}

func (r *relay) Relays() []delivery.Relay {
	var all []delivery.Relay
	for _, name := range r.names {
		one := delivery.Relay{Name: name}
		if name == r.down {
			one.Fault, one.Until = delivery.Unreachable, time.Now().Add(24*time.Hour)
		}
		all = append(all, one)
	}
	return all
}

func (r *relay) Close() error { return nil }

// copies counts what each address got.
func (r *relay) copies() map[subscribers.Address]int {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := make(map[subscribers.Address]int)
	for _, p := range r.got {
		n[p.to]++
	}
	return n
}
