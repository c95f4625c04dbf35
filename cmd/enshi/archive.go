package main

import (
	"context"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/enshi-daily/enshi/delivery"
	"github.com/enshi-daily/enshi/posts"
)

// archive is the site as read from disk: what it says, scan after scan, with
// the identities that the store remembers.
type archive struct {
	parts  *parts
	root   string
	site   posts.Site
	reader *posts.Reader
	bodies *posts.Bodies
	keeper *posts.Keeper
	intake *delivery.Intake
	watch  *watchHolder
	log    *slog.Logger

	last      *posts.Scan
	missed    bool           // a change that no scan has seen
	listing   *posts.Listing // what the next scan of everything begins from, nil to list anew
	catalogue *posts.Catalogue
	decided   string // the store's Decided that the keeper knows of
}

// reading is what one scan gave.
type reading struct {
	catalogue   *posts.Catalogue
	feedIDs     map[posts.Topic]posts.ID
	diagnostics []posts.Diagnostic
	taken       delivery.Taken
	watching    bool // this process held the watch, so that what is new was recorded
	recorded    bool // and something was
	vanished    []posts.ID
	wake        time.Time
	unsettled   []string
	standing    map[posts.ID]posts.Standing // valid until the next scan
}

// noSite says that there is no site where one should be.
type noSite struct{ error }

func (e noSite) Unwrap() error { return e.error }

// siteFS opens the directory of a Jekyll site.
func siteFS(dir string) (fs.FS, error) {
	info, err := os.Stat(dir)
	if err != nil {
		return nil, noSite{usagef("site: %w", err)}
	}
	if !info.IsDir() {
		return nil, usagef("site: %s is not a directory", dir)
	}
	if _, err := os.Stat(filepath.Join(dir, "_posts")); err != nil {
		if _, err := os.Stat(filepath.Join(dir, "_config.yml")); err != nil {
			return nil, noSite{usagef("site: %s has neither _posts nor _config.yml: expected a Jekyll site", dir)}
		}
	}
	return posts.Dir(dir), nil
}

// scanOptions say what a scan may do beside reading.
type scanOptions struct {
	changes posts.Changes // what may have changed since the last scan; everything, if there was none
	record  bool          // take the watch if it is free, and record what is new
	foresee bool          // say what would arrive, and change nothing
	admission
}

// admission says which posts may arrive beside those that would anyway.
type admission struct {
	backfill              int
	acceptMany, acceptOld bool // what the guards would hold
}

func (a admission) asks() bool { return a != admission{} }

// scan reads the site again and recognises its posts. With record it also
// remembers new identities and lets new posts arrive, unless another process
// watches the site.
func (a *archive) scan(ctx context.Context, o scanOptions) (reading, error) {
	scan, err := a.read(ctx, o.changes)
	if err != nil {
		return reading{}, fmt.Errorf("site %s: %w", a.root, err)
	}
	var watch *posts.Watch
	if o.record {
		if watch, err = a.watch.acquire(ctx); err != nil {
			return reading{}, err
		}
	}
	news, err := a.load(ctx, watch)
	if err != nil {
		return reading{}, err
	}
	recognised, feedIDs, err := a.keeper.Recognise(ctx, watch, scan)
	a.last = scan
	if err != nil {
		return reading{}, a.parts.refuse(err)
	}
	a.missed = false
	if recognised.Delta != nil && a.catalogue != nil {
		a.catalogue = a.catalogue.With(*recognised.Delta)
	} else {
		a.catalogue = posts.NewCatalogue(a.site, recognised.Posts)
	}
	r := reading{
		catalogue: a.catalogue,
		feedIDs:   feedIDs, watching: watch != nil, wake: scan.Wake, unsettled: scan.Unsettled,
		diagnostics: append(append([]posts.Diagnostic(nil), scan.Diagnostics...), recognised.Diagnostics...),
		vanished:    recognised.Vanished, recorded: watch != nil && (len(recognised.Record) > 0 || news), standing: recognised.Standing,
	}
	found := delivery.Recognised{Catalogue: a.catalogue, Due: recognised.Due, Standing: recognised.Standing,
		Unsettled: len(scan.Unsettled), Backfill: o.backfill, AcceptMany: o.acceptMany, AcceptOld: o.acceptOld}
	switch {
	case o.foresee:
		r.taken, err = a.intake.Foresee(ctx, found)
	case watch != nil:
		err = a.admit(ctx, *watch, &r, found)
	}
	return r, err
}

// load reads the identities again if others may have written some, and says
// whether an operator decided on posts since the last time.
func (a *archive) load(ctx context.Context, watch *posts.Watch) (news bool, err error) {
	decided, err := a.parts.store.Decided(ctx)
	if err != nil {
		return false, fmt.Errorf("identities: %w", err)
	}
	news = decided != a.decided
	if watch == nil || a.last == nil || news {
		if err := a.keeper.Load(ctx); err != nil {
			return false, err
		}
		a.decided = decided
	}
	return news, nil
}

// admit lets posts arrive, and notes in r which did.
func (a *archive) admit(ctx context.Context, watch posts.Watch, r *reading, found delivery.Recognised) (err error) {
	if err := a.parts.unrefuse(); err != nil {
		return err
	}
	r.taken, err = a.intake.Take(ctx, watch, found)
	r.diagnostics = append(r.diagnostics, r.taken.Problems...)
	if err != nil {
		return err
	}
	a.keeper.Moved(r.taken.Held...)
	for _, e := range r.taken.Arrived {
		a.keeper.Moved(posts.Identity{ID: e.Post, Standing: posts.Arrived})
	}
	return nil
}

// forget gives back the memory of what only the next scan would need. There is
// none after it.
func (a *archive) forget() { a.last, a.listing, a.keeper, a.catalogue = nil, nil, nil, nil }

// read looks at what changed. What a scan that went wrong should have seen is
// seen by the next one, which looks at everything.
func (a *archive) read(ctx context.Context, c posts.Changes) (scan *posts.Scan, err error) {
	if a.listing != nil {
		scan, err = a.reader.Read(ctx, a.last, a.listing)
		a.listing = nil
	} else if a.last == nil || c.All || a.missed {
		scan, err = a.reader.Scan(ctx, a.last)
	} else {
		scan, err = a.reader.Look(ctx, a.last, c.Paths)
	}
	a.missed = true // until it is recognised
	return scan, err
}

// settle scans until every new post has been left alone for the settle time.
// waiting is told how many are not, before each wait.
func (a *archive) settle(ctx context.Context, o scanOptions, wait time.Duration, waiting func(n int)) (reading, error) {
	for {
		r, err := a.scan(ctx, o)
		if err != nil || r.taken.Unready == 0 {
			return r, err
		}
		waiting(r.taken.Unready)
		select {
		case <-ctx.Done():
			return r, ctx.Err()
		case <-time.After(min(wait, 5*time.Second)):
		}
		a.last = nil // a one-shot command takes files as they are now
	}
}
