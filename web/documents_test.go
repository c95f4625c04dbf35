package web_test

import (
	"compress/gzip"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/andybalholm/brotli"

	"github.com/enshi-daily/enshi/feeds"
	"github.com/enshi-daily/enshi/posts"
	"github.com/enshi-daily/enshi/web"
)

func (s *site) file(path string) feeds.File {
	s.t.Helper()
	f, ok := s.publisher.Lookup(path)
	if !ok {
		s.t.Fatalf("%s is not published", path)
	}
	return f
}

func TestDocumentIsServedAsPublished(t *testing.T) {
	s := newSite(t, nil)
	for _, topic := range []posts.Topic{posts.Everything, posts.Category("要闻"), posts.Tag("A/B"), posts.Tag(`GDP<b>"`)} {
		for _, f := range feeds.Formats {
			r := s.get(paths().URLPath(topic, f))
			want, err := os.ReadFile(s.file(paths().Path(topic, f)).Name)
			if err != nil {
				t.Fatal(err)
			}
			if r.status != http.StatusOK || r.body != string(want) {
				t.Errorf("GET %s = %d, %d bytes, want 200, %d bytes", paths().URLPath(topic, f), r.status, len(r.body), len(want))
			}
			if got := r.header.Get("Content-Type"); got != f.MediaType() {
				t.Errorf("Content-Type of %s = %q, want %q", paths().URLPath(topic, f), got, f.MediaType())
			}
		}
	}
	if r := s.get("/feeds.opml"); r.status != http.StatusOK {
		t.Errorf("GET /feeds.opml = %d", r.status)
	}
}

func TestDocumentEncodings(t *testing.T) {
	s := newSite(t, nil)
	s.pack()
	hash := s.file("feed.xml").ETag
	plain := s.get("/feed.xml").body
	for _, tt := range []struct{ accept, want string }{
		{"", ""},
		{"gzip", "gzip"},
		{"gzip, deflate, br", "br"},
		{"br;q=0.5, gzip", "gzip"},
		{"br;q=0, gzip;q=0", ""},
		{"gzip;q=0.3, identity", ""},
		{"*", "br"},
		{"*;q=0.1, br;q=0", "gzip"},
		{"x-gzip", "gzip"},
		{"GZIP", "gzip"},
		{"zstd", ""},
		{"identity;q=0", ""},
	} {
		t.Run(tt.accept, func(t *testing.T) {
			r := s.get("/feed.xml", "Accept-Encoding", tt.accept)
			if got := r.header.Get("Content-Encoding"); got != tt.want {
				t.Errorf("Content-Encoding = %q, want %q", got, tt.want)
			}
			wantTag := `"` + hash + `"`
			if tt.want != "" {
				wantTag = `"` + hash + "-" + tt.want + `"`
			}
			if got := r.header.Get("ETag"); got != wantTag {
				t.Errorf("ETag = %s, want %s", got, wantTag)
			}
			if r.header.Get("Vary") != "Accept-Encoding" {
				t.Errorf("Vary = %q", r.header.Get("Vary"))
			}
			if got := unpack(t, tt.want, r.body); got != plain {
				t.Errorf("body differs from the plain one")
			}
		})
	}
}

func unpack(t *testing.T, encoding, body string) string {
	t.Helper()
	var r io.Reader = strings.NewReader(body)
	switch encoding {
	case "gzip":
		zip, err := gzip.NewReader(r)
		if err != nil {
			t.Fatal(err)
		}
		r = zip
	case "br":
		r = brotli.NewReader(r)
	}
	data, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestDocumentConditionalRequests(t *testing.T) {
	s := newSite(t, nil)
	file := s.file("feed.xml")
	hash, modified := file.ETag, file.Modified.UTC().Format(http.TimeFormat)
	later := file.Modified.Add(3600e9).UTC().Format(http.TimeFormat)
	earlier := file.Modified.Add(-1e9).UTC().Format(http.TimeFormat)
	for _, tt := range []struct {
		name      string
		head      []string
		unchanged bool
	}{
		{"nothing known", nil, false},
		{"plain tag", []string{"If-None-Match", `"` + hash + `"`}, true},
		{"gzip tag", []string{"If-None-Match", `"` + hash + `-gzip"`}, true},
		{"brotli tag", []string{"If-None-Match", `"` + hash + `-br"`}, true},
		{"weak tag", []string{"If-None-Match", `W/"` + hash + `"`}, true},
		{"weak tag that a proxy made", []string{"If-None-Match", `W/"` + hash + `-br-gzip"`}, true},
		{"in a list", []string{"If-None-Match", `"other", "` + hash + `-gzip" , "third"`}, true},
		{"star", []string{"If-None-Match", "*"}, true},
		{"other tag", []string{"If-None-Match", `"other"`}, false},
		{"longer tag", []string{"If-None-Match", `"` + hash + `0"`}, false},
		{"half a quote", []string{"If-None-Match", hash + `"`}, false},
		{"no quotes", []string{"If-None-Match", hash}, false},
		{"empty", []string{"If-None-Match", ""}, false},
		{"other tag wins over date", []string{"If-None-Match", `"other"`, "If-Modified-Since", modified}, false},
		{"tag wins over old date", []string{"If-None-Match", `"` + hash + `"`, "If-Modified-Since", earlier}, true},
		{"same date", []string{"If-Modified-Since", modified}, true},
		{"later date", []string{"If-Modified-Since", later}, true},
		{"earlier date", []string{"If-Modified-Since", earlier}, false},
		{"no date", []string{"If-Modified-Since", "yesterday"}, false},
	} {
		for _, method := range []string{http.MethodGet, http.MethodHead} {
			t.Run(method+" "+tt.name, func(t *testing.T) {
				r := s.do(method, "/feed.xml", "", tt.head...)
				want := http.StatusOK
				if tt.unchanged {
					want = http.StatusNotModified
				}
				if r.status != want {
					t.Fatalf("status = %d, want %d", r.status, want)
				}
				if (tt.unchanged || method == http.MethodHead) && r.body != "" {
					t.Errorf("%d bytes of body, want none", len(r.body))
				}
				for field, want := range map[string]string{
					"Last-Modified": modified, "Vary": "Accept-Encoding", "Cache-Control": "public, max-age=300",
				} {
					if got := r.header.Get(field); got != want {
						t.Errorf("%s = %q, want %q", field, got, want)
					}
				}
				if !strings.HasPrefix(r.header.Get("ETag"), `"`+hash) {
					t.Errorf("ETag = %q", r.header.Get("ETag"))
				}
			})
		}
	}
}

func TestHeadOfDocumentTellsItsLength(t *testing.T) {
	s := newSite(t, nil)
	get, head := s.get("/feed.xml"), s.do(http.MethodHead, "/feed.xml", "")
	if got, want := head.header.Get("Content-Length"), get.header.Get("Content-Length"); got != want || got == "" {
		t.Errorf("Content-Length of HEAD = %q, of GET %q", got, want)
	}
}

func TestDocumentNamesItsHubs(t *testing.T) {
	s := newSite(t, func(o *web.Options) { o.Hubs = []string{"https://hub.example/"} })
	path := paths().URLPath(posts.Tag("茶"), feeds.RSS)
	want := `<https://hub.example/>; rel="hub", <` + public + path + `>; rel="self"`
	if got := s.get(path).header.Get("Link"); got != want {
		t.Errorf("Link = %s, want %s", got, want)
	}
}

func TestPackedDocumentGoneIsServedPlain(t *testing.T) {
	s := newSite(t, nil)
	s.pack()
	if err := os.Remove(s.file("feed.xml").Brotli); err != nil {
		t.Fatal(err)
	}
	r := s.get("/feed.xml", "Accept-Encoding", "br")
	if r.status != http.StatusOK || r.header.Get("Content-Encoding") != "" {
		t.Errorf("status %d, Content-Encoding %q, want the plain document", r.status, r.header.Get("Content-Encoding"))
	}
}
