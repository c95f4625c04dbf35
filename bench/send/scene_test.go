//go:build bench

package send

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/enshi-daily/enshi/delivery"
	"github.com/enshi-daily/enshi/digest"
	"github.com/enshi-daily/enshi/internal/redistest"
	"github.com/enshi-daily/enshi/mailer"
	"github.com/enshi-daily/enshi/posts"
	"github.com/enshi-daily/enshi/store/redisdb"
	"github.com/enshi-daily/enshi/store/sqlitedb"
	"github.com/enshi-daily/enshi/subscribers"
	"github.com/enshi-daily/enshi/templates"
)

// ledger is what a scene needs of a store.
type ledger interface {
	posts.Identities
	digest.Log
	subscribers.Registry
	subscribers.Bulk
	delivery.Planning
	delivery.Editions
	delivery.Letters
	delivery.Recall
	delivery.Queue
	delivery.Pacer
	Shutdown() error
}

// scene is a store with people, posts and everything that turns them into mail.
type scene struct {
	testing.TB
	store    ledger
	redis    *redistest.Server // nil on SQLite
	keys     *subscribers.Keys
	renderer *counting
	composer *mailer.Composer
	later    time.Duration // what the planner's clock is ahead; newSceneAhead: the store's, too
}

func (s *scene) now() time.Time { return time.Now().Add(s.later) }

// counting counts how often a letter is rendered.
type counting struct {
	mailer *mailer.Renderer
	calls  atomic.Int64
}

func (c *counting) Render(l digest.Letter) ([]byte, error) {
	c.calls.Add(1)
	return c.mailer.Render(l)
}

func check(tb testing.TB, what string, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatalf("%s: %v", what, err)
	}
}

// stores are the names that newScene knows.
func stores() []string { return []string{"sqlite", "redis"} }

func newScene(tb testing.TB, store string) *scene {
	tb.Helper()
	s := &scene{TB: tb, keys: subscribers.NewKeys()}
	s.open(store, nil)
	return s
}

// newSceneAhead is newScene with a store whose clock can be moved.
func newSceneAhead(tb testing.TB, store string) *scene {
	tb.Helper()
	s := &scene{TB: tb, keys: subscribers.NewKeys()}
	s.open(store, s.now)
	return s
}

func (s *scene) open(store string, now func() time.Time) {
	s.Helper()
	tb := s.TB
	var err error
	if store == "redis" {
		s.redis = redistest.Start(tb, "--appendonly", "yes", "--appendfsync", "everysec")
		s.store, err = redisdb.Open(tb.Context(), redisdb.Options{URL: s.redis.URL(), Now: now})
	} else {
		s.store, err = sqlitedb.Open(sqlitedb.Options{Path: filepath.Join(tb.TempDir(), "enshi.db"), Now: now})
	}
	check(tb, "open "+store, err)
	tb.Cleanup(func() { check(tb, "shut down", s.store.Shutdown()) })
	set, err := templates.New(nil)
	check(tb, "templates", err)
	renderer, err := mailer.NewRenderer(mailer.RendererOptions{
		Templates: set, Title: "青杉日报", Public: "https://news.example.com", Zone: zone(),
	})
	check(tb, "renderer", err)
	s.renderer = &counting{mailer: renderer}
	s.composer, err = mailer.NewComposer(mailer.ComposerOptions{
		Renderer: renderer, Keys: s.keys, From: mailer.Mailbox{Name: "青杉日报", Address: "news@example.com"}, BounceDomain: "bounce.example.com",
	})
	check(tb, "composer", err)
}

func zone() *time.Location { return time.FixedZone("CST", 8*3600) }

// topic is one of twenty that posts have and people follow.
func topic(n int) posts.Topic { return posts.Tag(fmt.Sprintf("版块%d", n%20)) }

// people adds subscribers of the daily cadence with so many distinct topic
// sets.
func (s *scene) people(n, sets int) {
	s.Helper()
	chosen := make([][]posts.Topic, sets)
	random := rand.New(rand.NewPCG(1, 2))
	for i := range chosen {
		for t := range 20 {
			if random.IntN(4) == 0 {
				chosen[i] = append(chosen[i], topic(t))
			}
		}
		if len(chosen[i]) == 0 || i == 0 {
			chosen[i] = []posts.Topic{posts.Everything}
		}
		chosen[i] = posts.SortTopics(chosen[i])
	}
	const step = 2000
	for from := 0; from < n; from += step {
		list := make([]subscribers.Saving, min(step, n-from))
		for i := range list {
			list[i].Subscriber = s.person(from+i, chosen[(from+i)%sets])
		}
		_, err := s.store.SaveAll(context.Background(), list)
		check(s, "people", err)
	}
}

func (s *scene) person(i int, topics []posts.Topic) subscribers.Subscriber {
	a := subscribers.Address(fmt.Sprintf("reader%d@example.net", i))
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	return subscribers.Subscriber{
		ID: s.keys.ID(a), Address: a, State: subscribers.Active, Topics: topics, Cadence: subscribers.Daily, Language: subscribers.Chinese,
		Generation: 1, Consent: "double opt-in", Created: at, Confirmed: at, Changed: at,
	}
}

// arrive lets so many posts arrive, of every topic in turn.
func (s *scene) arrive(n int) {
	s.Helper()
	ctx := context.Background()
	w, err := s.store.AcquireWatch(ctx, "bench", time.Hour)
	check(s, "watch", err)
	head, err := s.store.Head(ctx)
	check(s, "head", err)
	now := s.now().UTC().Truncate(time.Second)
	entries, records := make([]digest.Entry, n), make([]posts.Identity, n)
	for i := range entries {
		id := posts.ID(fmt.Sprintf("tag:example.com,2026:%d", int(head)+i))
		records[i] = posts.Identity{ID: id, Path: string(id), Standing: posts.Due, Seen: now}
		entries[i] = digest.Entry{
			Post: id, Topics: []posts.Topic{topic(i)}, Title: fmt.Sprintf("第%d篇：新芽上市，收购点排起长队", i), Link: fmt.Sprintf("https://news.example.com/%d.html", i),
			Arrived: now, Date: now, Authors: []string{"林晓禾"},
			Summary: "清晨六点，镇口的收购点已经排起长队。今年的新芽比去年早了五天，价格也高了一成，茶农们说，这样的春天好些年没有过了。合作社把秤搬到了路边，账当场结清。",
		}
	}
	check(s, "record", s.store.Record(ctx, w, records))
	_, err = s.store.Append(ctx, w, entries)
	check(s, "append", err)
	check(s, "release", s.store.ReleaseWatch(ctx, w))
}

func (s *scene) planner() *delivery.Planner {
	return delivery.NewPlanner(delivery.PlannerOptions{
		Planning: s.store, Log: s.store, Renderer: s.renderer, Schedule: digest.DefaultSchedule(zone()), LetterID: s.keys.LetterID,
		Group: func(subscribers.Address) delivery.Group { return delivery.Other },
		Now:   s.now, Logger: slog.New(slog.DiscardHandler), Recall: s.store,
	})
}

// plan plans the daily edition and demands that everybody is in it.
func (s *scene) plan(people int) delivery.Report {
	s.Helper()
	report, ok, err := s.planner().Plan(context.Background(), subscribers.Daily)
	check(s, "plan", err)
	if !ok || report.Queued+report.Moved != people {
		s.Fatalf("planned %d and moved %d, want %d in all", report.Queued, report.Moved, people)
	}
	return report
}
