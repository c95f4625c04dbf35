package web

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/enshi-daily/enshi/feeds"
)

// errReplaced: the file of a document is not the one that was announced. The
// publisher puts a new one in place just before it says so.
var errReplaced = errors.New("the file is another version's")

// heldOverhead is what a document takes beside its bodies.
const heldOverhead = 1 << 10

// stock keeps documents that are asked for ready to be sent: the values of
// their header fields, and their bytes up to a limit in all. What was not asked
// for longest goes first. It is safe for concurrent use.
type stock struct {
	limit int64

	mu     sync.RWMutex
	byName map[string]*held
	size   int64
	places map[string]place // by what the client sent
}

// mostPlaces is how many addresses are remembered.
const mostPlaces = 8192

// held is one version of a document. Values of fields belong to all answers:
// nobody changes them.
type held struct {
	name, etag   string
	modified     time.Time
	contentType  []string
	lastModified []string // nil if there is no date
	tags         [encodings][]string
	bodies       [encodings]atomic.Pointer[heldBody]
	used         atomic.Int64 // last time, in Unix seconds
	size         int64        // guarded by stock.mu
}

// heldBody is a document in one encoding.
type heldBody struct {
	bytes  []byte
	length []string
}

func newStock(limit int64) *stock {
	return &stock{limit: limit, byName: make(map[string]*held), places: make(map[string]place)}
}

// place is what readPlace and canonical once said of an address.
func (s *stock) place(address string) (place, bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	p, ok := s.places[address]
	return p, ok
}

// learn remembers the address of a document. Others, which anybody could make
// up, are not for it.
func (s *stock) learn(address string, p place) {
	if p.sole || address != p.raw {
		return
	}
	p.sole = true
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.places) >= mostPlaces {
		clear(s.places)
	}
	s.places[address] = p
}

// of returns the version of a document that file describes.
func (s *stock) of(file *feeds.File, now time.Time) *held {
	s.mu.RLock()
	h := s.byName[file.Name]
	s.mu.RUnlock()
	if h == nil || h.etag != file.ETag || !h.modified.Equal(file.Modified) || h.contentType[0] != file.MediaType {
		h = newHeld(file)
		h.used.Store(now.Unix())
		s.put(h)
	} else if at := now.Unix(); h.used.Load() != at {
		h.used.Store(at)
	}
	return h
}

func newHeld(file *feeds.File) *held {
	h := &held{
		name: file.Name, etag: file.ETag, modified: file.Modified, contentType: []string{file.MediaType}, size: heldOverhead,
	}
	hash := strings.Trim(file.ETag, `"`)
	for i, e := range [...]encoding{identity, gzipped, brotli} {
		h.tags[i] = []string{e.tag(hash)}
	}
	if !file.Modified.IsZero() {
		h.lastModified = []string{file.Modified.UTC().Format(http.TimeFormat)}
	}
	return h
}

// put lets a version take the place of the one before.
func (s *stock) put(h *held) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if old := s.byName[h.name]; old != nil {
		s.size -= old.size
	}
	s.byName[h.name] = h
	s.size += h.size
	s.trim()
}

// keep holds a body. Bytes of a version that has been replaced are not kept.
func (s *stock) keep(h *held, e encoding, b *heldBody) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.byName[h.name] != h || !h.bodies[e.index()].CompareAndSwap(nil, b) {
		return
	}
	h.size += int64(len(b.bytes))
	s.size += int64(len(b.bytes))
	s.trim()
}

// trim makes room, for more than one document so that it need not be called for
// each.
func (s *stock) trim() {
	if s.size <= s.limit {
		return
	}
	all := make([]*held, 0, len(s.byName))
	for _, h := range s.byName {
		all = append(all, h)
	}
	slices.SortFunc(all, func(a, b *held) int {
		return cmp.Or(cmp.Compare(a.used.Load(), b.used.Load()), strings.Compare(a.name, b.name))
	})
	for _, h := range all {
		if s.size <= s.limit-s.limit/8 {
			return
		}
		delete(s.byName, h.name)
		s.size -= h.size
	}
}

// bytes is how much is held.
func (s *stock) bytes() int64 {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.size
}

// body returns a document's bytes in an encoding. Larger ones than are worth
// holding come as an open file instead, for the caller to close.
func (s *stock) body(h *held, file *feeds.File, e encoding) (*heldBody, *os.File, error) {
	if b := h.bodies[e.index()].Load(); b != nil {
		return b, nil, nil
	}
	f, size, err := openVersion(file, e)
	if err != nil {
		return nil, nil, err
	}
	b := &heldBody{length: []string{strconv.FormatInt(size, 10)}}
	if size > s.limit/16 {
		return b, f, nil
	}
	b.bytes = make([]byte, size)
	_, err = io.ReadFull(f, b.bytes)
	if err = errors.Join(err, f.Close()); err != nil {
		return nil, nil, fmt.Errorf("document: %w", err)
	}
	s.keep(h, e, b)
	return b, nil, nil
}

// openVersion opens the file of a document in an encoding if it is of that
// version: a file's date moves whenever its bytes do, and a file that is open is
// not the one that takes its place.
func openVersion(file *feeds.File, e encoding) (f *os.File, size int64, err error) {
	f, err = os.Open(nameOf(file, e))
	switch {
	case errors.Is(err, fs.ErrNotExist) && e == identity:
		return nil, 0, errReplaced // or taken away: the next look-up tells
	case err != nil:
		return nil, 0, fmt.Errorf("document: %w", err)
	}
	info, err := f.Stat()
	switch {
	case err != nil:
		err = fmt.Errorf("document: %w", err)
	case !info.ModTime().Equal(file.Modified), e == identity && info.Size() != file.Size:
		err = errReplaced
	default:
		return f, info.Size(), nil
	}
	return nil, 0, errors.Join(err, f.Close())
}

func nameOf(f *feeds.File, e encoding) string {
	switch e {
	case gzipped:
		return f.Gzip
	case brotli:
		return f.Brotli
	}
	return f.Name
}
