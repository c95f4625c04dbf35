package feeds

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// keep writes a document that is made on demand, with its gzip twin. It is in
// no manifest: the file itself remembers its date, and the next process makes
// the document anew to see whether it is still the same. For that reason
// nothing is synced either.
func (p *Publisher) keep(packer *packer, doc Document) (File, error) {
	modified, _ := p.succeed(doc)
	var next staged
	if err := p.stageTwins(packer, doc.Body, &next); err != nil {
		return File{}, fmt.Errorf("keep %s: %w", doc.Path, err)
	}
	name := p.file(doc.Path)
	err := errors.Join(setDate(next.temp, modified), setDate(next.tempPacked, modified), os.MkdirAll(filepath.Dir(name), 0o777))
	if err == nil {
		err = os.Rename(next.tempPacked, name+gzipSuffix)
	}
	if err == nil {
		err = os.Rename(next.temp, name)
	}
	if err != nil {
		discard(next.temp, next.tempPacked)
		return File{}, fmt.Errorf("keep %s: %w", doc.Path, err)
	}
	sum := sha256.Sum256(doc.Body)
	return File{
		Name: name, Gzip: name + gzipSuffix,
		MediaType: doc.MediaType, ETag: hex.EncodeToString(sum[:16]), Modified: modified, Size: int64(len(doc.Body)),
		Topic: doc.Topic, Format: doc.Format, Entries: doc.Entries,
	}, nil
}

// kept is a document made on demand, as it is on disk.
type kept struct {
	path   string
	file   File
	recipe string
	from   *stand // it is right for
}

// keptSet is a bounded number of kept documents, found by path. The one that
// was not asked for longest goes first.
type keptSet struct {
	most   int
	byPath map[string]*keptNode
	first  keptNode // of a ring: the latest comes after it, the oldest before
}

type keptNode struct {
	kept
	before, after *keptNode
}

func newKeptSet(most int) *keptSet {
	s := &keptSet{most: most, byPath: make(map[string]*keptNode)}
	s.first.before, s.first.after = &s.first, &s.first
	return s
}

// get finds a document and notes that it was asked for; nil if there is none.
func (s *keptSet) get(path string) *kept {
	n := s.byPath[path]
	if n == nil {
		return nil
	}
	n.cut()
	s.link(n)
	return &n.kept
}

// put adds or replaces a document, and returns the path of the one that had to
// go, "" if none had to.
func (s *keptSet) put(k kept) (gone string) {
	if n := s.byPath[k.path]; n != nil {
		n.kept = k
		return ""
	}
	n := &keptNode{kept: k}
	s.byPath[k.path] = n
	s.link(n)
	if len(s.byPath) <= s.most {
		return ""
	}
	oldest := s.first.before
	oldest.cut()
	delete(s.byPath, oldest.path)
	return oldest.path
}

// forget takes a document out.
func (s *keptSet) forget(path string) {
	if n := s.byPath[path]; n != nil {
		n.cut()
		delete(s.byPath, path)
	}
}

func (n *keptNode) cut() { n.before.after, n.after.before = n.after, n.before }

func (s *keptSet) link(n *keptNode) {
	n.before, n.after = &s.first, s.first.after
	n.before.after, n.after.before = n, n
}
