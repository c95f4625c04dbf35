package feeds

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// yields says whether a document must leave its place to a file that somebody
// else put there. What we kept of the document beside that file then goes: a
// static server would serve our gzip twin in the other's name.
func (p *Publisher) yields(doc Document) (bool, error) {
	if !doc.Yields || !filepath.IsLocal(filepath.FromSlash(doc.Path)) {
		return false, nil
	}
	p.mu.RLock()
	r, known := p.records[doc.Path]
	p.mu.RUnlock()
	ours, err := p.ours(doc.Path, r, doc.Body)
	if err != nil || ours {
		return false, err
	}
	if known {
		p.forget(doc.Path)
		err = removeAll(p.file(doc.Path)+gzipSuffix, p.file(doc.Path)+brotliSuffix)
	}
	return true, err
}

// ours says whether the place of a document is free, or holds what r recorded,
// or body already.
func (p *Publisher) ours(path string, r record, body []byte) (bool, error) {
	if r.ETag != "" && p.intact(path, r) {
		return true, nil
	}
	name := p.file(path)
	info, err := os.Lstat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return true, nil
	case err != nil:
		return false, nil //nolint:nilerr // a file stands where a directory would have to be
	case !info.Mode().IsRegular():
		return false, nil
	}
	there, err := os.ReadFile(name)
	if err != nil {
		return false, err
	}
	sum := sha256.Sum256(there)
	return hex.EncodeToString(sum[:16]) == r.ETag || body != nil && bytes.Equal(there, body), nil
}

func (p *Publisher) forget(path string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.records, path)
	p.unsaved = true
}

// Prune removes what was published of topics where the addresses have it no
// longer: of retired topics, and of those that moved. It returns the paths,
// sorted. A file that somebody else put in a document's place stays.
func (p *Publisher) Prune(a Addresses) ([]string, error) {
	p.publishing.Lock()
	defer p.publishing.Unlock()
	p.mu.RLock()
	var gone []string
	for _, path := range slices.Sorted(maps.Keys(p.records)) {
		if r := p.records[path]; r.Topic != "" && !a.Has(path, r.Topic, r.Format) {
			gone = append(gone, path)
		}
	}
	p.mu.RUnlock()
	if len(gone) == 0 {
		return nil, nil
	}
	var problems []error
	for _, path := range gone {
		if err := p.remove(path); err != nil {
			problems = append(problems, fmt.Errorf("remove %s: %w", path, err))
		}
	}
	return gone, errors.Join(append(problems, p.saveManifest())...)
}

// remove deletes a document's files and then the directories that this left
// empty.
func (p *Publisher) remove(path string) error {
	p.mu.RLock()
	r := p.records[path]
	p.mu.RUnlock()
	p.forget(path)
	ours, err := p.ours(path, r, nil)
	if err != nil {
		return err
	}
	name := p.file(path)
	names := []string{name + gzipSuffix, name + brotliSuffix}
	if ours {
		names = append(names, name)
	}
	if err := removeAll(names...); err != nil {
		return err
	}
	for dir := filepath.Dir(name); strings.HasPrefix(dir, p.dir+string(filepath.Separator)); dir = filepath.Dir(dir) {
		if os.Remove(dir) != nil {
			break // something else is in it
		}
	}
	return nil
}

// removeAll deletes files, those that are not there included.
func removeAll(names ...string) error {
	var problems []error
	for _, name := range names {
		if err := os.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			problems = append(problems, err)
		}
	}
	return errors.Join(problems...)
}
