package delivery_test

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/enshi-daily/enshi/delivery"
	"github.com/enshi-daily/enshi/subscribers"
)

// TestNoticeThatMeetsOurFaultIsGivenUp has notices fail on our side for days:
// they are given up like any mail, and each says so once.
func TestNoticeThatMeetsOurFaultIsGivenUp(t *testing.T) {
	for _, class := range []delivery.Class{delivery.OurFault, delivery.Bug} {
		t.Run(string(class), func(t *testing.T) {
			s := newScene(t)
			id := s.join("reader", subscribers.Daily)
			person, err := s.store.Subscriber(t.Context(), id)
			if err != nil {
				t.Fatal(err)
			}
			if err := s.store.Save(t.Context(), person, subscribers.NoticeAlready); err != nil {
				t.Fatal(err)
			}
			tries, began, log := 0, s.clock.Now(), new(bytes.Buffer)
			r := &relay{answer: func(delivery.Message) delivery.Outcome {
				tries++
				return delivery.Outcome{Class: class, Code: 535, Reply: "the server's word"}
			}}
			for s.counts(delivery.EditionAlready)[delivery.Failed] == 0 {
				w := s.worker(r, func(o *delivery.WorkerOptions) { o.Logger = slog.New(slog.NewTextHandler(log, nil)) })
				if err := w.Drain(t.Context()); err != nil {
					t.Fatal(err)
				}
				if s.clock.Advance(5 * time.Minute); s.clock.Now().Sub(began) > 96*time.Hour {
					t.Fatalf("Counts = %v after four days and %d tries, want it given up", s.counts(delivery.EditionAlready), tries)
				}
			}
			if took := s.clock.Now().Sub(began); took < 60*time.Hour || tries > 30 {
				t.Errorf("given up after %s and %d tries, want about three days and few", took, tries)
			}
			if n := strings.Count(log.String(), "given_up=true"); n != 1 || strings.Count(log.String(), "given_up=false") != tries-1 {
				t.Errorf("the log says %d times that it was given up, want once:\n%s", n, log)
			}
		})
	}
}
