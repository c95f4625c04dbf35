package delivery_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/enshi-daily/enshi/delivery"
	"github.com/enshi-daily/enshi/digest"
	"github.com/enshi-daily/enshi/posts"
	"github.com/enshi-daily/enshi/subscribers"
)

// quarters is a store whose parts are planned at the same time, each with
// everybody in it.
type quarters struct{ delivery.Planning }

func (quarters) Parts() int { return 4 }

// rendererFunc is a renderer.
type rendererFunc func(digest.Letter) ([]byte, error)

func (f rendererFunc) Render(l digest.Letter) ([]byte, error) { return f(l) }

func (s *scene) plannerInQuarters(r delivery.Renderer) *delivery.Planner {
	return delivery.NewPlanner(delivery.PlannerOptions{
		Planning: quarters{s.store}, Log: s.store, Renderer: r, Schedule: digest.DefaultSchedule(shanghai(s.t)),
		LetterID: s.keys.LetterID, Group: func(subscribers.Address) delivery.Group { return "other" },
		Now: s.clock.Now, Logger: quiet(), Recall: s.store, Batch: 11, Parallel: 4,
	})
}

// crowd lets 150 people join who follow three sets of topics, and a post of each
// topic arrive.
func (s *scene) crowd() {
	s.t.Helper()
	for i := range 150 {
		s.join(fmt.Sprint("reader", i), subscribers.Daily, [][]posts.Topic{
			{posts.Everything}, {posts.Tag("茶叶")}, {posts.Category("yaowen"), posts.Tag("体育")},
		}[i%3]...)
	}
	s.arrive("采茶", posts.Tag("茶叶"))
	s.arrive("会议", posts.Category("yaowen"))
}

func TestLettersAreRenderedOnce(t *testing.T) {
	s := newScene(t)
	s.crowd()
	r, ok, err := s.plannerInQuarters(s.print).Plan(t.Context(), subscribers.Daily)
	if err != nil || !ok || r.Queued != 150 || r.Letters != 3 {
		t.Fatalf("Plan = %d queued, %d letters, %t, %v; want 150, 3", r.Queued, r.Letters, ok, err)
	}
	relay := &relay{}
	for range 2 {
		if err := s.worker(relay).Drain(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if len(relay.got) != 150 || len(s.print.printed) != 3 {
		t.Errorf("%d mails, letters rendered %d times; want 150 and 3", len(relay.got), len(s.print.printed))
	}
}

func TestPlanningEndsWithALetterThatFails(t *testing.T) {
	s := newScene(t)
	s.crowd()
	broken := errors.New("a template is broken")
	_, _, err := s.plannerInQuarters(rendererFunc(func(l digest.Letter) ([]byte, error) {
		if len(l.Entries) == 2 {
			return nil, broken
		}
		return s.print.Render(l)
	})).Plan(t.Context(), subscribers.Daily)
	if !errors.Is(err, broken) {
		t.Fatalf("Plan = %v, want %v", err, broken)
	}
	r := s.plan(subscribers.Daily)
	if got := s.counts(r.Edition.ID).Total(); got != 150 {
		t.Errorf("%d planned after the template was mended, want 150", got)
	}
}
