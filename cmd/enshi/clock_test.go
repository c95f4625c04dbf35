package main

import (
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"
)

// TestClockIsSetWhileServing sets the system's clock forward and back by hours
// over the moment of the daily digest while a daemon runs.
func TestClockIsSetWhileServing(t *testing.T) {
	for _, store := range []string{"sqlite", "redis"} {
		t.Run(store, func(t *testing.T) {
			t.Parallel()
			p := newPlace(t, store, "outbox")
			var off atomic.Int64
			p.now = func() time.Time { return time.Now().Add(time.Duration(off.Load())) }
			set := func(d time.Duration) { off.Store(int64(d)) }
			due := time.Now().Add(time.Hour).UTC()
			p.write("site/_config.yml", "title: 云台日报\nurl: http://news.example.com\ntimezone: UTC\n")
			p.write("enshi.yaml", fmt.Sprintf("digest: {quiet: 1s, at: \"%s\"}\nrescan: 1m\n", due.Format("15:04")))
			p.post("2026-01-02-jiuwen.md", "旧闻一则", "2026-01-02 08:00:00 +0800", "tags: 茶叶")
			_, stop := p.serve()
			for _, cadence := range []string{"daily", "instant"} {
				p.enshi("subscribers", "add", "--consent", "paper", "--cadence", cadence, cadence+"@example.com")
			}
			// The planner looks at the calendar before it plans an instant digest.
			arrives := func(name, title string) {
				t.Helper()
				at := p.now().Add(-time.Hour)
				p.post(at.Format("2006-01-02")+"-"+name+".md", title, at.Format("2006-01-02 15:04:05 -0700"), "tags: 茶叶")
				path := filepath.Join(p.dir, "site/_posts", at.Format("2006-01-02")+"-"+name+".md")
				if err := os.Chtimes(path, at, at); err != nil {
					t.Fatal(err)
				}
				p.mailTo("instant@example.com", title)
			}
			want := func(when string, counts map[string]int) {
				t.Helper()
				for title, n := range counts {
					if got := p.count("daily@example.com", title); got != n {
						t.Errorf("%s: %d daily mails with %s, want %d", when, got, title, n)
					}
				}
			}
			arrives("yi", "新茶上市")
			want("before the moment", map[string]int{"新茶上市": 0})
			set(2 * time.Hour)
			p.mailTo("daily@example.com", "新茶上市")
			set(-5 * time.Hour)
			arrives("er", "春茶开采")
			want("set back", map[string]int{"新茶上市": 1, "春茶开采": 0})
			set(2 * time.Hour)
			arrives("san", "秋茶入库")
			want("at the same moment again", map[string]int{"新茶上市": 1, "春茶开采": 0, "秋茶入库": 0})
			set(26 * time.Hour)
			p.mailTo("daily@example.com", "秋茶入库")
			if code := stop(); code != exitDone {
				t.Errorf("serve ended with %d:\n%s", code, p.log.String())
			}
			want("a day later", map[string]int{"新茶上市": 1, "春茶开采": 1, "秋茶入库": 1})
		})
	}
}
