package posts

import (
	"strings"

	"golang.org/x/net/idna"
	"golang.org/x/text/unicode/norm"
)

// speller writes entry ids as the site's jekyll-feed does.
type speller struct {
	prefix     string // the site's address, base URL included
	compatible bool   // Site.CompatibleIDs
}

func newSpeller(s Site) speller {
	return speller{prefix: normalizeOrigin(s.URL) + s.URLEnd + s.BaseURL, compatible: s.CompatibleIDs}
}

// entryID is what jekyll-feed's {{ post.id | absolute_url }} gives: the
// directory of the address and the slug as written. A slug may have "?" and
// "#", which then mean what they mean in an address.
func (s speller) entryID(url, slug string) string {
	url = strings.TrimRight(url, "/")
	dir := strings.TrimRight(url[:strings.LastIndexByte(url, '/')+1], "/")
	return s.absolute(dir + "/" + strings.TrimLeft(slug, "/"))
}

// absolute is Jekyll's absolute_url.
func (s speller) absolute(below string) string {
	id := s.prefix + below
	// An address that is nothing but the prefix has no path to normalise.
	at := strings.Index(id, "://") + len("://")
	if at < len("://") {
		at = 0
	}
	slash := strings.IndexByte(id[at:], '/')
	if slash < 0 {
		return id
	}
	return id[:at+slash] + s.address(id[at+slash:])
}

// address brings path, query and fragment into one spelling: as little encoded
// as may be, dot segments removed.
func (s speller) address(text string) string {
	text, fragment, hasFragment := strings.Cut(text, "#")
	text, query, hasQuery := strings.Cut(text, "?")
	segments := strings.Split(strings.TrimSpace(text), "/")
	for i, segment := range segments {
		segments[i] = s.segment(segment)
	}
	out := removeDots(strings.Join(segments, "/"))
	if hasQuery && query != "" {
		out += "?" + s.tail(query)
	}
	if hasFragment && fragment != "" {
		out += "#" + s.tail(fragment)
	}
	return out
}

// segment keeps a "/" that was encoded so.
func (s speller) segment(text string) string {
	parts := strings.Split(s.normal(unescape(text)), "/")
	for i, part := range parts {
		parts[i] = escapePath(part)
	}
	return strings.Join(parts, "%2F")
}

// tail is a query or a fragment, where "?" needs no encoding.
func (s speller) tail(text string) string {
	return strings.ReplaceAll(escapePath(s.normal(unescape(text))), "%3F", "?")
}

// normal is the normalisation form of the addressable gem: NFC from 2.8.2 on.
// Before, it was NFKC, with tables of Unicode 3.0, which turns a full-width Ａ
// into A: a link that leads nowhere, but the id that readers have.
func (s speller) normal(text string) string {
	if !s.compatible {
		return norm.NFC.String(text)
	}
	if strings.IndexFunc(text, isYoung) < 0 {
		return norm.NFKC.String(text)
	}
	var b strings.Builder
	for text != "" {
		at := strings.IndexFunc(text, isYoung)
		if at < 0 {
			at = len(text)
		}
		b.WriteString(norm.NFKC.String(text[:at]))
		text = text[at:]
		old := strings.IndexFunc(text, func(r rune) bool { return !isYoung(r) })
		if old < 0 {
			old = len(text)
		}
		b.WriteString(text[:old])
		text = text[old:]
	}
	return b.String()
}

// isYoung reports characters that NFKC changes and addressable 2.8.1 does not:
// all of them came after Unicode 3.0. It is a table, hence its length.
func isYoung(r rune) bool {
	switch {
	case r < 0x3F4:
		return false
	case r >= 0x4E00 && r <= 0xA69B: // most of Chinese
		return false
	case r >= 0x1D15E:
		return true
	}
	for _, span := range [...][2]rune{
		{0x3F4, 0x3F5}, {0x3F9, 0x3F9}, {0x10FC, 0x10FC}, {0x1D2C, 0x1DBF}, {0x2047, 0x2047}, {0x2057, 0x2057},
		{0x205F, 0x205F}, {0x2071, 0x2071}, {0x2090, 0x209C}, {0x213B, 0x2152}, {0x2189, 0x2189}, {0x2A0C, 0x2A0C},
		{0x2A74, 0x2A76}, {0x2ADC, 0x2ADC}, {0x2C7C, 0x2C7D}, {0x2D6F, 0x2D6F}, {0x309F, 0x309F}, {0x30FF, 0x30FF},
		{0x321D, 0x321E}, {0x3244, 0x325F}, {0x327C, 0x327E}, {0x32B1, 0x32BF}, {0x32CC, 0x32CF}, {0x32FF, 0x32FF},
		{0x3377, 0x337A}, {0x33DE, 0x33DF}, {0x33FF, 0x33FF}, {0xA69C, 0xA69D}, {0xA770, 0xA770}, {0xA7F8, 0xA7F9},
		{0xAB5C, 0xAB5F}, {0xAB69, 0xAB69}, {0xFA2E, 0xFAD9}, {0xFB1D, 0xFB1D}, {0xFDFC, 0xFDFC}, {0xFE10, 0xFE19},
		{0xFE47, 0xFE48}, {0xFF5F, 0xFF60},
	} {
		if r <= span[1] {
			return r >= span[0]
		}
	}
	return false
}

// removeDots is RFC 3986 §5.2.4.
func removeDots(s string) string {
	if !strings.Contains(s, "/.") {
		return s
	}
	var kept []string
	segments := strings.Split(s, "/")
	for i, segment := range segments {
		last := i == len(segments)-1
		switch segment {
		case "..":
			if len(kept) > 1 { // the first is what stands before the first slash
				kept = kept[:len(kept)-1]
			}
		case ".":
		default:
			kept = append(kept, segment)
			last = false
		}
		if last {
			kept = append(kept, "")
		}
	}
	return strings.Join(kept, "/")
}

// normalizeOrigin writes scheme and host as Addressable does: lower case, IDNA,
// no default port.
func normalizeOrigin(origin string) string {
	scheme, rest, ok := strings.Cut(origin, "://")
	if !ok {
		return origin
	}
	scheme = strings.ToLower(scheme)
	host, below, hasPath := strings.Cut(rest, "/")
	if hasPath {
		below = "/" + below
	}
	host, port, hasPort := strings.Cut(host, ":")
	if ascii, err := idna.ToASCII(strings.ToLower(host)); err == nil {
		host = ascii
	}
	if hasPort && !(scheme == "http" && port == "80" || scheme == "https" && port == "443") {
		host += ":" + port
	}
	return scheme + "://" + host + below
}
