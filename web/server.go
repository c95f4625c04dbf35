package web

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/enshi-daily/enshi/posts"
	"github.com/enshi-daily/enshi/templates"
)

// How long the parts of a request may take, and how large its head may be.
const (
	headTimeout    = 10 * time.Second
	readTimeout    = 30 * time.Second
	writeTimeout   = 2 * time.Minute
	idleTimeout    = 2 * time.Minute
	shutdownWait   = 5 * time.Second
	maxHeaderBytes = 16 << 10
)

// Server answers HTTP. It is safe for concurrent use.
type Server struct {
	*views
	o       Options
	answers []answer
	routes  []route
	links   string // Link header to the hubs, without the self link
	maxAge  string // Cache-Control of what may be kept
	fields  fields
	stock   *stock
	shelf   atomic.Pointer[shelf]

	documents handler // document, inPlace
	issues    issueList
	count     counters
}

// fields are values of header fields that many answers share: nobody changes
// them.
type fields struct{ maxAge, private, vary, anybody, exposed, noSniff, noReferrer, noIndex []string }

// New returns a server that has no catalogue yet: until SetCatalogue, feeds and
// what concerns one person are served, and the other pages ask for patience.
func New(o Options) (*Server, error) {
	o = o.withDefaults()
	if err := o.check(); err != nil {
		return nil, err
	}
	v, err := newViews(o.Look, o.Addresses.Public, o.Schedule.Zone)
	if err != nil {
		return nil, err
	}
	v.unsent = o.Unsent
	v.frame.Service = templates.Service{
		Subscribe: v.base + "/subscribe", Editions: v.base + "/editions/", Privacy: v.base + "/privacy", Status: v.base + "/status",
	}
	s := &Server{views: v, o: o, answers: answers(), stock: newStock(o.Memory)}
	s.routes = s.table()
	s.documents = s.inPlace(s.document)
	s.maxAge = fmt.Sprintf("public, max-age=%d", int(o.MaxAge.Seconds()))
	s.fields = fields{
		maxAge: []string{s.maxAge}, vary: []string{"Accept-Encoding"}, noSniff: []string{"nosniff"},
		private:    []string{strings.Replace(s.maxAge, "public", "private", 1)},
		noReferrer: []string{"no-referrer"}, noIndex: []string{"noindex"},
		anybody: []string{"*"}, exposed: []string{"ETag, Link"},
	}
	for _, hub := range o.Hubs {
		s.links += "<" + hub + `>; rel="hub", `
	}
	return s, nil
}

// SetCatalogue shows the posts of c from the next request on.
func (s *Server) SetCatalogue(c *posts.Catalogue) { s.shelf.Store(newShelf(c, s.Paths)) }

// Handler answers requests, for Run and for tests.
func (s *Server) Handler() http.Handler { return http.HandlerFunc(s.serve) }

// Run answers on l until ctx ends; requests being answered then get a few
// seconds. It closes l.
func (s *Server) Run(ctx context.Context, l net.Listener) error {
	server := &http.Server{
		Handler:           s.Handler(),
		ReadHeaderTimeout: headTimeout,
		ReadTimeout:       readTimeout,
		WriteTimeout:      writeTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
		ConnContext:       withConn,
		// What net/http says names client addresses: only for those who debug.
		ErrorLog: slog.NewLogLogger(s.o.Log.Handler(), slog.LevelDebug),
	}
	ended := make(chan error, 1)
	heads := &sync.Pool{New: func() any { return new([]byte) }}
	go func() { ended <- server.Serve(connListener{l, heads}) }()
	select {
	case err := <-ended:
		return fmt.Errorf("web server on %s: %w", l.Addr(), err)
	case <-ctx.Done():
	}
	wait, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownWait)
	defer cancel()
	if err := server.Shutdown(wait); err != nil {
		if err := server.Close(); err != nil {
			return fmt.Errorf("close web server: %w", err)
		}
	}
	if err := <-ended; !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("web server on %s: %w", l.Addr(), err)
	}
	return nil
}
