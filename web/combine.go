package web

import (
	"context"
	"net/http"
	"net/url"
	"path"

	"github.com/enshi-daily/enshi/feeds"
	"github.com/enshi-daily/enshi/posts"
)

// Demand builds documents that exist only when somebody asks for them.
// feeds.Demand is one. Its errors are feeds.ErrNoDocument and feeds.ErrBusy
// where the client is to hear of it.
type Demand interface {
	Archive(ctx context.Context, t posts.Topic, name string) (feeds.File, error)
	Combine(ctx context.Context, topics []posts.Topic, f feeds.Format) (feeds.File, error)
	Private(ctx context.Context, o feeds.Owner, topics []posts.Topic, f feeds.Format) (feeds.File, error)
	Prune(ctx context.Context, reads func(ctx context.Context, id string) ([]feeds.Reading, error)) error
}

// archived answers for an archived document (RFC 5005) at its own address.
func (s *Server) archived(w http.ResponseWriter, v *visit, p feeds.Place) error {
	if s.o.Demand == nil || !feeds.IsArchive(p.Path) {
		return errNotFound
	}
	if v.Method != http.MethodGet && v.Method != http.MethodHead {
		return methodError{forReaders}
	}
	file, err := s.o.Demand.Archive(v.Context(), p.Topic, path.Base(p.Path))
	if err != nil {
		return err
	}
	return s.deliver(w, v, &file, "")
}

// combine answers for the union of several topics as a feed. It has one
// address: any other query that means the same set of topics leads there, and
// one topic alone to its own feed.
func (s *Server) combine(w http.ResponseWriter, v *visit) error {
	if s.o.Demand == nil {
		return errNotFound
	}
	shelf, err := s.current()
	if err != nil {
		return err
	}
	query, err := url.ParseQuery(v.URL.RawQuery)
	if err != nil {
		return errCombine
	}
	format, err := combineFormat(query["format"])
	if err != nil {
		return err
	}
	topics, err := s.combineTopics(shelf, query["topic"])
	if err != nil {
		return err
	}
	spelled := feeds.CombineURL(topics, format)
	if len(topics) == 1 {
		spelled = shelf.paths.URLPath(topics[0], format)
	}
	if v.place.raw+"?"+v.URL.RawQuery != spelled {
		s.movedTo(w, spelled)
		return nil
	}
	file, err := s.o.Demand.Combine(v.Context(), topics, format)
	if err != nil {
		return err
	}
	return s.deliver(w, v, &file, "")
}

// combineFormat reads the format that a query asks for.
func combineFormat(values []string) (feeds.Format, error) {
	if len(values) == 0 {
		return feeds.Atom, nil
	}
	for _, f := range feeds.Formats {
		if len(values) == 1 && values[0] == string(f) {
			return f, nil
		}
	}
	return "", errCombine
}

// combineTopics reads the topics that a query asks for, in canonical order.
// Where one is given up the union is, too: it was never asked for without it.
func (s *Server) combineTopics(shelf *shelf, values []string) ([]posts.Topic, error) {
	topics := make([]posts.Topic, 0, len(values))
	for _, value := range values {
		t, err := posts.ParseTopic(value)
		if err != nil {
			return nil, errCombine
		}
		topics = append(topics, t)
	}
	topics = posts.SortTopics(topics)
	if len(topics) == 0 || len(topics) > feeds.MaxCombined {
		return nil, errCombine
	}
	for i, t := range topics {
		if t == posts.Everything {
			continue
		}
		if s.Paths.Retired(t) {
			return nil, errGone
		}
		if s.followed(shelf, t) {
			continue
		}
		place, ok := shelf.paths.Find([]string{string(t.Kind()), t.Name()}, func(t posts.Topic) bool { return s.followed(shelf, t) })
		switch {
		case !ok:
			return nil, errNoTopic
		case s.Paths.Retired(place.Topic):
			return nil, errGone
		}
		topics[i] = place.Topic // asked for by its slug
	}
	return posts.SortTopics(topics), nil
}

// followed says whether a topic can be followed: it has posts, or feeds still.
func (s *Server) followed(shelf *shelf, t posts.Topic) bool {
	if shelf.has(t) {
		return true
	}
	_, ok := s.o.Documents.Lookup(shelf.paths.Path(t, feeds.Atom))
	return ok
}
