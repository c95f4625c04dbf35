package templates_test

import (
	"errors"
	"io"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/enshi-daily/enshi/templates"
)

func newSet(t *testing.T, override map[string]string) (*templates.Set, error) {
	t.Helper()
	if override == nil {
		return templates.New(nil)
	}
	tree := make(fstest.MapFS)
	for name, content := range override {
		tree[name] = &fstest.MapFile{Data: []byte(content)}
	}
	return templates.New(tree)
}

func confirm() templates.ConfirmView {
	return templates.ConfirmView{
		MailFrame: templates.MailFrame{Language: "zh-Hans", SiteLanguage: "zh-Hans", Site: "清江早报", SiteLink: "https://site.example/"},
		Confirm:   "https://mail.example/confirm/1", Days: 7,
	}
}

func TestEveryMailExistsInEveryLanguage(t *testing.T) {
	s, err := newSet(t, nil)
	if err != nil {
		t.Fatal(err)
	}
	frame := confirm().MailFrame
	for name, view := range map[string]any{
		"confirm": confirm(),
		"already": templates.AlreadyView{MailFrame: frame, Preferences: "https://mail.example/p", Unsubscribe: "https://mail.example/u"},
		"digest": templates.DigestView{MailFrame: frame, Cadence: "weekly", Date: time.Unix(0, 0).UTC(), Total: 1,
			Posts: []templates.PostView{{Title: "T", Link: "https://site.example/1"}}},
	} {
		for _, language := range []string{"zh-Hans", "en"} {
			m, err := s.Mail(name, language, view)
			if err != nil {
				t.Errorf("Mail(%s, %s): %v", name, language, err)
			}
			if !strings.Contains(m.Subject, "清江早报") || strings.Contains(m.Subject, "\n") || !strings.Contains(m.HTML, "</html>") || !strings.HasSuffix(m.Text, "\n") {
				t.Errorf("Mail(%s, %s) = %+v", name, language, m)
			}
		}
	}
	if _, err := s.Mail("confirm", "tlh", confirm()); !errors.Is(err, templates.ErrNoTemplate) {
		t.Errorf("Mail in an unknown language = %v, want ErrNoTemplate", err)
	}
	if err := s.Page(io.Discard, "nothing", nil); !errors.Is(err, templates.ErrNoTemplate) {
		t.Errorf("Page of an unknown name = %v, want ErrNoTemplate", err)
	}
}

func TestPagesOfAnOverrideAreTried(t *testing.T) {
	for name, tt := range map[string]struct{ file, page, want string }{
		"no such field":      {"web/home.html", `{{template "frame" .}}{{define "body"}}{{.Titel}}{{end}}`, "Titel"},
		"in a branch":        {"web/status.html", `{{template "frame" .}}{{define "body"}}{{range .Groups}}{{range .Facts}}{{.Name}}{{end}}{{end}}{{end}}`, "Name"},
		"no such sentence":   {"web/notice.html", `{{template "frame" .}}{{define "body"}}{{.Text.hello}}{{end}}`, "hello"},
		"a part they share":  {"web/_parts.html", `{{define "posts"}}{{end}}`, "feeds"},
		"sentences in part":  {templates.MessagesFile, `{"hello": {"en": "Hello"}}`, "zh-Hans"},
		"sentences not JSON": {templates.MessagesFile, `hello: Hello`, templates.MessagesFile},
	} {
		if _, err := newSet(t, map[string]string{tt.file: tt.page}); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: New = %v, want an error with %s", name, err, tt.want)
		}
	}
	if _, err := newSet(t, map[string]string{
		"web/notice.html":      `{{template "frame" .}}{{define "body"}}{{.Text.hello}}{{end}}`,
		templates.MessagesFile: `{"hello": {"en": "Hello", "zh-Hans": "你好"}}`,
	}); err != nil {
		t.Errorf("a page with a sentence of its own: %v", err)
	}
}

func TestOverrideReplacesFileByFile(t *testing.T) {
	s, err := newSet(t, map[string]string{
		"mail/confirm.txt":           `{{define "subject"}}mine: {{template "confirm-subject" .}}{{end}}{{template "greeting" .}} {{.Confirm}}`,
		"mail/_greeting.zh-Hans.txt": `{{define "greeting"}}你好{{end}}`,
		"mail/_greeting.en.txt":      `{{define "greeting"}}Hello{{end}}`,
	})
	if err != nil {
		t.Fatal(err)
	}
	for language, want := range map[string]string{"zh-Hans": "你好 https://mail.example/confirm/1\n", "en": "Hello https://mail.example/confirm/1\n"} {
		m, err := s.Mail("confirm", language, confirm())
		if err != nil || m.Text != want || !strings.HasPrefix(m.Subject, "mine: ") {
			t.Errorf("Mail in %s = %q, %q, %v; want %q", language, m.Subject, m.Text, err, want)
		}
		if !strings.Contains(m.HTML, "<table") {
			t.Errorf("the html part in %s is not the embedded one", language)
		}
	}
}

func TestMistakesAreFoundAtStart(t *testing.T) {
	for name, tt := range map[string]struct{ file, content, want string }{
		"syntax":           {"mail/confirm.html", "{{if}}", "mail/confirm.html"},
		"unknown field":    {"mail/confirm.txt", `{{define "subject"}}{{end}}{{.Sight}}`, "Sight"},
		"unknown template": {"mail/digest.html", `{{template "no-such"}}`, "no-such"},
		"no subject":       {"mail/digest.txt", `x`, "subject"},
		"mistyped name":    {"mail/digset.html", `x`, "mail/digset.html"},
		"mistyped page":    {"web/hoem.html", `x`, "web/hoem.html"},
		"broken words":     {"mail/_words.en.txt", `{{define "day"}}x{{end}}`, "digest-subject"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := newSet(t, map[string]string{tt.file: tt.content})
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("New = %v, want an error that names %s", err, tt.want)
			}
		})
	}
}

func TestMailsHaveTwins(t *testing.T) {
	for file, twin := range map[string]string{"mail/extra.html": "mail/extra.txt", "mail/extra.txt": "mail/extra.html"} {
		_, err := newSet(t, map[string]string{file: `{{define "subject"}}{{end}}`})
		if err == nil || !strings.Contains(err.Error(), twin) {
			t.Errorf("New with %s alone = %v, want an error that names %s", file, err, twin)
		}
	}
}

func TestTextIsWrappedAsChineseIsSet(t *testing.T) {
	long := strings.Repeat("清江两岸，", 20) + "https 不是地址。"
	address := "https://site.example/" + strings.Repeat("long/", 30)
	s, err := newSet(t, map[string]string{
		"mail/confirm.txt": `{{define "subject"}}{{end}}` + "\n\n\n  " + long + "\n\n\n\n" + address + "\n" + strings.Repeat("word ", 40) + "\n" + strings.Repeat("x", 100),
	})
	if err != nil {
		t.Fatal(err)
	}
	m, err := s.Mail("confirm", "en", confirm())
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(m.Text, "\n")
	for i, line := range lines {
		width := 0
		for _, r := range line {
			width++
			if r > 0x2e80 {
				width++
			}
		}
		if width > 72 && line != address && line != strings.Repeat("x", 100) {
			t.Errorf("line %d is %d columns wide: %s", i+1, width, line)
		}
		if strings.HasPrefix(strings.TrimLeft(line, " "), "，") || strings.HasSuffix(line, " ") {
			t.Errorf("line %d begins with a comma or ends with a space: %q", i+1, line)
		}
	}
	if strings.Contains(m.Text, "\n\n\n") || !strings.Contains(m.Text, "\n"+address+"\n") {
		t.Errorf("the text is laid out wrongly:\n%s", m.Text)
	}
	if got := strings.Count(m.Text, "清江两岸，"); got < 17 {
		t.Errorf("%d of 20 phrases are whole; wrapping breaks inside too often", got)
	}
}

func TestClipCountsCharactersAsPeopleDo(t *testing.T) {
	for _, tt := range []struct {
		n        int
		in, want string
	}{
		{5, "清江早报", "清江早报"}, {4, "清江早报", "清江早报"}, {3, "清江早报", "清江…"}, {3, "清，江早报", "清…"},
		{2, "👩‍👩‍👧‍👦👩‍👩‍👧‍👦👩‍👩‍👧‍👦", "👩‍👩‍👧‍👦…"}, {2, "e\u0301e\u0301e\u0301", "e\u0301…"}, {1, "ab", "…"}, {1, "", ""},
	} {
		if got := templates.Clip(tt.n, tt.in); got != tt.want {
			t.Errorf("Clip(%d, %q) = %q, want %q", tt.n, tt.in, got, tt.want)
		}
	}
}
