package sqlitedb

import (
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"modernc.org/sqlite"
)

// busyTimeout is how long a transaction waits for those of other processes.
const busyTimeout = 15 * time.Second

// prepare makes the directory and an empty file, both for the owner alone, and
// looks at where they are.
func prepare(path string) error {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("make its directory: %w", err)
	}
	if name := networkFileSystem(dir); name != "" {
		return fmt.Errorf("%s is on a network file system (%s), where SQLite loses data: "+
			"choose a local directory, or Redis for several machines", dir, name)
	}
	switch info, err := os.Stat(path); {
	case errors.Is(err, fs.ErrNotExist):
		return create(path)
	case err != nil:
		return err
	case !info.Mode().IsRegular():
		return errors.New("is not a regular file: name a file")
	}
	return nil
}

// create puts an empty file in place. It is made under another name: closing a
// file that SQLite has open in this process would end SQLite's locks on it.
func create(path string) error {
	temp, err := os.CreateTemp(filepath.Dir(path), ".new-*") // mode 0600
	if err != nil {
		return fmt.Errorf("make it: %w", err)
	}
	defer os.Remove(temp.Name())
	if err := temp.Close(); err != nil {
		return fmt.Errorf("make it: %w", err)
	}
	if err := os.Link(temp.Name(), path); err != nil && !errors.Is(err, fs.ErrExist) {
		// A file system without links: no other handle is likely at this moment.
		return os.Rename(temp.Name(), path)
	}
	return nil
}

// connect opens a pool of connections, each with the pragmas.
func connect(path, begin string, connections int, pragmas ...string) (*pool, error) {
	// A commit waits for its data alone, as SQLite does where a distribution
	// built it, and not for the file's times.
	if _, err := sqlite.Fdatasync(true); err != nil && !errors.Is(err, sqlite.ErrFdatasyncUnavailable) {
		return nil, err
	}
	query := url.Values{
		"_pragma": append([]string{
			fmt.Sprintf("busy_timeout(%d)", busyTimeout.Milliseconds()),
			"synchronous(FULL)",
			"cache_size(-16384)",
			"journal_size_limit(67108864)",
		}, pragmas...),
	}
	name := "file:" + (&url.URL{Path: path}).EscapedPath() + "?" + query.Encode()
	return newPool(name, begin, connections)
}
