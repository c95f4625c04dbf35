package digest_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/enshi-daily/enshi/digest"
	"github.com/enshi-daily/enshi/posts"
	"github.com/enshi-daily/enshi/subscribers"
)

func entry(number int64, hour int, topics ...posts.Topic) digest.Entry {
	return digest.Entry{
		Number: number, Post: posts.ID(fmt.Sprint("tag:example.com,2026:", number)), Topics: posts.SortTopics(topics),
		Date: time.Date(2026, 11, 24, hour, 0, 0, 0, time.UTC),
	}
}

func numbers(entries []digest.Entry) []int64 {
	var all []int64
	for _, e := range entries {
		all = append(all, e.Number)
	}
	return all
}

func TestPending(t *testing.T) {
	tea, news := posts.Tag("茶叶"), posts.Category("yaowen")
	taken := entry(5, 9, tea)
	taken.Withdrawn = true
	log := []digest.Entry{entry(2, 6, tea), entry(3, 8, news), entry(4, 7, tea, news), taken, entry(6, 7, posts.Tag("茶叶节"))}
	for _, tt := range []struct {
		name   string
		cursor int64
		topics []posts.Topic
		want   []int64
	}{
		{"everything, newest first, the later arrival first among equals", 0, []posts.Topic{posts.Everything}, []int64{3, 6, 4, 2}},
		{"one topic", 0, []posts.Topic{tea}, []int64{4, 2}},
		{"several topics give a post once", 0, []posts.Topic{news, tea}, []int64{3, 4, 2}},
		{"after the cursor only", 3, []posts.Topic{posts.Everything}, []int64{6, 4}},
		{"a cursor at the head", 6, []posts.Topic{posts.Everything}, nil},
		{"a cursor beyond the head", 99, []posts.Topic{posts.Everything}, nil},
		{"a category is not the tag of its name", 0, []posts.Topic{posts.Tag("yaowen")}, nil},
		{"a name that begins alike is another", 0, []posts.Topic{posts.Tag("茶")}, nil},
		{"no topics", 0, nil, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, numbers(digest.Pending(log, tt.cursor, tt.topics))); diff != "" {
				t.Errorf("Pending (-want +got):\n%s", diff)
			}
		})
	}
}

// TestPendingIsABruteForceFilter holds the selection to its definition on random
// logs.
func TestPendingIsABruteForceFilter(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	topics := []posts.Topic{posts.Tag("甲"), posts.Tag("乙"), posts.Category("甲"), posts.Category("丙")}
	for range 500 {
		var log []digest.Entry
		for n := int64(1); n <= int64(random.IntN(20)); n++ {
			e := entry(n, random.IntN(24), topics[random.IntN(4)], topics[random.IntN(4)])
			e.Withdrawn = random.IntN(5) == 0
			log = append(log, e)
		}
		cursor, wanted := int64(random.IntN(21)), topics[:random.IntN(5)]
		var want []int64
		for _, e := range log {
			if e.Number > cursor && !e.Withdrawn && slices.ContainsFunc(e.Topics, func(t posts.Topic) bool { return slices.Contains(wanted, t) }) {
				want = append(want, e.Number)
			}
		}
		got := numbers(digest.Pending(log, cursor, wanted))
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Fatalf("Pending(cursor %d, %v) = %v, want %v", cursor, wanted, got, want)
		}
	}
}

func TestKeyTellsLettersApart(t *testing.T) {
	a, b := entry(1, 8), entry(2, 9)
	list := func(e ...digest.Entry) []digest.Entry { return e }
	keys := map[string]string{}
	for name, key := range map[string]string{
		"one post":        digest.Key(subscribers.Chinese, list(a), nil),
		"another post":    digest.Key(subscribers.Chinese, list(b), nil),
		"both":            digest.Key(subscribers.Chinese, list(b, a), nil),
		"in English":      digest.Key(subscribers.English, list(a), nil),
		"as a correction": digest.Key(subscribers.Chinese, nil, list(a)),
		"with correction": digest.Key(subscribers.Chinese, list(a), list(b)),
		"nothing":         digest.Key(subscribers.Chinese, nil, nil),
	} {
		if other, taken := keys[key]; taken {
			t.Errorf("%s and %s have the same key", name, other)
		}
		keys[key] = name
	}
}

func TestMoreCountsWhatIsNotShown(t *testing.T) {
	l := digest.Letter{Entries: make([]digest.Entry, digest.MaxFull)}
	if l.More() != 0 {
		t.Errorf("More() of a full letter = %d, want 0", l.More())
	}
	l.Entries = make([]digest.Entry, digest.MaxFull+3)
	if l.More() != 3 || len(l.Posts()) != digest.MaxFull+3 {
		t.Errorf("More() = %d of %d posts, want 3 of all", l.More(), len(l.Posts()))
	}
}

func zone(t *testing.T, name string) *time.Location {
	t.Helper()
	z, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

func TestSchedule(t *testing.T) {
	s := digest.DefaultSchedule(zone(t, "Asia/Shanghai"))
	at := func(text string) time.Time {
		moment, err := time.ParseInLocation("2006-01-02 15:04", text, s.Zone)
		if err != nil {
			t.Fatal(err)
		}
		return moment
	}
	for _, tt := range []struct {
		cadence         subscribers.Cadence
		now, slot, next string
	}{
		{subscribers.Daily, "2026-11-24 07:29", "2026-11-23 07:30", "2026-11-24 07:30"},
		{subscribers.Daily, "2026-11-24 07:30", "2026-11-24 07:30", "2026-11-25 07:30"},
		{subscribers.Daily, "2027-01-01 00:00", "2026-12-31 07:30", "2027-01-01 07:30"},
		{subscribers.Weekly, "2026-11-24 12:00", "2026-11-23 07:30", "2026-11-30 07:30"},
		{subscribers.Weekly, "2026-11-23 07:29", "2026-11-16 07:30", "2026-11-23 07:30"},
	} {
		// The answer must not depend on the zone in which now is written.
		now := at(tt.now).In(zone(t, "America/Los_Angeles"))
		if got := s.Slot(tt.cadence, now); !got.Equal(at(tt.slot)) {
			t.Errorf("Slot(%s, %s) = %s, want %s", tt.cadence, tt.now, got, tt.slot)
		}
		if got := s.Next(tt.cadence, now); !got.Equal(at(tt.next)) {
			t.Errorf("Next(%s, %s) = %s, want %s", tt.cadence, tt.now, got, tt.next)
		}
	}
	slot := at("2026-11-24 07:30")
	if s.Late(subscribers.Daily, slot, slot.Add(6*time.Hour)) || !s.Late(subscribers.Daily, slot, slot.Add(6*time.Hour+time.Second)) {
		t.Error("a daily edition is late after six hours")
	}
	if s.Late(subscribers.Instant, slot, slot.Add(1000*time.Hour)) {
		t.Error("an instant edition is never late")
	}
}

// TestScheduleAcrossClockChanges wants one slot a day and none twice where a
// night has 02:30 not at all or twice.
func TestScheduleAcrossClockChanges(t *testing.T) {
	s := digest.DefaultSchedule(zone(t, "Europe/Berlin"))
	s.Hour, s.Minute = 2, 30
	for _, start := range []time.Time{
		time.Date(2026, 3, 27, 12, 0, 0, 0, s.Zone), time.Date(2026, 10, 23, 12, 0, 0, 0, s.Zone),
	} {
		slots := make(map[time.Time]bool)
		for now := start; now.Before(start.AddDate(0, 0, 4)); now = now.Add(5 * time.Minute) {
			slot := s.Slot(subscribers.Daily, now)
			if slot.After(now) || now.Sub(slot) > 25*time.Hour {
				t.Fatalf("Slot(%s) = %s", now, slot)
			}
			slots[slot] = true
		}
		if len(slots) != 5 {
			t.Errorf("%d slots in four days from %s, want 5 days' slots", len(slots), start)
		}
	}
}
