package storetest

import (
	"cmp"
	"context"
	"slices"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/enshi-daily/enshi/delivery"
	"github.com/enshi-daily/enshi/digest"
	"github.com/enshi-daily/enshi/posts"
	"github.com/enshi-daily/enshi/subscribers"
)

func recall() []law {
	return []law{
		{"Bringing returns the letters that brought any of the posts", bringingAny},
		{"Bringing looks at editions opened after since alone", bringingSince},
		{"Bringing knows what the bytes bring that PutLetter kept first", bringingFirst},
		{"PutLetter fails with ErrWithdrawn if a post that it brings is withdrawn by now", putWithdrawn},
		{"PutLetter keeps a letter of many thousand posts", putMany},
		{"Reached returns what each edition has for each subscriber, in order", reachedStates},
		{"Reached of nobody and of no edition is empty", reachedNothing},
		{"Rewrite replaces a letter's bytes if they are those that were read", rewriteSwaps},
		{"Rewrite at once happens once", rewriteOnce},
		{"Rewrite leaves what the letter brought", rewriteKeepsBrought},
		{"Retract skips what waits of the letters, and nothing else", retractWaiting},
		{"Retract lets what is in flight be finished, and no lease begin", retractInFlight},
		{"Retract lets an edition finish, and may be called again", retractAgain},
		{"Retract at once counts each delivery once", retractOnce},
		{"Two planners tell somebody who changes from one's rhythm to the other's of a correction once", tellOnce},
		{"So do they if somebody changes to a rhythm whose edition is planned, and back", tellOnceThereAndBack},
		{"Rewrite and Retract fail with ErrOldEpoch in a process of an older epoch", recallFenced},
	}
}

// heads demands what Bringing returns of the editions opened after since.
func (s *scene) heads(since time.Time, numbers []int64, want ...delivery.Letterhead) {
	s.Helper()
	got, err := s.Second.Bringing(s.ctx, since, numbers...)
	s.ok(err, "Bringing")
	for _, list := range [][]delivery.Letterhead{got, want} {
		slices.SortFunc(list, func(a, b delivery.Letterhead) int {
			return cmp.Or(cmp.Compare(a.Edition, b.Edition), cmp.Compare(a.Letter, b.Letter))
		})
	}
	if diff := gocmp.Diff(want, got); diff != "" {
		s.Fatalf("Bringing(%v) (-want +got):\n%s", numbers, diff)
	}
}

// brings keeps a letter of these posts.
func (s *scene) brings(edition, letter string, posts ...digest.Brought) delivery.Letterhead {
	s.Helper()
	s.ok(s.Store.PutLetter(s.ctx, edition, letter, []byte(letter), posts...), "PutLetter")
	return delivery.Letterhead{Edition: edition, Letter: letter, Brought: posts}
}

// ever is before every edition of the tests.
func ever() time.Time { return at(-1000) }

func bringingAny(s *scene) {
	first := s.open(9)
	a := s.brings(first.ID, "a", digest.Brought{Number: 1}, digest.Brought{Number: 2}, digest.Brought{Number: 9})
	b := s.brings(first.ID, "b", digest.Brought{Number: 2, Version: 7}, digest.Brought{Number: 4, Version: 1 << 31})
	s.ok(s.Store.Close(s.ctx, first.ID), "Close")
	second := s.open(900)
	c := s.brings(second.ID, "a", digest.Brought{Number: 4}, digest.Brought{Number: 4, Version: 5}, digest.Brought{Number: 800})
	s.brings(second.ID, "nothing")
	s.heads(ever(), []int64{2}, a, b)
	s.heads(ever(), []int64{4}, b, c)
	s.heads(ever(), []int64{1, 800}, a, c)
	s.heads(ever(), []int64{3, 5, 10, 799})
	s.heads(ever(), nil)
}

func bringingSince(s *scene) {
	var all []delivery.Letterhead
	for mark := int64(1); mark <= 4; mark++ {
		e := s.open(mark)
		all = append(all, s.brings(e.ID, "a", digest.Brought{Number: 1}))
		s.ok(s.Store.Close(s.ctx, e.ID), "Close")
	}
	s.heads(ever(), []int64{1}, all...)
	s.heads(daily(2).Opened, []int64{1}, all[2:]...)
	s.heads(daily(4).Opened, []int64{1})
}

func bringingFirst(s *scene) {
	e := s.open(3)
	first := s.brings(e.ID, "a", digest.Brought{Number: 1})
	s.brings(e.ID, "a", digest.Brought{Number: 2})
	s.heads(ever(), []int64{1}, first)
	s.heads(ever(), []int64{2})
}

func putWithdrawn(s *scene) {
	w := s.watch()
	s.arrive(w, 1, 4)
	e := s.open(4)
	s.ok(s.Store.Update(s.ctx, w, []digest.Entry{corrected(1, "更正")}), "Update")
	kept := s.brings(e.ID, "before", digest.Brought{Number: 2}, digest.Brought{Number: 3})
	s.decide(decision(posts.Withdrawn, entry(2).Post), entry(2).Post)
	gone := entry(4)
	gone.Withdrawn = true
	s.ok(s.Store.Update(s.ctx, w, []digest.Entry{gone}), "Update")
	for name, numbers := range map[string][]int64{"before": {2, 3}, "operator": {1, 2}, "file": {4}, "correction": {1, 3, 4}} {
		var brings []digest.Brought
		for _, n := range numbers {
			brings = append(brings, digest.Brought{Number: n})
		}
		s.is(s.Store.PutLetter(s.ctx, e.ID, name, []byte("x"), brings...), "PutLetter of "+name, delivery.ErrWithdrawn)
	}
	also := s.brings(e.ID, "after", digest.Brought{Number: 1, Version: 7}, digest.Brought{Number: 3})
	s.heads(ever(), []int64{1, 2, 3, 4}, kept, also)
	s.ok(s.Store.Update(s.ctx, w, []digest.Entry{entry(4)}), "Update")
	s.brings(e.ID, "again", digest.Brought{Number: 4})
}

// Whoever releases a whole archive sends it.
func putMany(s *scene) {
	w := s.watch()
	s.arrive(w, 1, 1)
	e := s.open(20_000)
	brings := make([]digest.Brought, 20_000)
	for i := range brings {
		brings[i].Number = int64(i + 1)
	}
	s.heads(ever(), []int64{20_000}, s.brings(e.ID, "a", brings...))
	gone := entry(1)
	gone.Withdrawn = true
	s.ok(s.Store.Update(s.ctx, w, []digest.Entry{gone}), "Update")
	s.is(s.Store.PutLetter(s.ctx, e.ID, "b", []byte("x"), brings...), "PutLetter", delivery.ErrWithdrawn)
}

// reached demands what Reached returns.
func (s *scene) reached(ids []subscribers.ID, editions []string, want [][]delivery.Reach) {
	s.Helper()
	got, err := s.Second.Reached(s.ctx, ids, editions...)
	s.ok(err, "Reached")
	if diff := gocmp.Diff(want, got); diff != "" {
		s.Fatalf("Reached (-want +got):\n%s", diff)
	}
}

func reachedStates(s *scene) {
	e, all := s.mailing(9)
	s.ok(s.Store.Close(s.ctx, e.ID), "Close")
	leased := s.lease(work(e), 7, long)
	s.begin(leased[:6])
	s.finish(leased[:2], delivery.Sent)
	s.finish(leased[2:3], delivery.Rejected)
	s.finish(leased[3:4], delivery.Uncertain)
	s.retry(leased[4:5], s.Now().Add(long))
	want := make(map[subscribers.ID]delivery.State)
	for i, state := range []delivery.State{delivery.Sent, delivery.Sent, delivery.Rejected, delivery.Uncertain,
		delivery.Retry, delivery.Sending, delivery.Queued} {
		want[leased[i].Subscriber] = state
	}
	other := s.open(2)
	mine := all[:3]
	for _, sub := range mine {
		s.choose(other, s.stored(sub.ID), "another")
	}
	var ids []subscribers.ID
	var rows [][]delivery.Reach
	for i, sub := range all {
		row := []delivery.Reach{{Letter: "letter", State: delivery.Queued}, {}, {}}
		if state, ok := want[sub.ID]; ok {
			row[0].State = state
		}
		if i < len(mine) {
			row[2] = delivery.Reach{Letter: "another", State: delivery.Queued}
		}
		ids, rows = append(ids, sub.ID), append(rows, row)
	}
	ids, rows = append(ids, person(100).ID), append(rows, make([]delivery.Reach, 3))
	s.reached(ids, []string{e.ID, "daily-20260101-9", other.ID}, rows)
}

// choose plans one subscriber.
func (s *scene) choose(e delivery.Edition, sub subscribers.Subscriber, letter string) {
	s.Helper()
	_, part := s.candidates(e)
	planned, err := s.Store.Plan(s.ctx, e, part[sub.ID], []delivery.Choice{choice(sub, letter)})
	s.ok(err, "Plan")
	equal(s, "Plan", planned, delivery.Planned{Queued: 1})
}

func reachedNothing(s *scene) {
	e, all := s.mailing(1)
	s.reached(nil, []string{e.ID}, [][]delivery.Reach{})
	s.reached([]subscribers.ID{all[0].ID}, nil, [][]delivery.Reach{{}})
}

func rewriteSwaps(s *scene) {
	e := s.open(1)
	s.ok(s.Store.PutLetter(s.ctx, e.ID, "a", []byte("one")), "PutLetter")
	equal(s, "Rewrites before any", s.rewrites(), 0)
	for _, step := range []struct {
		letter, from, to string
		done             bool
		want             string
	}{{"a", "other", "two", false, "one"}, {"a", "one", "two", true, "two"}, {"a", "one", "three", false, "two"}, {"b", "", "four", false, ""}} {
		done, err := s.Second.Rewrite(s.ctx, e.ID, step.letter, []byte(step.from), []byte(step.to))
		s.ok(err, "Rewrite")
		equal(s, "Rewrite from "+step.from, done, step.done)
		if step.want != "" {
			s.letter(e.ID, step.letter, []byte(step.want))
		}
	}
	_, err := s.Store.Letter(s.ctx, e.ID, "b")
	s.is(err, "a letter that was not there", delivery.ErrNotFound)
	equal(s, "Rewrites", s.rewrites(), 1)
	s.ok(s.Store.PutLetter(s.ctx, e.ID, "a", []byte("one")), "PutLetter")
	s.letter(e.ID, "a", []byte("two"))
}

func (s *scene) rewrites() int64 {
	s.Helper()
	n, err := s.Store.Rewrites(s.ctx)
	s.ok(err, "Rewrites")
	return n
}

func rewriteOnce(s *scene) {
	e := s.open(1)
	s.ok(s.Store.PutLetter(s.ctx, e.ID, "a", []byte("one")), "PutLetter")
	did := make([]bool, 16)
	s.atOnce(len(did), func(i int, store Store) (err error) {
		did[i], err = store.Rewrite(s.ctx, e.ID, "a", []byte("one"), []byte{byte(i)})
		return err
	})
	won := slices.Index(did, true)
	if won < 0 || slices.Contains(did[won+1:], true) {
		s.Fatalf("Rewrite at once = %v, want one true", did)
	}
	s.letter(e.ID, "a", []byte{byte(won)})
}

func rewriteKeepsBrought(s *scene) {
	e := s.open(1)
	a := s.brings(e.ID, "a", digest.Brought{Number: 1})
	_, err := s.Store.Rewrite(s.ctx, e.ID, "a", []byte("a"), []byte("b"))
	s.ok(err, "Rewrite")
	s.heads(ever(), []int64{1}, a)
}

// letterTo has people get letters in turn, and returns who gets which.
func (s *scene) letterTo(n int, letters ...string) (delivery.Edition, map[string][]subscribers.ID) {
	s.Helper()
	s.people(n)
	return s.planned(1, letters...)
}

// planned has an edition up to a mark planned, with the letters in turn.
func (s *scene) planned(mark int64, letters ...string) (delivery.Edition, map[string][]subscribers.ID) {
	s.Helper()
	e := s.open(mark)
	all, part := s.candidates(e)
	to := make(map[string][]subscribers.ID)
	for i, sub := range all {
		letter := letters[i%len(letters)]
		_, err := s.Store.Plan(s.ctx, e, part[sub.ID], []delivery.Choice{choice(sub, letter)})
		s.ok(err, "Plan")
		to[letter] = append(to[letter], sub.ID)
	}
	s.ok(s.Store.Close(s.ctx, e.ID), "Close")
	return e, to
}

func (s *scene) retract(edition string, letters []string, want int) {
	s.Helper()
	n, err := s.Second.Retract(s.ctx, edition, letters...)
	s.ok(err, "Retract")
	equal(s, "Retract", n, want)
}

func retractWaiting(s *scene) {
	e, to := s.letterTo(40, "a", "b", "c", "d")
	leased := s.lease(work(e), 40, long)
	slices.SortFunc(leased, func(a, b delivery.Delivery) int { return cmp.Compare(a.Letter, b.Letter) })
	of := func(letter string) []delivery.Delivery {
		return slices.DeleteFunc(slices.Clone(leased), func(d delivery.Delivery) bool { return d.Letter != letter })
	}
	s.begin(append(of("a")[:6], of("b")[:3]...))
	s.finish(of("a")[:2], delivery.Sent)
	s.finish(of("a")[2:3], delivery.Uncertain)
	s.finish(of("a")[3:4], delivery.Failed)
	s.retry(of("a")[4:5], s.Now().Add(long))
	s.finish(of("a")[6:8], delivery.Queued)
	s.retract(e.ID, []string{"a", "b"}, 1+2+2+7) // retry, queued and leased of a, leased of b
	s.counts(e.ID, delivery.Counts{delivery.Sent: 2, delivery.Uncertain: 1, delivery.Failed: 1,
		delivery.Sending: 1 + 3, delivery.Skipped: 12, delivery.Queued: len(to["c"]) + len(to["d"])})
	for d, err := range s.Store.Deliveries(s.ctx, e.ID, delivery.Skipped) {
		s.ok(err, "Deliveries")
		equal(s, "Skip", d.Skip, delivery.SkipWithdrawn)
		equal(s, "a letter that was retracted", d.Letter == "a" || d.Letter == "b", true)
	}
	s.retract("daily-20260101-9", []string{"a"}, 0)
	s.retract(e.ID, nil, 0)
}

func retractInFlight(s *scene) {
	e, _ := s.letterTo(3, "a")
	leased := s.lease(work(e), 2, long)
	s.begin(leased[:1])
	s.retract(e.ID, []string{"a"}, 2)
	if permit := s.permits(leased[1:])[0]; permit == delivery.Go {
		s.Fatal("a lease of a retracted letter may begin")
	}
	s.finish(leased[:1], delivery.Sent)
	s.finish(leased[1:], delivery.Retry)
	s.lease(work(e), 0, long)
	s.counts(e.ID, delivery.Counts{delivery.Sent: 1, delivery.Skipped: 2})
}

func retractAgain(s *scene) {
	e, _ := s.letterTo(700, "a", "b")
	s.retract(e.ID, []string{"b"}, 350)
	s.retract(e.ID, []string{"a", "b"}, 350)
	s.retract(e.ID, []string{"a", "b"}, 0)
	swept := s.sweep(delivery.Resend)
	equal(s, "finished editions", len(swept.Finished), 1)
	s.counts(e.ID, delivery.Counts{delivery.Skipped: 700})
}

func retractOnce(s *scene) {
	e, _ := s.letterTo(300, "a")
	counted := make([]int, 4)
	s.atOnce(len(counted), func(i int, store Store) (err error) {
		counted[i], err = store.Retract(context.WithoutCancel(s.ctx), e.ID, "a")
		return err
	})
	s.counts(e.ID, delivery.Counts{delivery.Skipped: 300})
	equal(s, "the sum of Retract", counted[0]+counted[1]+counted[2]+counted[3], 300)
}

func recallFenced(s *scene) {
	e, _ := s.letterTo(3, "a")
	s.ok(s.Store.PutLetter(s.ctx, e.ID, "a", []byte("one")), "PutLetter")
	_, err := s.Second.Raise(s.ctx, "")
	s.ok(err, "Raise")
	_, err = s.Store.Rewrite(s.ctx, e.ID, "a", []byte("one"), []byte("two"))
	s.is(err, "Rewrite", delivery.ErrOldEpoch)
	_, err = s.Store.Retract(s.ctx, e.ID, "a")
	s.is(err, "Retract", delivery.ErrOldEpoch)
	s.letter(e.ID, "a", []byte("one"))
	s.counts(e.ID, delivery.Counts{delivery.Queued: 3})
}
