package alike

import (
	"cmp"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/enshi-daily/enshi/delivery"
	"github.com/enshi-daily/enshi/digest"
	"github.com/enshi-daily/enshi/posts"
	"github.com/enshi-daily/enshi/store/storetest"
)

// TestOfPosts is about the watch, identities, the arrival log and letters.
func TestOfPosts(t *testing.T) {
	histories(t, 10, func(s *scene) {
		steps := []func(*scene){
			(*scene).acquire, (*scene).acquire, (*scene).keepWatch, (*scene).record, (*scene).record,
			(*scene).arrive, (*scene).arrive, (*scene).update, (*scene).decide, (*scene).letter,
			func(s *scene) { s.pass(time.Second, time.Minute, time.Hour) },
		}
		for range 100 {
			pick(s, steps...)(s)
			s.samePosts()
		}
	})
}

func (s *scene) acquire() {
	holder, ttl := pick(s, "one", "other"), pick(s, time.Second, time.Minute)
	var got [2]posts.Watch
	if s.did("acquire for "+holder, func(i int, store storetest.Store) (err error) {
		got[i], err = store.AcquireWatch(s.ctx(), holder, ttl)
		return err
	}) {
		s.watches = append(s.watches, got)
	}
}

// watch is one of the last, none if there is none.
func (s *scene) watch() [2]posts.Watch {
	if len(s.watches) == 0 {
		return [2]posts.Watch{{Token: 99}, {Token: 99}}
	}
	return pick(s, s.watches[max(0, len(s.watches)-2):]...)
}

func (s *scene) keepWatch() {
	w := s.watch()
	if s.once(4) {
		s.did("release", func(i int, store storetest.Store) error { return store.ReleaseWatch(s.ctx(), w[i]) })
		return
	}
	s.did("renew", func(i int, store storetest.Store) error { return store.RenewWatch(s.ctx(), w[i], time.Minute) })
}

func (s *scene) post() posts.ID { return posts.ID(fmt.Sprint("post", s.random.IntN(8))) }

func (s *scene) record() {
	var all []posts.Identity
	for range s.random.IntN(4) {
		one := posts.Identity{ID: s.post(), Path: fmt.Sprint(s.random.IntN(9)), Seen: s.now, Standing: pick(s, posts.Standing(""),
			posts.Backlog, posts.Due, posts.Held, posts.Released, posts.Arrived, posts.Withdrawn)}
		if one.Standing == posts.Held || one.Standing == posts.Released {
			one.Reason, one.Since = fmt.Sprint("why", s.random.IntN(9)), s.now
		}
		all = append(all, one)
	}
	w := s.watch()
	s.did(fmt.Sprint("record ", all), func(i int, store storetest.Store) error { return store.Record(s.ctx(), w[i], all) })
}

func (s *scene) entries() (all []digest.Entry) {
	for range s.random.IntN(4) {
		all = append(all, digest.Entry{
			Post: s.post(), Title: fmt.Sprint("恩施\t", s.random.IntN(9)), Arrived: s.now, Date: s.now,
			Topics:     []posts.Topic{posts.Tag(fmt.Sprint(s.random.IntN(3)))},
			Correction: pick(s, "", "", "更正"), Withdrawn: s.once(6),
		})
	}
	return all
}

func (s *scene) arrive() {
	all, w := s.entries(), s.watch()
	both(s, fmt.Sprint("append ", all), func(i int, store storetest.Store) (int64, error) { return store.Append(s.ctx(), w[i], all) })
}

func (s *scene) update() {
	all, w := s.entries(), s.watch()
	s.did(fmt.Sprint("update ", all), func(i int, store storetest.Store) error { return store.Update(s.ctx(), w[i], all) })
}

func (s *scene) decide() {
	d := posts.Decision{Posts: []posts.ID{s.post(), s.post()}, Standing: pick(s, posts.Released, posts.Withdrawn), Reason: "why", At: s.now}
	both(s, fmt.Sprint("decide ", d), func(_ int, store storetest.Store) ([]posts.ID, error) { return store.Decide(s.ctx(), d) })
}

func (s *scene) letter() {
	var brings []digest.Brought
	for n := range int64(3) {
		if s.once(2) {
			brings = append(brings, digest.Brought{Number: n + 1})
		}
	}
	edition, letter, from := pick(s, "one", "other"), pick(s, "a", "b", "c"), pick(s, "first", "second")
	s.did(fmt.Sprint("letter ", edition, letter, brings), func(_ int, store storetest.Store) error {
		return store.PutLetter(s.ctx(), edition, letter, []byte("first"), brings...)
	})
	both(s, "rewrite "+from, func(_ int, store storetest.Store) (bool, error) {
		return store.Rewrite(s.ctx(), edition, letter, []byte(from), []byte("second"))
	})
}

func (s *scene) samePosts() {
	s.Helper()
	both(s, "identities", func(_ int, store storetest.Store) ([]posts.Identity, error) {
		all, err := store.Identities(s.ctx())
		slices.SortFunc(all, func(a, b posts.Identity) int { return cmp.Compare(a.ID, b.ID) })
		return all, err
	})
	both(s, "log", func(_ int, store storetest.Store) ([]digest.Entry, error) { return store.Since(s.ctx(), 0, 99) })
	both(s, "amended", func(_ int, store storetest.Store) ([]digest.Entry, error) {
		return store.Amended(s.ctx(), s.now.Add(-10*time.Minute))
	})
	both(s, "rewrites", func(_ int, store storetest.Store) (int64, error) { return store.Rewrites(s.ctx()) })
	both(s, "decided", func(_ int, store storetest.Store) (string, error) { return store.Decided(s.ctx()) })
}

// TestOfBudgets is about what processes share.
func TestOfBudgets(t *testing.T) {
	histories(t, 10, func(s *scene) {
		for range 100 {
			s.budget(pick(s, delivery.Group("qq"), delivery.Group("gmail")))
		}
	})
}

func (s *scene) budget(g delivery.Group) {
	switch s.random.IntN(5) {
	case 0:
		share := delivery.Share{Group: g, Holder: pick(s, "one", "two", "three"), Want: s.random.IntN(6), Most: pick(s, 4, 8), TTL: pick(s, time.Second, time.Minute)}
		both(s, fmt.Sprint("occupy ", share), func(_ int, store storetest.Store) (int, error) { return store.Occupy(s.ctx(), share) })
	case 1:
		both(s, "allow", func(_ int, store storetest.Store) (bool, error) {
			return store.Allow(s.ctx(), string(g), 2, time.Minute)
		})
	case 2:
		b := delivery.Brake{Relay: pick(s, "one", "two"), Group: g, Stage: pick(s, delivery.Off, delivery.Easing), Version: int64(s.random.IntN(4))}
		both(s, fmt.Sprint("brake ", b), func(_ int, store storetest.Store) (bool, error) { return store.SetBrake(s.ctx(), b) })
	case 3:
		b := delivery.Budget{PerMinute: 60, Burst: 5}
		n := s.random.IntN(8)
		granted, _ := both(s, fmt.Sprint("take ", n), func(_ int, store storetest.Store) (int, error) {
			granted, wait, err := store.Take(s.ctx(), g, b, n)
			s.said = append(s.said, fmt.Sprint("wait ", wait))
			return granted, err
		})
		if granted > 0 && s.once(2) {
			s.did("give back", func(_ int, store storetest.Store) error { return store.GiveBack(s.ctx(), g, b, 1) })
		}
	default:
		s.pass(time.Second, 3*time.Second, time.Minute)
	}
}
