package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/enshi-daily/enshi/config"
	"github.com/enshi-daily/enshi/delivery"
	"github.com/enshi-daily/enshi/digest"
	"github.com/enshi-daily/enshi/feeds"
	"github.com/enshi-daily/enshi/mailer"
	"github.com/enshi-daily/enshi/posts"
	"github.com/enshi-daily/enshi/store/redisdb"
	"github.com/enshi-daily/enshi/store/sqlitedb"
	"github.com/enshi-daily/enshi/subscribers"
	"github.com/enshi-daily/enshi/templates"
	"github.com/enshi-daily/enshi/web"
)

// ledger is all that a store keeps.
type ledger interface {
	posts.Identities
	posts.Decisions
	digest.Log
	subscribers.Registry
	subscribers.Bulk
	subscribers.Limits
	delivery.Planning
	delivery.Editions
	delivery.Letters
	delivery.Recall
	delivery.Queue
	delivery.Pacer
	delivery.Control
	delivery.Epochs
	fingerprints
	Shutdown() error
}

// parts are what a command is put together from.
type parts struct {
	streams
	cfg   config.Config
	log   *slog.Logger
	lines *logBuffer // of the web server's log, nil if there is none
	now   func() time.Time
	json  bool
	quiet bool

	console *console // shows progress, nil if nobody would see it

	origin    origin
	public    string // serve's own address, once it listens
	site      *site
	herald    *herald
	store     ledger
	tenure    delivery.Tenure // the store's, when it was opened
	losses    []string        // in which ways the store could lose what it was given
	keys      *subscribers.Keys
	templates *templates.Set
	renderer  *mailer.Renderer
	sender    atomic.Pointer[delivery.Sender] // the daemon's, nil while it has none

	acceptLate  bool   // run scheduled editions however late
	subjectMark string // before the subject of every letter, "" for none
}

// site is the site's reader with what its _config.yml says.
type site struct {
	settings    posts.Site
	revision    string // of how bodies are read
	addresses   feeds.Addresses
	diagnostics []posts.Diagnostic
	reader      *posts.Reader
	bodies      *posts.Bodies
	summaries   *summaries
}

// withParts makes an action of a command that needs parts. They are opened by
// the methods below, when the command asks for them.
func withParts(action func(*cli.Context, *parts) error) cli.ActionFunc {
	return func(c *cli.Context) (err error) {
		cfg, err := loadConfig(c)
		if err != nil {
			return err
		}
		_, asJSON := global(c, "json")
		_, quiet := global(c, "quiet")
		s := c.App.Metadata["streams"].(streams)
		p := &parts{cfg: cfg, now: s.now, json: asJSON, quiet: quiet}
		if !quiet {
			p.console = openConsole(s.err)
		}
		if p.console != nil {
			s.err = p.console
		}
		p.streams, p.log = s, newLogger(s.err, cfg.Log, quiet)
		defer func() { err = errors.Join(err, p.close()) }()
		return p.showRefused(action(c, p))
	}
}

// withStore is withParts for commands that need the store and nothing of the
// site.
func withStore(action func(*cli.Context, *parts) error) cli.ActionFunc {
	return withParts(func(c *cli.Context, p *parts) error {
		if err := p.openStore(c.Context); err != nil {
			return err
		}
		return action(c, p)
	})
}

func (p *parts) close() (err error) {
	if p.store != nil {
		err = p.store.Shutdown()
	}
	if p.lines != nil {
		err = errors.Join(err, p.lines.flush())
	}
	return err
}

// say prints what people like to know beside the result; not with --quiet.
func (p *parts) say(format string, args ...any) {
	if !p.quiet {
		p.result(format, args...)
	}
}

// result prints the line that a command was run for, on standard output unless
// that is for a machine.
func (p *parts) result(format string, args ...any) {
	var w io.Writer = p.out
	if p.json {
		w = p.err
	}
	fmt.Fprintf(w, format+"\n", args...)
}

// openStore opens the store and the key ring that belongs to it.
func (p *parts) openStore(ctx context.Context) error {
	if p.store != nil {
		return nil
	}
	if err := os.MkdirAll(p.cfg.Data, 0o700); err != nil {
		return fmt.Errorf("data directory: %w: choose another with --data", err)
	}
	store, err := p.dial(ctx)
	if err != nil {
		return err
	}
	path := p.cfg.KeysFile
	if path == "" {
		path = filepath.Join(p.cfg.Data, "keys.json")
	}
	keys, err := openKeys(ctx, path, store)
	if err != nil {
		return errors.Join(err, store.Shutdown())
	}
	tenure, err := store.Tenure(ctx)
	if err != nil {
		return errors.Join(err, store.Shutdown())
	}
	p.store, p.keys, p.tenure = store, keys, tenure
	p.store, err = faultyStore(store)
	return err
}

func (p *parts) dial(ctx context.Context) (ledger, error) {
	point, now, err := faultyOpening()
	if err != nil {
		return nil, err
	}
	address := p.cfg.Store.Reveal()
	scheme, rest, _ := strings.Cut(address, ":")
	switch scheme {
	case "":
		return sqlitedb.Open(sqlitedb.Options{Path: filepath.Join(p.cfg.Data, "enshi.db"), Now: now, Point: point})
	case "sqlite":
		return sqlitedb.Open(sqlitedb.Options{Path: strings.TrimPrefix(rest, "//"), Now: now, Point: point})
	}
	store, err := redisdb.Open(ctx, redisdb.Options{
		URL: address, SentinelPassword: p.cfg.SentinelPassword.Reveal(), Log: p.log, Now: now, Point: point})
	if err != nil {
		return nil, err
	}
	if p.losses, err = store.Durability(ctx); err != nil {
		return nil, errors.Join(err, store.Shutdown())
	}
	for _, why := range p.losses {
		p.log.Warn("redis may lose what it was given", "why", why)
	}
	return store, nil
}

// readSite opens the site without the store.
func (p *parts) readSite() (*site, error) {
	if p.site != nil {
		return p.site, nil
	}
	fsys, err := siteFS(p.cfg.Site.Dir)
	if err != nil {
		return nil, err
	}
	settings, diagnostics, err := posts.ReadConfig(fsys)
	if err != nil {
		return nil, usagef("site %s: %w", p.cfg.Site.Dir, err)
	}
	if err := p.override(&settings); err != nil {
		return nil, err
	}
	addresses, err := p.addresses(settings)
	if err != nil {
		return nil, err
	}
	h := p.cfg.House
	house := posts.House{Byline: h.Byline, SourceLink: h.SourceLink, SourceName: h.SourceName, Navigation: h.Navigation, EditorsNote: h.EditorsNote}
	seen, err := revision(settings, house)
	if err != nil {
		return nil, err
	}
	p.site = &site{
		settings: settings, revision: seen, addresses: addresses, diagnostics: diagnostics,
		reader: posts.NewReader(posts.Options{FS: fsys, Site: settings, House: house, Now: p.now, Settle: p.cfg.Settle}),
		bodies: posts.NewBodies(posts.BodiesOptions{FS: fsys, Site: settings, House: house}),
	}
	p.site.summaries = newSummaries(p.site.bodies.Content)
	return p.site, nil
}

// override lays what our own file says over the site's.
func (p *parts) override(s *posts.Site) error {
	c := p.cfg.Site
	for _, one := range []struct {
		to   *string
		from string
	}{{&s.URL, strings.TrimSuffix(c.URL, "/")}, {&s.Title, c.Title}, {&s.Description, c.Description}, {&s.Lang, c.Language}} {
		if one.from != "" {
			*one.to = one.from
		}
	}
	if s.Title == "" {
		s.Title = "恩施日报"
		if abs, err := filepath.Abs(p.cfg.Site.Dir); err == nil {
			s.Title = filepath.Base(abs)
		}
	}
	if c.Timezone != "" {
		zone, err := time.LoadLocation(c.Timezone)
		if err != nil {
			return usagef("site.timezone: %w", err)
		}
		s.Zone = zone
	}
	return nil
}

// settings are the site's, for what needs no posts. A machine without the site
// has them in the configuration.
func (p *parts) settings() (posts.Site, error) {
	s, err := p.readSite()
	if err == nil {
		return s.settings, nil
	}
	var none noSite
	if !errors.As(err, &none) {
		return posts.Site{}, err
	}
	c := p.cfg.Site
	var missing []string
	for _, one := range []struct{ key, value string }{{"site.title", c.Title}, {"site.url", c.URL}, {"site.timezone", c.Timezone}, {"public_url", p.cfg.PublicURL}} {
		if one.value == "" {
			missing = append(missing, one.key)
		}
	}
	if len(missing) > 0 {
		return posts.Site{}, usagef("%w; a machine that only plans or sends needs no site, but then its configuration must have %s", none, strings.Join(missing, ", "))
	}
	var settings posts.Site
	return settings, p.override(&settings)
}

// openArchive opens the site and the store, for commands that recognise posts.
func (p *parts) openArchive(ctx context.Context) (*archive, error) {
	s, err := p.readSite()
	if err != nil {
		return nil, err
	}
	if err := p.openStore(ctx); err != nil {
		return nil, err
	}
	limits := p.cfg.Limits
	a := &archive{
		parts: p, root: p.cfg.Site.Dir, site: s.settings, reader: s.reader, bodies: s.bodies, log: p.log,
		keeper: posts.NewKeeper(posts.KeeperOptions{Store: p.store, Site: s.settings, Now: p.now, Seed: p.seed}),
		intake: delivery.NewIntake(delivery.IntakeOptions{
			Log: p.store, Identities: p.store, Content: s.bodies.Content, Now: p.now,
			Link:   func(post *posts.Post) string { return p.articles(s.settings) + post.URL },
			Guards: delivery.Guards{MaxNew: limits.NewPosts, MaxAge: limits.PostAge},
		}),
		watch: &watchHolder{store: p.store, log: p.log},
	}
	if p.origin.accept {
		a.keeper.Accept()
	}
	return a, nil
}

// listening tells the address that serve got, which is the public one unless
// the configuration names another.
func (p *parts) listening(a net.Addr) {
	host, port, err := net.SplitHostPort(a.String())
	if err != nil {
		return
	}
	if ip := net.ParseIP(host); ip == nil || ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	p.public = "http://" + net.JoinHostPort(host, port)
}

// publicURL is where feeds, pages and mail links are.
func (p *parts) publicURL() string {
	switch {
	case p.cfg.PublicURL != "":
		if address, err := feeds.PublicAddress(p.cfg.PublicURL); err == nil {
			return address
		}
		return strings.TrimSuffix(p.cfg.PublicURL, "/")
	case p.public != "":
		return p.public
	}
	return "http://" + p.cfg.Listen
}

// articles is the address below which the site's articles are. A site that does
// not say its own is taken to be where our pages are.
func (p *parts) articles(s posts.Site) string {
	if s.URL == "" {
		return p.publicURL() + s.BaseURL
	}
	return s.URL + s.BaseURL
}

// buildAddress is where build's files will be: the public address, else the
// site's own.
func (p *parts) buildAddress(s posts.Site) string {
	if p.cfg.PublicURL != "" {
		return p.publicURL()
	}
	return p.articles(s)
}

func (d *daemon) newServer(documents web.Documents, demand web.Demand) (*web.Server, error) {
	schedule, err := d.schedule()
	if err != nil {
		return nil, err
	}
	if err := d.openTemplates(); err != nil {
		return nil, err
	}
	l := d.cfg.Limits
	var proxies []netip.Prefix
	for _, one := range l.Proxies {
		network, err := config.ParseNetwork(one)
		if err != nil {
			return nil, usagef("limits.proxies: %w", err)
		}
		proxies = append(proxies, network)
	}
	return web.New(web.Options{
		Log: d.requestLog(), Now: d.now, Documents: documents, Demand: demand, Look: d.look(d.archive.site),
		Addresses: subscribers.Addresses{Public: d.publicURL(), Keys: d.keys},
		Registry:  d.store, Limits: d.store, Arrivals: d.store, Letters: d.store, Recall: d.store, Editions: d.store, Brakes: d.store,
		Cadence: subscribers.Cadence(d.cfg.Digest.Cadence), Schedule: schedule, Unsent: len(d.cfg.Mail.SMTP) == 0,
		Hubs: d.cfg.Feeds.Hubs, Pings: d.herald.figures, Relays: d.relayFigures, Trouble: d.publicFailure, MaxAge: d.cfg.Feeds.Cache,
		PerClient: web.Quota{N: l.SignupsPerClient, Period: time.Hour}, InAll: web.Quota{N: l.SignupsTotal, Period: time.Hour}, TrustedProxies: proxies,
	})
}
