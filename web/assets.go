package web

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net/http"
	"strconv"
	"strings"
)

// asset is a file that pages load, in memory.
type asset struct {
	mediaType string
	hash      string
	plain     []byte
	zipped    []byte
}

// readAssets reads the files that pages load.
func readAssets(files fs.FS) (map[string]asset, error) {
	types := map[string]string{
		"enshi.css": "text/css; charset=utf-8",
		"enshi.js":  "text/javascript; charset=utf-8",
		"enshi.svg": "image/svg+xml",
	}
	assets := make(map[string]asset, len(types))
	for name, mediaType := range types {
		data, err := fs.ReadFile(files, "web/"+name)
		if err != nil {
			return nil, fmt.Errorf("asset: %w", err)
		}
		sum := sha256.Sum256(data)
		assets[name] = asset{mediaType, hex.EncodeToString(sum[:8]), data, zip(data)}
	}
	return assets, nil
}

// zip compresses what is small enough to be held in memory.
func zip(data []byte) []byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	w.Write(data) // a bytes.Buffer takes everything
	w.Close()
	return b.Bytes()
}

// assetURL is the address of an asset, which changes when its bytes do.
func (s *views) assetURL(name string) string {
	return s.base + "/assets/" + name + "?v=" + s.assets[name].hash
}

func (s *Server) asset(w http.ResponseWriter, v *visit) error {
	a, ok := s.assets[v.args[0]]
	if !ok {
		return errNotFound
	}
	h := w.Header()
	h.Set("Vary", "Accept-Encoding")
	h.Set("Cache-Control", s.maxAge)
	if v.URL.Query().Get("v") == a.hash {
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	e := chooseEncoding(v.Header["Accept-Encoding"], gzipped)
	h.Set("ETag", e.tag(a.hash))
	if known, named, same := matchTags(v.Header["If-None-Match"], a.hash); same {
		if named {
			h.Set("ETag", known.tag(a.hash))
		}
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	h.Set("Content-Type", a.mediaType)
	body := a.plain
	if e == gzipped {
		h.Set("Content-Encoding", string(gzipped))
		body = a.zipped
	}
	return send(w, v, http.StatusOK, body)
}

// write sends a page, compressed where that is worth it. Pages with signed
// links go out as they are: compression next to secrets gives their length
// away.
func (s *Server) write(w http.ResponseWriter, v *visit, status int, body []byte) error {
	const worth = 1400 // about one packet
	if !v.private && len(body) > worth {
		w.Header().Add("Vary", "Accept-Encoding")
		if chooseEncoding(v.Header["Accept-Encoding"], gzipped) == gzipped {
			w.Header().Set("Content-Encoding", string(gzipped))
			body = zip(body)
		}
	}
	return send(w, v, status, body)
}

// send writes a body whole. What goes wrong then is the client's connection.
func send(w http.ResponseWriter, v *visit, status int, body []byte) error {
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	if v.Method != http.MethodHead {
		_, _ = w.Write(body)
	}
	return nil
}

// plain answers with a few words that are not for people.
func plain(w http.ResponseWriter, v *visit, status int, words string) error {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	return send(w, v, status, []byte(words))
}

// robots keeps search engines from pages that are one person's.
func (s *Server) robots(w http.ResponseWriter, v *visit) error {
	var b strings.Builder
	b.WriteString("User-agent: *\n")
	for _, path := range []string{"/confirm/", "/unsubscribe/", "/preferences/", "/my/", "/export/"} {
		b.WriteString("Disallow: " + s.base + path + "\n")
	}
	return plain(w, v, http.StatusOK, b.String())
}
