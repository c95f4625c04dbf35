package web

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/enshi-daily/enshi/feeds"
	"github.com/enshi-daily/enshi/posts"
)

// document answers for a published document. Feeds are asked for thousands of
// times a day by those who have them already, so what happens between the
// request and the answer is little: two look-ups.
func (s *Server) document(w http.ResponseWriter, v *visit) error {
	file, ok := s.o.Documents.Lookup(strings.TrimPrefix(v.place.path, "/"))
	if !ok {
		return s.elsewhere(w, v)
	}
	spelled, canonical := v.place.canonical()
	switch {
	case s.Paths.Retired(file.Topic):
		return errGone
	case v.Method != http.MethodGet && v.Method != http.MethodHead:
		return methodError{forReaders}
	case !canonical:
		s.moved(w, v, spelled)
		return nil
	}
	s.stock.learn(v.RequestURI, v.place)
	return s.deliver(w, v, &file, spelled)
}

// deliver sends a document, or says that the client has it already. spelled is
// the path that hubs know it by, "" if they know nothing of it.
func (s *Server) deliver(w http.ResponseWriter, v *visit, file *feeds.File, spelled string) error {
	d, link := s.stock.of(file, v.start), s.linkOf(file, spelled)
	e := chooseEncoding(v.Header["Accept-Encoding"], kept(file)...)
	modified := file.Modified
	if file.TagOnly {
		modified = time.Time{} // it is shown, and If-Modified-Since ignored (RFC 9110 §13.1.3)
	}
	if known, named, same := notModified(v.Header, strings.Trim(file.ETag, `"`), modified); same {
		if named {
			e = known
		}
		s.documentHead(w.Header(), v, d, link)
		w.Header()["Etag"] = d.tags[e.index()]
		s.count.notModified.Add(1)
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	body, open, err := s.stock.body(d, file, e)
	if e != identity && (errors.Is(err, fs.ErrNotExist) || v.hasty && errors.Is(err, errReplaced)) {
		e = identity // static servers do the same: a twin is a help, no more
		body, open, err = s.stock.body(d, file, e)
	}
	switch {
	case v.hasty && errors.Is(err, errReplaced):
		return s.foreign(w, v, file)
	case err != nil:
		return err
	}
	h := w.Header()
	s.documentHead(h, v, d, link)
	h["Etag"] = d.tags[e.index()]
	h["Content-Type"] = d.contentType
	h["Content-Length"] = body.length
	if e != identity {
		h["Content-Encoding"] = []string{string(e)}
	}
	s.sendBody(w, v, body, open)
	return nil
}

// documentHead sets the fields that a 200 and a 304 share (RFC 9110 §15.4.5).
func (s *Server) documentHead(h http.Header, v *visit, d *held, link []string) {
	h["Vary"] = s.fields.vary
	if v.private {
		h["Cache-Control"] = s.fields.private
		h["Referrer-Policy"] = s.fields.noReferrer
		h["X-Robots-Tag"] = s.fields.noIndex
	} else {
		h["Cache-Control"] = s.fields.maxAge
	}
	switch {
	case d.lastModified == nil:
	case d.modified.After(v.start):
		// The clock went back, or documents followed each other within a second:
		// never later than Date (RFC 9110 §8.8.2.1).
		h["Last-Modified"] = []string{v.start.UTC().Format(http.TimeFormat)}
	default:
		h["Last-Modified"] = d.lastModified
	}
	if link != nil {
		h["Link"] = link
	}
}

// linkOf names the hubs that tell of a feed, and the address that they know it
// by; nil if none does.
func (s *Server) linkOf(file *feeds.File, spelled string) []string {
	if s.links == "" || file.Format == "" || spelled == "" {
		return nil
	}
	return []string{s.links + "<" + s.o.Addresses.Public + spelled + `>; rel="self"`}
}

// sendBody answers with a document's bytes, held or in an open file.
func (s *Server) sendBody(w http.ResponseWriter, v *visit, body *heldBody, open *os.File) {
	if open != nil {
		defer open.Close()
	}
	s.count.documents.Add(1)
	w.WriteHeader(http.StatusOK)
	// The client's connection is the likely cause of an error here, and the
	// head is out: nothing is left to be said.
	switch {
	case v.Method == http.MethodHead:
	case open != nil:
		_, _ = io.Copy(w, open)
	default:
		_ = writeWhole(v.Context(), w, body.bytes)
	}
}

// foreign sends a file that somebody else put in a document's place, without
// anything by which it could be taken for the document.
func (s *Server) foreign(w http.ResponseWriter, v *visit, file *feeds.File) error {
	open, err := os.Open(file.Name)
	if err != nil {
		return fmt.Errorf("document: %w", err)
	}
	info, err := open.Stat()
	if err != nil {
		return errors.Join(fmt.Errorf("document: %w", err), open.Close())
	}
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Type", file.MediaType)
	h.Set("Content-Length", strconv.FormatInt(info.Size(), 10))
	s.sendBody(w, v, nil, open)
	return nil
}

// The waits for the publisher to say what it has put in place, each twice as
// long as the one before.
const (
	firstWait = time.Millisecond
	lastWait  = 32 * time.Millisecond
)

// inPlace runs a handler of documents again while the file that it found is not
// that of the record that it found: the other will come.
func (s *Server) inPlace(h handler) handler {
	return func(w http.ResponseWriter, v *visit) error {
		for wait := firstWait; ; wait *= 2 {
			v.hasty = wait > lastWait
			err := h(w, v)
			if !errors.Is(err, errReplaced) || v.hasty {
				return err
			}
			select {
			case <-v.Context().Done():
				return err
			case <-time.After(wait):
			}
		}
	}
}

// kept are the encodings that a document is kept in, the smallest last.
func kept(f *feeds.File) []encoding {
	switch {
	case f.Gzip != "" && f.Brotli != "":
		return []encoding{gzipped, brotli}
	case f.Gzip != "":
		return []encoding{gzipped}
	case f.Brotli != "":
		return []encoding{brotli}
	}
	return nil
}

// elsewhere answers for an address that no document has: where it has another,
// by an older name or in another spelling, the client is sent there.
func (s *Server) elsewhere(w http.ResponseWriter, v *visit) error {
	place, ok := s.find(v.place)
	switch {
	case !ok:
		return errNotFound
	case s.Paths.Retired(place.Topic):
		return errGone
	case !v.place.loose && place.URLPath() == v.place.raw:
		return s.archived(w, v, place) // anything else would be here
	case v.Method != http.MethodGet && v.Method != http.MethodHead:
		return methodError{forReaders}
	}
	s.moved(w, v, place.URLPath())
	return nil
}

// find says what an address means, if that exists: a topic is there that has
// posts, or that has feeds still.
func (s *Server) find(p place) (feeds.Place, bool) {
	paths, shelf := s.Paths, s.shelf.Load()
	if shelf != nil {
		paths = shelf.paths
	}
	kept := func(t posts.Topic) bool {
		_, ok := s.o.Documents.Lookup(paths.Path(t, feeds.Atom))
		return ok
	}
	found, ok := paths.Find(p.segments(), func(t posts.Topic) bool { return shelf != nil && shelf.has(t) || kept(t) })
	if ok {
		return found, true
	}
	// The slug of a topic without posts may not show its name: its feed does.
	page := strings.Trim(p.path, "/")
	file, ok := s.o.Documents.Lookup(page + "/atom.xml")
	return feeds.Place{Topic: file.Topic, Path: page + "/"}, ok && file.Topic.Name() != ""
}

// moved sends the client to the one spelling of an address, for good.
func (s *Server) moved(w http.ResponseWriter, v *visit, spelled string) {
	if v.URL.RawQuery != "" {
		spelled += "?" + v.URL.RawQuery
	}
	s.movedTo(w, spelled)
}

// movedTo sends the client to an address and drops the query that it came with.
func (s *Server) movedTo(w http.ResponseWriter, spelled string) {
	h := w.Header()
	h.Set("Location", s.public+spelled)
	h.Set("Cache-Control", s.maxAge)
	w.WriteHeader(http.StatusMovedPermanently)
}
