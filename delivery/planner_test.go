package delivery_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/enshi-daily/enshi/delivery"
	"github.com/enshi-daily/enshi/posts"
	"github.com/enshi-daily/enshi/subscribers"
)

func TestPlanGivesEverybodyTheirPosts(t *testing.T) {
	s := newScene(t)
	s.join("all", subscribers.Daily)
	s.join("tea", subscribers.Daily, posts.Tag("茶叶"))
	s.join("both", subscribers.Daily, posts.Tag("茶叶"), posts.Category("yaowen"))
	s.join("nothing", subscribers.Daily, posts.Tag("体育"))
	s.join("weekly", subscribers.Weekly)
	s.arrive("采茶", posts.Tag("茶叶"))
	s.arrive("会议", posts.Category("yaowen"))

	r := s.plan(subscribers.Daily)
	if r.Queued != 3 || r.Moved != 1 || r.Letters != 2 {
		t.Errorf("Plan = %d queued, %d moved, %d letters, want 3, 1, 2", r.Queued, r.Moved, r.Letters)
	}
	relay := &relay{}
	if err := s.worker(relay).Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
	got := make(map[subscribers.Address]string)
	for _, p := range relay.got {
		got[p.to] += p.text
	}
	want := map[subscribers.Address]string{
		"all@example.com": "会议\n采茶\n", "both@example.com": "会议\n采茶\n", "tea@example.com": "采茶\n",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("mails (-want +got):\n%s", diff)
	}
}

func TestPlanTwiceSendsNothingTwice(t *testing.T) {
	s := newScene(t)
	s.join("all", subscribers.Daily)
	s.arrive("采茶", posts.Tag("茶叶"))
	first := s.plan(subscribers.Daily)
	if _, ok, err := s.planner().Plan(t.Context(), subscribers.Daily); ok || err != nil {
		t.Errorf("second Plan = %t, %v, want nothing due", ok, err)
	}
	if got := s.counts(first.Edition.ID).Total(); got != 1 {
		t.Errorf("%d deliveries after planning twice, want 1", got)
	}
}

func TestTwoPlannersAtOnce(t *testing.T) {
	s := newScene(t)
	const people = 300
	for i := range people {
		s.join(fmt.Sprintf("reader%d", i), subscribers.Daily)
	}
	s.arrive("采茶", posts.Tag("茶叶"))
	other := openStore(t, s.path, s.clock)
	var wg sync.WaitGroup
	reports := make([]delivery.Report, 4)
	for i := range reports {
		planner := s.planner()
		if i%2 == 1 {
			planner = s.plannerOn(other)
		}
		wg.Go(func() {
			var err error
			if reports[i], _, err = planner.Scheduled(t.Context(), subscribers.Daily); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	editions, err := s.store.Editions(t.Context(), 10)
	if err != nil || len(editions) != 1 {
		t.Fatalf("Editions = %d, %v, want one", len(editions), err)
	}
	queued := 0
	for _, r := range reports {
		queued += r.Queued
	}
	if total := s.counts(editions[0].ID).Total(); total != people || queued != people {
		t.Errorf("%d deliveries, %d queued by the planners, want %d", total, queued, people)
	}
}

func TestScheduledRunsASlotOnce(t *testing.T) {
	s := newScene(t)
	s.join("all", subscribers.Daily)
	s.arrive("早", posts.Tag("茶叶"))
	if _, ok, err := s.planner().Scheduled(t.Context(), subscribers.Daily); !ok || err != nil {
		t.Fatalf("Scheduled at 07:31 = %t, %v, want an edition", ok, err)
	}
	s.clock.Advance(2 * time.Hour)
	s.arrive("上午", posts.Tag("茶叶"))
	if _, ok, _ := s.planner().Scheduled(t.Context(), subscribers.Daily); ok {
		t.Error("Scheduled at 09:31 planned again, want one edition a slot")
	}
	s.clock.Advance(23 * time.Hour) // 08:31 on the next day
	r, ok, err := s.planner().Scheduled(t.Context(), subscribers.Daily)
	if !ok || err != nil || r.Queued != 1 {
		t.Errorf("Scheduled next day = %t, %v, %d queued, want the post of yesterday morning", ok, err, r.Queued)
	}
}

func TestScheduledFoldsALateEdition(t *testing.T) {
	s := newScene(t)
	s.join("all", subscribers.Daily)
	s.arrive("早", posts.Tag("茶叶"))
	s.clock.Advance(7 * time.Hour)
	if _, ok, err := s.planner().Scheduled(t.Context(), subscribers.Daily); ok || err != nil {
		t.Errorf("Scheduled seven hours late = %t, %v, want it folded into the next", ok, err)
	}
	s.clock.Advance(17 * time.Hour)
	if r, ok, err := s.planner().Scheduled(t.Context(), subscribers.Daily); !ok || err != nil || r.Queued != 1 {
		t.Errorf("Scheduled next day = %t, %v, %d queued, want 1", ok, err, r.Queued)
	}
}

func TestInstantWaitsForQuiet(t *testing.T) {
	s := newScene(t)
	s.join("all", subscribers.Instant)
	p := s.planner()
	s.arrive("一", posts.Tag("茶叶"))
	if _, ok, again, err := p.Instant(t.Context()); ok || err != nil || again != 10*time.Minute {
		t.Fatalf("Instant at once = %t, wait %s, %v, want to wait 10m", ok, again, err)
	}
	for range 2 {
		s.clock.Advance(8 * time.Minute)
		s.arrive(fmt.Sprint(s.clock.Now()), posts.Tag("茶叶"))
		if _, ok, _, err := p.Instant(t.Context()); ok || err != nil {
			t.Fatalf("Instant while posts arrive = %t, %v, want to wait", ok, err)
		}
	}
	s.clock.Advance(10 * time.Minute)
	r, ok, _, err := p.Instant(t.Context())
	if !ok || err != nil || r.Queued != 1 || len(s.print.printed[0].Entries) != 3 {
		t.Errorf("Instant after quiet = %t, %v, %d queued, want one mail with all three posts", ok, err, r.Queued)
	}
}

// TestInstantServesWhoComesFromAnotherRhythm wants what was pending for a weekly
// reader to go out soon after the change, once, without a new post.
func TestInstantServesWhoComesFromAnotherRhythm(t *testing.T) {
	s := newScene(t)
	s.join("all", subscribers.Instant)
	weekly := s.join("weekly", subscribers.Weekly)
	s.arrive("新茶上市")
	p := s.planner()
	s.clock.Advance(time.Hour)
	first, ok, _, err := p.Instant(t.Context())
	if !ok || err != nil || first.Queued != 1 {
		t.Fatalf("Instant = %t, %v, %d queued, want one", ok, err, first.Queued)
	}
	sub, err := s.store.Subscriber(t.Context(), weekly)
	if err != nil {
		t.Fatal(err)
	}
	sub.Cadence = subscribers.Instant
	if err := s.store.Save(t.Context(), sub, subscribers.NoNotice); err != nil {
		t.Fatal(err)
	}
	s.clock.Advance(2 * time.Minute)
	second, ok, _, err := p.Instant(t.Context())
	if !ok || err != nil || second.Queued != 1 || s.counts(second.Edition.ID).Total() < 1 {
		t.Errorf("Instant after the change = %t, %v, %d queued, want one", ok, err, second.Queued)
	}
	for range 3 {
		s.clock.Advance(2 * time.Minute)
		if r, ok, _, err := p.Instant(t.Context()); ok || err != nil {
			t.Errorf("Instant again = %t, %v, %d queued, want nothing", ok, err, r.Queued)
		}
	}
}

func TestInstantDoesNotStarve(t *testing.T) {
	s := newScene(t)
	s.join("all", subscribers.Instant)
	p := s.planner()
	for minute := 0; minute < 60; minute += 5 {
		s.arrive(fmt.Sprint("第", minute), posts.Tag("茶叶"))
		if _, ok, _, err := p.Instant(t.Context()); err != nil {
			t.Fatal(err)
		} else if ok {
			return
		}
		s.clock.Advance(5 * time.Minute)
	}
	t.Error("no instant edition in an hour of steady posts")
}

func TestTopicAddedCountsFromTheCursor(t *testing.T) {
	s := newScene(t)
	id := s.join("reader", subscribers.Daily, posts.Tag("茶叶"))
	s.arrive("会议", posts.Category("yaowen"))
	person, err := s.store.Subscriber(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	person, _ = subscribers.Prefer(person, subscribers.Preferences{
		Topics: []posts.Topic{posts.Category("yaowen")}, Cadence: subscribers.Daily, Language: subscribers.English})
	if err := s.store.Save(t.Context(), person, subscribers.NoNotice); err != nil {
		t.Fatal(err)
	}
	if r := s.plan(subscribers.Daily); r.Queued != 1 {
		t.Errorf("%d queued, want the post that arrived after the cursor", r.Queued)
	}
	if got := s.print.printed[0].Language; got != subscribers.English {
		t.Errorf("letter in %s, want en", got)
	}
}
