package web

import (
	"net/http"

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
	owner := feeds.Owner{ID: string(sub.ID), URL: s.o.Addresses.Feeds(sub.ID, sub.Generation) + s.privateName(format)}
	file, err := s.o.Demand.Private(v.Context(), owner, sub.Topics, format)
	if err != nil {
		return err
	}
	return s.deliver(w, v, &file, "")
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
