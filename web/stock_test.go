package web_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/enshi-daily/enshi/feeds"
	"github.com/enshi-daily/enshi/posts"
	"github.com/enshi-daily/enshi/web"
)

// version publishes a feed of n posts anew.
func (s *site) version(ctx context.Context, n int) error {
	builder, err := feeds.NewBuilder(feeds.Options{
		Title: "山城日报", SiteURL: "https://news.example", PublicURL: public,
		Content: func(p *posts.Post) (posts.Content, error) {
			return posts.Content{HTML: "<p>" + p.Title + strings.Repeat("水", n*50) + "</p>"}, nil
		},
	})
	if err != nil {
		return err
	}
	report, err := s.publisher.Publish(ctx, builder.Documents(ctx, newCatalogue(newPosts())))
	if err == nil {
		err = report.Err()
	}
	return err
}

// checkTag holds a body to the ETag that it came with.
func checkTag(t *testing.T, r reply) {
	t.Helper()
	encoding := r.header.Get("Content-Encoding")
	sum := sha256.Sum256([]byte(unpack(t, encoding, r.body)))
	want := `"` + hex.EncodeToString(sum[:16]) + `"`
	if encoding != "" {
		want = strings.TrimSuffix(want, `"`) + "-" + encoding + `"`
	}
	if got := r.header.Get("ETag"); r.status == http.StatusOK && got != want {
		t.Errorf("ETag = %s over the bytes of %s", got, want)
	}
}

func TestBytesAreThoseOfTheTagWhileDocumentsAreReplaced(t *testing.T) {
	for name, memory := range map[string]int64{"held": 0, "not held": 1} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, func(o *web.Options) { o.Memory = memory })
			ctx, cancel := context.WithCancel(t.Context())
			var publishing sync.WaitGroup
			publishing.Go(func() {
				for n := 1; ctx.Err() == nil; n++ {
					if err := s.version(ctx, n%40); err != nil && ctx.Err() == nil {
						t.Error(err)
						return
					}
				}
			})
			versions := make(map[string]bool)
			for i := range 300 {
				r := s.get("/feed.xml", "Accept-Encoding", []string{"", "gzip"}[i%2])
				if r.status != http.StatusOK {
					t.Fatalf("status %d: %s", r.status, s.log)
				}
				checkTag(t, r)
				versions[r.header.Get("ETag")] = true
			}
			cancel()
			publishing.Wait()
			if len(versions) < 3 {
				t.Errorf("%d versions were seen: documents were not replaced meanwhile", len(versions))
			}
		})
	}
}

func TestFileThatSomebodyPutThereHasNoValidators(t *testing.T) {
	s := newSite(t, nil)
	file := s.file("feed.xml")
	if err := os.Remove(file.Gzip); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file.Name, []byte("<feed/>"), 0o666); err != nil {
		t.Fatal(err)
	}
	for _, accept := range []string{"", "gzip"} {
		r := s.get("/feed.xml", "Accept-Encoding", accept)
		got := map[string]string{"body": r.body, "status": strconv.Itoa(r.status)}
		for _, field := range []string{"ETag", "Last-Modified", "Content-Encoding", "Cache-Control", "Content-Length"} {
			got[field] = r.header.Get(field)
		}
		want := map[string]string{
			"body": "<feed/>", "status": "200", "ETag": "", "Last-Modified": "", "Content-Encoding": "",
			"Cache-Control": "no-store", "Content-Length": "7",
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("GET /feed.xml with Accept-Encoding %q (-want +got):\n%s", accept, diff)
		}
	}
	if r := s.get("/feed.xml", "If-None-Match", `"`+file.ETag+`"`); r.status != http.StatusNotModified {
		t.Errorf("status for who has the document = %d, want 304", r.status)
	}
}

func TestTwinThatIsAnotherVersionsIsNotSent(t *testing.T) {
	s := newSite(t, nil)
	file := s.file("feed.xml")
	later := file.Modified.Add(time.Hour)
	if err := os.Chtimes(file.Gzip, later, later); err != nil {
		t.Fatal(err)
	}
	r := s.get("/feed.xml", "Accept-Encoding", "gzip")
	if r.status != http.StatusOK || r.header.Get("Content-Encoding") != "" {
		t.Errorf("status %d, Content-Encoding %q, want the plain document", r.status, r.header.Get("Content-Encoding"))
	}
	checkTag(t, r)
}

func TestHeldDocumentsAreSentWithoutTheirFiles(t *testing.T) {
	s := newSite(t, nil)
	want := s.get("/feed.xml", "Accept-Encoding", "gzip")
	if err := os.Remove(s.file("feed.xml").Gzip); err != nil {
		t.Fatal(err)
	}
	got := s.get("/feed.xml", "Accept-Encoding", "gzip")
	want.header.Del("Date")
	got.header.Del("Date")
	if diff := cmp.Diff(want.header, got.header); diff != "" || got.body != want.body || got.status != want.status {
		t.Errorf("second answer %d, %d bytes (-first +second):\n%s", got.status, len(got.body), diff)
	}
}

func TestMemoryIsBounded(t *testing.T) {
	const limit = 40_000
	s := newSite(t, func(o *web.Options) { o.Memory = limit })
	for range 3 {
		for _, topic := range []posts.Topic{posts.Everything, posts.Category("要闻"), posts.Category("café"), posts.Tag("茶"), posts.Tag("A/B")} {
			for _, f := range feeds.Formats {
				for _, accept := range []string{"", "gzip"} {
					checkTag(t, s.get(paths().URLPath(topic, f), "Accept-Encoding", accept))
				}
			}
		}
	}
	_, after, _ := strings.Cut(s.get("/metrics").body, "\nenshi_http_held_bytes ")
	line, _, _ := strings.Cut(after, "\n")
	held, err := strconv.Atoi(line)
	if err != nil || held > limit || held < limit/4 {
		t.Errorf("enshi_http_held_bytes = %q, want up to %d", line, limit)
	}
}

func TestLastModifiedIsNeverLaterThanNow(t *testing.T) {
	s := newSite(t, nil)
	modified := s.file("feed.xml").Modified
	for _, tt := range []struct{ now, want time.Time }{
		{modified.Add(-time.Hour), modified.Add(-time.Hour)},
		{modified.Add(-time.Second), modified.Add(-time.Second)},
		{modified, modified},
		{modified.Add(time.Hour), modified},
	} {
		s.now = tt.now
		want := tt.want.UTC().Format(http.TimeFormat)
		for _, known := range []string{"", "*"} {
			if got := s.get("/feed.xml", "If-None-Match", known).header.Get("Last-Modified"); got != want {
				t.Errorf("Last-Modified at %s = %q, want %q", tt.now.UTC().Format(http.TimeFormat), got, want)
			}
		}
	}
}

func TestManyAsk(t *testing.T) {
	s := newSite(t, func(o *web.Options) { o.Memory = 30_000 })
	var asking sync.WaitGroup
	for i := range 8 {
		asking.Go(func() {
			for j := range 40 {
				path := paths().URLPath(newPosts()[(i+j)%3].Topics()[0], feeds.Formats[j%3])
				if r := s.get(path, "Accept-Encoding", "gzip"); r.status != http.StatusOK {
					t.Error(fmt.Errorf("GET %s = %d", path, r.status))
				} else {
					checkTag(t, r)
				}
			}
		})
	}
	asking.Wait()
}

func TestAddressesAreLookedUpAgainEachTime(t *testing.T) {
	documents := folder{}
	documents.sized(t, 5000)
	s := newSite(t, func(o *web.Options) { o.Documents = documents })
	handler := s.server.Handler()
	get := func() int {
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/5000.xml", nil))
		return w.Code
	}
	for range 3 {
		if code := get(); code != http.StatusOK {
			t.Errorf("status = %d, want 200", code)
		}
	}
	delete(documents, "5000.xml")
	if code := get(); code != http.StatusNotFound {
		t.Errorf("status of a document that is gone = %d, want 404", code)
	}
}
