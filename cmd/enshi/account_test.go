package main

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/enshi-daily/enshi/delivery"
	"github.com/enshi-daily/enshi/internal/smtptest"
	"github.com/enshi-daily/enshi/store/sqlitedb"
	"github.com/enshi-daily/enshi/subscribers"
)

// TestWhatWaitsIsAccountedForAmongManyEditions has a mail wait for another try
// while more instant editions come than a screen has lines.
func TestWhatWaitsIsAccountedForAmongManyEditions(t *testing.T) {
	p := newPlace(t, "sqlite", "smtp")
	p.enshi("send-digest", "--settle", "0")
	p.enshi("subscribers", "add", "late@example.com", "--cadence", "daily", "--consent", "test")
	p.post("2026-01-02-a.md", "新茶", time.Now().Format("2006-01-02 15:04:05 -0700"), "tags: 茶叶")
	p.smtp.Reply(func(step, arg string) *smtptest.Answer {
		if step == "RCPT" {
			return &smtptest.Answer{Code: 450, Text: "4.2.1 try again later"}
		}
		return nil
	})
	if code, out, _ := p.try("send-digest", "--settle", "0", "--cadence", "daily"); code != exitPart {
		t.Fatalf("send-digest = %d\n%s", code, out)
	}
	db, err := sqlitedb.Open(sqlitedb.Options{Path: p.dir + "/data/enshi.db", Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 60 {
		e := delivery.Edition{ID: fmt.Sprint("instant-20261124-", 100+i), Cadence: subscribers.Instant, Mark: 1, Slot: time.Now(), Opened: time.Now().Add(time.Duration(i+1) * time.Second)}
		if _, err := db.Open(t.Context(), e); err != nil {
			t.Fatal(err)
		}
		if err := db.Close(t.Context(), e.ID); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := db.Sweep(t.Context(), delivery.Resend); err != nil {
		t.Fatal(err)
	}
	if err := db.Shutdown(); err != nil {
		t.Fatal(err)
	}
	if code, out, _ := p.try("send-digest", "--settle", "0"); code != exitPart || !strings.Contains(out, "1 planned = 1 retry") {
		t.Errorf("send-digest = %d, does not account for who waits:\n%s", code, out)
	}
	if _, out, errs := p.try("send-digest", "--dry-run"); !strings.Contains(out+errs, "1 mails of earlier runs wait") {
		t.Errorf("--dry-run does not say that one waits:\n%s", out)
	}
}
