package posts

import (
	"net/url"
	"strings"

	"golang.org/x/net/idna"
)

// resolver turns the addresses in one article into absolute URIs (RFC 3986).
// Readers that are given relative ones look for them on their own disk.
type resolver struct {
	base *url.URL // the article's address; nil if the site has none
}

func newResolver(site Site, articlePath string) resolver {
	base, err := url.Parse(site.Absolute(articlePath))
	if err != nil || base.Host == "" {
		return resolver{}
	}
	return resolver{base: base}
}

// resolve returns ref as an absolute URI. It is not ok for an address that is
// empty or broken, for schemes that a reader must not follow (javascript, data
// and everything else that is not web, mail or telephone), and for a relative
// one if the site has no address.
func (r resolver) resolve(ref string) (string, bool) {
	ref = strings.Trim(ref, " \t\r\n\f\u00a0\u3000")
	if ref == "" {
		return "", false
	}
	if strings.HasPrefix(ref, "//") && r.base == nil {
		ref = "https:" + ref
	}
	u, err := url.Parse(encodeURI(ref))
	if err != nil {
		return "", false
	}
	switch u.Scheme {
	case "mailto", "tel":
		return u.String(), u.Opaque != ""
	case "http", "https":
	case "":
		if r.base == nil {
			return "", false
		}
		u = r.base.ResolveReference(u)
	default:
		return "", false
	}
	if u.Host == "" || u.Opaque != "" {
		return "", false
	}
	host, ok := asciiHost(u.Host)
	if !ok {
		return "", false
	}
	u.Host = host
	return u.String(), true
}

// asciiHost returns a host and its port in lower case and in ASCII (RFC 5890).
func asciiHost(host string) (string, bool) {
	host = strings.ToLower(host)
	if !hasBytes(host, func(c byte) bool { return c >= 0x80 || c == '%' }) {
		return host, true
	}
	host, err := url.PathUnescape(host)
	if err != nil {
		return "", false
	}
	name, port := host, ""
	if i := strings.LastIndexByte(host, ':'); i >= 0 {
		name, port = host[:i], host[i:]
	}
	name, err = idna.Lookup.ToASCII(name)
	return name + port, err == nil && name != ""
}

func hasBytes(s string, is func(byte) bool) bool {
	for i := range len(s) {
		if is(s[i]) {
			return true
		}
	}
	return false
}

// encodeURI percent-encodes what may not stand in a URI (RFC 3986 §2) and keeps
// what is encoded already, with upper-case digits (§2.1). Control characters
// go and backslashes become slashes, as in browsers.
func encodeURI(ref string) string {
	const hexDigits = "0123456789ABCDEF"
	if !hasBytes(ref, func(c byte) bool { return !isURIByte(c) }) {
		return ref
	}
	var b strings.Builder
	b.Grow(len(ref) + 16)
	inPath, inFragment := true, false
	for i := 0; i < len(ref); i++ {
		c := ref[i]
		switch {
		case c < 0x20 || c == 0x7f:
		case c == '\\' && inPath:
			b.WriteByte('/')
		case c == '%' && i+2 < len(ref) && isHex(ref[i+1]) && isHex(ref[i+2]):
			b.WriteString(strings.ToUpper(ref[i : i+3]))
			i += 2
		case isURIByte(c) || c == '#' && !inFragment, (c == '[' || c == ']') && inAuthority(ref, i):
			b.WriteByte(c)
		default:
			b.Write([]byte{'%', hexDigits[c>>4], hexDigits[c&15]})
		}
		inPath = inPath && c != '?' && c != '#'
		inFragment = inFragment || c == '#'
	}
	return b.String()
}

// inAuthority reports whether ref[i] belongs to the host part, where brackets
// enclose an IPv6 address.
func inAuthority(ref string, i int) bool {
	start := strings.Index(ref[:i], "//")
	return start >= 0 && !strings.ContainsAny(ref[start+2:i], "/?#")
}

// isURIByte reports an unreserved or reserved character of RFC 3986, save # and
// the brackets, whose place counts.
func isURIByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("-._~:/?@!$&'()*+,;=", c) >= 0
}

func isHex(c byte) bool {
	return c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'f'
}

// resolveSet makes the addresses of a srcset absolute. Candidates that cannot
// be are dropped; "" if none is left.
func (r resolver) resolveSet(set string) string {
	var out []string
	for {
		set = strings.TrimLeft(set, asciiSpace+",")
		if set == "" {
			return strings.Join(out, ", ")
		}
		end := strings.IndexAny(set, asciiSpace)
		if end < 0 {
			end = len(set)
		}
		ref, rest := set[:end], set[end:]
		descriptor := ""
		if trimmed := strings.TrimRight(ref, ","); trimmed != ref {
			ref = trimmed
		} else {
			descriptor, rest, _ = strings.Cut(rest, ",")
			descriptor = strings.TrimSpace(descriptor)
		}
		set = rest
		address, ok := r.resolve(ref)
		if !ok || !isDescriptor(descriptor) {
			continue
		}
		// A comma at either end would be read as a separator.
		if address = strings.TrimRight(address, ","); descriptor != "" {
			address += " " + descriptor
		}
		out = append(out, address)
	}
}

// isDescriptor reports a width or density of a srcset: 640w, 1.5x, or none.
func isDescriptor(s string) bool {
	if s == "" {
		return true
	}
	number := s[:len(s)-1]
	digits := strings.Trim(number, ".")
	return strings.IndexByte("wxh", s[len(s)-1]) >= 0 && number != "" && len(number)-len(digits) == 0 &&
		!hasBytes(digits, func(c byte) bool { return c != '.' && (c < '0' || c > '9') }) && strings.Count(digits, ".") <= 1
}
