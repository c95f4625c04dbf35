package posts

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/text/unicode/norm"
)

// nobody is the authority of tag: URIs for sites that have no address: a name
// that RFC 2606 §2 keeps free for ever, so that it is nobody else's.
const nobody = "enshi.invalid"

// postTag is the tag: URI (RFC 4151) of a post whose entry id cannot be had:
// the host of its address, its date and its path. n tells those apart that
// would still be the same, from 1.
func postTag(p *Post, n int) ID {
	authority := nobody
	if strings.Contains(p.JekyllID, "//") {
		if u, err := url.Parse(p.JekyllID); err == nil && isDNSName(u.Hostname()) {
			authority = strings.ToLower(u.Hostname())
		}
	}
	tag := "tag:" + authority + "," + p.Date.Format("2006-01-02") + ":" + encodeSegments(p.Path)
	if n > 1 {
		tag += fmt.Sprintf(";%d", n)
	}
	return ID(tag)
}

// isDNSName reports what RFC 4151 §2.1 takes for an authority's name.
func isDNSName(host string) bool {
	return host != "" && len(host) <= 253 && host[0] != '-' && host[0] != '.' &&
		!hasBytes(host, func(c byte) bool { return !isAlphanumeric(c) && c != '-' && c != '.' })
}

func isAlphanumeric(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
}

// isAbsoluteIRI reports what may stand as an atom:id (RFC 4287 §4.2.6): a scheme
// and something after it, without what no IRI has (RFC 3987 §2.2).
func isAbsoluteIRI(s string) bool {
	scheme, rest, ok := strings.Cut(s, ":")
	if !ok || rest == "" || scheme == "" || !isAlphanumeric(scheme[0]) || scheme[0] <= '9' ||
		hasBytes(scheme, func(c byte) bool { return !isAlphanumeric(c) && strings.IndexByte("+-.", c) < 0 }) {
		return false
	}
	if hasBytes(rest, func(c byte) bool { return c <= ' ' || c == 0x7f || strings.IndexByte("<>\"{}|\\^`", c) >= 0 }) || legible(rest) != rest {
		return false
	}
	if scheme == "http" || scheme == "https" {
		u, err := url.Parse(s)
		return err == nil && u.Host != ""
	}
	return true
}

// encodeSegments percent-encodes a path, NFC, with upper-case digits, its
// slashes kept.
func encodeSegments(path string) string {
	const hexDigits = "0123456789ABCDEF"
	path = norm.NFC.String(path)
	var b strings.Builder
	for i := range len(path) {
		if c := path[i]; isAlphanumeric(c) || strings.IndexByte("-._~/", c) >= 0 {
			b.WriteByte(c)
		} else {
			b.Write([]byte{'%', hexDigits[c>>4], hexDigits[c&15]})
		}
	}
	return b.String()
}

// FeedIDs gives each topic's feed its id: the one on record, else the absolute
// address of its Atom document as the site is now, for ever after. record holds
// those newly minted. Feeds on record whose topics are not asked for are in ids
// too. For a site without an address the id is a tag: URI.
func FeedIDs(known []Identity, topics []Topic, site Site) (ids map[Topic]ID, record []Identity) {
	ids = make(map[Topic]ID, len(topics))
	taken := make(map[ID]bool)
	for _, k := range known {
		taken[k.ID] = true
		if topic, ok := strings.CutPrefix(k.Path, feedPrefix); ok {
			ids[Topic(topic)] = k.ID
		}
	}
	record = mintFeeds(ids, topics, site, func(id ID) bool { return taken[id] })
	return ids, record
}

// mintFeeds adds those topics to ids that are not there yet.
func mintFeeds(ids map[Topic]ID, topics []Topic, site Site, taken func(ID) bool) (record []Identity) {
	minted := make(map[ID]bool)
	topics = slices.Clone(topics)
	slices.Sort(topics)
	for _, t := range topics {
		if _, ok := ids[t]; ok {
			continue
		}
		id := feedID(t, site)
		for taken(id) || minted[id] {
			id += "#feed" // a post that has the address of a feed
		}
		minted[id], ids[t] = true, id
		record = append(record, Identity{ID: id, Path: FeedPath(t)})
	}
	return record
}

// feedID is the id of a feed that has none yet.
func feedID(t Topic, site Site) ID {
	const main = "/feed.xml" // has the id that jekyll-feed gives the site's feed
	path := main
	if t != Everything {
		slug := strings.ReplaceAll(encodeSegments(t.Name()), "/", "%2F")
		if strings.Trim(slug, ".") == "" {
			slug = strings.ReplaceAll(slug, ".", "%2E")
		}
		path = "/" + string(t.Kind()) + "/" + slug + "/atom.xml"
	}
	if address := strings.TrimSuffix(newSpeller(site).absolute(main), main) + path; isAbsoluteIRI(address) {
		return ID(address)
	}
	return ID("tag:" + nobody + ",2026:" + strings.TrimPrefix(path, "/"))
}
