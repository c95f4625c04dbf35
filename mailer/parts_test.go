package mailer_test

import (
	"bytes"
	"encoding/base64"
	"strings"
	"testing"
)

// Text has no line break but CRLF (RFC 2046 §4.1.1).
func TestPartsHaveOneKindOfLineBreak(t *testing.T) {
	m := messageWith(t, newRenderer(t).Note("x", "one\rtwo\nthree\r\nfour\r\r\nfive"), "editor@example.org")
	_, body, _ := bytes.Cut(compose(t, newComposer(t), m), []byte("\r\n\r\n"))
	text, err := base64.StdEncoding.DecodeString(strings.ReplaceAll(string(body), "\r\n", ""))
	if want := "one\r\ntwo\r\nthree\r\nfour\r\n\r\nfive"; err != nil || string(text) != want {
		t.Errorf("the text is %q, %v; want %q", text, err, want)
	}
}

