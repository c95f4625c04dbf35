package web

import (
	"net/url"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/enshi-daily/enshi/feeds"
)

// maxPath is the longest path that is looked at: four slugs of 255 bytes,
// percent-encoded.
const maxPath = 4096

// place is the path of a request after it was checked.
type place struct {
	raw   string // as the client spelled it, without the query, empty segments dropped
	path  string // decoded, NFC, with a leading slash
	loose bool   // there were empty segments
	sole  bool   // raw is the one spelling of path, which was found out before
}

// readPlace refuses every path that no address of ours can be: those that try
// to leave the tree, control characters, backslashes, bytes that are not UTF-8. base is the public address's path, which a proxy may have
// left on.
func readPlace(u *url.URL, base string) (place, error) {
	raw := u.RawPath
	if raw == "" {
		raw = u.EscapedPath()
	}
	if len(raw) > maxPath+len(base) {
		return place{}, errBadPath
	}
	p := place{raw: raw, path: u.Path, loose: strings.Contains(raw, "//")}
	for strings.Contains(p.raw, "//") {
		p.raw = strings.ReplaceAll(p.raw, "//", "/")
	}
	if base != "" {
		if p.raw == base {
			p.raw += "/"
		}
		if rest, ok := strings.CutPrefix(p.raw, base); ok && strings.HasPrefix(rest, "/") {
			p.raw = rest
		}
	}
	if p.raw != raw {
		decoded, err := url.PathUnescape(p.raw)
		if err != nil {
			return place{}, errBadPath
		}
		p.path = decoded
	}
	switch {
	case len(p.raw) > maxPath, !strings.HasPrefix(p.path, "/"), !utf8.ValidString(p.path):
		return place{}, errBadPath
	case strings.ContainsFunc(p.path, badRune):
		return place{}, errBadPath
	case strings.Contains(p.path, "/.") && hasDots(p.path):
		return place{}, errBadPath
	}
	p.path = norm.NFC.String(p.path)
	return p, nil
}

func badRune(r rune) bool { return r < 0x20 || r == 0x7f || r == '\\' }

func hasDots(path string) bool {
	for segment := range strings.SplitSeq(path, "/") {
		if segment == "." || segment == ".." {
			return true
		}
	}
	return false
}

// canonical is the one spelling of the path, and whether the client used it.
func (p place) canonical() (string, bool) {
	if p.sole {
		return p.raw, true
	}
	spelled := feeds.EncodePath(strings.TrimPrefix(p.path, "/"))
	return spelled, spelled == p.raw && !p.loose
}

// segments are the decoded parts of the path. Unlike path, they keep a slash
// that was percent-encoded inside its part.
func (p place) segments() []string {
	parts := strings.Split(strings.TrimPrefix(p.raw, "/"), "/")
	for i := range parts {
		if decoded, err := url.PathUnescape(parts[i]); err == nil {
			parts[i] = norm.NFC.String(decoded)
		}
	}
	return parts
}
