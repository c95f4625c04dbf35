package main

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
)

// TestPagesDoNotSayWhereTheOutboxIs has no relay: visitors may know that nothing
// is sent, and where the files of this machine are is nobody's business.
func TestPagesDoNotSayWhereTheOutboxIs(t *testing.T) {
	p := newPlace(t, "sqlite", "outbox")
	base, _ := p.serve()
	for path, want := range map[string]string{"/?lang=en": "outbox on this machine, not sent", "/?lang=zh-Hans": "不会寄出", "/status": "", "/nothing": ""} {
		answer, err := http.Get(base + path)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(answer.Body)
		if err = errors.Join(err, answer.Body.Close()); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(body), want) || strings.Contains(string(body), p.dir) {
			t.Errorf("GET %s does not say %q, or names %s:\n%s", path, want, p.dir, body)
		}
	}
}
