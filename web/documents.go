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
)

// document answers for a published document. A feed that nobody has is asked
// for thousands of times a day, so what happens between the request and the
// file is little: one look-up, one open, one copy that the kernel makes.
func (s *Server) document(w http.ResponseWriter, v *visit) error {
	name, canonical := strings.TrimPrefix(v.place.path, "/"), true
	file, ok := s.o.Documents.Lookup(name)
	var spelled string
	if ok {
		spelled, canonical = v.place.canonical()
	} else if spelled, ok = s.otherSpelling(v.place); ok {
		canonical = false
	}
	switch {
	case !ok:
		return errNotFound
	case v.Method != http.MethodGet && v.Method != http.MethodHead:
		return methodError{"GET, HEAD"}
	case !canonical:
		s.moved(w, v, spelled)
		return nil
	}
	hash := strings.Trim(file.ETag, `"`)
	s.documentHead(w.Header(), &file, spelled)
	e := chooseEncoding(v.Header["Accept-Encoding"], kept(&file)...)
	if known, same := notModified(v.Header, hash, file.Modified); same {
		if known == "" {
			known = e.tag(hash)
		}
		w.Header()["Etag"] = []string{known}
		s.count.notModified.Add(1)
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	return s.send(w, v, &file, e)
}

// documentHead sets the fields that a 200 and a 304 share (RFC 9110 §15.4.5).
func (s *Server) documentHead(h http.Header, file *feeds.File, spelled string) {
	h["Cache-Control"] = []string{s.maxAge}
	h["Vary"] = []string{"Accept-Encoding"}
	h["Access-Control-Allow-Origin"] = []string{"*"} // public, and without cookies there is nothing to steal
	if !file.Modified.IsZero() {
		h["Last-Modified"] = []string{file.Modified.UTC().Format(http.TimeFormat)}
	}
	if s.links != "" && file.Format != "" {
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

// moved sends the client to the one spelling of an address, for good.
func (s *Server) moved(w http.ResponseWriter, v *visit, spelled string) {
	if v.URL.RawQuery != "" {
		spelled += "?" + v.URL.RawQuery
	}
	h := w.Header()
	h.Set("Location", s.base+spelled)
	h.Set("Cache-Control", s.maxAge)
	w.WriteHeader(http.StatusMovedPermanently)
}

// otherSpelling finds the document that an address means which spells a topic
// by its name where its slug is another.
func (s *Server) otherSpelling(p place) (string, bool) {
	parts := p.segments()
	if len(parts) != 3 {
		return "", false
	}
	t, ok := topicNamed(parts[0], parts[1])
	if !ok {
		return "", false
	}
	for _, f := range feeds.Formats {
		path := s.o.Paths.Path(t, f)
		if path[strings.LastIndexByte(path, '/')+1:] != parts[2] {
			continue
		}
		if _, ok := s.o.Documents.Lookup(path); ok {
			return feeds.EncodePath(path), true
		}
	}
	return "", false
}
