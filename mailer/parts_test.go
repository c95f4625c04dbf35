package mailer_test

import (
	"bytes"
	"encoding/base64"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/enshi-daily/enshi/mailer"
	"github.com/enshi-daily/enshi/subscribers"
	"github.com/enshi-daily/enshi/templates"
)

// rendererOver is a renderer with some templates replaced.
func rendererOver(t *testing.T, files map[string]string) (*mailer.Renderer, error) {
	t.Helper()
	tree := make(fstest.MapFS)
	for name, content := range files {
		tree[name] = &fstest.MapFile{Data: []byte(content)}
	}
	set, err := templates.New(tree)
	if err != nil {
		t.Fatal(err)
	}
	return mailer.NewRenderer(mailer.RendererOptions{Templates: set, Title: "清江早报", Public: public, Zone: beijing()})
}

// Text has no line break but CRLF (RFC 2046 §4.1.1).
func TestPartsHaveOneKindOfLineBreak(t *testing.T) {
	m := messageWith(t, newRenderer(t).Note("x", "one\rtwo\nthree\r\nfour\r\r\nfive"), "editor@example.org")
	_, body, _ := bytes.Cut(compose(t, newComposer(t), m), []byte("\r\n\r\n"))
	text, err := base64.StdEncoding.DecodeString(strings.ReplaceAll(string(body), "\r\n", ""))
	if want := "one\r\ntwo\r\nthree\r\nfour\r\n\r\nfive"; err != nil || string(text) != want {
		t.Errorf("the text is %q, %v; want %q", text, err, want)
	}
}

// A personal link that a template changes cannot be filled in.
func TestPersonalLinksMustStandAsTheyAre(t *testing.T) {
	const subject = `{{define "subject"}}x{{end}}`
	for name, tt := range map[string]struct{ file, content, want string }{
		"with a query": {"mail/digest.html", `<a href="{{.Unsubscribe}}">x</a><a href="{{.Unsubscribe}}?from=mail">x</a>`, "html"},
		"in a query":   {"mail/digest.html", `<a href="{{.Unsubscribe}}">x</a><a href="https://x.example/?to={{.Preferences}}">x</a>`, "html"},
		"cut":          {"mail/digest.html", `<a href="{{.Unsubscribe}}">{{.Unsubscribe}} {{clip 40 .Unsubscribe}}</a>`, "html"},
		"in text":      {"mail/digest.txt", subject + `{{.Unsubscribe}} {{clip 44 .Preferences}}`, "text"},
		"in a subject": {"mail/digest.txt", `{{define "subject"}}{{.Unsubscribe}}{{end}}{{.Unsubscribe}}`, "subject"},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := rendererOver(t, map[string]string{tt.file: tt.content})
			if err == nil {
				_, err = r.Render(newLetter(subscribers.Chinese))
			}
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("Render = %v, want an error that names the %s", err, tt.want)
			}
		})
	}
}

// A letter that cannot be made is found before there is an edition to send.
func TestReplacedTemplatesAreTriedAtStart(t *testing.T) {
	for file, part := range map[string]string{"mail/digest.txt": "text", "mail/digest.html": "html"} {
		_, err := rendererOver(t, map[string]string{file: `{{define "subject"}}x{{end}}nothing else`})
		if err == nil || !strings.Contains(err.Error(), part+" template leaves out {{.Unsubscribe}}") {
			t.Errorf("NewRenderer with a %s that has no way out = %v, want an error that names what is missing", file, err)
		}
	}
}

// Editors on Windows begin a file with a byte order mark.
func TestByteOrderMarksOfTemplatesAreNotMailed(t *testing.T) {
	const mark = "\ufeff"
	r, err := rendererOver(t, map[string]string{
		"mail/digest.html": mark + `{{template "frame" .}}{{define "title"}}x{{end}}{{define "preheader"}}{{end}}` +
			`{{define "body"}}<tr><td><a href="{{.Unsubscribe}}">x</a></td></tr>{{end}}{{define "footer"}}{{end}}`,
		"mail/digest.txt": mark + "{{define \"subject\"}}x{{end}}\r\n{{.Unsubscribe}}\r\n",
	})
	if err != nil {
		t.Fatal(err)
	}
	p, err := r.Preview(newLetter(subscribers.Chinese))
	if err != nil || !strings.HasPrefix(p.HTML, "<!DOCTYPE html><html") || strings.Contains(p.HTML+p.Text, mark) {
		t.Errorf("Preview = %.80q … %q, %v; want a document without the mark", p.HTML, p.Text, err)
	}
}

// Outlook for Windows knows no max-width: a table that it alone sees holds the
// mail to its column.
func TestOutlookIsHeldToTheColumn(t *testing.T) {
	p, err := newRenderer(t).Preview(newLetter(subscribers.Chinese))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, opened := strings.Cut(p.HTML, `<!--[if mso]><table role="presentation" width="600"`)
	inside, _, closed := strings.Cut(rest, "<!--[if mso]></td></tr></table><![endif]-->")
	if !opened || !closed || strings.Count(inside, "<table") != 2 || strings.Count(inside, "</table>") != 2 {
		t.Errorf("around the sheet and the foot there is no table for Outlook:\n%s", p.HTML)
	}
}
