package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/enshi-daily/enshi/internal/smtptest"
)

// TestRelayThatRefuses wants one line that says what, where and what to do, and
// nothing lost: once the relay is mended everybody gets the mail once.
func TestRelayThatRefuses(t *testing.T) {
	p := newPlace(t, "sqlite", "smtp")
	p.post("2026-01-02-jiuwen.md", "旧闻一则", "2026-01-02 08:00:00 +0800", "tags: 茶叶")
	p.enshi("subscribers", "add", "reader@example.com", "--consent", "test")
	p.enshi("send-digest")
	p.post(time.Now().Format("2006-01-02")+"-xincha.md", "新茶上市", time.Now().Add(-time.Minute).Format("2006-01-02 15:04:05 -0700"), "tags: 茶叶")

	p.smtp.Reply(func(step, _ string) *smtptest.Answer {
		if step == "MAIL" {
			return &smtptest.Answer{Code: 550, Text: "5.7.1 sender not allowed"}
		}
		return nil
	})
	var out, errs bytes.Buffer
	args := append(append([]string{"enshi"}, p.flags...), "send-digest", "--cadence", "daily", "--settle", "0", "--quiet")
	code := run(t.Context(), streams{in: strings.NewReader(""), out: &out, err: &errs}, args)
	for _, want := range []string{p.smtp.Addr(), "sender not allowed", "enshi editions resume daily-"} {
		if !strings.Contains(errs.String(), want) {
			t.Errorf("the error lacks %q:\n%s", want, errs.String())
		}
	}
	if code != exitFailed {
		t.Errorf("exit %d, want %d", code, exitFailed)
	}

	p.smtp.Reply(nil)
	p.enshi("editions", "resume", extract(t, errs.String(), `daily-\d+-\d+`))
	if said := p.enshi("send-digest", "--settle", "0"); !strings.Contains(said, "1 planned = 1 sent") {
		t.Errorf("send-digest after resume: %s, want one sent", said)
	}
	if got := p.count("reader@example.com", "新茶上市"); got != 1 {
		t.Errorf("%d copies, want 1", got)
	}
}
