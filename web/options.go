package web

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"time"

	"github.com/enshi-daily/enshi/delivery"
	"github.com/enshi-daily/enshi/digest"
	"github.com/enshi-daily/enshi/feeds"
	"github.com/enshi-daily/enshi/subscribers"
)

// Documents finds the file of a published document by its decoded path below
// the output directory, without a leading slash. feeds.Publisher is one.
type Documents interface {
	Lookup(path string) (feeds.File, bool)
}

// Pages writes a page by name; templates.Set is one.
type Pages interface {
	Page(w io.Writer, name string, view any) error
}

// Arrivals are the parts of digest.Log that pages need.
type Arrivals interface {
	Head(ctx context.Context) (int64, error)
	Since(ctx context.Context, after, to int64) ([]digest.Entry, error)
}

// Editions are the parts of delivery.Editions that pages need.
type Editions interface {
	Editions(ctx context.Context, limit int) ([]delivery.Edition, error)
}

// Quota is how many events a period may have.
type Quota struct {
	N      int
	Period time.Duration
}

// Trouble is what keeps a site from being read. The zero Trouble is none.
type Trouble struct {
	Text string // what is wrong and what to do, for /readyz and the status page
	Ours bool   // the store is this site's all the same: nobody who signs up is lost
}

// Options are what a Server works with. All without a named default are
// needed.
type Options struct {
	Log       *slog.Logger
	Now       func() time.Time
	Documents Documents
	Demand    Demand // archives and unions of topics; default none
	Look

	Addresses subscribers.Addresses // also says where the pages are: Addresses.Public
	Registry  subscribers.Registry
	Limits    subscribers.Limits
	Arrivals  Arrivals
	Letters   delivery.Letters
	Recall    delivery.Recall
	Editions  Editions
	Brakes    Brakes

	Cadence  subscribers.Cadence // the publisher's default; default Daily
	Schedule digest.Schedule
	Unsent   bool // mails go to a directory of this machine: every page says so, and not where

	Hubs []string // WebSub hubs, named in Link headers; default none

	// Pings returns the figures of every hub that is pinged, for the metrics and
	// the status page; default none.
	Pings func() []HubFigures

	// Trouble returns what keeps the site from being read now; default nothing.
	Trouble func() Trouble

	// Relays returns how the relays of this process do, for the metrics; default
	// none.
	Relays func() []delivery.Relay

	Memory         int64          // how many bytes of documents are held ready; default 64 MiB
	MaxAge         time.Duration  // how long feeds and pages may be kept; default 5 minutes
	TrustedProxies []netip.Prefix // whose X-Forwarded-For counts; default none
	PerClient      Quota          // sign-ups from one client address; default 10 an hour
	InAll          Quota          // sign-ups in all; default 1000 an hour
}

// withDefaults fills in what may be left out.
func (o Options) withDefaults() Options {
	if o.Language == "" {
		o.Language = subscribers.Chinese
	}
	if o.Cadence == "" {
		o.Cadence = subscribers.Daily
	}
	if o.Memory == 0 {
		o.Memory = 64 << 20
	}
	if o.MaxAge == 0 {
		o.MaxAge = 5 * time.Minute
	}
	if o.PerClient == (Quota{}) {
		o.PerClient = Quota{N: 10, Period: time.Hour}
	}
	if o.InAll == (Quota{}) {
		o.InAll = Quota{N: 1000, Period: time.Hour}
	}
	return o
}

// check names everything that is missing, at once.
func (o *Options) check() error {
	var missing []error
	need := func(name string, there bool) {
		if !there {
			missing = append(missing, fmt.Errorf("web: option %s is missing", name))
		}
	}
	need("Log", o.Log != nil)
	need("Now", o.Now != nil)
	need("Documents", o.Documents != nil)
	for _, name := range o.missing() {
		need(name, false)
	}
	need("Addresses.Keys", o.Addresses.Keys != nil)
	need("Registry", o.Registry != nil)
	need("Limits", o.Limits != nil)
	need("Arrivals", o.Arrivals != nil)
	need("Letters", o.Letters != nil)
	need("Editions", o.Editions != nil)
	need("Schedule.Zone", o.Schedule.Zone != nil)
	return errors.Join(missing...)
}
