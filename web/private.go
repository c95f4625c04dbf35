package web

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/enshi-daily/enshi/feeds"
	"github.com/enshi-daily/enshi/posts"
	"github.com/enshi-daily/enshi/subscribers"
	"github.com/enshi-daily/enshi/templates"
)

// privateFeed answers for somebody's own topics as a feed: those of this
// moment, under an address that only the latest link gives.
func (s *Server) privateFeed(w http.ResponseWriter, v *visit) error {
	format, ok := s.privateFormat(v.args[1])
	if !ok || s.o.Demand == nil {
		return errNotFound
	}
	sub, _, err := s.owner(v, subscribers.PurposeFeed)
	if err != nil {
		return err
	}
	file, err := s.o.Demand.Private(v.Context(), s.privateOwner(sub, format), sub.Topics, format)
	if err != nil {
		return err
	}
	return s.deliver(w, v, &file, "")
}

func (s *Server) privateOwner(sub subscribers.Subscriber, f feeds.Format) feeds.Owner {
	return feeds.Owner{ID: string(sub.ID), URL: s.o.Addresses.Feeds(sub.ID, sub.Generation) + s.privateName(f)}
}

// pruneEvery is how soon a private feed leaves the disk when its owner did. Nobody
// reaches it from that moment on.
const pruneEvery = 10 * time.Minute

// Tidy prunes every now and then until ctx ends.
func (s *Server) Tidy(ctx context.Context) {
	for {
		if err := s.Prune(ctx); err != nil && ctx.Err() == nil {
			s.o.Log.Warn("private feeds that nobody reads stay for now", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(pruneEvery):
		}
	}
}

// Prune removes the files of private feeds that are nobody's.
func (s *Server) Prune(ctx context.Context) error {
	if s.o.Demand == nil {
		return nil
	}
	return s.o.Demand.Prune(ctx, func(ctx context.Context, id string) ([]feeds.Reading, error) {
		sub, err := s.read(ctx, subscribers.ID(id))
		if err != nil && !errors.Is(err, subscribers.ErrNotFound) {
			return nil, err
		}
		if sub.State != subscribers.Active {
			return nil, nil
		}
		var reading []feeds.Reading
		for _, f := range feeds.Formats {
			reading = append(reading, feeds.Reading{Owner: s.privateOwner(sub, f), Topics: sub.Topics, Format: f})
		}
		return reading, nil
	})
}

// privateName is the name that the site's feed has, too.
func (s *Server) privateName(f feeds.Format) string { return s.Paths.Path(posts.Everything, f) }

func (s *Server) privateFormat(name string) (feeds.Format, bool) {
	for _, f := range feeds.Formats {
		if name == s.privateName(f) {
			return f, true
		}
	}
	return "", false
}

// privateLines are the addresses of somebody's own feeds.
func (s *Server) privateLines(sub subscribers.Subscriber) []templates.FeedLine {
	if s.o.Demand == nil {
		return nil
	}
	lines := s.feedLines(posts.Everything)
	for i, f := range formats() {
		lines[i].URL = s.o.Addresses.Feeds(sub.ID, sub.Generation) + s.privateName(f)
	}
	return lines
}
