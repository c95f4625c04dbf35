package feeds

import (
	"errors"
	"fmt"
	"net/url"
	"strings"

	"golang.org/x/net/idna"

	"github.com/enshi-daily/enshi/posts"
)

// Defaults of Options.
const (
	DefaultLimit    = 50
	DefaultMaxBytes = 1 << 20
	DefaultLanguage = "zh-CN"
)

// Options say what every feed of a site has in common.
type Options struct {
	Title       string // default: the host of SiteURL
	Description string // default: a sentence made from Title
	Language    string // BCP 47, default zh-CN; "zh_CN" is understood
	Author      string // default: Title
	Rights      string // who holds them; default none
	Icon        string // absolute address of an image; default none

	SiteURL   string // where the articles are: scheme, host and base URL; default PublicURL
	PublicURL string // where feeds and pages are; default SiteURL
	Hubs      []string

	Limit    int                    // entries of a live feed, default 50
	MaxBytes int                    // of a live feed, default 1 MiB
	Excerpt  bool                   // entries without their content
	Excerpts map[posts.Topic]bool   // the same for one topic, over Excerpt
	Titles   map[posts.Topic]string // what a topic is called instead of its name

	// Addresses say where documents are and which topics have none.
	Addresses Addresses

	// IDs are the ids of the feeds. A topic without one gets an id made from
	// SiteURL and its name.
	IDs map[posts.Topic]posts.ID

	// Content renders a post. It is called by several goroutines at once, and
	// once a post in a run of Documents.
	Content func(*posts.Post) (posts.Content, error)

	// Report hears of each post that a run of Documents had to leave out (an
	// Error) and of what Content found odd, in a fixed order, from the goroutine
	// that ranges. Nil drops them.
	Report func(posts.Diagnostic)

	// Revision names the version of everything beside posts and options that
	// decides what Content gives: of the program, of how bodies are read. Have
	// says that a document is there as its recipe makes it, so that it need not
	// be made; Publisher.Has is one. Fragments keeps entries between runs. All
	// three may be left out.
	Revision  string
	Have      func(path, recipe string) bool
	Fragments *Fragments

	// Archives say which archived documents live feeds lead to; nil for none.
	Archives *Layout
}

// Builder turns catalogues into documents. It is immutable and safe for
// concurrent use.
type Builder struct {
	o        Options
	words    words
	revision string
}

// NewBuilder checks the options and fills in their defaults.
func NewBuilder(o Options) (*Builder, error) {
	if o.Content == nil {
		return nil, errors.New("feeds: no Content function")
	}
	if o.SiteURL == "" {
		o.SiteURL = o.PublicURL
	}
	if o.PublicURL == "" {
		o.PublicURL = o.SiteURL
	}
	var problems []error
	check := func(name, address string) string {
		base, err := baseAddress(address)
		if err != nil {
			problems = append(problems, fmt.Errorf("feeds: %s: %w", name, err))
		}
		return base
	}
	o.SiteURL = check("site address", o.SiteURL)
	if o.PublicURL = strings.TrimSpace(o.PublicURL); o.PublicURL != "" {
		o.PublicURL = check("public address", o.PublicURL)
	}
	hubs := make([]string, 0, len(o.Hubs))
	for _, hub := range o.Hubs {
		address, ok := webAddress(hub)
		if !ok {
			problems = append(problems, fmt.Errorf("feeds: hub %q: expected an absolute http or https address", hub))
		}
		hubs = append(hubs, address)
	}
	o.Hubs = hubs
	if o.Icon != "" {
		address, ok := webAddress(o.Icon)
		if !ok {
			problems = append(problems, fmt.Errorf("feeds: icon %q: expected an absolute http or https address", o.Icon))
		}
		o.Icon = address
	}
	if o.Language = asChinese(strings.ReplaceAll(o.Language, "_", "-")); o.Language == "" {
		o.Language = DefaultLanguage
	}
	if !posts.IsLanguage(o.Language) {
		problems = append(problems, fmt.Errorf("feeds: language %q: expected a tag like zh-CN", o.Language))
	}
	if err := errors.Join(problems...); err != nil {
		return nil, err
	}
	return newBuilder(o), nil
}

// asChinese writes zh before one of the languages that are Chinese, such as yue
// (RFC 5646 §2.2.2): the W3C validator knows no codes of ISO 639-3, and our
// words are chosen by the first.
func asChinese(tag string) string {
	switch base, _, _ := strings.Cut(tag, "-"); strings.ToLower(base) {
	case "cdo", "cjy", "cmn", "cnp", "cpx", "csp", "czh", "czo", "gan", "hak", "hsn", "lzh", "mnp", "nan", "wuu", "yue":
		return "zh-" + tag
	}
	return tag
}

// newBuilder fills in what has a default, once the addresses are known good.
func newBuilder(o Options) *Builder {
	site, _ := url.Parse(o.SiteURL)
	b := &Builder{words: wordsFor(o.Language)}
	o.Title = text(o.Title)
	if o.Title == "" {
		o.Title = site.Host
	}
	o.Description = text(o.Description)
	if o.Description == "" {
		o.Description = fmt.Sprintf(b.words.allOf, o.Title)
	}
	o.Author = posts.PersonName(firstText(o.Author, o.Title))
	o.Rights = text(o.Rights)
	if o.Limit <= 0 {
		o.Limit = DefaultLimit
	}
	if o.MaxBytes <= 0 {
		o.MaxBytes = DefaultMaxBytes
	}
	if o.Report == nil {
		o.Report = func(posts.Diagnostic) {}
	}
	b.o, b.revision = o, o.revise()
	return b
}

// baseAddress normalises an address to which paths are appended, so that all
// addresses below it have one spelling: RFC 3986 §6.2.
func baseAddress(address string) (string, error) {
	clean, ok := webAddress(address)
	if !ok {
		return "", fmt.Errorf("%q: expected an absolute http or https address, as in https://example.org", address)
	}
	u, err := url.Parse(clean)
	if err != nil {
		return "", err
	}
	if u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		return "", fmt.Errorf("%q: expected no user, query or fragment", address)
	}
	if p := u.Port(); p == "80" && u.Scheme == "http" || p == "443" && u.Scheme == "https" {
		u.Host = strings.TrimSuffix(u.Host, ":"+p)
	}
	return u.Scheme + "://" + u.Host + strings.TrimRight(u.EscapedPath(), "/"), nil
}

// webAddress returns an absolute http or https address with everything that a
// URI may not hold percent-encoded (RFC 3987 §3.1), its host in ASCII and lower
// case.
func webAddress(s string) (string, bool) {
	u, err := url.Parse(escapeURI(strings.TrimSpace(s), false))
	if err != nil || u.Hostname() == "" || u.Opaque != "" {
		return "", false
	}
	if u.Scheme != "http" && u.Scheme != "https" {
		return "", false
	}
	host, err := idna.Lookup.ToASCII(u.Hostname())
	if err != nil {
		host = strings.ToLower(u.Hostname()) // an IPv6 address, or a name with an underscore
	}
	if strings.ContainsAny(host, "%[]") || !isASCII(host) {
		return "", false
	}
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	if port := u.Port(); port != "" {
		host += ":" + port
	}
	if u.User != nil {
		host = escapeURI(u.User.String(), true) + "@" + host
	}
	rest := *u
	rest.Scheme, rest.Host, rest.User = "", "", nil
	return u.Scheme + "://" + host + escapeURI(rest.String(), true), true
}
