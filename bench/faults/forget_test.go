package faults

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/enshi-daily/enshi/delivery"
	"github.com/enshi-daily/enshi/internal/smtptest"
	"github.com/enshi-daily/enshi/subscribers"
)

// TestKilledWhileForgetting kills the program around each step by which deliveries
// are forgotten once they are old: to whom something was sent stays known for its
// days, and everybody stays counted.
func TestKilledWhileForgetting(t *testing.T) {
	const day = 24 * time.Hour
	eachStore(t, func(t *testing.T, store string) {
		s := newScene(t, setting{store: store, people: 90, lease: shortLease})
		s.smtp.Reply(func(step, line string) *smtptest.Answer {
			if step == "RCPT" && strings.Contains(line, "reader5@") {
				return &smtptest.Answer{Code: 550, Text: "5.1.1 no such user"}
			}
			return nil
		})
		s.post(3)
		s.start("", "send-digest", "--cadence", "daily", "--wait").wait()
		first := s.remembered()
		if first.counts[delivery.Rejected] != 1 || first.counts[delivery.Sent] < 20 || first.counts.Total() != first.rows {
			t.Fatalf("at first: %v, %d rows; want one rejected, all others sent", first.counts, first.rows)
		}
		forget := func(ahead time.Duration, point string) memory {
			fail := ""
			if point != "" {
				fail = point + "=kill"
			}
			p := s.startAt(ahead, fail, "send-digest", "--resume")
			if fail != "" {
				p.killed()
			} else if code := p.wait(); code < 0 {
				t.Fatalf("%v later: %v", ahead, p.out.String())
			}
			has := s.remembered()
			if !maps.Equal(has.counts, first.counts) {
				t.Errorf("%v later, killed at %q: counts %v, want %v", ahead, point, has.counts, first.counts)
			}
			return has
		}
		for _, point := range []string{"trim.before", "trim.after", "trim.after:2", ""} {
			if has := forget(31*day, point); !maps.Equal(has.reached, first.reached) {
				t.Errorf("killed at %q: it is not known any more whom all was sent to", point)
			} else if point == "" && has.rows != 1 {
				t.Errorf("%d rows after a month, want that of the rejected", has.rows)
			}
		}
		for _, point := range []string{"fold.before", "fold.after", ""} {
			has := forget(92*day, point)
			if point == "fold.before" {
				continue
			}
			if again, err := s.again(first.edition); err != nil || again.Queued > 0 {
				t.Errorf("killed at %q: queued again what goes: %v, %v", point, again, err)
			}
			if point == "" && has.rows+len(has.reached) > 0 {
				t.Errorf("%d rows after three months, and %d known to have got it", has.rows, len(has.reached))
			}
		}
	})
}

// memory is what a store has of an edition.
type memory struct {
	edition string
	counts  delivery.Counts
	rows    int
	reached map[subscribers.ID]delivery.Reach
}

// remembered asks for the edition that has deliveries, as a new process would.
func (s *scene) remembered() (has memory) {
	s.Helper()
	store := s.open()
	defer store.Shutdown()
	editions, err := store.Editions(s.context(), 10)
	s.check(err)
	for _, e := range editions {
		counts, err := store.Counts(s.context(), e.ID)
		s.check(err)
		if counts.Total() > 0 {
			has.edition, has.counts = e.ID, counts
		}
	}
	for _, err := range store.Deliveries(s.context(), has.edition) {
		s.check(err)
		has.rows++
	}
	ids := slices.Collect(maps.Keys(s.addresses))
	reached, err := store.Reached(s.context(), ids, has.edition)
	s.check(err)
	has.reached = make(map[subscribers.ID]delivery.Reach)
	for i, r := range reached {
		if r[0].State != "" {
			has.reached[ids[i]] = r[0]
		}
	}
	return has
}

func (s *scene) again(edition string) (delivery.Requeued, error) {
	s.Helper()
	store := s.open()
	defer store.Shutdown()
	return store.Again(s.context(), edition, delivery.Rejected)
}
