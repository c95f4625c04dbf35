package feeds

import (
	"encoding/xml"
	"regexp"
	"strings"
	"unicode/utf8"
)

// Clean drops the characters that XML 1.0 forbids (§2.2) and those that feed
// validators refuse: controls but tab and newline, U+FFFD, what is no character
// at all, and bytes that are not UTF-8. A carriage return becomes a newline, as
// an XML parser would read it. What is clean is returned as it is.
func Clean(s string) string {
	i := dirty(s)
	if i == len(s) {
		return s
	}
	var b strings.Builder
	b.Grow(len(s))
	for i < len(s) {
		b.WriteString(s[:i])
		s = s[i:]
		if s[0] == '\r' && !strings.HasPrefix(s, "\r\n") {
			b.WriteByte('\n')
		}
		_, size := utf8.DecodeRuneInString(s)
		s = s[size:]
		i = dirty(s)
	}
	b.WriteString(s)
	return b.String()
}

// dirty returns where the first character is that Clean drops, len(s) if there
// is none.
func dirty(s string) int {
	for i := 0; i < len(s); {
		c := s[i]
		if c < utf8.RuneSelf {
			if c < ' ' && c != '\t' && c != '\n' || c == 0x7f {
				return i
			}
			i++
			continue
		}
		r, size := utf8.DecodeRuneInString(s[i:])
		if r < 0xa0 || r == utf8.RuneError || r&0xfffe == 0xfffe || 0xfdd0 <= r && r <= 0xfdef {
			return i
		}
		i += size
	}
	return len(s)
}

// text makes plain text of one line, clean and without space at its ends.
func text(s string) string {
	s = strings.TrimSpace(Clean(s))
	if strings.ContainsAny(s, "\n\t\u2028\u2029") {
		return strings.Join(strings.Fields(s), " ")
	}
	return s
}

// plain is character data in which &, < and > are hexadecimal references, as
// the RSS Advisory Board's profile wants them: a reader that takes a title for
// HTML then still shows what was meant.
type plain string

// MarshalXML implements xml.Marshaler.
func (p plain) MarshalXML(e *xml.Encoder, start xml.StartElement) error {
	return e.EncodeElement(innerXML{escapePlain(string(p))}, start)
}

type innerXML struct {
	Text string `xml:",innerxml"`
}

func escapePlain(s string) string {
	s = decodeTwice(s)
	if !strings.ContainsAny(s, "&<>") {
		return s
	}
	if strings.Contains(s, "</") {
		s = endTag.ReplaceAllString(s, "</$1 >")
	}
	return strings.NewReplacer("&", "&#x26;", "<", "&#x3C;", ">", "&#x3E;").Replace(s)
}

// endTag is what the W3C validator takes for HTML in plain text however it is
// escaped (ContainsHTML). A space before its end is as good for people.
var endTag = regexp.MustCompile(`</([A-Za-z][A-Za-z0-9]*)>`)

// decodeTwice mends text that is UTF-8 read as Latin-1, like "cafÃ©", which the
// W3C validator recognises (BadCharacters).
func decodeTwice(s string) string {
	if strings.IndexByte(s, latinLead) < 0 {
		return s
	}
	latin := make([]byte, 0, len(s))
	for _, r := range s {
		if r > 0xff {
			return s
		}
		latin = append(latin, byte(r))
	}
	if mended := string(latin); utf8.Valid(latin) && dirty(mended) == len(mended) {
		return mended
	}
	return s
}

// latinLead begins Â and Ã in UTF-8, for which the first byte of most accented
// letters is taken in Latin-1.
const latinLead = 0xc3

// spellLatin writes these two as references where HTML has them before what
// would make them such a letter: a validator that is shown a piece of a long
// text cannot tell.
func spellLatin(html string) string {
	if strings.IndexByte(html, latinLead) < 0 {
		return html
	}
	return latinPair.ReplaceAllStringFunc(html, func(pair string) string {
		if strings.HasPrefix(pair, "Â") {
			return "&#xC2;" + pair[len("Â"):]
		}
		return "&#xC3;" + pair[len("Ã"):]
	})
}

var latinPair = regexp.MustCompile(`[ÂÃ][\x{80}-\x{bf}]`)

// escapeHTML makes plain text HTML.
func escapeHTML(s string) string {
	if !strings.ContainsAny(s, "&<>") {
		return s
	}
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(s)
}

// cdata wraps clean text as CDATA sections. "]]>" is split over two of them
// (XML 1.0 §2.7).
func cdata(s string) []byte {
	b := make([]byte, 0, len(s)+len("<![CDATA[]]>"))
	b = append(b, "<![CDATA["...)
	for {
		before, after, found := strings.Cut(s, "]]>")
		b = append(b, before...)
		if !found {
			return append(b, "]]>"...)
		}
		b = append(b, "]]]]><![CDATA[>"...)
		s = after
	}
}

// escapeURI percent-encodes what a URI may not hold, and a "%" that starts no
// escape. Letters beyond ASCII, and brackets, which have a place in a host alone
// (RFC 3986 §3.2.2), are kept unless all is set.
func escapeURI(s string, all bool) string {
	const hexDigits = "0123456789ABCDEF"
	var b []byte // nil as long as nothing was escaped
	for i := range len(s) {
		c := s[i]
		fine := uriByte(c) || (c >= utf8.RuneSelf || c == '[' || c == ']') && !all
		if c == '%' {
			fine = i+2 < len(s) && isHex(s[i+1]) && isHex(s[i+2])
		}
		switch {
		case fine && b != nil:
			b = append(b, c)
		case !fine:
			if b == nil {
				b = append(make([]byte, 0, len(s)+16), s[:i]...)
			}
			b = append(b, '%', hexDigits[c>>4], hexDigits[c&15])
		}
	}
	if b == nil {
		return s
	}
	return string(b)
}

func uriByte(c byte) bool {
	return unreserved(c) || strings.IndexByte(":/?#@!$&'()*+,;=", c) >= 0
}

func isHex(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}
