package posts

import (
	"bytes"
	"slices"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// writer writes a parsed body as a feed may carry it.
type writer struct {
	resolver
	out   bytes.Buffer
	open  []atom.Atom // elements written and not closed
	image string      // the first image
}

// deepest bounds nesting, so that no body can exhaust the stack of a reader.
const deepest = 100

func (w *writer) children(n *html.Node) {
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		w.node(c)
	}
}

func (w *writer) node(n *html.Node) {
	switch n.Type {
	case html.TextNode:
		w.text(n.Data)
	case html.ElementNode:
		w.element(n)
	}
}

func (w *writer) text(s string) {
	if !w.mayHoldText() && strings.TrimSpace(s) != "" {
		return
	}
	s = legible(s)
	w.out.WriteString(html.EscapeString(s))
}

func (w *writer) element(n *html.Node) {
	how, name := treat(n), written(n.DataAtom)
	if how == discard {
		return
	}
	if how != unwrap && isEmptyParagraph(n) {
		return
	}
	if how == unwrap || len(w.open) >= deepest || !w.fits(how, name) {
		w.children(n)
		return
	}
	attributes, ok := w.attributes(n, name)
	if !ok {
		w.children(n)
		return
	}
	w.startTag(name, attributes)
	if how == void {
		return
	}
	w.open = append(w.open, name)
	start := w.out.Len()
	w.children(n)
	if inside := w.out.Bytes()[start:]; name == atom.Pre && len(inside) > 0 && inside[0] == '\n' {
		// The parser drops one newline at the start of a <pre>.
		inside = bytes.Clone(inside)
		w.out.Truncate(start)
		w.out.WriteByte('\n')
		w.out.Write(inside)
	}
	w.open = w.open[:len(w.open)-1]
	w.out.WriteString("</")
	w.out.WriteString(name.String())
	w.out.WriteByte('>')
}

func (w *writer) startTag(name atom.Atom, attributes []html.Attribute) {
	w.out.WriteByte('<')
	w.out.WriteString(name.String())
	for _, a := range attributes {
		w.out.WriteByte(' ')
		w.out.WriteString(a.Key)
		w.out.WriteString(`="`)
		w.out.WriteString(html.EscapeString(legible(a.Val)))
		w.out.WriteByte('"')
	}
	w.out.WriteByte('>')
}

// isEmptyParagraph reports a paragraph without anything to see.
func isEmptyParagraph(n *html.Node) bool {
	if n.DataAtom != atom.P {
		return false
	}
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		if c.Type != html.TextNode || strings.TrimSpace(c.Data) != "" {
			return false
		}
	}
	return true
}

// parent is the innermost open element, 0 at the top.
func (w *writer) parent() atom.Atom {
	if len(w.open) == 0 {
		return 0
	}
	return w.open[len(w.open)-1]
}

func (w *writer) mayHoldText() bool {
	switch w.parent() {
	case atom.Table, atom.Thead, atom.Tbody, atom.Tfoot, atom.Tr, atom.Colgroup:
		return false
	}
	return true
}

// fits reports whether an element may be opened here without the parser's
// correcting it (HTML §13.2.6.4). What does not fit is unwrapped; that happens
// only to bodies that were broken before.
func (w *writer) fits(how treatment, name atom.Atom) bool {
	parent := w.parent()
	switch name {
	case atom.Caption, atom.Colgroup, atom.Thead, atom.Tbody, atom.Tfoot:
		return parent == atom.Table
	case atom.Tr:
		return parent == atom.Thead || parent == atom.Tbody || parent == atom.Tfoot
	case atom.Td, atom.Th:
		return parent == atom.Tr
	case atom.Col:
		return parent == atom.Colgroup
	case atom.Source:
		return parent == atom.Picture || parent == atom.Video || parent == atom.Audio
	case atom.Rt, atom.Rp:
		return parent == atom.Ruby
	}
	if !w.mayHoldText() {
		return false
	}
	switch name {
	case atom.A:
		return !slices.Contains(w.open, atom.A)
	case atom.Li:
		return parent == atom.Ul || parent == atom.Ol
	case atom.Dt, atom.Dd:
		return parent == atom.Dl
	case atom.Hr:
		return !w.within(atom.P)
	case atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6:
		return !w.within(atom.P, atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6)
	}
	return how != block || !w.within(atom.P)
}

// within reports whether one of the elements is open in the current table cell
// or outside of any.
func (w *writer) within(names ...atom.Atom) bool {
	for i := len(w.open) - 1; i >= 0; i-- {
		switch w.open[i] {
		case atom.Td, atom.Th, atom.Caption:
			return false
		}
		if slices.Contains(names, w.open[i]) {
			return true
		}
	}
	return false
}
