package main

import (
	"bytes"
	"context"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// fetched is what a hub got when it fetched a topic.
type fetched struct{ etag, link, body string }

// testHub is a hub on loopback that may fetch a topic before it takes its ping,
// as the strictest do.
type testHub struct {
	address string
	source  chan string // HOST:PORT that stands for every public address; nil for a hub that does not fetch

	mu     sync.Mutex
	answer int
	pings  map[string][]fetched
}

func newTestHub(t *testing.T) *testHub {
	t.Helper()
	h := &testHub{answer: http.StatusNoContent, pings: make(map[string][]fetched)}
	server := httptest.NewServer(http.HandlerFunc(h.serve))
	t.Cleanup(server.Close)
	h.address = server.URL + "/hub"
	return h
}

func (h *testHub) serve(w http.ResponseWriter, r *http.Request) {
	err := r.ParseForm()
	topics := r.PostForm["hub.url"]
	if err != nil || r.Method != http.MethodPost || r.PostForm.Get("hub.mode") != "publish" || len(topics) != 1 {
		http.Error(w, "expected one topic to publish", http.StatusBadRequest)
		return
	}
	var got fetched
	if h.source != nil {
		var source string
		select {
		case source = <-h.source:
			h.source <- source
		case <-r.Context().Done():
			return
		}
		if got, err = fetch(r.Context(), source, topics[0], ""); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.pings[topics[0]] = append(h.pings[topics[0]], got)
	w.WriteHeader(h.answer)
}

// fetch gets an address from where it is served really. It answers with the
// status in body if that is not 200.
func fetch(ctx context.Context, source, address, etag string) (fetched, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return fetched{}, err
	}
	if etag != "" {
		r.Header.Set("If-None-Match", etag)
	}
	client := http.Client{Transport: &http.Transport{
		DisableKeepAlives: true, DisableCompression: true,
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, source)
		},
	}}
	resp, err := client.Do(r)
	if err != nil {
		return fetched{}, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if resp.StatusCode != http.StatusOK {
		body = []byte(resp.Status)
	}
	return fetched{resp.Header.Get("ETag"), resp.Header.Get("Link"), string(body)}, err
}

// take returns what was pinged since the last take.
func (h *testHub) take() map[string][]fetched {
	h.mu.Lock()
	defer h.mu.Unlock()
	pings := h.pings
	h.pings = make(map[string][]fetched)
	return pings
}

func (h *testHub) count() (n int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, list := range h.pings {
		n += len(list)
	}
	return n
}

// feedsOf are the addresses of the feeds of the site, a category and tags.
func feedsOf(base string, tags ...string) []string {
	all := []string{base + "/feed.xml", base + "/rss.xml", base + "/feed.json"}
	dirs := []string{"/category/yaowen"}
	for _, tag := range tags {
		dirs = append(dirs, "/tag/"+url.PathEscape(tag))
	}
	for _, dir := range dirs {
		all = append(all, base+dir+"/atom.xml", base+dir+"/rss.xml", base+dir+"/feed.json")
	}
	return slices.Sorted(slices.Values(all))
}

// TestHubSeesNewBytes: a hub that is pinged finds what it was pinged for, and
// hears of nothing else.
func TestHubSeesNewBytes(t *testing.T) {
	h := newTestHub(t)
	p := newPlace(t, "sqlite", "outbox")
	p.write("enshi.yaml", "public_url: http://Feeds.Example:80/\nfeeds: {hub_pause: 1ms, hubs: ["+h.address+"]}\n")
	p.post("2026-01-02-jiuwen.md", "旧闻一则", "2026-01-02 08:00:00 +0800", "tags: 茶叶")
	p.post("2026-01-03-bieshi.md", "别的新闻", "2026-01-03 08:00:00 +0800", "tags: 交通")
	const base = "http://feeds.example"
	h.source = make(chan string, 1) // the hub waits for the port, too
	local, stop := p.serve()
	source := strings.TrimPrefix(local, "http://")
	h.source <- source
	p.await("pings for all feeds", func() bool { return h.count() == 12 })
	checkPings(t, h.take(), feedsOf(base, "茶叶", "交通"), "旧闻一则别的新闻")

	p.post("2026-01-04-xincha.md", "新茶上市", "2026-01-04 08:00:00 +0800", "tags: 茶叶")
	p.await("pings for the new post's feeds", func() bool { return h.count() == 9 })
	pings := h.take()
	checkPings(t, pings, feedsOf(base, "茶叶"), "新茶上市")
	for topic, list := range pings {
		now, err := fetch(t.Context(), source, topic, list[0].etag)
		if err != nil || !strings.HasPrefix(now.body, "304") {
			t.Errorf("%s by the hub's ETag = %.80q, %v, want 304: nothing newer than what the hub got", topic, now.body, err)
		}
	}
	_, metrics := get(t, local+"/metrics")
	for _, want := range []string{
		`enshi_hub_pings_total{hub="` + h.address + `",result="sent"} 21`, `enshi_hub_waiting{hub="` + h.address + `"} 0`,
	} {
		if !strings.Contains(metrics, want+"\n") {
			t.Errorf("metrics lack %s:\n%s", want, metrics)
		}
	}
	if _, status := get(t, local+"/status"); !strings.Contains(status, strings.TrimPrefix(h.address, "http://")) {
		t.Error("the status page does not name the hub")
	}
	if code := stop(); code != exitDone {
		t.Errorf("serve ended with %d: %s", code, p.log.String())
	}

	local, _ = p.serve() // it has published when it says its address
	if _, metrics := get(t, local+"/metrics"); !strings.Contains(metrics, `result="sent"} 0`) || !strings.Contains(metrics, `enshi_hub_waiting{hub="`+h.address+`"} 0`) {
		t.Errorf("after a restart:\n%s\nwant no pings", metrics)
	}
	if n := h.count(); n > 0 {
		t.Errorf("after a restart the hub got %d pings, want none", n)
	}
}

// checkPings holds that exactly these topics were pinged, once each, with new
// content: one of the words of news, and their address as its self link.
func checkPings(t *testing.T, pings map[string][]fetched, topics []string, news string) {
	t.Helper()
	if diff := cmp.Diff(topics, slices.Sorted(maps.Keys(pings))); diff != "" {
		t.Errorf("topics pinged (-want +got):\n%s", diff)
	}
	for topic, list := range pings {
		got := list[0]
		if len(list) != 1 || got.etag == "" {
			t.Errorf("%s: %d pings, ETag %q, want 1 and an ETag", topic, len(list), got.etag)
		}
		if !strings.Contains(got.body, topic+`"`) || !strings.Contains(got.link, "<"+topic+`>; rel="self"`) {
			t.Errorf("%s is not the self link of what it leads to: Link %s\n%.600s", topic, got.link, got.body)
		}
		titles := strings.FieldsFunc(got.body, func(r rune) bool { return r == '<' || r == '>' || r == '"' })
		if !slices.ContainsFunc(titles, func(s string) bool { return len(s) >= 12 && strings.Contains(news, s) }) {
			t.Errorf("%s has nothing of %s:\n%.600s", topic, news, got.body)
		}
	}
}

func TestDeadHubHoldsUpNothing(t *testing.T) {
	held := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-held }))
	defer server.Close()
	defer close(held)
	p := newPlace(t, "sqlite", "outbox")
	p.write("enshi.yaml", "public_url: https://feeds.example\nfeeds: {hubs: ["+server.URL+"]}\n")
	p.post("2026-01-02-jiuwen.md", "旧闻一则", "2026-01-02 08:00:00 +0800", "tags: 茶叶")
	local, stop := p.serve()
	p.post("2026-01-04-xincha.md", "新茶上市", "2026-01-04 08:00:00 +0800", "tags: 茶叶")
	p.await("the new post in its feed", func() bool {
		_, body := get(t, local+"/feed.xml")
		return strings.Contains(body, "新茶上市")
	})
	if code := stop(); code != exitDone {
		t.Errorf("serve ended with %d", code)
	}
	if log := p.log.String(); !strings.Contains(log, "stopped before a hub heard of all topics") {
		t.Errorf("log = %s, want what the hub did not hear of", log)
	}
}

func TestHubsAreNotPingedForALocalAddress(t *testing.T) {
	for name, line := range map[string]string{"unset": "", "loopback": "public_url: http://localhost:8080\n", "IPv6": "public_url: http://[::1]/\n"} {
		t.Run(name, func(t *testing.T) {
			h := newTestHub(t)
			p := newPlace(t, "sqlite", "outbox")
			p.write("enshi.yaml", line+"feeds: {hub_pause: 1ms, hubs: ["+h.address+"]}\n")
			p.post("2026-01-02-jiuwen.md", "旧闻一则", "2026-01-02 08:00:00 +0800", "tags: 茶叶")
			local, stop := p.serve()
			if _, metrics := get(t, local+"/metrics"); strings.Contains(metrics, "enshi_hub") {
				t.Error("metrics speak of hubs that are not pinged")
			}
			stop()
			if log := p.log.String(); strings.Count(log, "hubs are not told") != 1 || !strings.Contains(log, "public_url") || h.count() > 0 {
				t.Errorf("%d pings, log = %s, want none and one line that names public_url", h.count(), log)
			}
		})
	}
}

func TestBuildPingsWhenAsked(t *testing.T) {
	h := newTestHub(t)
	p := newPlace(t, "sqlite", "outbox")
	p.write("enshi.yaml", "settle: 0s\nfeeds: {hub_pause: 1ms, hubs: ["+h.address+"]}\n")
	p.post("2026-01-02-jiuwen.md", "旧闻一则", "2026-01-02 08:00:00 +0800", "tags: 茶叶")
	build := []string{"build", "--out", p.dir + "/public"}
	p.enshi(build...)
	if n := h.count(); n > 0 {
		t.Errorf("build pinged %d times, want never without --ping", n)
	}
	build = append(build, "--ping")
	if out := p.enshi(build...); !strings.Contains(out, "0 changed feeds, 1 hubs: 0 pings taken, 0 failed") {
		t.Errorf("build of nothing new = %s", out)
	}
	p.post("2026-01-03-bieshi.md", "别的新闻", "2026-01-03 08:00:00 +0800", "tags: 交通")
	if out := p.enshi(build...); !strings.Contains(out, "9 changed feeds, 1 hubs: 9 pings taken, 0 failed") {
		t.Errorf("build of a new post = %s", out)
	}
	if diff := cmp.Diff(feedsOf("http://news.example.com", "交通"), slices.Sorted(maps.Keys(h.take()))); diff != "" {
		t.Errorf("topics pinged (-want +got):\n%s", diff)
	}
	h.mu.Lock()
	h.answer = http.StatusGone
	h.mu.Unlock()
	p.post("2026-01-04-xincha.md", "新茶上市", "2026-01-04 08:00:00 +0800", "tags: 茶叶")
	code, out, errs := p.try(build...)
	if code != exitPart || !strings.Contains(out, "0 pings taken, 9 failed") || strings.Count(errs, "refused a ping") != 1 {
		t.Errorf("build with a hub that refuses = %d\n%s%s", code, out, errs)
	}
}

func TestBuildThatFailsPingsWhatItChanged(t *testing.T) {
	h := newTestHub(t)
	p := newPlace(t, "sqlite", "outbox")
	p.write("enshi.yaml", "settle: 0s\nfeeds: {hub_pause: 1ms, hubs: ["+h.address+"]}\n")
	p.post("2026-01-02-jiuwen.md", "旧闻一则", "2026-01-02 08:00:00 +0800", "tags: 茶叶")
	p.post("2026-01-03-huai.md", "坏的", "昨天", "tags: 茶叶")
	p.write("public/rss.xml/in/the/way", "a directory where a feed should be")
	code, out, errs := p.try("build", "--ping", "--out", p.dir+"/public")
	if code != exitFailed || !strings.Contains(errs, "enshi: ") || !strings.Contains(errs, "rss.xml") || !strings.Contains(errs, "huai.md") {
		t.Errorf("build = %d %s, want the feed and the bad post named", code, errs)
	}
	want := slices.DeleteFunc(feedsOf("http://news.example.com", "茶叶"), func(s string) bool { return strings.HasSuffix(s, "com/rss.xml") })
	if diff := cmp.Diff(want, slices.Sorted(maps.Keys(h.take()))); diff != "" {
		t.Errorf("topics pinged (-want +got):\n%s\n%s", diff, out)
	}
}

func TestBuildRefusesPingsThatCannotWork(t *testing.T) {
	for want, config := range map[string]string{
		"feeds.hubs names no hub": "public_url: https://feeds.example\n",
		"give public_url":         "public_url: http://127.0.0.2/\nfeeds: {hubs: [https://hub.example/]}\n",
	} {
		p := newPlace(t, "sqlite", "outbox")
		p.write("enshi.yaml", config)
		p.post("2026-01-02-jiuwen.md", "旧闻一则", "2026-01-02 08:00:00 +0800", "tags: 茶叶")
		if code, _, errs := p.try("build", "--ping", "--out", p.dir+"/public"); code != exitUsage || !strings.Contains(errs, want) {
			t.Errorf("build --ping with %q = %d %s, want %d and %q", config, code, errs, exitUsage, want)
		}
	}
}

// try runs a command that may fail.
func (p *place) try(args ...string) (code int, out, errs string) {
	p.t.Helper()
	var stdout, stderr bytes.Buffer
	code = run(p.t.Context(), streams{in: strings.NewReader(""), out: &stdout, err: &stderr}, append(append([]string{"enshi"}, p.flags...), args...))
	return code, stdout.String(), stderr.String()
}
