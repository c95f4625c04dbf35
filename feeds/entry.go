package feeds

import (
	"hash/fnv"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
	"golang.org/x/text/unicode/norm"

	"github.com/enshi-daily/enshi/posts"
)

// entry is a post as every format sees it: clean, in one language, every
// address absolute, nothing empty that must not be.
type entry struct {
	id, link       string
	title, summary string
	html           string // body as HTML, ready but for the format's own escaping
	published      time.Time
	updated        time.Time
	fraction       uint32 // of a second, in 1e-9: see stamp
	authors        []string
	terms          []string
	sourceURL      string
	sourceName     string
	image          string
}

// newEntry makes an entry of a post and its rendered content.
func (b *Builder) newEntry(p *posts.Post, content posts.Content) *entry {
	e := b.bareEntry(p)
	e.title = firstText(p.Title, p.Slug, string(p.ID))
	e.summary = firstText(content.Summary, e.title)
	e.html = Clean(content.HTML)
	if note := text(p.Correction); note != "" {
		note = b.words.corrected + strings.TrimPrefix(note, b.words.corrected)
		e.summary = note + " " + e.summary
		e.html = "<p><strong>" + escapeHTML(note) + "</strong></p>\n" + e.html
	}
	if strings.TrimSpace(e.html) == "" {
		e.html = "<p>" + escapeHTML(e.summary) + "</p>"
	}
	e.html = spellLatin(e.html)
	e.authors = texts(p.Authors)
	if address, ok := namedAddress(p.SourceURL); ok {
		source, _ := url.Parse(address)
		e.sourceURL = address
		e.sourceName = firstText(p.SourceName, source.Host)
	}
	if address, ok := namedAddress(content.Image); ok {
		e.image = address
	}
	return e
}

// namedAddress is a web address of a host with a name, or with an IPv4 address:
// feed validators know no others in RSS.
func namedAddress(s string) (string, bool) {
	address, ok := webAddress(Clean(s))
	return address, ok && !strings.Contains(address, "[")
}

// withdrawnEntry keeps a withdrawn post's identity, place and topics, and says
// nothing of what it said.
func (b *Builder) withdrawnEntry(p *posts.Post) *entry {
	e := b.bareEntry(p)
	e.title = b.words.withdrawn
	e.summary = b.words.withdrawn
	e.html = "<p>" + b.words.withdrawn + "</p>"
	return e
}

func (b *Builder) bareEntry(p *posts.Post) *entry {
	return &entry{
		id:        text(string(p.ID)),
		link:      b.o.SiteURL + "/" + strings.TrimPrefix(escapeURI(text(p.URL), true), "/"),
		published: p.Date,
		updated:   latest(p),
		terms:     texts(slices.Concat(p.Categories, p.Tags)),
	}
}

// changed says whether the entry was updated after it was published.
func (e *entry) changed() bool {
	return e.updated.After(e.published) && e.updated.After(datedSince())
}

// firstText returns the first of some texts that is not blank when cleaned.
func firstText(candidates ...string) string {
	for _, s := range candidates {
		if s = text(s); s != "" {
			return s
		}
	}
	return ""
}

// texts cleans names and drops blank and repeated ones.
func texts(names []string) []string {
	clean := make([]string, 0, len(names))
	for _, name := range names {
		if name = text(name); name != "" && !slices.Contains(clean, name) {
			clean = append(clean, name)
		}
	}
	return clean
}

// fractionOf derives a fraction of a second from an id. Posts taken over from a
// paper share their second, and the W3C validator warns of two entries with the
// same updated text (DuplicateUpdated).
func fractionOf(id posts.ID, salt uint32) uint32 {
	h := fnv.New64a()
	h.Write([]byte(id))
	h.Write([]byte{byte(salt), byte(salt >> 8)})
	return uint32(h.Sum64() % 1e9)
}

// stamp writes an RFC 3339 time with a given fraction of a second, in UTC:
// newsboat overlooks an offset that stands behind a fraction.
func stamp(t time.Time, fraction uint32) string {
	return t.UTC().Truncate(time.Second).Add(time.Duration(fraction)).Format("2006-01-02T15:04:05.000000000Z")
}

// wholly returns a time in whole seconds, and in a zone of whole or half hours:
// others are unknown to the feed validator, and some cannot be written at all.
func wholly(t time.Time) time.Time {
	if _, offset := t.Zone(); offset%1800 != 0 {
		t = t.UTC()
	}
	return t.Truncate(time.Second)
}

// The URIs without a host that are ids: RFC 4151 §2.1, RFC 8141 §2, RFC 9562 §4.
var (
	tagURI  = regexp.MustCompile(`^tag:([a-z0-9._-]+@)?[a-z0-9.-]+,\d{4}(-\d\d(-\d\d)?)?:`)
	urn     = regexp.MustCompile(`^urn:[A-Za-z0-9][A-Za-z0-9-]{1,31}:[^/?#&~]+$`)
	uuidURN = regexp.MustCompile(`^urn:(?i:uuid):[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$`)
)

// needless are percent-encoded characters that stand for themselves, and digits
// in lower case: RFC 3986 §6.2.2.
var needless = regexp.MustCompile(`%(2[DE]|3[0-9]|4[1-9A-F]|5[0-9AF]|6[1-9A-F]|7[0-9AE]|[0-9A-F]?[a-f])`)

// atomID returns an id as atom:id takes it (RFC 4287 §4.2.6): a web address, a
// tag: URI or a URN, in ASCII and in its canonical form, which is all that the
// feed validator lets pass. Front matter may hold any guid; another one is stood
// for by a UUID of its bytes, in Atom only. A URI is never respelled, not even
// into its canonical form: readers compare it byte by byte.
func atomID(id string) string {
	if canonical(id) {
		return id
	}
	return uuid.NewSHA1(uuid.NameSpaceURL, []byte(id)).URN()
}

// canonical says whether an id may stand in Atom as it is.
func canonical(id string) bool {
	decoded, err := url.PathUnescape(id)
	if err != nil || !utf8.ValidString(decoded) || !norm.NFC.IsNormalString(decoded) {
		return false
	}
	if escapeURI(id, true) != id || needless.MatchString(id) || strings.Count(id, "#") > 1 {
		return false
	}
	if strings.HasPrefix(id, "http:") || strings.HasPrefix(id, "https:") {
		return canonicalWeb(id)
	}
	isUUID := len(id) > 9 && strings.EqualFold(id[:9], "urn:uuid:")
	return tagURI.MatchString(id) || uuidURN.MatchString(id) || !isUUID && urn.MatchString(id)
}

// canonicalWeb is what RFC 3986 §6.2.2.3 and §6.2.3 ask of web addresses.
func canonicalWeb(id string) bool {
	base, err := url.Parse(id)
	if err != nil || base.Path == "" || base.Hostname() == "" {
		return false
	}
	if user := base.User; user != nil && strings.Trim(user.String(), ":") == "" {
		return false
	}
	_, port, hasPort := strings.Cut(base.Host, ":")
	if hasPort && (port == "" || port[0] == '0' || port == "80" && base.Scheme == "http" || port == "443" && base.Scheme == "https") {
		return false
	}
	for segment := range strings.SplitSeq(base.EscapedPath(), "/") {
		if segment == "." || segment == ".." {
			return false
		}
	}
	return base.Host == strings.ToLower(base.Host) && !strings.HasSuffix(base.Hostname(), ".")
}
