package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v2"
	"golang.org/x/sync/errgroup"

	"github.com/enshi-daily/enshi/delivery"
	"github.com/enshi-daily/enshi/feeds"
	"github.com/enshi-daily/enshi/posts"
	"github.com/enshi-daily/enshi/subscribers"
	"github.com/enshi-daily/enshi/web"
)

// The roles that a daemon can take.
const (
	roleWatch = "watch"
	roleWeb   = "web"
	rolePlan  = "plan"
	roleSend  = "send"
)

func serveCommand() *cli.Command {
	return &cli.Command{
		Name:  "serve",
		Usage: "watch the site, serve feeds and pages, plan and send digests",
		Flags: append(identityFlags(),
			&cli.StringFlag{Name: "listen", Usage: "serve on `HOST:PORT`"},
			&cli.StringFlag{Name: "roles", Usage: "`LIST` of what to do here: watch (the site), web, plan, send; without it all, or what the file's roles say"},
			settleFlag(), acceptLossFlag(),
		),
		Action: withParts(serve),
	}
}

func parseRoles(list []string) (map[string]bool, error) {
	roles := make(map[string]bool)
	for _, role := range list {
		role = strings.TrimSpace(role)
		if !slices.Contains([]string{roleWatch, roleWeb, rolePlan, roleSend}, role) {
			return nil, usagef("--roles: %q is none of watch, web, plan, send", role)
		}
		roles[role] = true
	}
	return roles, nil
}

// daemon is a running serve.
type daemon struct {
	*parts
	roles   map[string]bool
	archive *archive
	press   *press
	server  *web.Server
	planner *delivery.Planner
	arrived chan struct{} // nudges the planner
	decided chan struct{} // wakes the watcher: an operator decided on posts
	written chan struct{} // tells the compressor that documents changed
	shown   map[string]bool
	greeted bool
	failure failure // as it was said
	unsaved bool    // identities that their file does not have yet
}

func serve(c *cli.Context, p *parts) error {
	list := p.cfg.Roles
	if c.IsSet("roles") {
		list = strings.Split(c.String("roles"), ",")
	}
	roles, err := parseRoles(list)
	if err != nil {
		return err
	}
	if (roles[rolePlan] || roles[roleSend]) && !roles[roleWeb] && p.cfg.PublicURL == "" {
		return usagef("serve without the role web: the links in mails lead to the pages, so public_url must say where those are")
	}
	p.origin = originOf(c, p.publicDir())
	if err := p.awaitStore(c.Context); err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(c.Context)
	d := &daemon{parts: p, roles: roles, arrived: make(chan struct{}, 1), decided: make(chan struct{}, 1), written: make(chan struct{}, 1), shown: make(map[string]bool)}
	if roles[roleWeb] || roles[roleWatch] {
		if err := d.startSite(ctx, group); err != nil {
			return err
		}
	} else {
		onceMemory().tune(0)
	}
	if roles[rolePlan] {
		if err := d.startPlanner(ctx, group); err != nil {
			return err
		}
	}
	if roles[roleSend] {
		if err := d.startSenders(ctx, group); err != nil {
			return err
		}
	}
	group.Go(func() error { return d.heedEpoch(ctx) })
	group.Go(func() error { return d.mind(ctx) })
	if !roles[roleWeb] {
		d.greet()
	}
	return group.Wait()
}

// startSite opens the listener first, so that a port in use ends the command
// before anything is read or written.
func (d *daemon) startSite(ctx context.Context, group *errgroup.Group) error {
	var listener net.Listener
	if d.roles[roleWeb] {
		var err error
		listener, err = net.Listen("tcp", d.cfg.Listen)
		if err != nil {
			return fmt.Errorf("listen on %s: %w: choose another with --listen", d.cfg.Listen, err)
		}
		d.listening(listener.Addr())
	}
	if err := d.openSite(ctx); err != nil {
		if listener != nil {
			err = errors.Join(err, listener.Close())
		}
		return err
	}
	data, err := filepath.Abs(d.cfg.Data)
	if err != nil {
		return fmt.Errorf("data directory: %w", err)
	}
	watcher := posts.NewWatcher(posts.WatcherOptions{
		Root: d.archive.root, Ignore: []string{data}, Settle: d.cfg.Settle, Rescan: d.cfg.Rescan, Now: d.now, Log: d.log, Wake: d.decided,
	})
	group.Go(func() error { return d.archive.watch.keep(ctx) })
	group.Go(func() error { return d.heed(ctx) })
	group.Go(func() error { return errors.Join(watcher.Run(ctx, d.refresh), d.leaveIdentities()) })
	group.Go(func() error { return d.compress(ctx) })
	if d.herald != nil {
		group.Go(func() error { return d.herald.Run(ctx) })
	}
	if listener != nil {
		group.Go(func() error { return d.server.Run(ctx, listener) })
		group.Go(func() error { d.server.Tidy(ctx); return nil })
	}
	return nil
}

// keptFragments is how many bytes of marshalled entries wait for the next new
// post, which goes into feeds whose other entries are as they were.
const keptFragments = 48 << 20

func (d *daemon) openSite(ctx context.Context) error {
	var err error
	if d.archive, err = d.openArchive(ctx); err != nil {
		return err
	}
	if d.roles[roleSend] {
		if err := d.mayRely(); err != nil { // before anything is published
			return err
		}
	}
	// A site that cannot be listed now is tried again, and said, by the watcher.
	if d.archive.listing, err = d.archive.reader.List(ctx); err == nil {
		serveMemory().tune(d.archive.listing.Len())
	}
	publisher, err := feeds.NewPublisher(d.publicDir())
	if err != nil {
		return err
	}
	d.press = d.parts.press(d.archive, publisher, d.publicURL())
	d.press.options.Fragments = feeds.NewFragments(keptFragments)
	if d.press.history, err = newHistory(publisher); err != nil {
		return err
	}
	if d.press.history.demand, err = feeds.NewDemand(publisher); err != nil {
		return err
	}
	d.startHerald()
	d.server, err = d.newServer(publisher, d.press.history.demand)
	return err
}

// refresh is one turn of the watcher: read, publish, show, let arrive. Nothing
// that goes wrong here ends the daemon; it is said, and tried again.
func (d *daemon) refresh(ctx context.Context, changes posts.Changes) (next time.Time) {
	first := d.archive.last == nil
	if d.roles[roleWeb] && !d.greeted {
		defer d.greet()
	}
	r, err := d.archive.scan(ctx, scanOptions{changes: changes, record: d.roles[roleWatch]})
	if err != nil {
		if ctx.Err() == nil {
			d.sayFailure(ctx, err)
		}
		return d.now().Add(watchTTL)
	}
	d.sayRead(r)
	d.unsaved = d.unsaved || r.recorded
	if changes.All {
		if err := d.saveIdentities(); err != nil {
			d.log.Error("identities not kept with the feeds", "error", err)
		}
	}
	report, left, err := d.press.run(ctx, r)
	d.server.SetCatalogue(r.catalogue)
	d.herald.tell(d.press.publisher, report)
	d.sayDiagnostics(append(r.diagnostics, left...))
	if err != nil && ctx.Err() == nil {
		d.log.Error("feeds not published", "error", err)
	}
	if report.Written > 0 || first {
		poke(d.written)
		d.log.Info("feeds published", "posts", len(r.catalogue.Posts(posts.Everything)), "topics", len(r.catalogue.Topics()),
			"written", report.Written, "unchanged", report.Unchanged)
	}
	if len(r.taken.Arrived) > 0 {
		d.log.Info("posts arrived", "posts", len(r.taken.Arrived), "head", r.taken.Arrived[len(r.taken.Arrived)-1].Number)
		d.nudge()
	}
	d.sayHeld(r.taken.Held)
	if first { // so that the first new post is as quick as the others
		d.archive.keeper.Prepare()
		debug.FreeOSMemory()
	}
	return d.nextScan(r)
}

// nextScan is when the site must be read again although no file changes.
func (d *daemon) nextScan(r reading) time.Time {
	next := r.wake
	sooner := func(at time.Time) {
		if next.IsZero() || at.Before(next) {
			next = at
		}
	}
	if len(r.unsettled) > 0 || r.taken.Unready > 0 {
		sooner(d.now().Add(d.cfg.Settle))
	}
	if d.roles[roleWatch] && !r.watching {
		sooner(d.now().Add(watchTTL))
	}
	return next
}

// sayHeld logs what a guard kept back, one line a reason.
func (d *daemon) sayHeld(held []posts.Identity) {
	for reason, paths := range byReason(held) {
		d.log.Warn("posts held: they are in the feeds and not mailed; enshi posts release lets them go", "posts", len(paths), "first", paths[0], "reason", reason)
	}
}

// sayDiagnostics logs each problem once, until it goes away.
func (d *daemon) sayDiagnostics(all []posts.Diagnostic) {
	now := make(map[string]bool, len(all))
	for _, one := range all {
		text := one.String()
		now[text] = true
		if !d.shown[text] {
			d.log.Warn("post", "path", one.Path, "line", one.Line, "severity", one.Severity, "problem", one.Message)
		}
	}
	d.shown = now
}

// heedEvery is how often a daemon asks whether an operator decided on posts.
const heedEvery = 2 * time.Second

// heed wakes the watcher when an operator has decided on posts.
func (d *daemon) heed(ctx context.Context) error {
	tick := time.NewTicker(heedEvery)
	defer tick.Stop()
	for last, first := "", true; ; {
		// A store that is away is said by those who need it.
		if decided, err := d.store.Decided(ctx); err == nil {
			if !first && decided != last {
				poke(d.decided)
			}
			last, first = decided, false
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

func (d *daemon) nudge() { poke(d.arrived) }

// greet tells a person at a terminal where everything is.
func (d *daemon) greet() {
	d.greeted = true
	if d.roles[roleWeb] {
		line := fmt.Sprintf("reading %s, serving %s/", d.archive.root, d.publicURL())
		if d.public != d.publicURL() {
			line += " from " + d.public + "/"
		}
		d.say("%s", line)
	} else {
		d.say("begun: %s", strings.Join(slices.Sorted(maps.Keys(d.roles)), ", "))
	}
	if note := d.outboxNote(); note != "" {
		d.say("%s", note)
	}
}

// planEvery is how often the calendar is looked at.
const planEvery = 5 * time.Second

func (d *daemon) startPlanner(ctx context.Context, group *errgroup.Group) error {
	var err error
	if d.planner, err = d.newPlanner(ctx); err != nil {
		return err
	}
	retractor, err := d.newRetractor(ctx)
	if err != nil {
		return err
	}
	group.Go(func() error { return retractor.Run(ctx) })
	group.Go(func() error { return d.plan(ctx) })
	group.Go(func() error { return d.purge(ctx) })
	return nil
}

// plan runs what is due until ctx ends.
func (d *daemon) plan(ctx context.Context) error {
	for {
		for _, c := range []subscribers.Cadence{subscribers.Daily, subscribers.Weekly} {
			r, _, err := d.planner.Scheduled(ctx, c)
			if err != nil && ctx.Err() == nil {
				d.log.Error("edition not planned to the end, tried again", "cadence", c, "error", err)
			}
			if f := r.Folded; f != nil {
				d.log.Warn("edition too late, folded into the next", "cadence", c, "due", f.Slot, "late", f.Late, "most", f.Most, "next", f.Next)
			}
		}
		_, _, again, err := d.planner.Instant(ctx)
		if err != nil && ctx.Err() == nil {
			d.log.Error("edition not planned to the end, tried again", "cadence", subscribers.Instant, "error", err)
		}
		wait := planEvery
		if again > 0 {
			wait = min(wait, again)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-d.arrived:
		case <-time.After(wait):
		}
	}
}

func (d *daemon) purge(ctx context.Context) error {
	for {
		purged, err := subscribers.Purge(ctx, d.store, d.store, d.now())
		switch {
		case err != nil && ctx.Err() == nil:
			d.log.Warn("unconfirmed sign-ups not purged", "error", err)
		case purged > 0:
			d.log.Info("unconfirmed sign-ups purged", "subscribers", purged)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(time.Hour):
		}
	}
}

func (d *daemon) startSenders(ctx context.Context, group *errgroup.Group) error {
	sender, err := d.newSender(ctx)
	if err != nil {
		return err
	}
	d.sender.Store(&sender)
	group.Go(func() error { return d.newWorker(sender).Run(ctx) })
	group.Go(func() error { return d.newSweeper().Run(ctx) })
	return nil
}
