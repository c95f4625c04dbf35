package web_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/enshi-daily/enshi/delivery"
	"github.com/enshi-daily/enshi/digest"
	"github.com/enshi-daily/enshi/posts"
	"github.com/enshi-daily/enshi/subscribers"
	"github.com/enshi-daily/enshi/web"
)

// arrive lets n posts arrive.
func (s *site) arrive(n int) {
	s.t.Helper()
	watch, err := s.db.AcquireWatch(s.t.Context(), "test", time.Minute)
	if err != nil {
		s.t.Fatal(err)
	}
	head, err := s.db.Head(s.t.Context())
	if err != nil {
		s.t.Fatal(err)
	}
	var records []posts.Identity
	var entries []digest.Entry
	for i := range n {
		number := head + int64(i) + 1
		id := posts.ID(fmt.Sprintf("https://news.example/arrived%d", number))
		records = append(records, posts.Identity{ID: id, Path: fmt.Sprintf("_posts/arrived%d.md", number), Standing: posts.Due, Seen: s.now})
		entries = append(entries, digest.Entry{
			Post: id, Topics: []posts.Topic{"tag:茶"}, Title: fmt.Sprintf("到达<%d>", number),
			Link: string(id) + ".html", Date: s.now.Add(time.Duration(i) * time.Minute), Summary: "摘要",
		})
	}
	if err := s.db.Record(s.t.Context(), watch, records); err != nil {
		s.t.Fatal(err)
	}
	if _, err := s.db.Append(s.t.Context(), watch, entries); err != nil {
		s.t.Fatal(err)
	}
	if err := s.db.ReleaseWatch(s.t.Context(), watch); err != nil {
		s.t.Fatal(err)
	}
}

// issue keeps the letter that somebody with these topics gets of an edition
// that reaches to the head, and returns its path.
func (s *site) issue(after int64, topics ...posts.Topic) string {
	s.t.Helper()
	ctx := s.t.Context()
	head, err := s.db.Head(ctx)
	if err != nil {
		s.t.Fatal(err)
	}
	e, err := s.db.Open(ctx, delivery.Edition{
		ID: delivery.EditionID(subscribers.Daily, s.now, head), Cadence: subscribers.Daily, Mark: head,
		Slot: s.now, Opened: s.now, Stage: delivery.StagePlanning,
	})
	if err != nil {
		s.t.Fatal(err)
	}
	log, err := s.db.Since(ctx, after, head)
	if err != nil {
		s.t.Fatal(err)
	}
	entries := digest.Pending(log, after, topics)
	l := digest.Letter{
		ID:      s.keys.LetterID(e.ID, digest.Key(subscribers.Chinese, entries, nil)),
		Edition: e.ID, Cadence: e.Cadence, Language: subscribers.Chinese, Entries: entries,
		Corrections: []digest.Entry{{Title: "更正的文章", Link: "https://news.example/c.html", Correction: "时间有误"}},
	}
	data, err := delivery.EncodeLetter(l, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	if err := s.db.PutLetter(ctx, e.ID, l.ID, data); err != nil {
		s.t.Fatal(err)
	}
	if err := s.db.Close(ctx, e.ID); err != nil {
		s.t.Fatal(err)
	}
	return "/editions/" + e.ID + "/" + l.ID
}

func TestLetterPages(t *testing.T) {
	s := newSite(t, nil)
	s.arrive(3)
	first := s.issue(0, posts.Everything)
	s.now = s.now.Add(24 * time.Hour)
	s.arrive(2)
	second := s.issue(3, posts.Everything)
	personal := s.issue(3, "tag:茶", "tag:绿茶")
	for path, want := range map[string]string{first: "共 3 篇文章", second: "共 2 篇文章"} {
		r := s.get(path)
		if r.status != http.StatusOK || !strings.Contains(r.body, want) || !strings.Contains(r.body, "到达&lt;") || !strings.Contains(r.body, "时间有误") {
			t.Errorf("GET %s = %d\n%s", path, r.status, r.body)
		}
		if r.header.Get("X-Robots-Tag") != "noindex" || !strings.Contains(r.body, `content="noindex"`) {
			t.Errorf("search engines may keep %s", path)
		}
	}
	list := s.get("/editions/").body
	if !strings.Contains(list, first) || !strings.Contains(list, second) {
		t.Errorf("the list lacks a letter:\n%s", list)
	}
	if personal != second && strings.Contains(list, personal) {
		t.Error("the list shows a letter that is not for everybody")
	}
	if r := s.get("/editions/?lang=en"); strings.Contains(r.body, first) {
		t.Error("the English list shows a Chinese letter")
	}
}

func TestLettersThatAreNotThere(t *testing.T) {
	s := newSite(t, nil)
	for path, want := range map[string]int{
		"/editions/daily-20260109-3/AAAAAAAAAAAAAAAA": http.StatusNotFound,
		"/editions/daily-20240109-3/AAAAAAAAAAAAAAAA": http.StatusGone,
		"/editions/daily-99999999-3/AAAAAAAAAAAAAAAA": http.StatusNotFound,
		"/editions/notice-confirm/AAAAAAAAAAAAAAAA":   http.StatusNotFound,
		"/editions/daily-20260109-3":                  http.StatusNotFound,
		"/editions":                                   http.StatusNotFound,
	} {
		if r := s.get(path); r.status != want {
			t.Errorf("GET %s = %d, want %d", path, r.status, want)
		}
	}
}

func TestLanguageOfPublicPages(t *testing.T) {
	s := newSite(t, nil)
	for _, tt := range []struct{ path, accept, want string }{
		{"/", "", "zh-Hans"},
		{"/", "fr-FR, fr;q=0.9", "zh-Hans"},
		{"/", "en-GB, en;q=0.9", "en"},
		{"/", "fr, en;q=0.8, zh;q=0.7", "en"},
		{"/", "zh-TW, en;q=0.5", "zh-Hans"},
		{"/", ";;;", "zh-Hans"},
		{"/?lang=en", "zh-CN", "en"},
		{"/?lang=zh", "en", "zh-Hans"},
		{"/?lang=tlh", "en", "en"},
		{"/nowhere", "en", "en"},
	} {
		r := s.get(tt.path, "Accept-Language", tt.accept)
		if got := r.header.Get("Content-Language"); got != tt.want || !strings.Contains(r.body, `<html lang="`+tt.want+`">`) {
			t.Errorf("GET %s with %q is in %q, want %q", tt.path, tt.accept, got, tt.want)
		}
	}
}

func TestHealthAndMetrics(t *testing.T) {
	s := newSite(t, nil)
	sub := s.enrol("a@example.org", nil)
	s.post(local(s.addresses.Unsubscribe(sub.ID)), nil)
	s.get("/feed.xml")
	s.get("/feed.xml", "If-None-Match", "*")
	s.get("/nowhere")
	for path, want := range map[string]string{"/healthz": "ok\n", "/readyz": "ready\n"} {
		if r := s.get(path); r.status != http.StatusOK || r.body != want {
			t.Errorf("GET %s = %d %q", path, r.status, r.body)
		}
	}
	metrics := s.get("/metrics").body
	for _, want := range []string{
		`enshi_http_requests_total{class="4xx"} 1`, `enshi_http_requests_total{class="5xx"} 0`,
		`enshi_http_documents_total{status="200"} 1`, `enshi_http_documents_total{status="304"} 1`,
		"enshi_web_signups_total 1", "enshi_web_confirmations_total 1", "enshi_web_unsubscribes_total 1", "enshi_posts 3",
	} {
		if !strings.Contains(metrics, want+"\n") {
			t.Errorf("metrics lack %s", want)
		}
	}
}

func TestLogHoldsNothingPersonal(t *testing.T) {
	s := newSite(t, nil)
	sub := s.enrol("someone@example.org", nil)
	link := local(s.addresses.Unsubscribe(sub.ID))
	s.get(link)
	s.post(link, nil)
	s.get(link + "x")
	s.do("SOMEONE", "/someone@example.org", "")
	log := s.log.String()
	if !strings.Contains(log, "route=/unsubscribe/{}") {
		t.Errorf("the log lacks the route:\n%s", log)
	}
	for _, secret := range []string{"someone", "SOMEONE", "example.org", strings.TrimPrefix(link, "/unsubscribe/")[:20], "127.0.0.1"} {
		if strings.Contains(log, secret) {
			t.Errorf("the log holds %q", secret)
		}
	}
}

func TestRunStopsWithItsContext(t *testing.T) {
	s := newSite(t, nil)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.server.Run(ctx, l) }()
	r, err := http.Get("http://" + l.Addr().String() + "/healthz")
	if err != nil {
		t.Fatal(err)
	}
	r.Body.Close()
	cancel()
	if err := <-ended; err != nil {
		t.Errorf("Run = %v, want nil", err)
	}
	if err := s.server.Run(t.Context(), l); err == nil {
		t.Error("Run on a closed listener = nil, want an error")
	}
}

func TestMissingOptionsAreAllNamed(t *testing.T) {
	_, err := web.New(web.Options{})
	for _, want := range []string{"Log", "Registry", "Addresses.Keys", "Schedule.Zone"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("New = %v, want it to name %s", err, want)
		}
	}
	s := newSite(t, nil)
	s.options.Addresses.Public = "feeds.example"
	if _, err := web.New(s.options); err == nil || errors.Is(err, context.Canceled) {
		t.Errorf("New with a public address without a scheme = %v", err)
	}
}
