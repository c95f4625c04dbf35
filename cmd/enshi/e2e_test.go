package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-message/mail"

	"github.com/enshi-daily/enshi/internal/redistest"
	"github.com/enshi-daily/enshi/internal/sitetest"
	"github.com/enshi-daily/enshi/internal/smtptest"
)

// TestMainJob goes the whole way once on each store and through each way out: a
// site is served, somebody subscribes and confirms, a post appears, its feeds
// carry it and exactly the right people get it.
func TestMainJob(t *testing.T) {
	for _, store := range []string{"sqlite", "redis"} {
		for _, out := range []string{"outbox", "smtp"} {
			t.Run(store+" "+out, func(t *testing.T) { mainJob(t, store, out) })
		}
	}
}

func mainJob(t *testing.T, store, out string) {
	p := newPlace(t, store, out)
	p.post("2026-01-02-jiuwen.md", "旧闻一则", "2026-01-02 08:00:00 +0800", "tags: 茶叶")
	p.post("2026-01-03-bieshi.md", "别的新闻", "2026-01-03 08:00:00 +0800", "tags: 交通")
	base, stop := p.serve()

	reader := p.signUp(base, "reader@example.com", "tag:茶叶", "instant")
	p.signUp(base, "other@example.com", "tag:交通", "instant")
	p.signUp(base, "daily@example.com", "*", "daily")
	p.await("three active subscribers", func() bool { return strings.Count(p.enshi("subscribers", "list"), "active") == 3 })

	p.post(time.Now().Format("2006-01-02")+"-xincha.md", "新茶上市", time.Now().Add(-time.Minute).Format("2006-01-02 15:04:05 -0700"), "tags: 茶叶")
	digest := p.mailTo("reader@example.com", "新茶上市")
	if !strings.Contains(digest.text, "茶农说今年的收成好") || digest.html == "" {
		t.Errorf("digest lacks the summary or the HTML part:\n%s", digest.text)
	}
	for _, path := range []string{"/feed.xml", "/rss.xml", "/feed.json", "/tag/" + url.PathEscape("茶叶") + "/atom.xml"} {
		if _, body := get(t, base+path); !strings.Contains(body, "新茶上市") {
			t.Errorf("%s lacks the new post", path)
		}
	}
	if _, body := get(t, base+"/tag/"+url.PathEscape("交通")+"/atom.xml"); strings.Contains(body, "新茶上市") {
		t.Error("the feed of another topic has the new post")
	}

	first := p.enshi("send-digest", "--cadence", "daily")
	if !strings.Contains(first, "1 planned = 1 sent") {
		t.Errorf("send-digest while serve runs: %s, want one sent", first)
	}
	if again := p.enshi("send-digest", "--cadence", "daily"); !strings.Contains(again, "nothing to send") {
		t.Errorf("send-digest again: %s, want nothing to send", again)
	}
	p.mailTo("daily@example.com", "新茶上市")
	if got := p.count("other@example.com", "新茶上市"); got != 0 {
		t.Errorf("the subscriber of another topic got %d mails", got)
	}

	leave := extract(t, digest.text, `http://\S+/unsubscribe/\S+`)
	get(t, leave)
	if !strings.Contains(p.enshi("subscribers", "show", "reader@example.com"), "active") {
		t.Error("opening the unsubscribe link changed something")
	}
	if status, _ := postForm(t, leave, url.Values{"List-Unsubscribe": {"One-Click"}}); status != http.StatusOK {
		t.Errorf("one-click unsubscribe: %d, want 200", status)
	}
	if shown := p.enshi("subscribers", "show", "reader@example.com"); !strings.Contains(shown, "unsubscribed") {
		t.Errorf("after one-click: %s, want unsubscribed", shown)
	}
	if status, _ := postForm(t, reader, nil); status < 400 {
		t.Errorf("a used confirmation link answers %d, want it dead", status)
	}
	if code := stop(); code != exitDone {
		t.Errorf("serve ended with %d after SIGTERM, want 0: %s", code, p.log.String())
	}
	for _, address := range []string{"reader@example.com", "daily@example.com"} {
		if got := p.count(address, "新茶上市"); got != 1 {
			t.Errorf("%s got %d copies, want 1", address, got)
		}
		if strings.Contains(p.log.String(), address) {
			t.Errorf("the log names %s", address)
		}
	}
}

// place is a site, a data directory, a store and a way out.
type place struct {
	t     *testing.T
	dir   string
	flags []string
	store string // its URL, "" for SQLite
	smtp  *smtptest.Server
	log   *buffer
	now   func() time.Time // of serve, nil for the system's clock
}

func newPlace(t *testing.T, store, out string) *place {
	t.Helper()
	dir := t.TempDir()
	p := &place{t: t, dir: dir, log: &buffer{}, flags: []string{
		"--config", filepath.Join(dir, "enshi.yaml"), "--site", filepath.Join(dir, "site"), "--data", filepath.Join(dir, "data"),
	}}
	p.write("enshi.yaml", "digest: {quiet: 1s}\nrescan: 1m\n")
	p.write("site/_config.yml", "title: 云台日报\nurl: http://news.example.com\ntimezone: Asia/Shanghai\n")
	if store == "redis" {
		p.store = redistest.Start(t).URL()
		p.flags = append(p.flags, "--store", p.store)
	}
	if out == "smtp" {
		p.smtp = smtptest.Start(t)
		p.flags = append(p.flags, "--smtp", p.smtp.URL())
	}
	return p
}

func (p *place) write(name, text string) {
	p.t.Helper()
	sitetest.Place(p.t, filepath.Join(p.dir, name), text)
}

func (p *place) post(name, title, date, topics string) {
	p.t.Helper()
	p.write("site/_posts/"+name, fmt.Sprintf("---\ntitle: \"%s\"\ndate: %s\ncategories: yaowen\n%s\n---\n<p>记者 王小满</p>\n <p>茶农说今年的收成好，订单一直排到下个月。</p>\n",
		title, date, topics))
}

// enshi runs a command to its end and returns what it printed.
func (p *place) enshi(args ...string) string {
	p.t.Helper()
	var out, errs bytes.Buffer
	code := run(p.t.Context(), streams{in: strings.NewReader(""), out: &out, err: &errs}, append(append([]string{"enshi"}, p.flags...), args...))
	if code != exitDone {
		p.t.Fatalf("enshi %s: exit %d\n%s%s", strings.Join(args, " "), code, out.String(), errs.String())
	}
	return out.String()
}

// serve starts the daemon; stop ends it as SIGTERM does and returns its exit
// code.
func (p *place) serve(flags ...string) (base string, stop func() int) {
	p.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	base, done := p.serving(ctx, flags...)
	stop = sync.OnceValue(func() int { cancel(); return <-done })
	p.t.Cleanup(func() { stop() })
	return base, stop
}

// serving starts the daemon, whose exit code is sent when it ends.
func (p *place) serving(ctx context.Context, flags ...string) (base string, code <-chan int) {
	p.t.Helper()
	out, done := &buffer{}, make(chan int, 1)
	args := append(append([]string{"enshi"}, p.flags...), "serve", "--listen", "127.0.0.1:0", "--settle", "100ms")
	args = append(args, flags...)
	log := p.log
	go func() { done <- run(ctx, streams{in: strings.NewReader(""), out: out, err: log, now: p.now}, args) }()
	address := regexp.MustCompile(`(?:serving|from) (http://\S+)/\n`)
	p.await("serve to say its address", func() bool { return address.MatchString(out.String()) })
	return address.FindStringSubmatch(out.String())[1], done
}

// signUp subscribes on the page and confirms by the mail's link, which it
// returns.
func (p *place) signUp(base, address, topic, cadence string) (link string) {
	p.t.Helper()
	form := url.Values{"address": {address}, "scope": {"all"}, "cadence": {cadence}, "language": {"zh-Hans"}}
	if topic != "*" {
		form.Set("scope", "some")
		form.Set("topic", topic)
	}
	if status, body := postForm(p.t, base+"/subscribe", form); status != http.StatusOK {
		p.t.Fatalf("subscribe %s: %d\n%s", address, status, body)
	}
	link = extract(p.t, p.mailTo(address, "确认").text, `http://\S+/confirm/\S+`)
	get(p.t, link)
	if shown := p.enshi("subscribers", "show", address); !strings.Contains(shown, "pending") {
		p.t.Errorf("opening the confirmation link changed something: %s", shown)
	}
	if status, body := postForm(p.t, link, nil); status != http.StatusOK {
		p.t.Fatalf("confirm %s: %d\n%s", address, status, body)
	}
	return link
}

// letter is a mail as its reader sees it.
type letter struct{ to, subject, text, html string }

// mailTo waits for a mail to an address whose subject or text has the words.
func (p *place) mailTo(address, words string) letter {
	p.t.Helper()
	var found letter
	p.await("a mail to "+address+" with "+words, func() bool {
		for _, l := range p.mails() {
			if l.to == address && strings.Contains(l.subject+l.text, words) {
				found = l
				return true
			}
		}
		return false
	})
	return found
}

func (p *place) count(address, words string) (n int) {
	p.t.Helper()
	for _, l := range p.mails() {
		if l.to == address && strings.Contains(l.subject+l.text, words) {
			n++
		}
	}
	return n
}

// mails reads what the SMTP server or the outbox got.
func (p *place) mails() []letter {
	p.t.Helper()
	var all []letter
	if p.smtp != nil {
		for _, m := range p.smtp.Messages() {
			all = append(all, read(p.t, m.Data))
		}
		return all
	}
	names, err := filepath.Glob(filepath.Join(p.dir, "data", "outbox", "new", "*"))
	if err != nil {
		p.t.Fatal(err)
	}
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			p.t.Fatal(err)
		}
		all = append(all, read(p.t, data))
	}
	return all
}

func read(t testing.TB, data []byte) letter {
	t.Helper()
	r, err := mail.CreateReader(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	to, err := r.Header.AddressList("To")
	if err != nil || len(to) != 1 {
		t.Fatalf("To: %v, %v", to, err)
	}
	subject, err := r.Header.Subject()
	if err != nil {
		t.Fatal(err)
	}
	l := letter{to: to[0].Address, subject: subject}
	for {
		part, err := r.NextPart()
		if err == io.EOF {
			return l
		}
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(part.Body)
		if err != nil {
			t.Fatal(err)
		}
		switch kind, _, _ := mime.ParseMediaType(part.Header.Get("Content-Type")); kind {
		case "text/plain":
			l.text = string(body)
		case "text/html":
			l.html = string(body)
		}
	}
}

func (p *place) await(what string, done func() bool) {
	p.t.Helper()
	deadline := time.Now().Add(60 * time.Second)
	for !done() {
		if time.Now().After(deadline) {
			p.t.Fatalf("waited in vain for %s; the log:\n%s", what, p.log.String())
		}
		<-time.After(20 * time.Millisecond)
	}
}

func extract(t *testing.T, text, pattern string) string {
	t.Helper()
	found := regexp.MustCompile(pattern).FindString(text)
	if found == "" {
		t.Fatalf("no %s in:\n%s", pattern, text)
	}
	return found
}

func get(t *testing.T, address string) (int, string) {
	t.Helper()
	resp, err := http.Get(address)
	return answer(t, resp, err)
}

func postForm(t *testing.T, address string, form url.Values) (int, string) {
	t.Helper()
	resp, err := http.PostForm(address, form)
	return answer(t, resp, err)
}

func answer(t *testing.T, resp *http.Response, err error) (int, string) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(body)
}

// buffer is a bytes.Buffer for several goroutines.
type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}
