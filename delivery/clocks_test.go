package delivery_test

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/enshi-daily/enshi/delivery"
	"github.com/enshi-daily/enshi/digest"
	"github.com/enshi-daily/enshi/internal/redistest"
	"github.com/enshi-daily/enshi/posts"
	"github.com/enshi-daily/enshi/store/redisdb"
	"github.com/enshi-daily/enshi/store/sqlitedb"
	"github.com/enshi-daily/enshi/store/storetest"
	"github.com/enshi-daily/enshi/subscribers"
)

// TestClocksThatJump lets two planners, whose clocks differ and are set back and
// forward by hours, look at the calendar for weeks in which summer time ends.
// An edition of a moment exists once, and everybody has each post once.
func TestClocksThatJump(t *testing.T) {
	for name, open := range map[string]func(*testing.T) storetest.Store{
		"sqlite": func(t *testing.T) storetest.Store {
			store, err := sqlitedb.Open(sqlitedb.Options{Path: filepath.Join(t.TempDir(), "enshi.db")})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = store.Shutdown() })
			return store
		},
		"redis": func(t *testing.T) storetest.Store {
			store, err := redisdb.Open(t.Context(), redisdb.Options{URL: redistest.Start(t).URL()})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = store.Shutdown() })
			return store
		},
	} {
		t.Run(name, func(t *testing.T) {
			store := open(t)
			for seed := range uint64(3) {
				newJumping(t, store, seed).run()
			}
		})
	}
}

// jumping is a few weeks with two planners, told apart from others in the same
// store by the year.
type jumping struct {
	t      *testing.T
	store  storetest.Store
	random *rand.Rand
	seed   uint64
	zone   *time.Location
	now    time.Time // the true time
	off    [2]time.Duration
	plans  [2]*delivery.Planner
	watch  posts.Watch
	keys   *subscribers.Keys
	posts  int
	due    map[subscribers.ID]map[string]bool // what everybody must have in the end
}

func newJumping(t *testing.T, store storetest.Store, seed uint64) *jumping {
	t.Helper()
	zone, err := time.LoadLocation("America/New_York")
	if err != nil {
		t.Fatal(err)
	}
	j := &jumping{
		t: t, store: store, random: rand.New(rand.NewPCG(seed, 5)), seed: seed, zone: zone, keys: subscribers.NewKeys(),
		now: time.Date(2026+int(seed), 10, 20, 3, 0, 0, 0, zone), due: make(map[subscribers.ID]map[string]bool),
	}
	if j.watch, err = store.AcquireWatch(t.Context(), "test", time.Nanosecond); err != nil {
		t.Fatal(err)
	}
	for i := range j.plans {
		schedule := digest.DefaultSchedule(zone)
		schedule.Hour, schedule.Minute = 1, 30 // which clocks show twice on the first Sunday of November
		j.plans[i] = delivery.NewPlanner(delivery.PlannerOptions{
			Planning: store, Log: store, Renderer: &printer{}, Schedule: schedule, Editions: store,
			LetterID: j.keys.LetterID, Group: func(subscribers.Address) delivery.Group { return "other" },
			Now: func() time.Time { return j.now.Add(j.off[i]) }, Logger: quiet(),
		})
	}
	return j
}

func (j *jumping) run() {
	j.t.Helper()
	for end := j.now.AddDate(0, 0, 25); j.now.Before(end); j.now = j.now.Add(time.Duration(1+j.random.IntN(150)) * time.Minute) {
		switch j.random.IntN(6) {
		case 0:
			j.arrives()
		case 1:
			j.joins()
		case 2: // a clock is set, to the true time or to another
			j.off[j.random.IntN(2)] = []time.Duration{0, time.Duration(j.random.IntN(60)-30) * time.Hour}[j.random.IntN(2)]
		}
		for _, p := range j.plans {
			for _, c := range []subscribers.Cadence{subscribers.Daily, subscribers.Weekly} {
				if _, _, err := p.Scheduled(j.t.Context(), c); err != nil {
					j.t.Fatal(err)
				}
			}
		}
	}
	for _, c := range []subscribers.Cadence{subscribers.Daily, subscribers.Weekly} {
		if _, _, err := j.plans[0].Plan(j.t.Context(), c); err != nil {
			j.t.Fatal(err)
		}
	}
	j.check()
}

func (j *jumping) arrives() {
	j.t.Helper()
	j.posts++
	title := fmt.Sprintf("post %d of %d", j.posts, j.seed)
	e := digest.Entry{
		Post: posts.ID("http://news.example.com/" + title), Title: title, Topics: []posts.Topic{posts.Everything},
		Link: "http://news.example.com/" + title, Date: j.now, Arrived: j.now.UTC().Truncate(time.Second),
	}
	if _, err := j.store.Append(j.t.Context(), j.watch, []digest.Entry{e}); err != nil {
		j.t.Fatal(err)
	}
	for _, has := range j.due {
		has[title] = true
	}
}

func (j *jumping) joins() {
	j.t.Helper()
	head, err := j.store.Head(j.t.Context())
	if err != nil {
		j.t.Fatal(err)
	}
	address := subscribers.Address(fmt.Sprintf("reader%d-%d@example.com", len(j.due), j.seed))
	cadence := []subscribers.Cadence{subscribers.Daily, subscribers.Weekly}[j.random.IntN(2)]
	person, ok := subscribers.Activate(subscribers.Subscriber{}, j.keys.ID(address), address,
		subscribers.Preferences{Topics: []posts.Topic{posts.Everything}, Cadence: cadence, Language: subscribers.Chinese},
		subscribers.Consent{Text: "test", At: j.now, Head: head})
	if !ok {
		j.t.Fatalf("Activate(%s) refused", address)
	}
	if err := j.store.Save(j.t.Context(), person, subscribers.NoNotice); err != nil {
		j.t.Fatal(err)
	}
	j.due[person.ID] = make(map[string]bool)
}

// check reads everything that was planned.
func (j *jumping) check() {
	j.t.Helper()
	editions, err := j.store.Editions(j.t.Context(), 10_000)
	if err != nil {
		j.t.Fatal(err)
	}
	slots := make(map[string]string)
	got := make(map[subscribers.ID]map[string]int)
	scheduled := 0
	for _, e := range editions {
		if e.Scheduled {
			key := string(e.Cadence) + e.Slot.UTC().String()
			if other := slots[key]; other != "" {
				j.t.Errorf("%s and %s are of one moment", other, e.ID)
			}
			slots[key] = e.ID
			scheduled++
		}
		for d, err := range j.store.Deliveries(j.t.Context(), e.ID) {
			if err != nil {
				j.t.Fatal(err)
			}
			if j.due[d.Subscriber] == nil {
				continue // of another seed
			}
			if got[d.Subscriber] == nil {
				got[d.Subscriber] = make(map[string]int)
			}
			for _, title := range j.letter(e.ID, d.Letter) {
				got[d.Subscriber][title]++
			}
		}
	}
	letters := 0
	for id, titles := range j.due {
		for title := range titles {
			letters++
			if n := got[id][title]; n != 1 {
				j.t.Errorf("seed %d: %s got %q %d times", j.seed, id, title, n)
			}
		}
		if len(got[id]) != len(titles) {
			j.t.Errorf("seed %d: %s got %d posts, want %d", j.seed, id, len(got[id]), len(titles))
		}
	}
	if letters < 100 || scheduled < 20 {
		j.t.Errorf("seed %d: %d posts to people and %d scheduled editions prove little", j.seed, letters, scheduled)
	}
}

func (j *jumping) letter(edition, letter string) []string {
	j.t.Helper()
	data, err := j.store.Letter(j.t.Context(), edition, letter)
	if err != nil {
		j.t.Fatal(err)
	}
	_, rendered, err := delivery.DecodeLetter(data)
	if err != nil {
		j.t.Fatal(err)
	}
	return strings.Split(strings.TrimSpace(string(rendered)), "\n")
}

// TestInstantByAClockThatIsBehind has posts that arrived by a clock hours ahead,
// and a clock that is set back while they wait.
func TestInstantByAClockThatIsBehind(t *testing.T) {
	s := newScene(t)
	s.join("reader", subscribers.Instant)
	p := s.planner()
	now := func(want time.Duration) {
		t.Helper()
		_, ok, again, err := p.Instant(t.Context())
		if err != nil || ok != (want == 0) || again != want {
			t.Fatalf("Instant = %t, wait %v, %v, want to wait %v", ok, again, err, want)
		}
	}
	s.clock.Advance(5 * time.Hour)
	s.arrive("采茶", posts.Tag("茶叶"))
	s.clock.Advance(-5 * time.Hour)
	now(10 * time.Minute)
	s.clock.Advance(4 * time.Minute)
	now(6 * time.Minute)
	s.clock.Advance(-3 * time.Hour)
	now(10 * time.Minute)
	s.clock.Advance(10 * time.Minute)
	now(0)
	s.arrive("春茶", posts.Tag("茶叶"))
	now(10 * time.Minute)
	s.clock.Advance(10 * time.Minute)
	now(0)
}
