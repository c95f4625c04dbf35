package lint

import (
	"regexp"
	"slices"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

var (
	bareAmp     = regexp.MustCompile(`&(#x[0-9A-Fa-f]+;|#[0-9]+;|[A-Za-z][A-Za-z0-9]*;)?`)
	sourceValue = regexp.MustCompile(`(?s)^src=("[^"]*"|'[^']*'|[\w-]+)[\s>]`)
	bareLess    = regexp.MustCompile(`<([A-Za-z/!?])?`)
	style       = regexp.MustCompile(`^\s*([-\w]+)\s*:(\w-\w|[\s\w#%.,!])*$`)
)

// dangerous elements are what no reader keeps.
func dangerous() []string {
	return []string{
		"script", "style", "iframe", "frame", "frameset", "noframes", "object", "param", "embed", "applet",
		"html", "head", "body", "title", "link", "meta", "base", "basefont", "noscript", "bdo", "slot", "svg", "math",
		"xml", "xmp", "listing", "plaintext", "comment", "isindex",
	}
}

// elements are what readers keep.
func elements() []string {
	return strings.Fields(`
		p div h1 h2 h3 h4 h5 h6 blockquote pre hr br ul ol li dl dt dd figure figcaption details summary
		table caption colgroup col thead tbody tfoot tr td th
		a b strong i em u s strike del ins sub sup small big mark code kbd samp var tt q cite abbr acronym dfn time data bdi
		span font center ruby rt rp wbr img picture source video audio track map area canvas
		address article aside footer header hgroup main nav section menu dir
		form fieldset legend label input button select optgroup option textarea output progress meter dialog template`)
}

// attributes are what readers keep of them. Not among them is controls.
func attributes() []string {
	return strings.Fields(`
		href src srcset sizes alt title poster cite type media width height datetime
		colspan rowspan scope headers span start reversed value abbr summary
		class id name lang dir rel rev target hreflang download label open hidden loading preload muted loop srclang
		align valign bgcolor border cellpadding cellspacing color face size compact nowrap noshade clear hspace vspace
		usemap ismap coords shape longdesc tabindex translate`)
}

// harmless are the style properties that readers keep.
func harmless() []string {
	return strings.Fields(`
		clear color cursor direction display float font font-family font-size font-style font-variant font-weight
		height letter-spacing line-height overflow text-align text-decoration text-indent unicode-bidi vertical-align white-space width`)
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
			break
		}
		if kind == html.StartTagToken || kind == html.SelfClosingTagToken {
			raw := string(z.Raw())
			token := z.Token()
			l.tag(n, token, rss)
			if ref, ok := lastSource(raw); ok && rss && token.DataAtom == atom.Img && !scheme.MatchString(ref) {
				l.warn(n.offset, "ContainsRelRef", "img: %q", ref)
			}
		}
	}
	l.nesting(n, source)
}

// nesting wants markup that a parser reads as it is written. The validator is
// a little laxer: it lets end tags be left out where HTML does.
func (l *linter) nesting(n *node, source string) {
	root := &html.Node{Type: html.ElementNode, Data: "div", DataAtom: atom.Div}
	nodes, err := html.ParseFragmentWithOptions(strings.NewReader(source), root, html.ParseOptionEnableScripting(false))
	if err != nil {
		l.warn(n.offset, "NotHtml", "%s: %v", n.local, err)
		return
	}
	var read strings.Builder
	for _, kid := range nodes {
		if err := html.Render(&read, kid); err != nil {
			l.warn(n.offset, "NotHtml", "%s: %v", n.local, err)
			return
		}
	}
	if was, now := tokens(source), tokens(read.String()); !slices.Equal(was, now) {
		at := 0
		for at < len(was) && at < len(now) && was[at] == now[at] {
			at++
		}
		l.warn(n.offset, "NotHtml", "%s: a parser repairs it after %.200q", n.local, strings.Join(was[max(0, at-3):at], ""))
	}
}

// tokens writes each tag and each stretch of text in one way.
func tokens(source string) []string {
	var list []string
	for z := html.NewTokenizer(strings.NewReader(source)); z.Next() != html.ErrorToken; {
		token := z.Token()
		if token.Type == html.SelfClosingTagToken {
			token.Type = html.StartTagToken
		}
		list = append(list, token.String())
	}
	return list
}

func (l *linter) tag(n *node, t html.Token, rss bool) {
	switch {
	case slices.Contains(dangerous(), t.Data):
		l.warn(n.offset, "SecurityRisk", "<%s>", t.Data)
	case !slices.Contains(elements(), t.Data):
		l.warn(n.offset, "NotHtml", "%s: <%s> is no element of HTML", n.local, t.Data)
	}
	for _, a := range t.Attr {
		switch {
		case a.Key == "style":
			l.style(n, t.Data, a.Val)
			continue
		case !slices.Contains(attributes(), a.Key) && !strings.HasPrefix(a.Key, "data-"):
			l.warn(n.offset, "SecurityRiskAttr", "%s on <%s>", a.Key, t.Data)
		}
		if a.Key == "href" || a.Key == "src" {
			l.target(n, t.Data, a, rss)
		}
	}
}

// lastSource is what the validator takes for the address of an image: a word or
// a quotation after the last "src=" of the tag, whatever that stands in.
func lastSource(tag string) (ref string, ok bool) {
	for {
		at := strings.LastIndex(tag, "src=")
		if at < 0 {
			return "", false
		}
		if value := sourceValue.FindStringSubmatch(tag[at:]); value != nil {
			return strings.TrimSpace(html.UnescapeString(strings.Trim(value[1], `"'`))), true
		}
		tag = tag[:at]
	}
}

// target checks where a link or an image leads. Beyond the validator, who looks
// at neither: schemes that run something.
func (l *linter) target(n *node, element string, a html.Attribute, rss bool) {
	name := strings.ToLower(scheme.FindString(strings.Join(strings.Fields(a.Val), "")))
	switch name {
	case "javascript:", "vbscript:", "data:", "file:", "blob:":
		l.warn(n.offset, "SecurityRiskAttr", "%s %.100q on <%s>", a.Key, a.Val, element)
	}
	if rss && name == "" && element == "a" {
		l.warn(n.offset, "ContainsRelRef", "%s %q", a.Key, a.Val)
	}
}

func (l *linter) style(n *node, element, value string) {
	for declaration := range strings.SplitSeq(value, ";") {
		if strings.TrimSpace(declaration) == "" {
			continue
		}
		match := style.FindStringSubmatch(declaration)
		if match == nil || !slices.Contains(harmless(), strings.ToLower(match[1])) {
			l.warn(n.offset, "DangerousStyleAttr", "%q on <%s>", declaration, element)
		}
	}
}
