package main

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"

	"github.com/enshi-daily/enshi/feeds"
	"github.com/enshi-daily/enshi/posts"
)

// publicDir is where serve keeps the documents that it serves.
func (p *parts) publicDir() string { return filepath.Join(p.cfg.Data, "public") }

// sayFailure tells why the site could not be read, once for each reason. New
// files that have not settled may be those that vanished, under other names.
func (d *daemon) sayFailure(ctx context.Context, err error) {
	if before := d.failure.set(err); before != nil && before.Error() == err.Error() {
		return
	}
	level, args := slog.LevelError, []any{"error", err}
	if e, ok := errors.AsType[*posts.TooManyChanges](err); ok && e.Unsettled > 0 {
		level, args = slog.LevelWarn, append(args, "unsettled", e.Unsettled)
	}
	d.log.Log(ctx, level, "site not read, what is published stays", args...)
}

// sayRead tells that what was wrong is not any more, and what vanished.
func (d *daemon) sayRead(r reading) {
	if d.failure.set(nil) != nil {
		d.log.Info("site is read again")
	}
	d.checkSeed()
	if n := len(r.vanished); n > 0 && r.watching {
		d.log.Info("posts vanished, their ids stay on record", "posts", n, "ids", r.vanished[:min(n, shownChanges)])
	}
}

// saveIdentities keeps new identities with the feeds. serve does so when it looks
// at everything anyway, and when it ends: the file is as long as the archive.
func (d *daemon) saveIdentities() error {
	err := saveIdentities(d.press.publisher, d.archive.keeper, d.unsaved)
	d.unsaved = d.unsaved && err != nil
	return err
}

// saveIdentities keeps what a keeper knows with the documents that went out under
// it.
func saveIdentities(publisher *feeds.Publisher, keeper *posts.Keeper, changed bool) error {
	return keeper.Read(func(known []posts.Identity) error {
		_, err := publisher.SaveIdentities(known, changed)
		return err
	})
}

// leaveIdentities is saveIdentities at the end, for what was read since the last.
func (d *daemon) leaveIdentities() error {
	if !d.unsaved {
		return nil
	}
	return d.saveIdentities()
}
