package mailer

import (
	"context"
	"errors"
	"slices"

	"github.com/enshi-daily/enshi/delivery"
)

// choice shares letters out among relays by weight.
type choice struct{ credit map[*relay]int }

// order is in which order relays are tried for a letter: one that failed and
// whose time has come, those that work, by weight, and one that fails only if
// there is no other.
func (s *SMTP) order(names []string) []*relay {
	var due, works []*relay
	var last *relay
	for _, r := range s.relays {
		if len(names) > 0 && !slices.Contains(names, r.name) {
			continue
		}
		h := r.health.get()
		switch {
		case h.Works():
			works = append(works, r)
			continue
		case len(due) == 0 && r.health.claim(s.o.Now(), s.o.Timeout): // another is for the next letter
			due = append(due, r)
		}
		if last == nil || h.Until.Before(last.health.get().Until) {
			last = r
		}
	}
	s.share(works)
	if order := append(due, works...); len(order) > 0 {
		return order
	}
	if last == nil {
		return nil
	}
	return []*relay{last}
}

// share puts the relay whose turn it is first: by smooth weighted turns, each
// relay gains its weight a letter, and who has most pays for all.
func (s *SMTP) share(works []*relay) {
	if len(works) < 2 {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	sum := 0
	for _, r := range works {
		s.turns.credit[r] += r.weight
		sum += r.weight
	}
	slices.SortStableFunc(works, func(a, b *relay) int {
		if full := a.full() - b.full(); full != 0 {
			return full
		}
		return s.turns.credit[b] - s.turns.credit[a]
	})
	s.turns.credit[works[0]] -= sum
}

// full is 1 if the relay has all the connections that it may have.
func (r *relay) full() int {
	if r.places != nil && len(r.places) == cap(r.places) {
		return 1
	}
	return 0
}

// enter waits for a connection's place.
func (r *relay) enter(ctx context.Context) error {
	if r.places == nil {
		return nil
	}
	select {
	case r.places <- struct{}{}:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (r *relay) leave() {
	if r.places != nil {
		<-r.places
	}
}

// nowhere is the outcome where no relay would do. It waits by itself if one of
// them may come back by itself.
func nowhere(failed []delivery.Outcome) delivery.Outcome {
	if len(failed) == 1 {
		return failed[0]
	}
	o := delivery.Outcome{Class: delivery.OurFault}
	for i, f := range failed {
		if f.Class == delivery.Unreachable {
			o.Class = delivery.Unreachable
		}
		if i > 0 {
			o.Reply += "; "
		}
		o.Reply += f.Reply
	}
	return o
}

var errNoRelay = errors.New("no relay of that name")
