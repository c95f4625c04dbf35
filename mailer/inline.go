package mailer

import (
	"slices"
	"strings"
	"sync"

	"github.com/PuerkitoBio/goquery"
	"github.com/vanng822/css"
	"github.com/vanng822/go-premailer/premailer"
	"golang.org/x/net/html"
)

// inliner moves the rules of <style> into the elements, because some programs
// drop the style sheet. What is left in it gets !important from go-premailer,
// which is what rules for dark or narrow screens need.
//
// go-premailer matches every rule with every element of every letter, which
// took milliseconds. Letters have few kinds of places, so the inliner remembers
// what go-premailer gave an element of a place and asks it again only for a
// document that has a new one. It is safe for concurrent use.
type inliner struct {
	mu     sync.RWMutex
	sheets map[string]*sheet // by the text of <style>
}

// sheet is a style sheet as far as it is known.
type sheet struct {
	plain  bool   // the style of an element is a matter of its place
	rest   string // what stays in <style>
	root   *place
	places int
}

// place is where an element can stand: what rules without pseudo-classes and
// siblings see of it and of everything around it.
type place struct {
	style    string
	children map[look]*place
}

// look is what such rules see of one element.
type look struct{ tag, class, id, style string }

// Bounds on what is remembered. Templates that put something of the letter into
// a class or a style would otherwise fill the memory.
const (
	maxSheets = 16
	maxPlaces = 4096
)

func newInliner() *inliner { return &inliner{sheets: make(map[string]*sheet)} }

// inline returns the document with its style sheet moved into the elements.
func (in *inliner) inline(source string) (string, error) {
	doc, err := html.Parse(strings.NewReader(source))
	if err != nil {
		return "", err
	}
	styles := styleElements(doc)
	if len(styles) != 1 || len(styles[0].Attr) > 0 {
		return transform(doc)
	}
	text := content(styles[0])
	if out, ok, err := in.repeat(text, doc, styles[0]); ok {
		return out, err
	}
	return in.learn(text, doc)
}

// repeat does what go-premailer did with documents like this; false if there
// was none, and then the document is as it was.
func (in *inliner) repeat(text string, doc, style *html.Node) (out string, ok bool, err error) {
	in.mu.RLock()
	defer in.mu.RUnlock()
	s := in.sheets[text]
	if s == nil {
		return "", false, nil
	}
	if !s.plain {
		out, err = transform(doc)
		return out, true, err
	}
	found, ok := s.find(doc, nil)
	if !ok {
		return "", false, nil
	}
	out, err = apply(doc, found, style, s.rest)
	return out, true, err
}

// learn lets go-premailer do it and remembers what it did.
func (in *inliner) learn(text string, doc *html.Node) (string, error) {
	in.mu.Lock()
	defer in.mu.Unlock()
	s := in.sheets[text]
	if s == nil {
		if len(in.sheets) >= maxSheets {
			clear(in.sheets)
		}
		s = &sheet{plain: plainRules(text), root: new(place)}
		in.sheets[text] = s
	}
	if s.places > maxPlaces {
		s.root, s.places = new(place), 0
	}
	var found []element
	if s.plain {
		found, _ = s.find(doc, func() *place { s.places++; return new(place) })
	}
	out, err := transform(doc)
	if err != nil {
		delete(in.sheets, text)
		return "", err
	}
	for _, e := range found {
		e.place.style = attribute(e.node, "style")
	}
	if left := styleElements(doc); len(left) > 0 {
		s.rest = content(left[len(left)-1])
	}
	return out, nil
}

// element is a node and its place.
type element struct {
	node  *html.Node
	place *place
}

// find lists the elements of a document with their places, in the document's
// order. An unknown place is added if add is there to make it; false if not.
func (s *sheet) find(doc *html.Node, add func() *place) (found []element, ok bool) {
	ok = true
	var walk func(n *html.Node, at *place)
	walk = func(n *html.Node, at *place) {
		for c := n.FirstChild; c != nil && ok; c = c.NextSibling {
			if c.Type != html.ElementNode || c.Data == "style" {
				continue
			}
			l := look{c.Data, attribute(c, "class"), attribute(c, "id"), attribute(c, "style")}
			there := at.children[l]
			if there == nil {
				if ok = add != nil; !ok {
					return
				}
				if at.children == nil {
					at.children = make(map[look]*place)
				}
				there = add()
				at.children[l] = there
			}
			found = append(found, element{c, there})
			walk(c, there)
		}
	}
	walk(doc, s.root)
	return found, ok
}

// apply does what transform would have done.
func apply(doc *html.Node, found []element, style *html.Node, rest string) (string, error) {
	style.Parent.RemoveChild(style)
	for _, e := range found {
		if e.place.style != "" {
			setAttribute(e.node, "style", e.place.style)
		}
		if e.node.Data == "head" && rest != "" {
			left := &html.Node{Type: html.ElementNode, Data: "style", Attr: []html.Attribute{{Key: "type", Val: "text/css"}}}
			left.AppendChild(&html.Node{Type: html.TextNode, Data: rest})
			e.node.AppendChild(left)
		}
	}
	var out strings.Builder
	err := html.Render(&out, doc)
	return out.String(), err
}

// transform is go-premailer, which changes the document.
func transform(doc *html.Node) (string, error) {
	return premailer.NewPremailer(goquery.NewDocumentFromNode(doc),
		premailer.NewOptions(premailer.WithCssToAttributes(false))).Transform()
}

// plainRules says whether no rule looks at more than tags, classes, ids and
// what is around an element.
func plainRules(text string) bool {
	return !slices.ContainsFunc(css.Parse(text).GetCSSRuleList(), func(r *css.CSSRule) bool {
		return r.Type == css.STYLE_RULE && strings.ContainsAny(r.Style.Selector.Text(), ":+~[")
	})
}

func styleElements(n *html.Node) (found []*html.Node) {
	for c := range n.Descendants() {
		if c.Type == html.ElementNode && c.Data == "style" {
			found = append(found, c)
		}
	}
	return found
}

// content is the text of a <style>.
func content(style *html.Node) string {
	if style.FirstChild == nil {
		return ""
	}
	return style.FirstChild.Data
}

func attribute(n *html.Node, key string) string {
	for _, a := range n.Attr {
		if a.Key == key {
			return a.Val
		}
	}
	return ""
}

func setAttribute(n *html.Node, key, value string) {
	for i := range n.Attr {
		if n.Attr[i].Key == key {
			n.Attr[i].Val = value
			return
		}
	}
	n.Attr = append(n.Attr, html.Attribute{Key: key, Val: value})
}
