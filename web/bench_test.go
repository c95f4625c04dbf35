package web_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/enshi-daily/enshi/feeds"
	"github.com/enshi-daily/enshi/posts"
)

// drain is a client that takes everything and keeps nothing.
type drain struct{ header http.Header }

func (d *drain) Header() http.Header         { return d.header }
func (d *drain) Write(p []byte) (int, error) { return len(p), nil }
func (d *drain) WriteHeader(int)             { clear(d.header) }

func (d *drain) ReadFrom(r io.Reader) (int64, error) { return io.Copy(io.Discard, r) }

func BenchmarkDocument(b *testing.B) {
	s := newSite(b, nil)
	handler := s.server.Handler()
	path := paths().URLPath(posts.Category("要闻"), feeds.Atom)
	file := s.file(paths().Path(posts.Category("要闻"), feeds.Atom))
	for name, known := range map[string]string{"304": `"` + file.ETag + `-gzip"`, "200": `"other"`} {
		b.Run(name, func(b *testing.B) {
			r := httptest.NewRequestWithContext(b.Context(), http.MethodGet, path, nil)
			r.Header.Set("Accept-Encoding", "gzip, deflate, br")
			r.Header.Set("If-None-Match", known)
			w := &drain{header: http.Header{}}
			b.ReportAllocs()
			for b.Loop() {
				handler.ServeHTTP(w, r)
			}
		})
	}
}
