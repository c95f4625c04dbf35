package web_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/enshi-daily/enshi/delivery"
	"github.com/enshi-daily/enshi/web"
)

// brakesOn keeps a paused group, a slower one and a relay that fails.
func brakesOn(t *testing.T, s *site) {
	t.Helper()
	until := s.now.Add(90 * time.Minute)
	for _, b := range []delivery.Brake{
		{Relay: "relay.example:25", Group: "qq", Stage: delivery.Pausing, Level: 2, Until: until, Reason: "550 frequency limited"},
		{Relay: "relay.example:25", Group: "gmail", Stage: delivery.Easing, Level: 1, Until: until},
		{Relay: "other.example:25", Group: delivery.WholeRelay, Stage: delivery.Pausing, Level: 7, Until: until, Reason: "connection refused"},
	} {
		if set, err := s.db.SetBrake(t.Context(), b); err != nil || !set {
			t.Fatalf("SetBrake = %t, %v", set, err)
		}
	}
}

func TestMetricsCountBrakesAndRelays(t *testing.T) {
	s := newSite(t, func(o *web.Options) {
		o.Relays = func() []delivery.Relay {
			return []delivery.Relay{{Name: "relay.example:25", Sent: 42}, {Name: "other.example:25", Fault: delivery.Unreachable}}
		}
	})
	brakesOn(t, s)
	metrics := s.get("/metrics").body
	for _, want := range []string{
		`# TYPE enshi_mail_paused gauge`,
		`enshi_mail_paused{relay="relay.example:25",group="qq"} 1`,
		`enshi_mail_paused{relay="relay.example:25",group="gmail"} 0`,
		`enshi_mail_paused{relay="other.example:25",group="*"} 1`,
		`enshi_mail_halvings{relay="relay.example:25",group="qq"} 2`,
		`enshi_relay_up{relay="relay.example:25"} 1`,
		`enshi_relay_up{relay="other.example:25"} 0`,
		`enshi_relay_messages_total{relay="relay.example:25"} 42`,
	} {
		if !strings.Contains(metrics, want+"\n") {
			t.Errorf("metrics lack %s", want)
		}
	}
}

func TestStatusSaysWhoGetsLess(t *testing.T) {
	s := newSite(t, nil)
	if body := s.get("/status").body; strings.Contains(body, "暂停") {
		t.Error("the status page speaks of pauses without one")
	}
	brakesOn(t, s)
	for language, want := range map[string][]string{
		"zh": {"发送放缓", "qq", "应邮箱服务商要求暂停，2026年1月10日 10:30 再试", "速度降为 1/2", "邮件中继", "暂时联系不上"},
		"en": {"Sending more slowly", "paused as the provider asked, tried again on 10 January 2026, 10:30", "at 1/2 of the usual rate", "Mail relay"},
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
		if strings.Contains(r.body, "example:25") || strings.Contains(r.body, "frequency limited") {
			t.Errorf("the status page in %s names a relay or quotes a provider", language)
		}
	}
}
