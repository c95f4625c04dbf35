package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/enshi-daily/enshi/delivery"
	"github.com/enshi-daily/enshi/posts"
	"github.com/enshi-daily/enshi/web"
)

const (
	mindEvery     = time.Minute
	mindFirst     = 2 * time.Second // what is wrong from the start is told soon
	mindEditions  = 50              // how many of the latest editions are looked at
	patientBrakes = 2               // a provider that asks once for a pause, gets it and that is all
)

// mind tells the operator of what is wrong until ctx ends.
func (d *daemon) mind(ctx context.Context) error {
	o := d.newOperator()
	if o == nil {
		return nil
	}
	for wait := mindFirst; ; wait = mindEvery {
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(wait):
		}
		all := d.troubles(ctx)
		if err := d.failure.get(); err != nil {
			all = append(all, trouble{"site " + err.Error(), "the site is not read, what is published stays: " + err.Error()})
		}
		if d.archive != nil && d.roles[roleWatch] {
			all = append(all, heldTrouble(d.archive.keeper.Held())...)
		}
		if ctx.Err() == nil {
			o.hear(ctx, all)
		}
	}
}

// publicFailure is what a page that everybody may ask for says of the site's
// failure: what a guard says is meant for people, any other error may name what
// is nobody's business, as is where the data directory is.
func (d *daemon) publicFailure() (t web.Trouble) {
	err := d.failure.get()
	switch {
	case err == nil:
	case exitCode(err) == exitRefused:
		t.Text = strings.ReplaceAll(err.Error(), filepath.Clean(d.cfg.Data)+string(filepath.Separator), "")
	default:
		t.Text = "it cannot be read, and the log says why"
	}
	_, t.Ours = errors.AsType[*posts.TooManyChanges](err)
	return t
}

// tellOperator tells of what is wrong at the end of a run.
func (p *parts) tellOperator(ctx context.Context) {
	o := p.newOperator()
	if o == nil || ctx.Err() != nil {
		return
	}
	all := p.troubles(ctx)
	identities, err := p.store.Identities(ctx)
	if err != nil {
		p.log.Warn("the operator does not hear of held posts", "error", err)
	}
	held := slices.DeleteFunc(identities, func(i posts.Identity) bool { return i.Standing != posts.Held })
	o.hear(ctx, append(all, heldTrouble(held)...))
}

// troubles are those that the store shows.
func (p *parts) troubles(ctx context.Context) (all []trouble) {
	editions, err := p.store.Editions(ctx, mindEditions)
	if err != nil {
		return []trouble{{"store", "the store does not answer, nothing is planned or sent: " + err.Error()}}
	}
	for _, e := range editions {
		if e.Paused != "" && (e.Stage == delivery.StagePlanning || e.Stage == delivery.StageSending) {
			all = append(all, trouble{"paused " + e.ID + e.Paused,
				fmt.Sprintf("edition %s is paused: %s: mend that, then run enshi editions resume %[1]s", e.ID, e.Paused)})
		}
	}
	brakes, err := p.brakes(ctx)
	if err != nil {
		return append(all, trouble{"store", "the store does not answer: " + err.Error()})
	}
	for _, b := range brakes {
		if b.Shut() && (b.OfRelay() || b.Level >= patientBrakes) {
			all = append(all, trouble{"brake " + b.Relay + " " + string(b.Group), brakeLine(b)})
		}
	}
	return all
}

// heldTrouble tells of posts that a guard keeps back. The cause are those that
// were held last: more of them are another cause, releasing older ones is none.
func heldTrouble(held []posts.Identity) []trouble {
	if len(held) == 0 {
		return nil
	}
	last := slices.MaxFunc(held, func(a, b posts.Identity) int { return cmp.Or(a.Since.Compare(b.Since), cmp.Compare(a.ID, b.ID)) })
	var ids []string
	for _, i := range held {
		if i.Since.Equal(last.Since) {
			ids = append(ids, string(i.ID))
		}
	}
	slices.Sort(ids)
	line := fmt.Sprintf("%d posts are held, in the feeds and not mailed: enshi posts held lists them, enshi posts release lets them go, enshi posts withdraw takes them back; one is %s: %s",
		len(held), last.Path, last.Reason)
	return []trouble{{"held " + strings.Join(ids, " "), line}}
}

// failure is what is wrong with the site now, nil for nothing.
type failure struct {
	mu  sync.Mutex
	err error
}

func (f *failure) get() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.err
}

// set returns what was wrong before.
func (f *failure) set(err error) (before error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	before, f.err = f.err, err
	return before
}
