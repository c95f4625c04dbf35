package web

import (
	"context"
	"errors"
	"fmt"
	"reflect"

	"github.com/enshi-daily/enshi/subscribers"
)

// maxTries bounds how often a change is worked out again because somebody else
// changed the record meanwhile.
const maxTries = 8

// step is a change of a record: pure, for it may be called again with a newer
// record. Where the link has no say any more it is not ok.
type step func(subscribers.Subscriber) (after subscribers.Subscriber, ok bool)

// read returns a person's record.
func (s *Server) read(ctx context.Context, id subscribers.ID) (subscribers.Subscriber, error) {
	sub, err := s.o.Registry.Subscriber(ctx, id)
	if err != nil && !errors.Is(err, subscribers.ErrNotFound) {
		return sub, fmt.Errorf("%w: subscriber %s: %w", errAway, id, err)
	}
	return sub, err
}

// change carries out a step on the record of whoever holds a link, errUsed if
// that is not ok. What the step leaves as it is is not written; changed says
// whether it was.
func (s *Server) change(ctx context.Context, id subscribers.ID, do step) (_ subscribers.Subscriber, changed bool, err error) {
	for range maxTries {
		before, err := s.read(ctx, id)
		if err != nil {
			return before, false, err
		}
		after, ok := do(before)
		if !ok {
			return before, false, errUsed
		}
		if reflect.DeepEqual(before, after) {
			return after, false, nil
		}
		if err = s.save(ctx, after, subscribers.NoNotice); !errors.Is(err, subscribers.ErrConflict) {
			return after, err == nil, err
		}
	}
	return subscribers.Subscriber{}, false, fmt.Errorf("subscriber %s: %w", id, subscribers.ErrConflict)
}

// enter carries out a step on the record of an address that somebody gave. It
// always reads once and writes once, whether anybody is there or not: neither
// the answer nor the time it takes tells.
func (s *Server) enter(ctx context.Context, id subscribers.ID, do func(subscribers.Subscriber) (subscribers.Subscriber, subscribers.Notice)) error {
	for range maxTries {
		before, err := s.read(ctx, id)
		if err != nil && !errors.Is(err, subscribers.ErrNotFound) {
			return err
		}
		after, notice := do(before)
		if err = s.save(ctx, after, notice); !errors.Is(err, subscribers.ErrConflict) {
			return err
		}
	}
	return fmt.Errorf("subscriber %s: %w", id, subscribers.ErrConflict)
}

func (s *Server) save(ctx context.Context, sub subscribers.Subscriber, n subscribers.Notice) error {
	err := s.o.Registry.Save(ctx, sub, n)
	if err != nil && !errors.Is(err, subscribers.ErrConflict) {
		return fmt.Errorf("%w: subscriber %s: %w", errAway, sub.ID, err)
	}
	return err
}
