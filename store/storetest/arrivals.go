package storetest

import (
	"errors"
	"fmt"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/enshi-daily/enshi/digest"
	"github.com/enshi-daily/enshi/posts"
)

func arrivals() []law {
	return []law{
		{"Head of an empty log is 0", logEmpty},
		{"Append gives the next numbers in order and returns the new head", logAppend},
		{"Append of nothing returns the head", logAppendNothing},
		{"Append moves the identities to Arrived in the same step", logMovesIdentities},
		{"Append gives a post that is in the log already no second number", logNoSecond},
		{"Append moves the identity of a post that is in the log already, too", logMovesAgain},
		{"Append gives a withdrawn post no number", logWithdrawn},
		{"Append fails with ErrFenced if the watch has passed on, and nothing arrives", logAppendFenced},
		{"two appenders, one of them fenced, leave no gap", logTwoAppenders},
		{"Append from two processes at once leaves no gap and doubles nothing", logAppendAtOnce},
		{"Update replaces what the log says; Number, Arrived and Topics are kept", logUpdate},
		{"Update passes over a post that is not in the log", logUpdateUnknown},
		{"Update fails with ErrFenced if the watch has passed on, and nothing changes", logUpdateFenced},
		{"Since returns the entries with after < Number ≤ to, by number", logSince},
		{"an entry comes back as it was appended", logRoundTrip},
		{"Amended returns the entries that were corrected or withdrawn, by number", logAmended},
		{"Amended returns those that arrived after since", logAmendedSince},
		{"Amended knows what an operator withdrew", logAmendedDecided},
	}
}

// entry is the nth post's.
func entry(n int) digest.Entry {
	return digest.Entry{
		Post:  posts.ID(fmt.Sprintf("https://example.org/post/%d", n)),
		Title: fmt.Sprintf("第%d条", n), Link: fmt.Sprintf("https://example.org/%d.html", n),
		Date: at(n), Arrived: at(500 + n), Topics: []posts.Topic{posts.Category("enshiribao")},
	}
}

// arrive records and appends the posts from to to, and returns their head.
func (s *scene) arrive(w posts.Watch, from, to int) int64 {
	s.Helper()
	var entries []digest.Entry
	for n := from; n <= to; n++ {
		entries = append(entries, entry(n))
		s.record(w, identity(entry(n).Post, posts.Due))
	}
	head, err := s.Store.Append(s.ctx, w, entries)
	s.ok(err, "Append")
	return head
}

// logged demands the whole log, read by the other process.
func (s *scene) logged(want ...digest.Entry) {
	s.Helper()
	got, err := s.Second.Since(s.ctx, 0, 1<<40)
	s.ok(err, "Since")
	for i := range want {
		want[i].Number = int64(i + 1)
	}
	if diff := cmp.Diff(want, got, cmp.Transformer("nilless", nilless)); diff != "" {
		s.Fatalf("the log (-want +got):\n%s", diff)
	}
	head, err := s.Second.Head(s.ctx)
	s.ok(err, "Head")
	equal(s, "Head", head, int64(len(want)))
}

// nilless lets a nil list equal an empty one.
func nilless(list []string) string { return fmt.Sprintf("%d%q", len(list), list) }

func (s *scene) standing(id posts.ID) posts.Standing {
	s.Helper()
	all, err := s.Second.Identities(s.ctx)
	s.ok(err, "Identities")
	for _, has := range all {
		if has.ID == id {
			return has.Standing
		}
	}
	s.Fatalf("no identity %s", id)
	return ""
}

func logEmpty(s *scene) {
	head, err := s.Store.Head(s.ctx)
	s.ok(err, "Head")
	equal(s, "Head", head, 0)
	all, err := s.Store.Since(s.ctx, 0, 100)
	s.ok(err, "Since")
	equal(s, "entries", len(all), 0)
}

func logAppend(s *scene) {
	w := s.watch()
	equal(s, "Append", s.arrive(w, 1, 2), 2)
	equal(s, "Append", s.arrive(w, 3, 5), 5)
	s.logged(entry(1), entry(2), entry(3), entry(4), entry(5))
}

func logAppendNothing(s *scene) {
	w := s.watch()
	head, err := s.Store.Append(s.ctx, w, nil)
	s.ok(err, "Append")
	equal(s, "Append of nothing to an empty log", head, 0)
	s.arrive(w, 1, 3)
	head, err = s.Store.Append(s.ctx, w, nil)
	s.ok(err, "Append")
	equal(s, "Append of nothing", head, 3)
}

func logMovesIdentities(s *scene) {
	w := s.watch()
	for n, before := range []posts.Standing{posts.Backlog, posts.Due, posts.Held} {
		s.record(w, identity(entry(n).Post, before))
		_, err := s.Store.Append(s.ctx, w, []digest.Entry{entry(n)})
		s.ok(err, "Append")
		equal(s, "Standing after "+string(before), s.standing(entry(n).Post), posts.Arrived)
	}
}

func logNoSecond(s *scene) {
	w := s.watch()
	s.arrive(w, 1, 2)
	s.record(w, identity(entry(3).Post, posts.Due))
	head, err := s.Store.Append(s.ctx, w, []digest.Entry{entry(2), entry(3), entry(3), entry(1)})
	s.ok(err, "Append")
	equal(s, "Append", head, 3)
	s.logged(entry(1), entry(2), entry(3))
}

func logMovesAgain(s *scene) {
	w := s.watch()
	for range 2 { // who wrote this log did not have the identity
		head, err := s.Store.Append(s.ctx, w, []digest.Entry{entry(1)})
		s.ok(err, "Append")
		equal(s, "Append", head, 1)
		s.record(w, identity(entry(1).Post, posts.Due))
	}
	_, err := s.Store.Append(s.ctx, w, []digest.Entry{entry(1)})
	s.ok(err, "Append")
	equal(s, "Standing", s.standing(entry(1).Post), posts.Arrived)
	s.logged(entry(1))
}

func logWithdrawn(s *scene) {
	w := s.watch()
	s.record(w, identity(entry(1).Post, posts.Withdrawn), identity(entry(2).Post, posts.Due))
	head, err := s.Store.Append(s.ctx, w, []digest.Entry{entry(1), entry(2)})
	s.ok(err, "Append")
	equal(s, "Append", head, 1)
	s.logged(entry(2))
	equal(s, "Standing", s.standing(entry(1).Post), posts.Withdrawn)
}

func logAppendFenced(s *scene) {
	lost, held := s.stale()
	s.record(held, identity(entry(1).Post, posts.Due))
	_, err := s.Store.Append(s.ctx, lost, []digest.Entry{entry(1)})
	s.is(err, "Append with a watch that passed on", posts.ErrFenced)
	s.logged()
	equal(s, "Standing", s.standing(entry(1).Post), posts.Due)
}

func logTwoAppenders(s *scene) {
	lost, held := s.stale()
	var want []digest.Entry
	for n := 1; n <= 40; n++ {
		want = append(want, entry(n))
	}
	s.atOnce(2, func(i int, store Store) error {
		for _, e := range want {
			w := held
			if i == 1 {
				w = lost
				e.Post += "/other"
			}
			_, err := store.Append(s.ctx, w, []digest.Entry{e})
			if i == 1 && errors.Is(err, posts.ErrFenced) {
				continue
			}
			if err != nil || i == 1 {
				return fmt.Errorf("appender %d: %w", i, err)
			}
		}
		return nil
	})
	s.logged(want...)
}

func logAppendAtOnce(s *scene) {
	w := s.watch()
	s.atOnce(4, func(i int, store Store) error {
		for n := range 20 {
			if _, err := store.Append(s.ctx, w, []digest.Entry{entry(n), entry(100*(i+1) + n)}); err != nil {
				return err
			}
		}
		return nil
	})
	all, err := s.Store.Since(s.ctx, 0, 1000)
	s.ok(err, "Since")
	equal(s, "entries", len(all), 20+4*20)
	seen := make(map[posts.ID]bool)
	for i, e := range all {
		equal(s, "Number", e.Number, int64(i+1))
		if seen[e.Post] {
			s.Fatalf("%s arrived twice", e.Post)
		}
		seen[e.Post] = true
	}
}

func logUpdate(s *scene) {
	w := s.watch()
	s.arrive(w, 1, 2)
	changed := entry(1)
	changed.Number, changed.Arrived, changed.Topics = 77, at(999), []posts.Topic{posts.Tag("moved")}
	changed.Title, changed.Correction, changed.Withdrawn = "改了", "更正", true
	s.ok(s.Store.Update(s.ctx, w, []digest.Entry{changed}), "Update")
	changed.Arrived, changed.Topics = entry(1).Arrived, entry(1).Topics
	s.logged(changed, entry(2))
}

func logUpdateUnknown(s *scene) {
	w := s.watch()
	s.arrive(w, 1, 1)
	changed := entry(1)
	changed.Title = "改了"
	s.ok(s.Store.Update(s.ctx, w, []digest.Entry{entry(9), changed}), "Update")
	s.logged(changed)
}

func logUpdateFenced(s *scene) {
	lost, held := s.stale()
	s.arrive(held, 1, 1)
	changed := entry(1)
	changed.Title = "改了"
	err := s.Store.Update(s.ctx, lost, []digest.Entry{changed})
	s.is(err, "Update with a watch that passed on", posts.ErrFenced)
	s.logged(entry(1))
}

func logSince(s *scene) {
	s.arrive(s.watch(), 1, 12)
	for _, span := range [][2]int64{{0, 12}, {3, 7}, {11, 99}, {12, 99}, {5, 5}, {7, 3}} {
		got, err := s.Store.Since(s.ctx, span[0], span[1])
		s.ok(err, "Since")
		next := span[0] + 1
		for _, e := range got {
			equal(s, "Number", e.Number, next)
			next++
		}
		want := max(min(span[1], 12), span[0]) + 1
		equal(s, fmt.Sprintf("end of Since(%d, %d)", span[0], span[1]), next, want)
	}
}

func logRoundTrip(s *scene) {
	w := s.watch()
	full := entry(1)
	full.Topics = []posts.Topic{posts.Category(`恩施:"日报"`), posts.Tag("a'b\n<c>&;|\\"), posts.Tag("😀")}
	full.Title, full.Summary = "标题 “引号” \"'\\ \x01 <b>", "摘要\n第二行"
	full.Authors, full.SourceName = []string{"全媒体记者 张三", "O'Neil, J."}, "恩施日报"
	full.Image, full.Correction = "https://example.org/图.jpg", "更正：\"x\""
	full.Date = at(5).In(time.FixedZone("", 8*3600))
	bare := digest.Entry{Post: "bare", Date: at(1)}
	_, err := s.Store.Append(s.ctx, w, []digest.Entry{full, bare})
	s.ok(err, "Append")
	s.logged(full, bare)
}
