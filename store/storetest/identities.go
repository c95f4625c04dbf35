package storetest

import (
	"errors"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/enshi-daily/enshi/posts"
)

func identities() []law {
	return []law{
		{"AcquireWatch fails with ErrWatched while another holder's ttl runs", watchIsExclusive},
		{"AcquireWatch succeeds when the ttl has run out", watchExpires},
		{"AcquireWatch lets one of many in", watchOfMany},
		{"AcquireWatch lets a holder in again, and his first watch has passed on", watchAgain},
		{"Token rises with every holder", watchTokenRises},
		{"RenewWatch lets the watch live ttl longer", watchRenewed},
		{"RenewWatch revives a watch that ran out and that nobody took", watchRevived},
		{"RenewWatch fails with ErrFenced if the watch is no longer held", watchRenewFenced},
		{"ReleaseWatch gives the watch back at once", watchReleased},
		{"ReleaseWatch leaves a watch that has passed on alone", watchReleaseStale},
		{"Identities of an empty store is empty", identitiesEmpty},
		{"Identities returns every record as it was recorded", identitiesRoundTrip},
		{"Record replaces those with the same ID", recordReplaces},
		{"Record never moves a Standing backwards", recordForward},
		{"Record moves a Standing forward", recordMoves},
		{"Record fails with ErrFenced if the watch has passed on, and none is recorded", recordFenced},
		{"Record keeps thousands", recordMany},
		{"Revision is empty before the first Record and changes with every one", revisionChanges},
	}
}

func watchIsExclusive(s *scene) {
	_, err := s.Store.AcquireWatch(s.ctx, "first", long)
	s.ok(err, "AcquireWatch")
	_, err = s.Second.AcquireWatch(s.ctx, "second", long)
	s.is(err, "AcquireWatch of another holder", posts.ErrWatched)
}

func watchExpires(s *scene) {
	s.stale()
}

func watchOfMany(s *scene) {
	var in atomic.Int32
	s.atOnce(8, func(i int, store Store) error {
		_, err := store.AcquireWatch(s.ctx, strings.Repeat("x", i+1), long)
		if err == nil {
			in.Add(1)
		} else if !errors.Is(err, posts.ErrWatched) {
			return err
		}
		return nil
	})
	equal(s, "holders let in", in.Load(), 1)
}

func watchAgain(s *scene) {
	first, err := s.Store.AcquireWatch(s.ctx, "first", long)
	s.ok(err, "AcquireWatch")
	again, err := s.Store.AcquireWatch(s.ctx, "first", long) // the store's first answer was lost
	s.ok(err, "AcquireWatch again")
	s.is(s.Store.RenewWatch(s.ctx, first, long), "RenewWatch of the first", posts.ErrFenced)
	s.ok(s.Store.RenewWatch(s.ctx, again, long), "RenewWatch of the second")
}

func watchRevived(s *scene) {
	w, err := s.Store.AcquireWatch(s.ctx, "first", short)
	s.ok(err, "AcquireWatch")
	s.Advance(expired)
	s.record(w, identity("a", "")) // nobody else can have written
	s.ok(s.Store.RenewWatch(s.ctx, w, long), "RenewWatch")
	_, err = s.Second.AcquireWatch(s.ctx, "second", long)
	s.is(err, "AcquireWatch of another holder", posts.ErrWatched)
}

func watchTokenRises(s *scene) {
	first, second := s.stale()
	s.ok(s.Store.ReleaseWatch(s.ctx, second), "ReleaseWatch")
	third, err := s.Store.AcquireWatch(s.ctx, "third", long)
	s.ok(err, "AcquireWatch")
	if first.Token >= second.Token || second.Token >= third.Token {
		s.Fatalf("tokens %d, %d, %d do not rise", first.Token, second.Token, third.Token)
	}
}

func watchRenewed(s *scene) {
	w, err := s.Store.AcquireWatch(s.ctx, "first", brief)
	s.ok(err, "AcquireWatch")
	s.ok(s.Store.RenewWatch(s.ctx, w, long), "RenewWatch")
	s.Advance(over)
	_, err = s.Second.AcquireWatch(s.ctx, "second", long)
	s.is(err, "AcquireWatch of another holder", posts.ErrWatched)
}

func watchRenewFenced(s *scene) {
	lost, held := s.stale()
	s.is(s.Store.RenewWatch(s.ctx, lost, long), "RenewWatch of a watch that passed on", posts.ErrFenced)
	s.ok(s.Second.ReleaseWatch(s.ctx, held), "ReleaseWatch")
	s.is(s.Second.RenewWatch(s.ctx, held, long), "RenewWatch of a released watch", posts.ErrFenced)
}

func watchReleased(s *scene) {
	s.ok(s.Store.ReleaseWatch(s.ctx, s.watch()), "ReleaseWatch")
	_, err := s.Second.AcquireWatch(s.ctx, "second", long)
	s.ok(err, "AcquireWatch after the release")
}

func watchReleaseStale(s *scene) {
	lost, held := s.stale()
	s.ok(s.Store.ReleaseWatch(s.ctx, lost), "ReleaseWatch of a watch that passed on")
	s.ok(s.Second.RenewWatch(s.ctx, held, long), "RenewWatch of the successor")
	_, err := s.Store.AcquireWatch(s.ctx, "third", long)
	s.is(err, "AcquireWatch of a third holder", posts.ErrWatched)
}

func identitiesEmpty(s *scene) {
	all, err := s.Store.Identities(s.ctx)
	s.ok(err, "Identities")
	equal(s, "records", len(all), 0)
}

// identity is a record that uses every field.
func identity(id posts.ID, standing posts.Standing) posts.Identity {
	return posts.Identity{
		ID: id, Path: "_posts/2026-11-24-恩施 日报.md",
		SourceURL: "http://example.org/?infoCode=1&s=“引号”'\"",
		Body:      [16]byte{0, 1, 0xff, '\n', 5}, Standing: standing, Seen: at(3),
	}
}

// recorded demands what Identities returns, in any order.
func (s *scene) recorded(want ...posts.Identity) {
	s.Helper()
	got, err := s.Second.Identities(s.ctx)
	s.ok(err, "Identities")
	byID := func(a, b posts.Identity) int { return strings.Compare(string(a.ID), string(b.ID)) }
	slices.SortFunc(got, byID)
	slices.SortFunc(want, byID)
	if diff := cmp.Diff(want, got); diff != "" {
		s.Fatalf("Identities (-want +got):\n%s", diff)
	}
}

func (s *scene) record(w posts.Watch, records ...posts.Identity) {
	s.Helper()
	s.ok(s.Store.Record(s.ctx, w, records), "Record")
}

func identitiesRoundTrip(s *scene) {
	feed := posts.Identity{ID: "urn:uuid:feed", Path: posts.FeedPath(posts.Tag(`恩施:"日报"`)), Seen: at(0)}
	held := identity("https://example.org/恩施#1", posts.Held)
	held.Reason, held.Since = "more than 200 new posts in one scan", at(4)
	gone := identity("tag:example.org,2026:gone", posts.Backlog)
	gone.Gone = true
	s.record(s.watch(), feed, held, gone)
	s.recorded(feed, held, gone)
}

func recordReplaces(s *scene) {
	w := s.watch()
	before, other := identity("a", posts.Due), identity("b", posts.Due)
	s.record(w, before, other)
	after := before
	after.Path, after.SourceURL, after.Gone, after.Body = "_posts/renamed.md", "", true, [16]byte{9}
	s.record(w, after)
	s.recorded(after, other)
}

func recordForward(s *scene) {
	w := s.watch()
	order := []posts.Standing{posts.Due, posts.Held, posts.Released, posts.Arrived, posts.Withdrawn}
	var want []posts.Identity
	for i, stays := range order[1:] {
		stored := identity(posts.ID("stays "+stays), stays)
		stored.Reason, stored.Since = "of "+string(stays), at(i)
		s.record(w, stored)
		for _, back := range append([]posts.Standing{posts.Backlog}, order[:i+1]...) {
			again := identity(stored.ID, back)
			again.Path, again.Reason = "_posts/renamed.md", "another"
			s.record(w, again)
		}
		stored.Path = "_posts/renamed.md"
		want = append(want, stored)
	}
	s.recorded(want...)
}

func recordMoves(s *scene) {
	w := s.watch()
	last := identity("a", posts.Due)
	for _, standing := range []posts.Standing{posts.Due, posts.Held, posts.Released, posts.Arrived, posts.Withdrawn} {
		last.Standing = standing
		s.record(w, last)
		s.recorded(last)
	}
}

func recordFenced(s *scene) {
	lost, held := s.stale()
	kept := identity("kept", posts.Due)
	s.ok(s.Second.Record(s.ctx, held, []posts.Identity{kept}), "Record")
	changed := kept
	changed.Path = "_posts/other.md"
	err := s.Store.Record(s.ctx, lost, []posts.Identity{changed, identity("new", posts.Due)})
	s.is(err, "Record with a watch that passed on", posts.ErrFenced)
	s.recorded(kept)
}

func recordMany(s *scene) {
	all := make([]posts.Identity, 3000)
	for i := range all {
		all[i] = identity(posts.ID(person(i).ID), posts.Backlog)
		all[i].Seen = at(0).Add(time.Duration(i) * time.Second)
	}
	s.record(s.watch(), all...)
	s.recorded(all...)
}

func revisionChanges(s *scene) {
	revision := func() string {
		r, err := s.Store.Revision(s.ctx)
		s.ok(err, "Revision")
		return r
	}
	equal(s, "revision of a new store", revision(), "")
	w := s.watch()
	equal(s, "revision with a watch", revision(), "")
	var seen []string
	for i := range 12 {
		s.record(w, identity(posts.ID(person(i%3).ID), posts.Backlog))
		if r := revision(); r == "" || slices.Contains(seen, r) {
			s.Errorf("revision %q after %q, want another", r, seen)
		} else {
			seen = append(seen, r)
		}
	}
	s.ok(s.Store.ReleaseWatch(s.ctx, w), "ReleaseWatch")
	lost, _ := s.stale()
	s.is(s.Store.Record(s.ctx, lost, nil), "Record without the watch", posts.ErrFenced)
	equal(s, "revision after a Record that failed", revision(), seen[len(seen)-1])
}
