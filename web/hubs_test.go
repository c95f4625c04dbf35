package web_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/enshi-daily/enshi/web"
)

// twoHubs are one that works and one that never did.
func twoHubs(o *web.Options) {
	o.Pings = func() []web.HubFigures {
		return []web.HubFigures{
			{Hub: "https://hub.example/", Sent: 12, Failed: 2, Retried: 3, Dropped: 1, Waiting: 4, LastSuccess: time.Date(2026, 1, 9, 1, 30, 0, 0, time.UTC)},
			{Hub: `http://[::1]:8081/"push"`, Failed: 7},
		}
	}
}

func TestMetricsCountPings(t *testing.T) {
	metrics := newSite(t, twoHubs).get("/metrics").body
	for _, want := range []string{
		`# TYPE enshi_hub_pings_total counter`,
		`enshi_hub_pings_total{hub="https://hub.example/",result="sent"} 12`,
		`enshi_hub_pings_total{hub="https://hub.example/",result="failed"} 2`,
		`enshi_hub_pings_total{hub="https://hub.example/",result="dropped"} 1`,
		`enshi_hub_pings_total{hub="http://[::1]:8081/\"push\"",result="failed"} 7`,
		`enshi_hub_retries_total{hub="https://hub.example/"} 3`,
		`enshi_hub_waiting{hub="https://hub.example/"} 4`,
		`enshi_hub_last_success_timestamp_seconds{hub="https://hub.example/"} 1767922200`,
		`enshi_hub_last_success_timestamp_seconds{hub="http://[::1]:8081/\"push\""} 0`,
	} {
		if !strings.Contains(metrics, want+"\n") {
			t.Errorf("metrics lack %s", want)
		}
	}
	for _, name := range []string{"enshi_hub_pings_total", "enshi_hub_waiting"} {
		if got := strings.Count(metrics, "# TYPE "+name+" "); got != 1 {
			t.Errorf("%s has %d heads, want 1", name, got)
		}
	}
}

func TestStatusNamesHubs(t *testing.T) {
	s := newSite(t, twoHubs)
	for language, want := range map[string][]string{
		"zh": {"WebSub 通知", "hub.example", "已通知 12 次，未成 3 次，还有 4 个等待，最近一次在 2026年1月9日 09:30", "还没有成功过"},
		"en": {"WebSub hubs", "pings taken: 12, failed: 3, waiting: 4, last on 9 January 2026, 09:30", "none taken yet", "[::1]:8081/&#34;push&#34;"},
	} {
		r := s.get("/status", "Accept-Language", language)
		if r.status != http.StatusOK {
			t.Fatalf("GET /status = %d", r.status)
		}
		for _, text := range want {
			if !strings.Contains(r.body, text) {
				t.Errorf("the status page in %s lacks %q:\n%s", language, text, r.body)
			}
		}
	}
}

func TestWithoutHubsNothingIsSaidOfThem(t *testing.T) {
	for name, change := range map[string]func(*web.Options){
		"not asked": nil,
		"none":      func(o *web.Options) { o.Pings = func() []web.HubFigures { return nil } },
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, change)
			if body := s.get("/metrics").body; strings.Contains(body, "enshi_hub") {
				t.Error("metrics speak of hubs")
			}
			if body := s.get("/status").body; strings.Contains(body, "WebSub") {
				t.Error("the status page speaks of hubs")
			}
		})
	}
}
