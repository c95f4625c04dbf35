package posts

import (
	"bytes"
	"strings"

	"github.com/microcosm-cc/bluemonday"
	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// A body goes through three hands. The HTML parser repairs it the way a browser
// would; the writer keeps what a feed reader shows, makes addresses absolute
// and nests elements so that parsing the result again finds no error; last,
// bluemonday lets through only what its policy names, whatever the writer did.

// treatment is what becomes of an element.
type treatment uint8

const (
	unwrap  treatment = iota // its content stays, the element goes
	discard                  // goes with its content
	inline
	block // closes an open paragraph
	void  // has no content
)

func treat(n *html.Node) treatment {
	if n.Namespace != "" {
		return discard // svg, math
	}
	switch n.DataAtom {
	case atom.Script, atom.Style, atom.Iframe, atom.Object, atom.Embed, atom.Template, atom.Noscript, atom.Noembed, atom.Noframes,
		atom.Title, atom.Textarea, atom.Select, atom.Button, atom.Input, atom.Frameset, atom.Frame, atom.Canvas, atom.Applet,
		atom.Head, atom.Meta, atom.Link, atom.Base, atom.Plaintext, atom.Xmp:
		return discard
	case atom.P, atom.Div, atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6, atom.Blockquote, atom.Pre, atom.Ul, atom.Ol, atom.Li,
		atom.Dl, atom.Dt, atom.Dd, atom.Figure, atom.Figcaption, atom.Table, atom.Section, atom.Article, atom.Aside, atom.Details, atom.Summary,
		atom.Center, atom.Address, atom.Header, atom.Footer, atom.Main, atom.Nav, atom.Form, atom.Fieldset:
		return block
	case atom.Caption, atom.Colgroup, atom.Thead, atom.Tbody, atom.Tfoot, atom.Tr, atom.Td, atom.Th,
		atom.A, atom.Strong, atom.B, atom.Em, atom.I, atom.U, atom.S, atom.Del, atom.Ins, atom.Sub, atom.Sup, atom.Small, atom.Mark,
		atom.Code, atom.Kbd, atom.Samp, atom.Var, atom.Q, atom.Cite, atom.Abbr, atom.Dfn, atom.Time,
		atom.Ruby, atom.Rt, atom.Rp, atom.Picture, atom.Video, atom.Audio:
		return inline
	case atom.Br, atom.Hr, atom.Img, atom.Source, atom.Col, atom.Wbr:
		return void
	}
	return unwrap
}

// written is the name under which an element goes out: those that only arrange
// a page become plain blocks.
func written(a atom.Atom) atom.Atom {
	switch a {
	case atom.Center, atom.Address, atom.Header, atom.Footer, atom.Main, atom.Nav, atom.Form, atom.Fieldset, atom.Section, atom.Article, atom.Aside:
		return atom.Div
	}
	return a
}

// newPolicy names what may leave: the elements that the writer writes, with the
// attributes that it writes.
func newPolicy() *bluemonday.Policy {
	p := bluemonday.NewPolicy()
	p.AllowNoAttrs().OnElements("p", "div", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "pre", "ul", "ol", "li", "dl", "dt", "dd",
		"figure", "figcaption", "table", "caption", "colgroup", "col", "thead", "tbody", "tfoot", "tr", "td", "th", "details", "summary",
		"strong", "b", "em", "i", "u", "s", "del", "ins", "sub", "sup", "small", "mark", "code", "kbd", "samp", "var", "q", "cite", "abbr",
		"dfn", "time", "ruby", "rt", "rp", "picture", "video", "audio", "br", "hr", "wbr")
	p.AllowAttrs("href", "title").OnElements("a")
	p.AllowAttrs("src", "srcset", "sizes", "alt", "title", "width", "height").OnElements("img")
	p.AllowAttrs("src", "srcset", "sizes", "type", "media").OnElements("source")
	// No controls: the feed validator takes them for a risk; readers put their own.
	p.AllowAttrs("src", "poster", "width", "height").OnElements("video")
	p.AllowAttrs("src").OnElements("audio")
	p.AllowAttrs("cite").OnElements("blockquote", "q", "del", "ins")
	p.AllowAttrs("datetime").OnElements("time", "del", "ins")
	p.AllowAttrs("title").OnElements("abbr", "dfn")
	p.AllowAttrs("colspan", "rowspan").OnElements("td", "th")
	p.AllowAttrs("scope").OnElements("th")
	p.AllowAttrs("span").OnElements("col", "colgroup")
	p.AllowAttrs("start", "reversed").OnElements("ol")
	p.AllowAttrs("value").OnElements("li")
	p.AllowURLSchemes("http", "https", "mailto", "tel")
	p.RequireParseableURLs(true)
	return p
}

// parse reads HTML as the content of an element. The parser gives up on elements
// nested more than 512 deep.
func parse(source []byte) (*html.Node, error) {
	root := &html.Node{Type: html.ElementNode, Data: "div", DataAtom: atom.Div}
	nodes, err := html.ParseFragmentWithOptions(bytes.NewReader(source), root, html.ParseOptionEnableScripting(false))
	if err != nil {
		return nil, err
	}
	for _, n := range nodes {
		root.AppendChild(n)
	}
	return root, nil
}

// sanitise lets bluemonday have the last word, but on what cannot be said
// differently. Braces that Liquid would see are
// written as references, so that the result can pass through Jekyll unharmed.
func sanitise(policy *bluemonday.Policy, source []byte) string {
	var out string
	if plain(source) {
		out = string(source)
	} else {
		out = policy.SanitizeReader(bytes.NewReader(source)).String()
	}
	if !strings.Contains(out, "{{") && !strings.Contains(out, "{%") {
		return out
	}
	return strings.NewReplacer("{{", "&#123;&#123;", "{%", "&#123;%").Replace(out)
}

// plain says that a text comes out of the policy as it goes in, as most articles
// do: there is no attribute in it, no reference, and no element but these.
func plain(source []byte) bool {
	for {
		at := bytes.IndexAny(source, "<>&\"'\r\x00")
		if at < 0 {
			return true
		}
		name, rest, ok := bytes.Cut(source[at+1:], []byte(">"))
		if source[at] != '<' || !ok {
			return false
		}
		switch string(bytes.TrimPrefix(name, []byte("/"))) {
		case "p", "div", "strong", "b", "em", "i", "blockquote", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "li":
		default:
			return false
		}
		source = rest
	}
}

// legible drops what XML 1.0 §2.2 forbids, what HTML calls a parse error, and
// the replacement character, which the feed validator takes for damage.
func legible(s string) string {
	clean := true
	for i := 0; i < len(s) && clean; i++ {
		c := s[i]
		// 0xC2 leads C1 controls, 0xEF and above the noncharacters.
		clean = c >= 0x20 && c < 0x7F || c == '\n' || c == '\t' || c >= 0x80 && c != 0xC2 && c < 0xEF
	}
	if clean {
		return strings.ToValidUTF8(s, "")
	}
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\f' || r == '\v':
			return ' '
		case r < 0x20 && r != '\n' && r != '\t', r >= 0x7F && r <= 0x9F, r >= 0xFDD0 && r <= 0xFDEF, r&0xFFFE == 0xFFFE, r == 0xFFFD, r == 0xFEFF:
			return -1
		}
		return r
	}, s)
}
