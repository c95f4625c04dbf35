package delivery_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/enshi-daily/enshi/delivery"
	"github.com/enshi-daily/enshi/posts"
	"github.com/enshi-daily/enshi/subscribers"
)

func (s *scene) retractor(recall delivery.Recall) *delivery.Retractor {
	return delivery.NewRetractor(delivery.RetractorOptions{
		Log: s.store, Editions: s.store, Letters: s.store, Recall: recall, Renderer: s.print, Now: s.clock.Now, Logger: quiet(),
	})
}

// withdraw withdraws a post as an operator does.
func (s *scene) withdraw(title string) {
	s.t.Helper()
	_, err := s.store.Decide(s.t.Context(), posts.Decision{
		Posts: []posts.ID{s.entry(title).Post}, Standing: posts.Withdrawn, Reason: "test", At: s.clock.Now().UTC().Truncate(time.Second)})
	if err != nil {
		s.t.Fatal(err)
	}
}

func (s *scene) retract(r *delivery.Retractor, want delivery.Retracted) {
	s.t.Helper()
	got, err := r.Retract(s.t.Context())
	if err != nil || got != want {
		s.t.Fatalf("Retract = %+v, %v, want %+v", got, err, want)
	}
}

// threePosts plans an edition of three letters: of both posts, of tea alone, of
// news alone.
func (s *scene) threePosts() delivery.Report {
	s.t.Helper()
	s.join("all", subscribers.Daily)
	s.join("tea", subscribers.Daily, posts.Tag("茶叶"))
	s.join("tea2", subscribers.Daily, posts.Tag("茶叶"))
	s.join("news", subscribers.Daily, posts.Category("yaowen"))
	s.arrive("采茶", posts.Tag("茶叶"))
	s.arrive("会议", posts.Category("yaowen"))
	return s.plan(subscribers.Daily)
}

func TestWithdrawnPostsLeaveLettersThatWait(t *testing.T) {
	s := newScene(t)
	id := s.threePosts().Edition.ID
	r := s.retractor(s.store)
	s.retract(r, delivery.Retracted{})
	s.withdraw("采茶")
	s.retract(r, delivery.Retracted{Letters: 2, Skipped: 2})
	s.retract(r, delivery.Retracted{})
	s.retract(s.retractor(s.store), delivery.Retracted{}) // another process finds nothing left to do
	s.got("what is left", s.send(&relay{}), mails{"all": "会议\n", "news": "会议\n"})
	for d, err := range s.store.Deliveries(t.Context(), id, delivery.Skipped) {
		if err != nil || d.Skip != delivery.SkipWithdrawn {
			t.Errorf("skipped as %q, %v, want withdrawn", d.Skip, err)
		}
	}
	if c := s.counts(id); c[delivery.Sent] != 2 || c[delivery.Skipped] != 2 {
		t.Errorf("Counts = %v, want two sent and two skipped", c)
	}
}

// newCorrected has a letter waiting for a reader: a post, and the correction of
// one that he was sent the day before.
func newCorrected(t *testing.T) *scene {
	s := newScene(t)
	s.join("reader", subscribers.Daily)
	s.arrive("采茶", posts.Tag("茶叶"))
	s.mail(subscribers.Daily)
	s.correct("采茶", "三吨")
	s.arrive("会议", posts.Category("yaowen"))
	s.clock.Advance(24 * time.Hour)
	s.plan(subscribers.Daily)
	return s
}

func TestWithdrawnPostsLeaveCorrections(t *testing.T) {
	s := newCorrected(t)
	s.withdraw("采茶")
	s.retract(s.retractor(s.store), delivery.Retracted{Letters: 1})
	s.got("without the correction", s.send(&relay{}), mails{"reader": "会议\n"})
}

// TestCorrectionsAloneAreNotLeft empties a letter down to a correction, which
// makes no mail and is told of later.
func TestCorrectionsAloneAreNotLeft(t *testing.T) {
	s := newCorrected(t)
	s.withdraw("会议")
	s.retract(s.retractor(s.store), delivery.Retracted{Letters: 1, Skipped: 1})
	s.got("nothing", s.send(&relay{}), mails{})
	s.arrive("天气", posts.Category("yaowen"))
	s.got("the next", s.mail(subscribers.Daily), mails{"reader": "天气\n更正 采茶三吨\n"})
}

// faulty fails once in a step of its kind, done or not.
type faulty struct {
	delivery.Recall
	rewrite, retract int // how many of them work before one does not
}

var errCut = errors.New("cut off")

func (f *faulty) Rewrite(ctx context.Context, edition, letter string, from, to []byte) (bool, error) {
	if f.rewrite--; f.rewrite < 0 {
		return false, errCut
	}
	return f.Recall.Rewrite(ctx, edition, letter, from, to)
}

func (f *faulty) Retract(ctx context.Context, edition string, letters ...string) (int, error) {
	if f.retract--; f.retract < 0 {
		return 0, errCut
	}
	return f.Recall.Retract(ctx, edition, letters...)
}

// TestRetractorsAreCutOff ends one after each of its steps; the next goes on.
func TestRetractorsAreCutOff(t *testing.T) {
	for _, cut := range []faulty{{rewrite: 0, retract: 9}, {rewrite: 1, retract: 9}, {rewrite: 9, retract: 0}} {
		s := newScene(t)
		s.threePosts()
		s.withdraw("采茶")
		cut.Recall = s.store
		if _, err := s.retractor(&cut).Retract(t.Context()); !errors.Is(err, errCut) {
			t.Fatalf("Retract = %v, want to be cut off", err)
		}
		if _, err := s.retractor(s.store).Retract(t.Context()); err != nil {
			t.Fatal(err)
		}
		s.got("after a cut", s.send(&relay{}), mails{"all": "会议\n", "news": "会议\n"})
	}
}

func TestRetractorsAtOnce(t *testing.T) {
	s := newScene(t)
	id := s.threePosts().Edition.ID
	s.withdraw("采茶")
	var group sync.WaitGroup
	sums := make([]delivery.Retracted, 6)
	for n := range sums {
		r := s.retractor(openStore(t, s.path, s.clock))
		group.Go(func() {
			var err error
			if sums[n], err = r.Retract(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	var sum delivery.Retracted
	for _, one := range sums {
		sum.Letters += one.Letters
		sum.Skipped += one.Skipped
	}
	if want := (delivery.Retracted{Letters: 2, Skipped: 2}); sum != want {
		t.Errorf("six at once did %+v, want %+v", sum, want)
	}
	if c := s.counts(id); c[delivery.Skipped] != 2 || c[delivery.Queued] != 2 {
		t.Errorf("Counts = %v, want two skipped and two queued", c)
	}
}

// TestAWorkerHearsOfRewrittenLetters withdraws a post while an edition is half
// sent: whoever is next gets it without.
func TestAWorkerHearsOfRewrittenLetters(t *testing.T) {
	s := newScene(t)
	for n := range 100 {
		s.join("all"+strings.Repeat("x", n), subscribers.Daily)
		s.join("tea"+strings.Repeat("x", n), subscribers.Daily, posts.Tag("茶叶"))
	}
	s.arrive("采茶", posts.Tag("茶叶"))
	s.arrive("会议", posts.Category("yaowen"))
	id := s.plan(subscribers.Daily).Edition.ID
	var once sync.Once
	r := &relay{}
	r.answer = func(delivery.Message) delivery.Outcome {
		r.mu.Lock()
		sent := len(r.got)
		r.mu.Unlock()
		if sent >= 20 {
			once.Do(func() {
				s.withdraw("采茶")
				if _, err := s.retractor(s.store).Retract(t.Context()); err != nil {
					t.Error(err)
				}
				s.clock.Advance(2 * time.Second)
			})
		}
		return delivery.Outcome{Class: delivery.Delivered, Code: 250}
	}
	if err := s.worker(r).Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
	with, without := 0, 0
	for _, p := range r.got {
		switch {
		case strings.Contains(p.text, "采茶"):
			with++
		case p.text == "会议\n":
			without++
		default:
			t.Errorf("a mail of %q", p.text)
		}
	}
	// What was leased then, 16 a connection, may go out as it was.
	c := s.counts(id)
	if with > 20+2*4*16 || without < 20 || c[delivery.Skipped] < 20 || c.Total() != 200 || c.Open() != 0 {
		t.Errorf("%d mails with the post, %d without, %v: want it gone soon after 20", with, without, c)
	}
}

// TestAnEmptiedLetterIsNotSent plans somebody into a letter that was emptied
// before: a planner that read the log earlier does that.
func TestAnEmptiedLetterIsNotSent(t *testing.T) {
	s := newScene(t)
	id := s.join("weekly", subscribers.Weekly)
	e := s.threePosts().Edition
	s.withdraw("采茶")
	s.retract(s.retractor(s.store), delivery.Retracted{Letters: 2, Skipped: 2})
	var letter string
	for d, err := range s.store.Deliveries(t.Context(), e.ID, delivery.Skipped) {
		if err != nil {
			t.Fatal(err)
		}
		letter = d.Letter
	}
	s.prefer(id, subscribers.Preferences{Topics: []posts.Topic{posts.Tag("茶叶")}, Cadence: subscribers.Daily, Language: subscribers.Chinese})
	person, err := s.store.Subscriber(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	planned, err := s.store.Plan(t.Context(), e, 0, []delivery.Choice{{Subscriber: id, Version: person.Version, Cursor: person.Cursor, Letter: letter, Group: "other"}})
	if err != nil || planned.Queued != 1 {
		t.Fatalf("Plan = %+v, %v, want it queued", planned, err)
	}
	s.got("nothing of it", s.send(&relay{}), mails{"all": "会议\n", "news": "会议\n"})
	if c := s.counts(e.ID); c[delivery.Skipped] != 3 || c.Open() != 0 {
		t.Errorf("Counts = %v, want three skipped", c)
	}
}

// TestAPostWithdrawnWhileItIsPlanned withdraws one when the first letters are
// rendered: none with it is kept any more.
func TestAPostWithdrawnWhileItIsPlanned(t *testing.T) {
	s := newScene(t)
	for n := range 30 {
		s.join(fmt.Sprint("all", n), subscribers.Daily)
		s.join(fmt.Sprint("tea", n), subscribers.Daily, posts.Tag("茶叶"))
		s.join(fmt.Sprint("news", n), subscribers.Daily, posts.Category("yaowen"))
	}
	s.arrive("采茶", posts.Tag("茶叶"))
	s.arrive("会议", posts.Category("yaowen"))
	var once sync.Once
	s.print.before = func() { once.Do(func() { s.withdraw("采茶") }) }
	if r := s.plan(subscribers.Daily); r.Queued != 60 || r.Moved != 30 {
		t.Errorf("%d queued, %d with nothing pending, want 60 and 30", r.Queued, r.Moved)
	}
	for name, text := range s.send(&relay{}) {
		if text != "会议\n" {
			t.Errorf("%s got %q", name, text)
		}
	}
}
