package posts

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// slugMode says which characters a slug keeps beside letters, marks and
// decimal digits.
type slugMode string

const (
	slugDefault slugMode = ""
	slugPretty  slugMode = "._~!$&'()+,;=@"
)

// slugify replaces each run of characters that a slug does not keep by one "-"
// and cuts a "-" off either end. It does not lower the case. 〇 (U+3007), a
// letter number, is not kept: 二〇二二 becomes 二-二二.
func slugify(s string, mode slugMode) string {
	if !utf8.ValidString(s) {
		s = strings.ToValidUTF8(s, "")
	}
	var b strings.Builder
	b.Grow(len(s))
	for i, r := range s {
		if keeps(mode, r) {
			b.WriteRune(r)
			continue
		}
		if next := i + utf8.RuneLen(r); b.Len() > 0 && next < len(s) {
			if after, _ := utf8.DecodeRuneInString(s[next:]); keeps(mode, after) {
				b.WriteByte('-')
			}
		}
	}
	return b.String()
}

func keeps(mode slugMode, r rune) bool {
	if r < utf8.RuneSelf {
		return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' ||
			strings.IndexByte(string(mode), byte(r)) >= 0
	}
	return unicode.In(r, unicode.L, unicode.M, unicode.Nd)
}

// downcase is Ruby's, which unlike Go's maps İ to two characters.
func downcase(s string) string {
	return strings.ToLower(strings.ReplaceAll(s, "İ", "i̇"))
}

// titleize makes a title of a slug: its words, capitalised.
func titleize(slug string) string {
	words := strings.Split(strings.TrimRight(slug, "-"), "-")
	for i, w := range words {
		r, n := utf8.DecodeRuneInString(w)
		if n > 0 {
			words[i] = string(unicode.ToTitle(r)) + downcase(w[n:])
		}
	}
	return strings.Join(words, " ")
}

// escapePath percent-encodes one value that goes into a path (RFC 3986 §3.3):
// pchar and "/" stay, upper-case hex.
func escapePath(s string) string {
	for i := range len(s) {
		if !isPathByte(s[i]) {
			return escapeRest(s, i, false)
		}
	}
	return s
}

// escapeAddress percent-encodes what an address may still have raw and leaves
// what is encoded.
func escapeAddress(s string) string {
	for i := range len(s) {
		if !isPathByte(s[i]) {
			return escapeRest(s, i, true)
		}
	}
	return s
}

func escapeRest(s string, from int, keepEncoded bool) string {
	const hex = "0123456789ABCDEF"
	b := make([]byte, from, len(s)*3)
	copy(b, s)
	for i := from; i < len(s); i++ {
		c := s[i]
		if isPathByte(c) || c == '%' && keepEncoded && isEncoded(s[i:]) {
			b = append(b, c)
			continue
		}
		b = append(b, '%', hex[c>>4], hex[c&15])
	}
	return string(b)
}

func isEncoded(s string) bool {
	return len(s) >= 3 && unhex(s[1]) >= 0 && unhex(s[2]) >= 0
}

func unhex(c byte) int {
	switch {
	case '0' <= c && c <= '9':
		return int(c - '0')
	case 'a' <= c && c <= 'f':
		return int(c-'a') + 10
	case 'A' <= c && c <= 'F':
		return int(c-'A') + 10
	}
	return -1
}

// unescape decodes every percent-encoded byte and leaves a lone "%".
func unescape(s string) string {
	if !strings.Contains(s, "%") {
		return s
	}
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && isEncoded(s[i:]) {
			b = append(b, byte(unhex(s[i+1])<<4|unhex(s[i+2])))
			i += 2
			continue
		}
		b = append(b, s[i])
	}
	return string(b)
}

// isPathByte says whether c is pchar, encoding apart, or "/".
func isPathByte(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' ||
		strings.IndexByte("-._~!$&'()*+,;=:@/", c) >= 0
}
