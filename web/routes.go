package web

import (
	"net/http"
	"strings"
	"time"

	"github.com/enshi-daily/enshi/subscribers"
)

// handler answers one request, or returns an error before it wrote anything.
type handler func(w http.ResponseWriter, v *visit) error

// route is what one pattern of addresses does.
type route struct {
	pattern string // "{}" stands for any one part; it is what the log shows
	get     handler
	post    handler
	private bool // the address holds a signed link: nobody keeps or passes on anything
	shared  bool // pages of other sites may read it
	parts   []string
}

// visit is one request on its way through a handler.
type visit struct {
	*http.Request
	place   place
	start   time.Time
	args    []string // what stood for the pattern's {}
	private bool
	hasty   bool // see inPlace: what is there now is what the client gets
	voice
}

// speak makes the page one in a person's language.
func (s *Server) speak(v *visit, l subscribers.Language) {
	if text, ok := s.messages[l]; ok {
		v.language, v.text = l, text
	}
}

// table is every address but those of the documents.
func (s *Server) table() []route {
	routes := []route{
		{pattern: "/", get: s.homePage},
		{pattern: "/category/{}/", get: s.topicPage},
		{pattern: "/category/{}", get: s.topicPage},
		{pattern: "/tag/{}/", get: s.topicPage},
		{pattern: "/tag/{}", get: s.topicPage},
		{pattern: "/combine", get: s.inPlace(s.combine), shared: true},
		{pattern: "/subscribe", get: s.showSubscribe, post: s.subscribe},
		{pattern: "/confirm/{}", get: s.showConfirm, post: s.confirm, private: true},
		{pattern: "/unsubscribe/{}", get: s.showUnsubscribe, post: s.unsubscribe, private: true},
		{pattern: "/preferences/{}", get: s.showPreferences, post: s.preferences, private: true},
		{pattern: "/my/{}/{}", get: s.inPlace(s.privateFeed), private: true},
		{pattern: "/editions/", get: s.editions},
		{pattern: "/editions/{}/{}", get: s.letter},
		{pattern: "/privacy", get: s.privacy},
		{pattern: "/status", get: s.status},
		{pattern: "/healthz", get: s.health},
		{pattern: "/readyz", get: s.ready},
		{pattern: "/metrics", get: s.metrics},
		{pattern: "/robots.txt", get: s.robots},
		{pattern: "/assets/{}", get: s.asset},
	}
	for i := range routes {
		routes[i].parts = strings.Split(routes[i].pattern[1:], "/")
	}
	return routes
}

// documentRoute is what the log shows for feeds, elsewhere for what nothing
// answers.
const (
	documentRoute = "document"
	elsewhere     = "none"
)

// route returns the route of a place and what stood for its {}.
func (s *Server) route(p place) (*route, []string) {
	segments := p.segments()
	for i := range s.routes {
		if args, ok := s.routes[i].match(segments); ok {
			return &s.routes[i], args
		}
	}
	return nil, nil
}

func (r *route) match(segments []string) (args []string, ok bool) {
	if len(segments) != len(r.parts) {
		return nil, false
	}
	for i, part := range r.parts {
		switch {
		case part == "{}" && segments[i] != "":
			args = append(args, segments[i])
		case part != segments[i]:
			return nil, false
		}
	}
	return args, true
}

// of returns the handler for a method.
func (r *route) of(method string) (handler, error) {
	switch {
	case (method == http.MethodGet || method == http.MethodHead) && r.get != nil:
		return r.get, nil
	case method == http.MethodPost && r.post != nil:
		return r.post, nil
	case r.post != nil:
		return nil, methodError{"GET, HEAD, POST"}
	case r.shared:
		return nil, methodError{forReaders}
	}
	return nil, methodError{"GET, HEAD"}
}
