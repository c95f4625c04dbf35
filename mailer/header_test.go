package mailer_test

import (
	"bytes"
	"mime"
	"net/mail"
	"strings"
	"testing"

	"github.com/enshi-daily/enshi/mailer"
	"github.com/enshi-daily/enshi/subscribers"
)

// nasty are texts that have broken headers.
func nasty() []string {
	return []string{
		"plain", "清江早报", "a\r\nBcc: x@example.com", "a\n\nbody", "=?UTF-8?B?QmNjOiB4?=", "\x00\x7f\u202etxet\u2028x",
		strings.Repeat("长", 300), strings.Repeat("a", 500), "\xff\xfe", `"quoted\" name"`, "é́👩‍👩‍👧‍👦", "<x@y>, z@w", ".", " \t ", "",
	}
}

func TestNothingInjectsAHeader(t *testing.T) {
	for _, s := range nasty() {
		r := newRenderer(t, func(r *mailer.RendererOptions) { r.Title, r.SubjectPrefix = "x"+s, s })
		c := newComposer(t, func(o *mailer.ComposerOptions) {
			o.From.Name, o.ReplyTo.Name = s, s
			o.Renderer = r
		})
		l := newLetter(subscribers.Chinese)
		l.Entries[0].Title, l.Entries[1].Summary, l.Entries[2].Link = s, s, s
		l.Entries[3].Authors, l.Corrections[0].Correction = []string{s}, s
		raw, err := r.Render(l)
		if err != nil {
			t.Fatalf("Render with %q: %v", s, err)
		}
		m := parse(t, compose(t, c, messageWith(t, raw, "reader@example.net")))
		names := 0
		for fields := m.header.Fields(); fields.Next(); {
			names++
		}
		if names != 15 {
			t.Errorf("with %q there are %d headers, want 15: %v", s, names, m.header.Header)
		}
		if from, err := m.header.AddressList("From"); err != nil || len(from) != 1 || from[0].Address != "news@example.org" {
			t.Errorf("with %q From is %v, %v", s, from, err)
		}
	}
}

// FuzzHeaders writes any text as a header and as a name, and reads it back with
// the standard library.
func FuzzHeaders(f *testing.F) {
	for _, s := range nasty() {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		raw := mailer.AppendText(nil, "Subject", s)
		raw = mailer.AppendMailbox(raw, "From", mailer.Mailbox{Name: s, Address: "a@example.org"})
		m, err := mail.ReadMessage(bytes.NewReader(append(raw, "\r\n"...)))
		if err != nil || len(m.Header) != 2 {
			t.Fatalf("%q became %q: %v, %v", s, raw, m, err)
		}
		for line := range strings.SplitSeq(strings.TrimSuffix(string(raw), "\r\n"), "\r\n") {
			if len(line) > 78 || strings.Trim(line, " ") == "" || strings.ContainsAny(line, "\r\n") {
				t.Errorf("%q became the line %q", s, line)
			}
		}
		want := mailer.Clean(s)
		subject, err := new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject"))
		if err != nil || subject != want {
			t.Errorf("%q came back as %q, %v", want, subject, err)
		}
		from, err := m.Header.AddressList("From")
		if err != nil || len(from) != 1 || from[0].Address != "a@example.org" || from[0].Name != want {
			t.Errorf("%q came back as %v, %v", want, from, err)
		}
	})
}

func TestLongSubjectsAreFoldedBetweenCharacters(t *testing.T) {
	l := newLetter(subscribers.Chinese)
	l.Entries[0].Title = "一二三四五六七八九十一二三四五六七八九十一二三四五六七八九十一二三四五六七八九十一二三"
	raw, err := newRenderer(t).Render(l)
	if err != nil {
		t.Fatal(err)
	}
	eml := compose(t, newComposer(t), messageWith(t, raw, "reader@example.net"))
	head, _, _ := strings.Cut(string(eml), "\r\n\r\n")
	for line := range strings.SplitSeq(head, "\r\n") {
		if strings.Contains(line, "=?UTF-8?") && len(line) > 76 {
			t.Errorf("a line with an encoded word has %d bytes: %s", len(line), line)
		}
	}
	want := "清江早报 · 今日 5 篇：一二三四五六七八九十一二三四五六七八九十一二三四五六七八九十一二三四五六七八九…"
	if subject, err := parse(t, eml).header.Subject(); err != nil || subject != want {
		t.Errorf("subject = %q, %v; want %q", subject, err, want)
	}
}
