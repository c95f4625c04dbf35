package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/enshi-daily/enshi/subscribers"
)

// fingerprints is the part of a store that remembers whose keys it was opened
// with first.
type fingerprints interface {
	Fingerprint(ctx context.Context, have string) (stored string, err error)
}

// openKeys reads the key ring, or makes one for a store that has none yet. A
// ring other than the store's is refused: every link and every subscriber ID
// would be wrong.
func openKeys(ctx context.Context, path string, store fingerprints) (*subscribers.Keys, error) {
	keys, made, err := readOrMakeKeys(path)
	if err != nil {
		return nil, err
	}
	stored, err := store.Fingerprint(ctx, keys.Fingerprint())
	if err != nil {
		return nil, fmt.Errorf("fingerprint of the key ring: %w", err)
	}
	if stored == keys.Fingerprint() {
		return keys, nil
	}
	if made {
		if err := os.Remove(path); err != nil {
			return nil, fmt.Errorf("key ring: %w", err)
		}
		return nil, usagef("key ring %s: there is none, and the store was first used with another machine's: copy that machine's file here", path)
	}
	return nil, usagef("key ring %s: fingerprint %s, but the store was first used with %s: use that ring (keys_file)", path, keys.Fingerprint(), stored)
}

func readOrMakeKeys(path string) (keys *subscribers.Keys, made bool, err error) {
	data, err := os.ReadFile(path)
	switch {
	case err == nil:
		keys, err = subscribers.ParseKeys(data)
		if err != nil {
			return nil, false, usagef("%s: %w", path, err)
		}
		return keys, false, nil
	case !errors.Is(err, fs.ErrNotExist):
		return nil, false, fmt.Errorf("key ring: %w", err)
	}
	keys = subscribers.NewKeys()
	if err := writeKeys(path, keys); errors.Is(err, fs.ErrExist) {
		return readOrMakeKeys(path) // another process was first
	} else if err != nil {
		return nil, false, fmt.Errorf("key ring: %w", err)
	}
	return keys, true, nil
}

// writeKeys keeps a new ring, whole or not at all, and never over another one.
func writeKeys(path string, keys *subscribers.Keys) error {
	data, err := keys.Marshal()
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".keys-*") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	if _, err := f.Write(data); err != nil {
		return errors.Join(err, f.Close())
	}
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Link(f.Name(), path)
}
