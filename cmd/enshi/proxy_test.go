package main

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// signUpVia asks to subscribe as whoever a proxy says.
func (p *place) signUpVia(base, client string) int {
	p.t.Helper()
	form := url.Values{"address": {"reader" + strings.ReplaceAll(client, ".", "-") + "@example.com"}, "scope": {"all"}}
	r, err := http.NewRequestWithContext(p.t.Context(), http.MethodPost, base+"/subscribe", strings.NewReader(form.Encode()))
	if err != nil {
		p.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("X-Forwarded-For", client)
	resp, err := http.DefaultClient.Do(r)
	status, _ := answer(p.t, resp, err)
	return status
}

// TestReadersBehindAProxyAreCountedOneByOne has a proxy on the same machine, as
// every site with https has.
func TestReadersBehindAProxyAreCountedOneByOne(t *testing.T) {
	for name, tt := range map[string]struct {
		proxies string
		want    int // for the third reader
	}{
		"as it comes":    {"", http.StatusOK},
		"another's":      {"proxies: [192.0.2.0/24]", http.StatusTooManyRequests},
		"nobody's":       {"proxies: []", http.StatusTooManyRequests},
		"named, by name": {"proxies: [127.0.0.1]", http.StatusOK},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPlace(t, "sqlite", "outbox")
			p.post("2026-01-02-jiuwen.md", "旧闻一则", "2026-01-02 08:00:00 +0800", "tags: 茶叶")
			p.write("enshi.yaml", "limits:\n  signups_per_client: 2\n  "+tt.proxies+"\n")
			p.flags = append(p.flags, "--config", p.dir+"/enshi.yaml")
			base, _ := p.serve()
			for i, client := range []string{"203.0.113.1", "203.0.113.2", "203.0.113.3"} {
				want := http.StatusOK
				if i == 2 {
					want = tt.want
				}
				if got := p.signUpVia(base, client); got != want {
					t.Errorf("reader %d: %d, want %d", i+1, got, want)
				}
			}
			if got := p.signUpVia(base, "203.0.113.1"); tt.want == http.StatusOK && got != http.StatusOK {
				t.Errorf("a reader's second: %d, want 200", got)
			}
			if got := p.signUpVia(base, "203.0.113.1"); got != http.StatusTooManyRequests {
				t.Errorf("a reader's third: %d, want 429", got)
			}
		})
	}
}
