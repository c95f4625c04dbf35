package feeds

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/klauspost/compress/gzip"
)

const (
	gzipSuffix   = ".gz"
	brotliSuffix = ".br"
	tempPrefix   = "tmp-"
)

// gzipLevel: on documents of Chinese prose klauspost's level 3 is 7 % smaller
// than level 1 for a quarter more time; 4 to 6 take longer and give no more,
// and 7 takes twice the time of 3 for 2 %.
const gzipLevel = 3

// packer compresses with buffers that it keeps. It belongs to one goroutine.
type packer struct {
	buf  bytes.Buffer
	gzip *gzip.Writer
}

func newPacker() *packer { return &packer{} }

// pack returns the gzip twin of a body, valid until the next call. It names no
// file and no time: the same body gives the same bytes.
func (p *packer) pack(body []byte) ([]byte, error) {
	p.buf.Reset()
	if p.gzip == nil {
		w, err := gzip.NewWriterLevel(&p.buf, gzipLevel)
		if err != nil {
			return nil, err
		}
		p.gzip = w
	} else {
		p.gzip.Reset(&p.buf)
	}
	if _, err := p.gzip.Write(body); err != nil {
		return nil, err
	}
	if err := p.gzip.Close(); err != nil {
		return nil, err
	}
	return p.buf.Bytes(), nil
}

// prepare stages one document if its bytes are not those published before; nil
// if they are.
func (p *Publisher) prepare(packer *packer, doc Document) (*staged, error) {
	if !filepath.IsLocal(filepath.FromSlash(doc.Path)) {
		return nil, fmt.Errorf("publish %q: not a path below the output directory", doc.Path)
	}
	p.mu.RLock()
	old, known := p.records[doc.Path]
	p.mu.RUnlock()
	sum := sha256.Sum256(doc.Body)
	etag := hex.EncodeToString(sum[:16])
	same := known && old.ETag == etag
	if same && !old.damaged && p.intact(doc.Path, old) {
		p.setRecipe(doc.Path, doc.Recipe)
		return nil, nil
	}

	fresh := record{
		ETag: etag, Recipe: doc.Recipe, Size: int64(len(doc.Body)), MediaType: doc.MediaType,
		Topic: doc.Topic, Format: doc.Format, Entries: doc.Entries,
	}
	next := &staged{path: doc.Path, changed: !same}
	switch {
	case same:
		fresh.Modified = old.Modified
	case known:
		fresh.Modified = following(doc.Updated, old.Modified)
	default:
		fresh.Modified, next.replaced = p.succeed(doc)
	}
	next.record = fresh
	if err := p.stageTwins(packer, doc.Body, next); err != nil {
		return nil, fmt.Errorf("publish %s: %w", doc.Path, err)
	}
	return next, nil
}

// following returns the date of a document in whole seconds, but always later
// than before.
func following(updated, before time.Time) time.Time {
	updated = updated.UTC().Truncate(time.Second)
	if !updated.After(before) {
		return before.UTC().Truncate(time.Second).Add(time.Second)
	}
	return updated
}

// succeed dates a document that the manifest does not know. A file may be there
// all the same, jekyll-feed's own or one of a lost manifest: readers have its
// date, so ours is not older.
func (p *Publisher) succeed(doc Document) (modified time.Time, replaced bool) {
	modified = doc.Updated.UTC().Truncate(time.Second)
	info, err := os.Lstat(p.file(doc.Path))
	if err != nil {
		return modified, false
	}
	if there, err := os.ReadFile(p.file(doc.Path)); err == nil && bytes.Equal(there, doc.Body) {
		return info.ModTime().UTC().Truncate(time.Second), false
	}
	return following(modified, info.ModTime()), true
}

// stageTwins writes a body and its gzip twin beside the output.
func (p *Publisher) stageTwins(packer *packer, body []byte, next *staged) (err error) {
	packed, err := packer.pack(body)
	if err != nil {
		return err
	}
	if next.temp, err = p.stage(body); err != nil {
		return err
	}
	if next.tempPacked, err = p.stage(packed); err != nil {
		return errors.Join(err, os.Remove(next.temp))
	}
	return nil
}

// stage writes data to a temporary file on the output's file system and returns
// its name. It is not on disk before it is synced, and has its date from then
// on: until then its age tells whether a dead process left it.
func (p *Publisher) stage(data []byte) (name string, err error) {
	f, err := p.createTemp()
	if err != nil {
		return "", err
	}
	name = f.Name()
	_, err = io.Copy(f, bytes.NewReader(data))
	if err = errors.Join(err, f.Close()); err != nil {
		return "", errors.Join(err, os.Remove(name))
	}
	return name, nil
}

// createTemp does not use os.CreateTemp, whose files only their owner can read.
func (p *Publisher) createTemp() (*os.File, error) {
	for {
		name := tempPrefix + strconv.Itoa(os.Getpid()) + "-" + strconv.FormatInt(p.temps.Add(1), 10)
		f, err := os.OpenFile(filepath.Join(p.dir, stateDir, name), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o666)
		if !errors.Is(err, fs.ErrExist) {
			return f, err
		}
	}
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
