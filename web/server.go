package web

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/enshi-daily/enshi/posts"
	"github.com/enshi-daily/enshi/subscribers"
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
	o        Options
	base     string
	messages map[subscribers.Language]templates.Messages
	assets   map[string]asset
	frame    templates.Frame // what all pages have in common
	answers  []answer
	routes   []route
	links    string // Link header to the hubs, without the self link
	maxAge   string // Cache-Control of what may be kept
	shelf    atomic.Pointer[shelf]
	issues   issueList
	count    counters
}

// New returns a server that has no catalogue yet: until SetCatalogue, feeds are
// served and pages ask for patience.
func New(o Options) (*Server, error) {
	o = o.withDefaults()
	if err := o.check(); err != nil {
		return nil, err
	}
	base, err := o.basePath()
	if err != nil {
		return nil, err
	}
	byLanguage, err := templates.ReadMessages(o.Files)
	if err != nil {
		return nil, err
	}
	s := &Server{o: o, base: base, answers: answers(), messages: make(map[subscribers.Language]templates.Messages)}
	for _, l := range []subscribers.Language{subscribers.Chinese, subscribers.English} {
		if byLanguage[string(l)] == nil {
			return nil, fmt.Errorf("%s: no sentences in %s", templates.MessagesFile, l)
		}
		s.messages[l] = byLanguage[string(l)]
	}
	if s.assets, err = readAssets(o.Files); err != nil {
		return nil, err
	}
	s.frame = templates.Frame{
		Base: base, Site: o.Title, SiteURL: o.SiteURL, Note: o.Note,
		Style: s.assetURL("enshi.css"), Script: s.assetURL("enshi.js"), Icon: s.assetURL("enshi.svg"),
	}
	s.routes = s.table()
	s.maxAge = fmt.Sprintf("public, max-age=%d", int(o.MaxAge.Seconds()))
	for _, hub := range o.Hubs {
		s.links += "<" + hub + `>; rel="hub", `
	}
	return s, nil
}

// SetCatalogue shows the posts of c from the next request on.
func (s *Server) SetCatalogue(c *posts.Catalogue) { s.shelf.Store(newShelf(c, s.o.Paths)) }

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
		// What net/http says names client addresses: only for those who debug.
		ErrorLog: slog.NewLogLogger(s.o.Log.Handler(), slog.LevelDebug),
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(l) }()
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
