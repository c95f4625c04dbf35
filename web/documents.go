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

	"github.com/enshi-daily/enshi/feeds"
	"github.com/enshi-daily/enshi/posts"
)

// document answers for a published document. A feed that nobody has is asked
// for thousands of times a day, so what happens between the request and the
// file is little: one look-up, one open, one copy that the kernel makes.
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
		return methodError{"GET, HEAD"}
	case !canonical:
		s.moved(w, v, spelled)
		return nil
	}
	return s.deliver(w, v, &file, spelled)
}

// deliver sends a document, or says that the client has it already. spelled is
// the path that hubs know it by, "" if they know nothing of it.
func (s *Server) deliver(w http.ResponseWriter, v *visit, file *feeds.File, spelled string) error {
	hash := strings.Trim(file.ETag, `"`)
	s.documentHead(w.Header(), file, spelled)
	e := chooseEncoding(v.Header["Accept-Encoding"], kept(file)...)
	if known, same := notModified(v.Header, hash, file.Modified); same {
		if known == "" {
			known = e.tag(hash)
		}
		w.Header()["Etag"] = []string{known}
		s.count.notModified.Add(1)
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	return s.send(w, v, file, e)
}

// documentHead sets the fields that a 200 and a 304 share (RFC 9110 §15.4.5).
func (s *Server) documentHead(h http.Header, file *feeds.File, spelled string) {
	h["Cache-Control"] = []string{s.maxAge}
	h["Vary"] = []string{"Accept-Encoding"}
	h["Access-Control-Allow-Origin"] = []string{"*"} // public, and without cookies there is nothing to steal
	if !file.Modified.IsZero() {
		h["Last-Modified"] = []string{file.Modified.UTC().Format(http.TimeFormat)}
	}
	if s.links != "" && file.Format != "" && spelled != "" {
		h["Link"] = []string{s.links + "<" + s.o.Addresses.Public + spelled + `>; rel="self"`}
	}
}

// send copies the file of an encoding to the client.
func (s *Server) send(w http.ResponseWriter, v *visit, file *feeds.File, e encoding) error {
	body, err := os.Open(nameOf(file, e))
	if errors.Is(err, fs.ErrNotExist) && e != identity {
		e = identity
		body, err = os.Open(file.Name)
	}
	if err != nil {
		return fmt.Errorf("document: %w", err)
	}
	defer body.Close()
	info, err := body.Stat()
	if err != nil {
		return fmt.Errorf("document: %w", err)
	}
	h := w.Header()
	h["Content-Type"] = []string{file.MediaType}
	h["Etag"] = []string{e.tag(strings.Trim(file.ETag, `"`))}
	h["Content-Length"] = []string{strconv.FormatInt(info.Size(), 10)}
	if e != identity {
		h["Content-Encoding"] = []string{string(e)}
	}
	s.count.documents.Add(1)
	w.WriteHeader(http.StatusOK)
	if v.Method == http.MethodHead {
		return nil
	}
	// The client's connection is the likely cause of an error here, and the
	// head is out: nothing is left to be said.
	_, _ = io.Copy(w, body)
	return nil
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

func nameOf(f *feeds.File, e encoding) string {
	switch e {
	case gzipped:
		return f.Gzip
	case brotli:
		return f.Brotli
	}
	return f.Name
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
		return methodError{"GET, HEAD"}
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
