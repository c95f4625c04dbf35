package lint

import (
	"net/mail"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"golang.org/x/net/html"
	"golang.org/x/text/unicode/norm"
)

var (
	closingTag = regexp.MustCompile(`</[A-Za-z][A-Za-z0-9]*>`)
	reference  = regexp.MustCompile(`&(#x[0-9A-Fa-f]+|#[0-9]+|[A-Za-z][A-Za-z0-9]*);`)
	bareAmp    = regexp.MustCompile(`&(#x[0-9A-Fa-f]+;|#[0-9]+;|[A-Za-z][A-Za-z0-9]*;)?`)
	bareLess   = regexp.MustCompile(`<([A-Za-z/!?])?`)
	scheme     = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9+.-]*:`)
	lowerHex   = regexp.MustCompile(`%([a-f][0-9A-Fa-f]|[0-9A-F][a-f])`)
	language   = regexp.MustCompile(`^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$`)
)

// plain checks text that is no HTML: what looks like it is taken for it unless
// the source spells it with hexadecimal references.
func (l *linter) plain(n *node) {
	if n.blank() {
		l.warn(n.offset, "NotBlank", "%s", n.local)
	}
	if len(n.kids) > 0 {
		l.fail(n.offset, "UndefinedElement", "%s in %s", n.kids[0].local, n.local)
	}
	if strings.Contains(string(n.raw), "&#x") {
		return
	}
	if closingTag.MatchString(n.text) || reference.MatchString(n.text) {
		l.warn(n.offset, "ContainsHTML", "%s: %q", n.local, n.text)
	}
}

// dangerous elements are what no reader keeps.
func dangerous() []string {
	return []string{
		"script", "style", "iframe", "frame", "frameset", "object", "embed", "applet",
		"link", "meta", "base", "noscript", "svg", "math", "xml", "plaintext",
	}
}

// harmless are the style properties that readers keep.
func harmless() []string {
	return []string{
		"azimuth", "background-color", "border-bottom-color", "border-collapse", "border-color",
		"border-left-color", "border-right-color", "border-top-color", "clear", "color", "cursor", "direction",
		"display", "elevation", "float", "font", "font-family", "font-size", "font-style", "font-variant",
		"font-weight", "height", "letter-spacing", "line-height", "overflow", "pause", "text-align",
		"text-decoration", "text-indent", "unicode-bidi", "vertical-align", "white-space", "width",
	}
}

// markup checks HTML. Relative addresses are looked for in RSS alone, as the
// validator does.
func (l *linter) markup(n *node, source string, rss bool) {
	for _, match := range bareAmp.FindAllStringSubmatch(source, -1) {
		if match[1] == "" {
			l.warn(n.offset, "NotHtml", "%s: a bare &", n.local)
			break
		}
	}
	for _, match := range bareLess.FindAllStringSubmatch(source, -1) {
		if match[1] == "" {
			l.warn(n.offset, "NotHtml", "%s: a bare <", n.local)
			break
		}
	}
	z := html.NewTokenizer(strings.NewReader(source))
	for {
		kind := z.Next()
		if kind == html.ErrorToken {
			return
		}
		if kind == html.StartTagToken || kind == html.SelfClosingTagToken {
			l.tag(n, z.Token(), rss)
		}
	}
}

func (l *linter) tag(n *node, t html.Token, rss bool) {
	if slices.Contains(dangerous(), t.Data) {
		l.warn(n.offset, "SecurityRisk", "<%s>", t.Data)
	}
	for _, a := range t.Attr {
		switch {
		case strings.HasPrefix(a.Key, "on"):
			l.warn(n.offset, "SecurityRiskAttr", "%s on <%s>", a.Key, t.Data)
		case a.Key == "style":
			for declaration := range strings.SplitSeq(a.Val, ";") {
				property, _, _ := strings.Cut(declaration, ":")
				property = strings.ToLower(strings.TrimSpace(property))
				if property != "" && !slices.Contains(harmless(), property) {
					l.warn(n.offset, "DangerousStyleAttr", "%s on <%s>", property, t.Data)
				}
			}
		case rss && (t.Data == "a" && a.Key == "href" || t.Data == "img" && a.Key == "src"):
			if !scheme.MatchString(a.Val) {
				l.warn(n.offset, "ContainsRelRef", "%s %q", a.Key, a.Val)
			}
		}
	}
}

// uri checks an address of RSS, which is a URI: ASCII, with a scheme.
func (l *linter) uri(n *node, value string) {
	if value == "" || !scheme.MatchString(value) || !uriChars(value, false) {
		l.fail(n.offset, "InvalidURI", "%s %q", n.local, value)
		return
	}
	if !uriChars(value, true) {
		l.fail(n.offset, "UriNotIri", "%s %q", n.local, value)
	}
}

// iri checks an address of Atom, which may hold letters beyond ASCII.
func (l *linter) iri(n *node, value string) {
	if value == "" || !scheme.MatchString(value) || !uriChars(value, false) {
		l.fail(n.offset, "InvalidIRI", "%s %q", n.local, value)
	}
}

func uriChars(s string, ascii bool) bool {
	for i, r := range s {
		switch {
		case r <= ' ' || r == 0x7f || strings.ContainsRune(`<>"{}|\^`+"`", r):
			return false
		case r >= 0x80 && ascii:
			return false
		case r == '%' && (i+2 >= len(s) || !isHex(s[i+1]) || !isHex(s[i+2])):
			return false
		}
	}
	u, err := url.Parse(s)
	if err != nil {
		return false
	}
	return u.Scheme != "http" && u.Scheme != "https" || u.Hostname() != ""
}

func isHex(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
}

// canonical tells whether an id has the spelling that comparing byte by byte
// needs.
func canonical(id string) bool {
	if !norm.NFC.IsNormalString(id) || lowerHex.MatchString(id) {
		return false
	}
	u, err := url.Parse(id)
	if err != nil {
		return false
	}
	if !strings.HasPrefix(id, u.Scheme+":") {
		return false // url.Parse makes the scheme lower case
	}
	if u.Scheme != "http" && u.Scheme != "https" {
		return true
	}
	port := u.Port()
	standard := u.Scheme == "http" && port == "80" || u.Scheme == "https" && port == "443"
	return u.Host == strings.ToLower(u.Host) && !standard && u.Path != "" && !strings.HasSuffix(u.Host, ":")
}

func (l *linter) rfc822(n *node) {
	value := strings.TrimSpace(n.text)
	for _, layout := range []string{time.RFC1123Z, time.RFC1123} {
		if t, err := time.Parse(layout, value); err == nil {
			l.plausible(n, t)
			return
		}
	}
	l.fail(n.offset, "InvalidRFC2822Date", "%s %q", n.local, value)
}

func (l *linter) rfc3339(n *node) {
	value := strings.TrimSpace(n.text)
	t, err := time.Parse(time.RFC3339, value)
	if err != nil {
		l.fail(n.offset, "InvalidRFC3339Date", "%s %q", n.local, value)
		return
	}
	l.plausible(n, t)
}

func (l *linter) plausible(n *node, t time.Time) {
	if t.Year() < 1970 || t.Year() > 9999 {
		l.warn(n.offset, "ImplausibleDate", "%s %v", n.local, t)
	}
}

// contact checks an e-mail address with an optional name in brackets.
func (l *linter) contact(n *node) {
	address, name, _ := strings.Cut(strings.TrimSpace(n.text), " ")
	if parsed, err := mail.ParseAddress(address); err != nil || parsed.Address != address {
		l.fail(n.offset, "InvalidContact", "%s %q: expected an e-mail address, or one and (a name)", n.local, n.text)
		return
	}
	if name != "" && (!strings.HasPrefix(name, "(") || !strings.HasSuffix(name, ")")) {
		l.fail(n.offset, "InvalidContact", "%s %q", n.local, n.text)
	}
}
