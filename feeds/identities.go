package feeds

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/enshi-daily/enshi/posts"
)

const identitiesName = "identities.json"

// IdentitiesFile is where an output directory keeps the identities that its
// documents go out under.
func IdentitiesFile(dir string) string { return filepath.Join(dir, stateDir, identitiesName) }

// SaveIdentities keeps a store's identities with the documents. The file is
// replaced if changed says that it must be, or if it tells of more or fewer.
func (p *Publisher) SaveIdentities(known []posts.Identity, changed bool) (written bool, err error) {
	name := IdentitiesFile(p.dir)
	if !changed && identitiesHeader(name) == posts.HeaderOf(known) {
		return false, nil
	}
	if err := p.replaceIdentities(name, known); err != nil {
		return false, fmt.Errorf("identities: %w", err)
	}
	return true, nil
}

func (p *Publisher) replaceIdentities(name string, known []posts.Identity) error {
	f, err := p.createTemp()
	if err != nil {
		return err
	}
	err = posts.WriteIdentities(f, known)
	if err = errors.Join(err, f.Sync(), f.Close()); err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err != nil {
		discard(f.Name())
		return err
	}
	return syncDir(filepath.Dir(name))
}

// identitiesHeader is the zero header for a file that is not there or not whole.
func identitiesHeader(name string) (h posts.SnapshotHeader) {
	f, err := os.Open(name)
	if err != nil {
		return h
	}
	defer f.Close()
	if h, err = posts.ReadHeader(f); err != nil {
		return posts.SnapshotHeader{}
	}
	return h
}

// ReadIdentities reads a file that SaveIdentities wrote.
func ReadIdentities(name string) ([]posts.Identity, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("identities: %w", err)
	}
	defer f.Close()
	known, err := posts.ReadIdentities(f)
	if err != nil {
		return nil, fmt.Errorf("identities: %s: %w", name, err)
	}
	return known, nil
}

// Published counts the documents that were published to a directory.
func Published(dir string) (documents int, err error) {
	records, err := readManifest(dir)
	if err != nil {
		return 0, fmt.Errorf("output directory: %w", err)
	}
	return len(records), nil
}
