package feeds

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// staged is a document whose bytes wait in temporary files.
type staged struct {
	path             string
	temp, tempPacked string
	record           record
	changed          bool // other bytes than before, not only repaired files
	replaced         bool // in place of a file that is not ours
}

// batchSize is how many documents are put in place together. It bounds the
// space that the waiting ones take.
const batchSize = 256

// commit puts staged documents in place, all of them on disk before the first
// replaces what was there. It returns what became of each.
func (p *Publisher) commit(batch []*staged) []outcome {
	names := make([]string, 0, 2*len(batch))
	for _, s := range batch {
		names = append(names, s.temp, s.tempPacked)
	}
	outcomes := make([]outcome, len(batch))
	synced := syncFiles(filepath.Join(p.dir, stateDir), names)
	for i, s := range batch {
		err := synced
		if err == nil {
			err = p.place(s)
		}
		if err != nil {
			discard(s.temp, s.tempPacked)
			outcomes[i] = outcome{err: fmt.Errorf("publish %s: %w", s.path, err)}
			continue
		}
		outcomes[i] = outcome{written: true, changed: s.changed, replaced: s.replaced}
	}
	return outcomes
}

// place renames a document's files and then records it. In this order a reader
// that comes between gets new bytes under the old ETag and asks once too often;
// the other way round it would never ask.
func (p *Publisher) place(s *staged) error {
	name := p.file(s.path)
	if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
		return err
	}
	if err := errors.Join(setDate(s.temp, s.record.Modified), setDate(s.tempPacked, s.record.Modified)); err != nil {
		return err
	}
	p.setBrotli(s.path, false)
	// A stale twin would be served by static servers in place of the new body.
	if err := os.Remove(name + brotliSuffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := os.Rename(s.temp, name); err != nil {
		return err
	}
	if err := os.Rename(s.tempPacked, name+gzipSuffix); err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.records[s.path] = s.record
	return nil
}

// stageSynced is stage for a single file.
func (p *Publisher) stageSynced(data []byte) (name string, err error) {
	if name, err = p.stage(data); err != nil {
		return "", err
	}
	if err := syncFile(name); err != nil {
		return "", errors.Join(err, os.Remove(name))
	}
	return name, nil
}

func setDate(name string, modified time.Time) error { return os.Chtimes(name, modified, modified) }

// discard removes what is left of temporary files.
func discard(names ...string) {
	for _, name := range names {
		_ = os.Remove(name) // gone already, or swept at the next start
	}
}

// fewFiles is up to how many files are synced one by one. More are cheaper with
// a sync of the whole file system, where it can be asked for.
const fewFiles = 32

// syncFiles brings files of one file system to disk. dir is a directory of it.
func syncFiles(dir string, names []string) error {
	if len(names) > fewFiles {
		if done, err := syncFileSystem(dir); done {
			return err
		}
	}
	for _, name := range names {
		if err := syncFile(name); err != nil {
			return err
		}
	}
	return nil
}

func syncFile(name string) error {
	f, err := os.OpenFile(name, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
