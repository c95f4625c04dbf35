package mailer_test

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/emersion/go-message/mail"
)

// parsed is a mail as somebody else's library reads it.
type parsed struct {
	header     mail.Header
	text, html string
}

func parse(tb testing.TB, eml []byte) *parsed {
	tb.Helper()
	for i, line := range bytes.SplitAfter(eml, []byte("\n")) {
		switch {
		case len(line) == 0:
		case !bytes.HasSuffix(line, []byte("\r\n")), bytes.Contains(line[:len(line)-2], []byte("\r")):
			tb.Fatalf("line %d does not end with CRLF alone: %q", i+1, line)
		case line[0] == '.':
			tb.Fatalf("line %d begins with a dot: %q", i+1, line)
		case len(line) > 998:
			tb.Fatalf("line %d has %d bytes", i+1, len(line))
		}
	}
	r, err := mail.CreateReader(bytes.NewReader(eml))
	if err != nil {
		tb.Fatal(err)
	}
	m := &parsed{header: r.Header}
	var order []string
	for {
		part, err := r.NextPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			tb.Fatal(err)
		}
		body, err := io.ReadAll(part.Body)
		if err != nil {
			tb.Fatal(err)
		}
		header, ok := part.Header.(*mail.InlineHeader)
		if !ok {
			tb.Fatalf("a part is no inline part: %v", part.Header)
		}
		kind, params, err := header.ContentType()
		if err != nil || params["charset"] != "utf-8" {
			tb.Fatalf("content type %q with %v, error %v", kind, params, err)
		}
		order = append(order, kind)
		content := strings.ReplaceAll(string(body), "\r\n", "\n")
		if kind == "text/html" {
			m.html = content
		} else {
			m.text = content
		}
	}
	if strings.Join(order, " ") != "text/plain text/html" {
		tb.Fatalf("parts are %v, want text before html", order)
	}
	return m
}
