package main

import (
	"strings"
	"testing"
	"time"
)

// TestDecisionsReachARunningServe releases and withdraws posts while serve holds
// the watch.
func TestDecisionsReachARunningServe(t *testing.T) {
	for _, store := range []string{"sqlite", "redis"} {
		t.Run(store, func(t *testing.T) {
			p := newPlace(t, store, "outbox")
			p.write("enshi.yaml", "digest: {quiet: 0s}\nrescan: 1h\n")
			p.post("2026-01-02-jiuwen.md", "旧闻一则", "2026-01-02 08:00:00 +0800", "tags: 茶叶")
			base, _ := p.serve()
			p.enshi("subscribers", "add", "--consent", "paper", "--cadence", "instant", "reader@example.com")

			p.post("2026-01-05-buji.md", "补记一则", "2026-01-05 08:00:00 +0800", "tags: 茶叶")
			p.await("the old post to be held", func() bool { return strings.Contains(p.enshi("posts", "held"), "buji") })
			began := time.Now()
			if out := p.enshi("posts", "release", "--all"); !strings.Contains(out, "1 posts released and arrived") {
				t.Errorf("release while serve runs: %s, want it arrived", out)
			}
			if took := time.Since(began); took > arriveMost/2 {
				t.Errorf("release took %s", took)
			}
			p.mailTo("reader@example.com", "补记一则")

			if _, body := get(t, base+"/feed.xml"); !strings.Contains(body, "补记一则") {
				t.Error("the feed lacks the post before it is withdrawn")
			}
			p.enshi("posts", "withdraw", "_posts/2026-01-05-buji.md")
			p.await("the feed to show that it is withdrawn", func() bool {
				_, body := get(t, base+"/feed.xml")
				return !strings.Contains(body, "补记一则") && strings.Contains(body, "已撤回")
			})
		})
	}
}
