package lint

import (
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

var (
	scheme   = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9+.-]*:`)
	needless = regexp.MustCompile(`%(2[DE]|3[0-9]|4[1-9A-F]|5[0-9AF]|6[1-9A-F]|7[0-9AE])`) // of what need not be encoded
	lowerHex = regexp.MustCompile(`%([a-f][0-9A-Fa-f]|[0-9A-F][a-f])`)
	tagURI   = regexp.MustCompile(`^tag:([a-z0-9._-]+@)?[a-z0-9.-]+,\d{4}(-\d\d(-\d\d)?)?:[!-"$-~]*(#[!-"$-~]*)?$`)
	urn      = regexp.MustCompile(`^(?i:urn):[A-Za-z0-9][A-Za-z0-9-]{1,31}:[^/?#&~]+$`) // RFC 2141
	uuidURN  = regexp.MustCompile(`^(?i:urn:uuid):[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$`)
)

// uri checks an address of RSS, which is a URI: ASCII, with a scheme.
func (l *linter) uri(n *node, value string) {
	if value == "" || !scheme.MatchString(value) || !uriChars(value, false) {
		l.fail(n.offset, "InvalidURI", "%s %q", n.local, value)
		return
	}
	if strings.ContainsAny(value, "[]") { // of IPv6 addresses too: RFC 2396 had none
		l.fail(n.offset, "InvalidUriChar", "%s %q", n.local, value)
	}
	if !uriChars(value, true) {
		l.fail(n.offset, "UriNotIri", "%s %q", n.local, value)
	}
}

// iri checks an address of Atom, which may hold letters beyond ASCII.
func (l *linter) iri(n *node, value string) {
	if value == "" || !scheme.MatchString(value) || !uriChars(value, false) {
		l.fail(n.offset, "InvalidIRI", "%s %q", n.local, value)
		return
	}
	l.brackets(n, value)
}

// brackets are for IPv6 addresses alone (RFC 3986 §3.2.2).
func (l *linter) brackets(n *node, value string) {
	if u, err := url.Parse(value); err == nil && u.Host != "" {
		_, value, _ = strings.Cut(value, u.Host)
	}
	if strings.ContainsAny(value, "[]") {
		l.fail(n.offset, "InvalidUriChar", "%s %q", n.local, value)
	}
}

// atomID checks an id, which readers compare byte by byte. It is an IRI, but the
// validator takes ASCII alone.
func (l *linter) atomID(n *node) {
	l.iri(n, n.text)
	if strings.ContainsAny(n.text, "[]") {
		l.fail(n.offset, "InvalidUriChar", "%s %q", n.local, n.text)
	}
	if strings.TrimSpace(n.text) != n.text {
		l.fail(n.offset, "UnexpectedWhitespace", "%s %q", n.local, n.text)
	}
	if strings.ContainsFunc(n.text, func(r rune) bool { return r >= 0x80 }) {
		l.fail(n.offset, "UriNotIri", "%s %q", n.local, n.text)
	}
	if !canonical(n.text) {
		l.warn(n.offset, "NonCanonicalURI", "%q", n.text)
	}
	switch name := strings.ToLower(scheme.FindString(n.text)); name {
	case "http:", "https:":
	case "tag:":
		if !tagURI.MatchString(n.text) {
			l.fail(n.offset, "InvalidTAG", "%q", n.text)
		}
	case "urn:":
		if strings.HasPrefix(strings.ToLower(n.text), "urn:uuid:") {
			if !uuidURN.MatchString(n.text) {
				l.fail(n.offset, "InvalidUUID", "%q", n.text)
			}
		} else if !urn.MatchString(n.text) {
			l.fail(n.offset, "InvalidURN", "%q", n.text)
		}
	default:
		l.warn(n.offset, "SchemeNotIANARegistered", "%q", name)
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
	decoded, err := url.PathUnescape(id)
	if err != nil || !utf8.ValidString(decoded) || !norm.NFC.IsNormalString(decoded) {
		return false
	}
	if lowerHex.MatchString(id) || needless.MatchString(id) || strings.Count(id, "#") > 1 {
		return false
	}
	u, err := url.Parse(id)
	if err != nil || !strings.HasPrefix(id, u.Scheme+":") { // url.Parse makes the scheme lower case
		return false
	}
	if u.Scheme != "http" && u.Scheme != "https" {
		return true
	}
	port := u.Port()
	standard := u.Scheme == "http" && port == "80" || u.Scheme == "https" && port == "443"
	if u.User != nil && (u.User.String() == "" || u.User.String() == ":") {
		return false
	}
	if u.Host != strings.ToLower(u.Host) || strings.HasSuffix(u.Host, ":") || strings.HasSuffix(u.Hostname(), ".") || standard || strings.HasPrefix(port, "0") {
		return false
	}
	return u.Path != "" && !slices.ContainsFunc(strings.Split(u.Path, "/"), func(s string) bool { return s == "." || s == ".." })
}
