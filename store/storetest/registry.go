package storetest

import (
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/enshi-daily/enshi/posts"
	"github.com/enshi-daily/enshi/subscribers"
)

func registry() []law {
	return append([]law{
		{"Subscriber fails with ErrNotFound if nobody has that ID", subscriberNotFound},
		{"Subscriber returns the record as it was saved", saveRoundTrip},
		{"Save keeps an erased record with nothing but its ID", saveErased},
		{"Save keeps topics of any name", saveTopics},
		{"Save keeps times to the second, in UTC", saveTimes},
		{"Save raises the version by one", saveRaises},
		{"Save of an older version fails with ErrConflict and changes nothing", saveStale},
		{"Save of a new record fails with ErrConflict if one is stored", saveTaken},
		{"Save of a version fails with ErrConflict if none is stored", saveMissing},
		{"Save lets one of many writers of a version win", saveAtOnce},
		{"Save keeps the greater cursor", saveCursor},
		{"Delete removes the record whole", deleteWhole},
		{"Delete of an older version fails with ErrConflict and changes nothing", deleteStale},
	}, notices()...)
}

// full uses every field.
func full() subscribers.Subscriber {
	p := person(1)
	p.Address = `"o'neil %s"@xn--fsqu00a.example`
	p.State, p.Cadence, p.Language = subscribers.Pending, subscribers.Weekly, subscribers.English
	p.Topics = []posts.Topic{posts.Category("enshiribao"), posts.Tag("恩施日报新闻")}
	p.Cursor, p.Generation = 1<<40, 4_000_000_000
	p.Consent = "活动现场签名 2026-11-24, \"paper\"; list\nB"
	p.NoticedAt, p.Returning = at(7), true
	p.Asked = &subscribers.Preferences{Topics: []posts.Topic{posts.Tag(`a"b;c`)}, Cadence: subscribers.Daily, Language: subscribers.Chinese}
	return p
}

func subscriberNotFound(s *scene) {
	_, err := s.Store.Subscriber(s.ctx, person(1).ID)
	s.is(err, "Subscriber of an empty store", subscribers.ErrNotFound)
	s.add(person(1))
	_, err = s.Store.Subscriber(s.ctx, person(2).ID)
	s.is(err, "Subscriber of another ID", subscribers.ErrNotFound)
}

// same demands that a record is stored, with a version.
func (s *scene) same(want subscribers.Subscriber, version int64) {
	s.Helper()
	got, err := s.Second.Subscriber(s.ctx, want.ID)
	s.ok(err, "Subscriber")
	want.Version = version
	if diff := cmp.Diff(want, got); diff != "" {
		s.Fatalf("Subscriber (-want +got):\n%s", diff)
	}
}

func saveRoundTrip(s *scene) {
	s.add(full())
	s.same(full(), 1)
	unconfirmed := person(2)
	unconfirmed.State, unconfirmed.Confirmed = subscribers.Pending, time.Time{}
	s.add(unconfirmed)
	s.same(unconfirmed, 1)
}

func saveErased(s *scene) {
	s.add(full())
	erased := subscribers.Subscriber{ID: full().ID, State: subscribers.Erased, Version: 1, Cursor: 1 << 40}
	s.add(erased)
	s.same(erased, 2)
}

func saveTopics(s *scene) {
	p := person(1)
	p.Topics = []posts.Topic{
		posts.Category(`a"b'c`), posts.Category("逗号，,;|"), posts.Tag("a:b:c"),
		posts.Tag(`\`), posts.Tag("{s00}*?[x]"), posts.Tag("line\nbreak\ttab"), posts.Tag("😀 é"),
	}
	s.add(p)
	s.same(p, 1)
	p.Version, p.Topics = 1, nil
	for i := range 200 {
		p.Topics = append(p.Topics, posts.Tag(fmt.Sprintf("恩施土家族苗族自治州新闻 %03d", i)))
	}
	s.add(p)
	s.same(p, 2)
}

func saveTimes(s *scene) {
	p := person(1)
	zone := time.FixedZone("CST", 8*3600)
	p.Created, p.Confirmed = at(11).In(zone), at(12).In(zone)
	p.Changed, p.NoticedAt = at(13).In(zone), at(14).In(zone)
	got := s.add(p)
	for i, stored := range []time.Time{got.Created, got.Confirmed, got.Changed, got.NoticedAt} {
		if !stored.Equal(at(11+i)) || stored.Location() != time.UTC {
			s.Fatalf("time %d = %v, want %v", i, stored, at(11+i))
		}
	}
}

func saveRaises(s *scene) {
	sub := s.add(person(1))
	for want := int64(1); want <= 4; want++ {
		equal(s, "Version", sub.Version, want)
		sub = s.add(sub)
	}
}

func saveStale(s *scene) {
	first := s.add(person(1))
	second := first
	second.Cadence = subscribers.Weekly
	second = s.add(second)
	first.Topics, first.Cursor, first.State = nil, 99, subscribers.Unsubscribed
	s.is(s.Second.Save(s.ctx, first, subscribers.NoticeConfirm), "Save of an older version", subscribers.ErrConflict)
	s.same(second, 2)
	equal(s, "notices", s.ready(confirms()), 0)
}

func saveTaken(s *scene) {
	s.add(person(1))
	other := person(1)
	other.Cadence = subscribers.Weekly
	s.is(s.Second.Save(s.ctx, other, subscribers.NoNotice), "Save of a new record", subscribers.ErrConflict)
	s.same(person(1), 1)
}

func saveMissing(s *scene) {
	p := person(1)
	p.Version = 3
	s.is(s.Store.Save(s.ctx, p, subscribers.NoticeConfirm), "Save of version 3", subscribers.ErrConflict)
	_, err := s.Store.Subscriber(s.ctx, p.ID)
	s.is(err, "Subscriber", subscribers.ErrNotFound)
	equal(s, "notices", s.ready(confirms()), 0)
}

func saveAtOnce(s *scene) {
	sub := s.add(person(1))
	for round := range 5 {
		var won atomic.Int32
		s.atOnce(4, func(i int, store Store) error {
			mine := sub
			mine.Generation = uint32(100*round + i)
			err := store.Save(s.ctx, mine, subscribers.NoNotice)
			if err == nil {
				won.Add(1)
			} else if !errors.Is(err, subscribers.ErrConflict) {
				return err
			}
			return nil
		})
		equal(s, "writers that won", won.Load(), 1)
		sub = s.stored(sub.ID)
		equal(s, "Version", sub.Version, int64(round+2))
	}
}

func saveCursor(s *scene) {
	p := person(1)
	p.Cursor = 7
	sub := s.add(p)
	for _, step := range [][2]int64{{3, 7}, {9, 9}, {0, 9}, {-5, 9}} {
		sub.Cursor = step[0]
		sub = s.add(sub)
		equal(s, fmt.Sprintf("Cursor after Save with %d", step[0]), sub.Cursor, step[1])
	}
}

func deleteWhole(s *scene) {
	sub := s.add(full())
	s.ok(s.Store.Delete(s.ctx, sub), "Delete")
	_, err := s.Second.Subscriber(s.ctx, sub.ID)
	s.is(err, "Subscriber after Delete", subscribers.ErrNotFound)
	again := person(1)
	s.add(again)
	s.same(again, 1)
}

func deleteStale(s *scene) {
	sub := s.add(person(1))
	newer := s.add(sub)
	s.is(s.Store.Delete(s.ctx, sub), "Delete of an older version", subscribers.ErrConflict)
	s.same(newer, 2)
	s.is(s.Store.Delete(s.ctx, person(2)), "Delete of nobody", subscribers.ErrConflict, subscribers.ErrNotFound)
}
