package web

import (
	"net/http"
	"strings"
	"time"
)

// encoding is a content coding in which a document is kept.
type encoding string

// The encodings, by the tokens of RFC 9110 §8.4.1.
const (
	identity encoding = ""
	gzipped  encoding = "gzip"
	brotli   encoding = "br"
)

// encodings is how many there are; index numbers them.
const encodings = 3

func (e encoding) index() int {
	switch e {
	case gzipped:
		return 1
	case brotli:
		return 2
	}
	return 0
}

// tag is the strong validator of a document in an encoding: one for each
// representation (RFC 9110 §8.8.3.3). hash comes without quotes.
func (e encoding) tag(hash string) string {
	if e == identity {
		return `"` + hash + `"`
	}
	return `"` + hash + "-" + string(e) + `"`
}

// notModified says whether the client has the document already, and in which
// encoding if it named that: by date or by "*" it does not.
// If-None-Match, where present, is the only judge (RFC 9110 §13.2.2).
func notModified(h http.Header, hash string, modified time.Time) (known encoding, named, same bool) {
	if lists := h["If-None-Match"]; len(lists) > 0 {
		return matchTags(lists, hash)
	}
	if h["If-Modified-Since"] == nil || modified.IsZero() {
		return identity, false, false
	}
	since, err := http.ParseTime(h.Get("If-Modified-Since"))
	return identity, false, err == nil && !modified.Truncate(time.Second).After(since)
}

// matchTags looks for hash in If-None-Match fields. The comparison is weak
// (RFC 9110 §13.1.2). What proxies append when they compress ("-gzip") is read
// over, so that a client behind one gets its 304.
func matchTags(lists []string, hash string) (known encoding, named, same bool) {
	for _, list := range lists {
		for rest := list; rest != ""; {
			var item string
			item, rest, _ = strings.Cut(rest, ",")
			item = strings.TrimSpace(item)
			if item == "*" {
				return identity, false, true
			}
			if e, ok := variantOf(strings.TrimPrefix(item, "W/"), hash); ok {
				return e, true, true
			}
		}
	}
	return identity, false, false
}

// variantOf says in which encoding a strong tag names the hash.
func variantOf(tag, hash string) (encoding, bool) {
	if len(tag) < len(hash)+2 || tag[0] != '"' || tag[len(tag)-1] != '"' {
		return identity, false
	}
	suffix, ok := strings.CutPrefix(tag[1:len(tag)-1], hash)
	if !ok {
		return identity, false
	}
	first := identity
	for suffix != "" {
		var e encoding
		switch {
		case strings.HasPrefix(suffix, "-gzip"):
			e = gzipped
		case strings.HasPrefix(suffix, "-br"):
			e = brotli
		default:
			return identity, false
		}
		if first == identity {
			first = e
		}
		suffix = suffix[1+len(e):]
	}
	return first, true
}

// chooseEncoding picks the smallest of the offered encodings among those that
// the client likes best (RFC 9110 §12.5.3). Where it refuses all of them it
// gets the plain one: a reader with a feed is better off than one with a 406.
func chooseEncoding(accept []string, offered ...encoding) encoding {
	if len(accept) == 0 {
		return identity
	}
	best, bestQ := identity, weight(accept, identity)
	for _, e := range offered {
		if q := weight(accept, e); q > 0 && q >= bestQ {
			best, bestQ = e, q
		}
	}
	return best
}

// weight is the quality of e in thousandths, 0 if it is refused.
func weight(accept []string, e encoding) int {
	name, any := string(e), -1
	if e == identity {
		name = "identity"
	}
	for _, list := range accept {
		for rest := list; rest != ""; {
			var item string
			item, rest, _ = strings.Cut(rest, ",")
			token, params, _ := strings.Cut(item, ";")
			token = strings.TrimSpace(token)
			switch {
			case strings.EqualFold(token, name), e == gzipped && strings.EqualFold(token, "x-gzip"):
				return quality(params)
			case token == "*":
				any = quality(params)
			}
		}
	}
	switch {
	case any >= 0:
		return any
	case e == identity:
		return 1 // acceptable unless refused, but liked least
	}
	return 0
}

// quality reads "q=0.5" as 500. What cannot be read counts as fully wanted.
func quality(params string) int {
	value, ok := strings.CutPrefix(strings.ToLower(strings.TrimSpace(params)), "q=")
	if !ok {
		return 1000
	}
	whole, fraction, _ := strings.Cut(value, ".")
	if whole != "0" || len(fraction) > 3 {
		return 1000
	}
	q := 0
	for i := range 3 {
		q *= 10
		if i < len(fraction) {
			if fraction[i] < '0' || fraction[i] > '9' {
				return 1000
			}
			q += int(fraction[i] - '0')
		}
	}
	return q
}
