package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/enshi-daily/enshi/posts"
)

// built is what a build found and did, kept in the data directory so that the
// next one can tell that nothing has changed since. It is right or it is not
// there: whatever does not fit it means a whole build.
type built struct {
	Inputs      string // all that decides about the output but the posts' files
	Listing     string // of those files
	Identities  string // the store's revision
	Wake        time.Time
	Posts       int
	Topics      int
	Documents   int
	Diagnostics []posts.Diagnostic
}

// builtPath is where the last build into a directory is remembered.
func (p *parts) builtPath(out string) (string, error) {
	abs, err := filepath.Abs(out)
	if err != nil {
		return "", fmt.Errorf("output directory: %w", err)
	}
	sum := sha256.Sum256([]byte(abs))
	return filepath.Join(p.cfg.Data, "built", hex.EncodeToString(sum[:8])+".json"), nil
}

// inputs sums up the configuration, the site's own, the flags, the templates and
// the program.
func (p *parts) inputs(flags ...string) (string, error) {
	h := sha256.New()
	err := json.NewEncoder(h).Encode(struct {
		Config any
		Store  string
		Site   string
		Keys   string
		Public string
		Flags  []string
	}{p.cfg, p.cfg.Store.Reveal(), p.site.revision, p.keys.Fingerprint(), p.buildAddress(p.site.settings), flags})
	if err != nil {
		return "", fmt.Errorf("inputs of the build: %w", err)
	}
	if overrides := p.overrides(); overrides != nil {
		err = fs.WalkDir(overrides, ".", func(name string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			data, err := fs.ReadFile(overrides, name)
			fmt.Fprintf(h, "%q %x\n", name, sha256.Sum256(data))
			return err
		})
		if err != nil {
			return "", fmt.Errorf("templates: %w", err)
		}
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// lastBuilt is what the last build into out left behind, nil if that is of no
// use.
func (p *parts) lastBuilt(out string) (*built, error) {
	path, err := p.builtPath(out)
	if err != nil {
		return nil, err
	}
	var b built
	data, err := os.ReadFile(path)
	if err != nil || json.Unmarshal(data, &b) != nil {
		return nil, nil //nolint:nilerr // then everything is built
	}
	return &b, nil
}

// unsettledFor is how long before a listing a file must have been written that
// the listing is to be trusted: a file written twice within a tick of the clock
// looks the same.
const unsettledFor = 2 * time.Second

// remember keeps b for the next build, or forgets the last one if the next has
// to look at everything.
func (p *parts) remember(out string, b *built, trusted bool) error {
	path, err := p.builtPath(out)
	if err != nil {
		return err
	}
	if !trusted {
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("last build: %w", err)
		}
		return nil
	}
	data, err := json.Marshal(b)
	if err != nil {
		return fmt.Errorf("last build: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("last build: %w", err)
	}
	temp := fmt.Sprintf("%s.%d", path, os.Getpid())
	if err := os.WriteFile(temp, data, 0o600); err != nil {
		return errors.Join(fmt.Errorf("last build: %w", err), os.Remove(temp))
	}
	if err := os.Rename(temp, path); err != nil {
		return fmt.Errorf("last build: %w", err)
	}
	return nil
}

// stands says that the output of the last build is what another would give.
func (b *built) stands(now built, at time.Time) bool {
	return b.Inputs == now.Inputs && b.Listing == now.Listing &&
		now.Identities != "" && b.Identities == now.Identities && (b.Wake.IsZero() || at.Before(b.Wake))
}

// survey finds out what a build would begin from. It costs as much as listing the
// site's files with their times.
func (p *parts) survey(ctx context.Context, a *archive, flags ...string) (now built, err error) {
	if now.Inputs, err = p.inputs(flags...); err != nil {
		return now, err
	}
	if now.Identities, err = p.store.Revision(ctx); err != nil {
		return now, fmt.Errorf("identities: %w", err)
	}
	if a.listing, err = a.reader.List(ctx); err != nil {
		return now, fmt.Errorf("site %s: %w", a.root, err)
	}
	digest := a.listing.Digest()
	now.Listing = hex.EncodeToString(digest[:])
	return now, nil
}
