package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestDaemonTellsItsOperator starts serve with another site than its store has
// seen, and with a post that is held: both are told, by mail and by command, and
// not again by the next start.
func TestDaemonTellsItsOperator(t *testing.T) {
	p := newPlace(t, "sqlite", "")
	for _, name := range []string{"yi", "er", "san", "si", "wu", "liu"} {
		p.post("2026-01-02-"+name+".md", "旧闻"+name, "2026-01-02 08:00:00 +0800", "tags: 茶叶")
	}
	p.enshi("send-digest", "--settle", "0")
	p.post("2026-01-03-chi.md", "迟到", "2026-01-03 08:00:00 +0800", "tags: 茶叶")
	told := filepath.Join(p.dir, "told")
	p.write("enshi.yaml", "rescan: 1m\noperator: {email: editor@example.com, command: 'cat >> "+told+"'}\n")

	_, stop := p.serve()
	p.mailTo("editor@example.com", "_posts/2026-01-03-chi.md")
	stop()
	if err := os.Rename(filepath.Join(p.dir, "site", "_posts"), filepath.Join(p.dir, "gone")); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"a", "b"} {
		p.write("site/_posts/2026-01-02-"+name+".md", "---\ntitle: Elsewhere "+name+"\n---\nAnother site: "+name+"\n")
	}
	for range 2 {
		_, stop := p.serve()
		p.mailTo("editor@example.com", "the site is not read")
		time.Sleep(mindFirst + time.Second) // the second start must have had its say
		stop()
	}
	if got := len(p.mails()); got != 2 {
		t.Errorf("%d mails, want one of the post and one of the site", got)
	}
	text, err := os.ReadFile(told)
	if err != nil || strings.Count(string(text), "\n") != 2 || !strings.Contains(string(text), "the site is not read") {
		t.Errorf("the command got %q, %v, want the same two lines", text, err)
	}
	for _, m := range p.mails() {
		if !strings.HasPrefix(m.subject, "enshi: ") || strings.Contains(m.text, "unsubscribe") {
			t.Errorf("the mail is not a note: %q\n%s", m.subject, m.text)
		}
	}
}
