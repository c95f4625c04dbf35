package web_test

import (
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/enshi-daily/enshi/digest"
	"github.com/enshi-daily/enshi/feeds"
	"github.com/enshi-daily/enshi/posts"
	"github.com/enshi-daily/enshi/store/sqlitedb"
	"github.com/enshi-daily/enshi/subscribers"
	"github.com/enshi-daily/enshi/templates"
	"github.com/enshi-daily/enshi/web"
)

// public is the public address of every test site.
const public = "https://feeds.example"

// site is a server with a store, published feeds and a clock of its own.
type site struct {
	t         testing.TB
	db        *sqlitedb.DB
	keys      *subscribers.Keys
	addresses subscribers.Addresses
	publisher *feeds.Publisher
	server    *web.Server
	http      *httptest.Server
	options   web.Options
	log       *logBuffer
	now       time.Time
}

// logBuffer is a log that may be read while the server writes it.
type logBuffer struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// paths are the addresses that nobody configured.
func paths() feeds.Addresses { return feeds.Addresses{} }

func zone() *time.Location { return time.FixedZone("CST", 8*60*60) }

// newSite starts a site with the posts of newPosts. change may alter the
// options.
func newSite(t testing.TB, change func(*web.Options)) *site {
	t.Helper()
	return openSite(t, paths(), newPosts(), change)
}

// openSite is newSite with other addresses and posts.
func openSite(t testing.TB, a feeds.Addresses, list []*posts.Post, change func(*web.Options)) *site {
	t.Helper()
	s := &site{t: t, keys: subscribers.NewKeys(), log: &logBuffer{}, now: time.Date(2026, 1, 10, 9, 0, 0, 0, zone())}
	s.addresses = subscribers.Addresses{Public: public, Keys: s.keys}
	clock := func() time.Time { return s.now }
	var err error
	if s.db, err = sqlitedb.Open(sqlitedb.Options{Path: filepath.Join(t.TempDir(), "enshi.db"), Now: clock}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.db.Shutdown(); err != nil {
			t.Error(err)
		}
	})
	pages, err := templates.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	catalogue := newCatalogue(list)
	s.publish(a, catalogue)
	o := web.Options{
		Log: slog.New(slog.NewTextHandler(s.log, nil)), Now: clock, Documents: s.publisher,
		Look: web.Look{
			Templates: pages, Files: templates.WebFiles(nil), Paths: a,
			Title: "山城日报", Description: "一座山城的新闻", SiteURL: "https://news.example",
		},
		Addresses: s.addresses,
		Registry:  s.db, Limits: s.db, Arrivals: s.db, Letters: s.db, Recall: s.db, Editions: s.db, Brakes: s.db,
		Schedule: digest.DefaultSchedule(zone()),
	}
	if change != nil {
		change(&o)
	}
	s.options = o
	if s.server, err = web.New(o); err != nil {
		t.Fatal(err)
	}
	s.server.SetCatalogue(catalogue)
	s.http = httptest.NewServer(s.server.Handler())
	t.Cleanup(s.http.Close)
	return s
}

func (s *site) publish(a feeds.Addresses, c *posts.Catalogue) {
	s.t.Helper()
	builder, err := feeds.NewBuilder(feeds.Options{
		Title: "山城日报", SiteURL: "https://news.example", PublicURL: public, Addresses: a,
		Content: func(p *posts.Post) (posts.Content, error) {
			return posts.Content{HTML: strings.Repeat("<p>清江两岸，"+p.Title+"。</p>", 20)}, nil
		},
	})
	if err != nil {
		s.t.Fatal(err)
	}
	if s.publisher, err = feeds.NewPublisher(s.t.TempDir()); err != nil {
		s.t.Fatal(err)
	}
	report, err := s.publisher.Publish(s.t.Context(), builder.Documents(s.t.Context(), c))
	if err != nil || report.Err() != nil {
		s.t.Fatal(err, report.Err())
	}
}

// pack keeps every feed in brotli too, which takes its time.
func (s *site) pack() {
	s.t.Helper()
	if _, err := s.publisher.Brotli(s.t.Context(), nil); err != nil {
		s.t.Fatal(err)
	}
}

func newCatalogue(list []*posts.Post) *posts.Catalogue {
	return posts.NewCatalogue(posts.Site{Title: "山城日报", URL: "https://news.example", Zone: zone()}, list)
}

// newPosts are three posts with names that are hard to spell: with a slash,
// with capital letters, with an accent, with markup.
func newPosts() []*posts.Post {
	var list []*posts.Post
	for i, topics := range [][]string{{"要闻", "茶"}, {"要闻", "A/B"}, {"café", `GDP<b>"`}} {
		date := time.Date(2026, 1, 5+i, 7, 30, 0, 0, zone())
		list = append(list, &posts.Post{
			ID: posts.ID(fmt.Sprintf("https://news.example/p%d", i)), Path: fmt.Sprintf("_posts/p%d.md", i),
			Title: fmt.Sprintf("第%d篇：<b>茶</b> & 山", i), URL: fmt.Sprintf("/2026/p%d.html", i),
			Slug: fmt.Sprintf("p%d", i), Date: date, Updated: date,
			Categories: topics[:1], Tags: topics[1:], Summary: "摘要", SourceName: "恩施日报",
		})
	}
	return list
}

// reply is an answer read to its end.
type reply struct {
	status int
	header http.Header
	body   string
}

// do sends a request as it is: no redirect is followed, no encoding undone. head
// is field, value, field, value.
func (s *site) do(method, path, body string, head ...string) reply {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), method, s.http.URL+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	for i := 0; i < len(head); i += 2 {
		r.Header.Set(head[i], head[i+1])
	}
	if method == http.MethodPost && r.Header.Get("Content-Type") == "" {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	client := &http.Client{
		Transport:     &http.Transport{DisableCompression: true, DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	answer, err := client.Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	defer answer.Body.Close()
	data, err := io.ReadAll(answer.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return reply{answer.StatusCode, answer.Header, string(data)}
}

func (s *site) get(path string, head ...string) reply {
	s.t.Helper()
	return s.do(http.MethodGet, path, "", head...)
}

func (s *site) post(path string, form url.Values, head ...string) reply {
	s.t.Helper()
	return s.do(http.MethodPost, path, form.Encode(), head...)
}

// local is the path of a signed link.
func local(address string) string { return strings.TrimPrefix(address, public) }

// record is the stored record of an address.
func (s *site) record(address string) subscribers.Subscriber {
	s.t.Helper()
	sub, err := s.db.Subscriber(s.t.Context(), s.keys.ID(subscribers.Address(address)))
	if err != nil {
		s.t.Fatalf("record: %v", err)
	}
	return sub
}

// enrol signs an address up and confirms it.
func (s *site) enrol(address string, form url.Values) subscribers.Subscriber {
	s.t.Helper()
	if form == nil {
		form = url.Values{}
	}
	form.Set("address", address)
	if r := s.post("/subscribe", form); r.status != http.StatusOK {
		s.t.Fatalf("sign-up of %s: %d", address, r.status)
	}
	sub := s.record(address)
	if r := s.post(local(s.addresses.Confirm(sub.ID, sub.Generation, s.now)), nil); r.status != http.StatusOK {
		s.t.Fatalf("confirmation of %s: %d", address, r.status)
	}
	return s.record(address)
}
