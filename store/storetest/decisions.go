package storetest

import (
	"slices"
	"strings"
	"time"

	"github.com/enshi-daily/enshi/digest"
	"github.com/enshi-daily/enshi/posts"
)

func decisions() []law {
	return []law{
		{"Decide releases those that are held, and passes over the others", decideReleases},
		{"Decide withdraws whatever is on record, and no feed", decideWithdraws},
		{"Decide needs no watch, and works while another holds it", decideUnwatched},
		{"Decide withdraws in the arrival log in the same step", decideInLog},
		{"Decide withdraws what its file withdrew, and what an operator withdrew only once", decideOnce},
		{"no Record undoes what was withdrawn", decideLasts},
		{"no Update of the arrival log undoes what was withdrawn", decideLastsInLog},
		{"a released post arrives, and forgets why it was held", decideArrives},
		{"Decide refuses any other standing", decideStandings},
		{"Decide at once decides once", decideAtOnce},
		{"Decided changes with every Decide that decided something, and with nothing else", decidedChanges},
		{"Revision changes with a Decide that decided something", decideRevises},
	}
}

// held is a record of a post that a guard kept back.
func held(id posts.ID) posts.Identity {
	i := identity(id, posts.Held)
	i.Reason, i.Since = "dated 2026-01-01", at(5)
	return i
}

func decision(standing posts.Standing, ids ...posts.ID) posts.Decision {
	return posts.Decision{Posts: ids, Standing: standing, Reason: "说明\t\"x\"", At: at(9)}
}

// as is a record after a decision.
func as(i posts.Identity, d posts.Decision) posts.Identity {
	i.Standing, i.Reason, i.Since = d.Standing, d.Reason, d.At
	return i
}

// decide demands which posts a decision decides on.
func (s *scene) decide(d posts.Decision, want ...posts.ID) {
	s.Helper()
	got, err := s.Second.Decide(s.ctx, d)
	s.ok(err, "Decide")
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		s.Fatalf("Decide(%v) = %v, want %v", d, got, want)
	}
}

func decideReleases(s *scene) {
	all := []posts.Identity{held("a"), held("b"), identity("c", posts.Due), identity("d", posts.Arrived)}
	s.record(s.watch(), all...)
	d := decision(posts.Released, "a", "c", "d", "unknown")
	s.decide(d, "a")
	all[0] = as(all[0], d)
	s.recorded(all...)
}

func decideWithdraws(s *scene) {
	feed := posts.Identity{ID: "feed", Path: posts.FeedPath(posts.Tag("茶")), Seen: at(0)}
	w := s.watch()
	s.record(w, feed)
	var ids []posts.ID
	var want []posts.Identity
	d := decision(posts.Withdrawn)
	for _, standing := range []posts.Standing{posts.Backlog, posts.Due, posts.Held, posts.Released, posts.Arrived} {
		i := identity(posts.ID("was "+standing), standing)
		s.record(w, i)
		ids, want = append(ids, i.ID), append(want, as(i, d))
	}
	d.Posts = append([]posts.ID{feed.ID, "unknown"}, ids...)
	s.decide(d, ids...)
	s.recorded(append(want, feed)...)
}

func decideUnwatched(s *scene) {
	w := s.watch()
	s.record(w, held("a"))
	s.decide(decision(posts.Released, "a"), "a")
	s.ok(s.Store.RenewWatch(s.ctx, w, long), "RenewWatch")
}

func decideInLog(s *scene) {
	w := s.watch()
	s.arrive(w, 1, 2)
	s.decide(decision(posts.Withdrawn, entry(1).Post), entry(1).Post)
	taken := entry(1)
	taken.Withdrawn = true
	s.logged(taken, entry(2))
}

func decideOnce(s *scene) {
	byFile := identity("by file", posts.Withdrawn)
	s.record(s.watch(), byFile)
	d := decision(posts.Withdrawn, byFile.ID)
	s.decide(d, byFile.ID)
	later := d
	later.Reason, later.At = "another", at(50)
	s.decide(later)
	s.recorded(as(byFile, d))
}

func decideLasts(s *scene) {
	w := s.watch()
	before := identity("a", posts.Arrived)
	s.record(w, before)
	d := decision(posts.Withdrawn, "a")
	s.decide(d, "a")
	for _, standing := range []posts.Standing{posts.Due, posts.Released, posts.Arrived, posts.Withdrawn} {
		again := identity("a", standing)
		again.Path = "_posts/renamed.md"
		s.record(w, again)
	}
	before.Path = "_posts/renamed.md"
	s.recorded(as(before, d))
}

func decideLastsInLog(s *scene) {
	w := s.watch()
	s.arrive(w, 1, 1)
	s.decide(decision(posts.Withdrawn, entry(1).Post), entry(1).Post)
	changed := entry(1)
	changed.Title = "改了"
	s.ok(s.Store.Update(s.ctx, w, []digest.Entry{changed}), "Update")
	changed.Withdrawn = true
	s.logged(changed)
}

func decideArrives(s *scene) {
	w := s.watch()
	i := held(entry(1).Post)
	s.record(w, i)
	s.decide(decision(posts.Released, i.ID), i.ID)
	head, err := s.Store.Append(s.ctx, w, []digest.Entry{entry(1)})
	s.ok(err, "Append")
	equal(s, "head", head, 1)
	i.Standing, i.Reason, i.Since = posts.Arrived, "", time.Time{}
	s.recorded(i)
}

func decideStandings(s *scene) {
	s.record(s.watch(), held("a"))
	for _, standing := range []posts.Standing{posts.Backlog, posts.Due, posts.Held, posts.Arrived, ""} {
		if _, err := s.Store.Decide(s.ctx, decision(standing, "a")); err == nil || !strings.Contains(err.Error(), "released or withdrawn") {
			s.Fatalf("Decide with standing %q = %v, want an error that names the two", standing, err)
		}
	}
	s.recorded(held("a"))
}

func decideAtOnce(s *scene) {
	s.record(s.watch(), held("a"))
	counts := make([]int, 8)
	s.atOnce(len(counts), func(i int, store Store) error {
		decided, err := store.Decide(s.ctx, decision(posts.Released, "a"))
		counts[i] = len(decided)
		return err
	})
	sum := 0
	for _, n := range counts {
		sum += n
	}
	equal(s, "decisions made", sum, 1)
}

func (s *scene) decided() string {
	s.Helper()
	word, err := s.Store.Decided(s.ctx)
	s.ok(err, "Decided")
	return word
}

func decidedChanges(s *scene) {
	equal(s, "Decided of a new store", s.decided(), "")
	w := s.watch()
	s.record(w, held("a"), held("b"))
	s.decide(decision(posts.Released, "unknown"))
	equal(s, "Decided before anything was", s.decided(), "")
	s.decide(decision(posts.Released, "a"), "a")
	first := s.decided()
	s.record(w, identity("c", posts.Due))
	s.decide(decision(posts.Released, "a"))
	equal(s, "Decided after a Record, and a Decide in vain", s.decided(), first)
	s.decide(decision(posts.Withdrawn, "a"), "a")
	if second := s.decided(); first == "" || second == first {
		s.Fatalf("Decided = %q after two decisions, %q after one", second, first)
	}
}

func decideRevises(s *scene) {
	s.record(s.watch(), held("a"))
	before, err := s.Store.Revision(s.ctx)
	s.ok(err, "Revision")
	s.decide(decision(posts.Withdrawn, "a"), "a")
	after, err := s.Store.Revision(s.ctx)
	s.ok(err, "Revision")
	if before == after {
		s.Fatalf("Revision = %q before and after a Decide", after)
	}
}
