package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/enshi-daily/enshi/feeds"
	"github.com/enshi-daily/enshi/posts"
)

// origin is where identities come from that the store does not have, and
// whether any change of them is meant.
type origin struct {
	out    string // the output directory
	file   string // --identities, "" for the one in out
	accept bool   // --accept-changes
	asked  bool   // the store was empty
}

func identityFlags() []cli.Flag {
	return []cli.Flag{
		&cli.BoolFlag{Name: "accept-changes", Usage: "go on although many posts would vanish or change their ids, or the store knows nothing of what is published"},
		&cli.StringFlag{Name: "identities", Usage: "begin a new store with the ids in `FILE`, an identities.json, instead of the output directory's"},
	}
}

func originOf(c *cli.Context, out string) origin {
	return origin{out: out, file: c.String("identities"), accept: c.Bool("accept-changes")}
}

// seed is what an empty store begins with. Where documents were published under
// identities that nobody knows any more, it refuses.
func (p *parts) seed() ([]posts.Identity, error) {
	o := &p.origin
	o.asked = true
	name := cmp.Or(o.file, feeds.IdentitiesFile(o.out))
	known, err := feeds.ReadIdentities(name)
	switch {
	case err == nil:
		p.log.Info("the store is empty and begins with the identities of a file", "file", name, "identities", len(known))
		return known, nil
	case o.file != "":
		return nil, usageError{err}
	case !errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("%w: put a copy back, or name one with --identities", err)
	}
	n, err := feeds.Published(o.out)
	if err != nil || n == 0 || o.accept {
		return nil, err
	}
	return nil, refusef("the store is empty, but %s has %d documents, and %s is not there to tell their ids: "+
		"name a copy of it with --identities FILE, or go on with --accept-changes", o.out, n, name)
}

// checkSeed says so if a file was named in vain.
func (p *parts) checkSeed() {
	if p.origin.file != "" && !p.origin.asked {
		p.log.Warn("the store has identities of its own: the file is not read", "file", p.origin.file)
	}
	p.origin.file = "" // said once
}

// shownChanges is how many changes are listed where a person reads.
const shownChanges = 20

// refusedPath is where all changes of a scan that was refused are listed, until
// one is not.
func (p *parts) refusedPath() string { return filepath.Join(p.cfg.Data, "refused-changes.txt") }

// refuse makes a refusal of an error that is one, its changes listed in a file.
func (p *parts) refuse(err error) error {
	e, ok := errors.AsType[*posts.TooManyChanges](err)
	switch {
	case errors.Is(err, posts.ErrOtherSite):
		return refusef("%w; --accept-changes goes on", err)
	case !ok:
		return err
	}
	var list strings.Builder
	for _, c := range e.Changes {
		fmt.Fprintln(&list, c)
	}
	if failed := os.WriteFile(p.refusedPath(), []byte(list.String()), 0o600); failed != nil {
		return errors.Join(refuseChanges(err, "nowhere"), failed)
	}
	return refuseChanges(err, p.refusedPath())
}

func refuseChanges(err error, listed string) error {
	return refusef("%w: nothing was recorded or published; all are listed in %s; put the files back, or go on with --accept-changes if that is meant", err, listed)
}

// unrefuse forgets the changes of a scan that was refused: one was not.
func (p *parts) unrefuse() error {
	if err := os.Remove(p.refusedPath()); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("refused changes: %w", err)
	}
	return nil
}

// showRefused lists the changes that made err: the first ones for a person, all
// of them for a machine.
func (p *parts) showRefused(err error) error {
	e, ok := errors.AsType[*posts.TooManyChanges](err)
	if !ok {
		return err
	}
	if p.json {
		return errors.Join(err, json.NewEncoder(p.out).Encode(map[string]any{"live": e.Live, "refused": e.Changes}))
	}
	printFirst(p.err, e.Changes)
	return err
}

// sayVanished tells of posts whose file is gone. Their ids come back with them.
func (p *parts) sayVanished(ids []posts.ID) {
	if len(ids) == 0 {
		return
	}
	p.say("%d posts vanished; their ids stay on record and are theirs again should they come back", len(ids))
	if !p.quiet {
		printFirst(p.err, ids)
	}
}

// printFirst lists the first of many, and says how many more there are.
func printFirst[T any](w io.Writer, list []T) {
	for i, one := range list {
		if i == shownChanges {
			fmt.Fprintf(w, "    … and %d more\n", len(list)-shownChanges)
			return
		}
		fmt.Fprintf(w, "    %v\n", one)
	}
}
