package main

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"net"
	"net/url"
	"strings"
	"time"

	"github.com/enshi-daily/enshi/feeds"
	"github.com/enshi-daily/enshi/feeds/hub"
	"github.com/enshi-daily/enshi/posts"
	"github.com/enshi-daily/enshi/web"
)

// herald tells hubs of published feeds. A nil one tells nobody.
type herald struct {
	*hub.Pinger
	addresses feeds.Addresses
	public    string // in the spelling of self links
}

// newHerald makes the herald of feeds below public; the hubs must be able to
// fetch them there. change may alter the options.
func (p *parts) newHerald(public string, change func(*hub.Options)) (*herald, error) {
	base, err := feeds.PublicAddress(public)
	if err != nil {
		return nil, usageError{err}
	}
	if isLocal(base) {
		return nil, usagef("hubs cannot fetch feeds from %s: give public_url the address that others reach", base)
	}
	o := hub.Options{Hubs: p.cfg.Feeds.Hubs, Log: p.log, Now: p.now, Random: rand.Float64, Spacing: p.cfg.Feeds.HubPause}
	if change != nil {
		change(&o)
	}
	pinger, err := hub.New(o)
	if err != nil {
		return nil, usageError{err}
	}
	return &herald{Pinger: pinger, addresses: p.site.addresses, public: base}, nil
}

// isLocal says whether an address leads every machine to itself.
func isLocal(address string) bool {
	u, err := url.Parse(address)
	if err != nil {
		return false
	}
	host := strings.TrimSuffix(u.Hostname(), ".")
	return isLoopback(host) || net.ParseIP(host).IsUnspecified() || strings.HasSuffix(host, ".localhost")
}

// topics are the addresses of the feeds that readers follow among changed
// documents, the site's first: a queue that overflows drops the last.
func (h *herald) topics(published *feeds.Publisher, changed []string) []string {
	var site, others []string
	for _, path := range changed {
		f, ok := published.Lookup(path)
		if !ok || f.Format == "" || path != h.addresses.Path(f.Topic, f.Format) {
			continue
		}
		address := h.public + h.addresses.URLPath(f.Topic, f.Format)
		if f.Topic == posts.Everything {
			site = append(site, address)
		} else {
			others = append(others, address)
		}
	}
	return append(site, others...)
}

// tell lets hubs know of what a Publish has changed.
func (h *herald) tell(published *feeds.Publisher, r feeds.Report) {
	if h != nil {
		h.Notify(h.topics(published, r.Changed))
	}
}

// figures are what the server shows.
func (h *herald) figures() []web.HubFigures {
	if h == nil {
		return nil
	}
	var all []web.HubFigures
	for _, s := range h.Stats() {
		all = append(all, web.HubFigures(s))
	}
	return all
}

// startHerald makes the daemon's herald. A site that hubs cannot reach is
// served all the same.
func (d *daemon) startHerald() {
	if len(d.cfg.Feeds.Hubs) == 0 {
		return
	}
	var err error
	if d.herald, err = d.newHerald(d.publicURL(), nil); err != nil {
		d.log.Warn("hubs are not told of changed feeds", "error", err)
	}
}

// patient is how often a command asks a hub that does not answer, and how long.
func patient() hub.Backoff {
	return hub.Backoff{First: time.Second, Most: 10 * time.Second, Jitter: 0.2, GiveUp: 30 * time.Second}
}

// openHerald makes the herald of build --ping.
func (p *parts) openHerald(public string) (err error) {
	if len(p.cfg.Feeds.Hubs) == 0 {
		return usagef("--ping: feeds.hubs names no hub")
	}
	p.herald, err = p.newHerald(public, func(o *hub.Options) { o.Backoff, o.Queue = patient(), math.MaxInt })
	return err
}

// waitForHubs is the end of build --ping.
func (p *parts) waitForHubs(ctx context.Context, topics []string) error {
	h := p.herald
	h.Notify(topics)
	err := h.Drain(ctx)
	var sent, failed int64
	for _, s := range h.Stats() {
		sent += s.Sent
		failed += s.Failed + s.Dropped + int64(s.Waiting)
	}
	p.result("%d changed feeds, %d hubs: %d pings taken, %d failed", len(topics), len(h.Stats()), sent, failed)
	if err == nil && failed > 0 {
		return fmt.Errorf("%d pings: %w", failed, errPart)
	}
	return err
}
