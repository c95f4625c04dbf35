package mailer

import (
	"encoding/base64"
	"strings"
	"unicode"
	"unicode/utf8"
)

// lineWidth is how long a header line gets (RFC 5322 §2.1.1, RFC 2047 §2).
const lineWidth = 76

// appendText appends a header whose value people read, ended by CRLF. Whatever
// the value holds, it stays one header: control characters, line breaks
// included, become spaces.
func appendText(dst []byte, name, value string) []byte {
	dst = append(dst, name...)
	dst = append(dst, ':', ' ')
	dst, _ = appendWords(dst, clean(value), len(name)+2)
	return append(dst, "\r\n"...)
}

// appendMailbox appends a header with one mailbox, ended by CRLF.
func appendMailbox(dst []byte, name string, m Mailbox) []byte {
	dst = append(dst, name...)
	dst = append(dst, ':', ' ')
	column := len(name) + 2
	if display := clean(m.Name); display != "" {
		dst, column = appendPhrase(dst, display, column)
		if column+len(m.Address)+3 > lineWidth {
			dst = append(dst, "\r\n"...)
		}
		dst = append(dst, ' ')
	}
	dst = append(dst, '<')
	dst = append(dst, m.Address...)
	return append(dst, ">\r\n"...)
}

// appendPhrase appends a display name: a quoted string if it is short ASCII
// (RFC 5322 §3.2.4), else encoded words.
func appendPhrase(dst []byte, s string, column int) ([]byte, int) {
	if !plain(s) || column+len(s)+2 > lineWidth {
		return appendEncoded(dst, s, column)
	}
	quoted := `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
	return append(dst, quoted...), column + len(quoted)
}

// appendWords appends unstructured text, as it is if that is safe.
func appendWords(dst []byte, s string, column int) ([]byte, int) {
	if !plain(s) || column+len(s) > lineWidth {
		return appendEncoded(dst, s, column)
	}
	return append(dst, s...), column + len(s)
}

// appendEncoded appends RFC 2047 encoded words, folded between them, never
// splitting a character (§5).
func appendEncoded(dst []byte, s string, column int) ([]byte, int) {
	const before, after = "=?UTF-8?B?", "?="
	for first := true; s != "" || first; first = false {
		if !first {
			dst = append(dst, "\r\n "...)
			column = 1
		}
		room := (lineWidth - column - len(before) - len(after)) / 4 * 3
		n := 0
		for n < len(s) {
			_, size := utf8.DecodeRuneInString(s[n:])
			if n+size > room {
				break
			}
			n += size
		}
		dst = append(dst, before...)
		dst = base64.StdEncoding.AppendEncode(dst, []byte(s[:n]))
		dst = append(dst, after...)
		column += len(before) + base64.StdEncoding.EncodedLen(n) + len(after)
		s = s[n:]
	}
	return dst, column
}

// plain says whether s may stand in a header as it is: printable ASCII that
// nothing could take for an encoded word.
func plain(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return !strings.Contains(s, "=?")
}

// clean makes one line of s: white space and control characters become single
// spaces, direction overrides (which can make a text read as another) go, and
// what is not UTF-8 is replaced.
func clean(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case r >= '\u202a' && r <= '\u202e', r >= '\u2066' && r <= '\u2069':
			return -1
		case unicode.IsControl(r), r == '\u2028', r == '\u2029':
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "\uFFFD"))
	return strings.Join(strings.Fields(s), " ")
}
