package main

import (
	"strings"
	"testing"
	"time"
)

// TestSendDigestFoldsWhatIsTooLate has a daily edition that was due seven hours
// ago.
func TestSendDigestFoldsWhatIsTooLate(t *testing.T) {
	zone, err := time.LoadLocation("Asia/Shanghai")
	if err != nil {
		t.Fatal(err)
	}
	p := newPlace(t, "sqlite", "outbox")
	p.write("enshi.yaml", "settle: 0s\ndigest: {at: \""+time.Now().In(zone).Add(-7*time.Hour).Format("15:04")+"\"}\n")
	p.post("2026-01-02-jiuwen.md", "旧闻一则", "2026-01-02 08:00:00 +0800", "tags: 茶叶")
	p.enshi("build", "--out", p.dir+"/public")
	p.enshi("subscribers", "add", "--consent", "paper", "--cadence", "daily", "reader@example.com")
	p.post(time.Now().Format("2006-01-02")+"-xincha.md", "新茶上市", time.Now().Add(-time.Minute).Format("2006-01-02 15:04:05 -0700"), "tags: 茶叶")

	late := p.enshi("send-digest")
	for _, words := range []string{"is 7h", "late, more than 6h0m0s: its posts go with the next one", "--accept-late sends it now", "nothing to send"} {
		if !strings.Contains(late, words) {
			t.Errorf("send-digest seven hours late lacks %q:\n%s", words, late)
		}
	}
	if out := p.enshi("send-digest", "--accept-late"); !strings.Contains(out, "1 planned = 1 sent") {
		t.Errorf("send-digest --accept-late: %s, want one sent", out)
	}
	if out := p.enshi("send-digest"); strings.Contains(out, "late") {
		t.Errorf("send-digest after that: %s, want no word of lateness", out)
	}
}
