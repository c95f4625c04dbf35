package lint

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"strings"
)

// The namespaces that feeds of ours use.
const (
	nsAtom    = "http://www.w3.org/2005/Atom"
	nsContent = "http://purl.org/rss/1.0/modules/content/"
	nsDC      = "http://purl.org/dc/elements/1.1/"
	nsMedia   = "http://search.yahoo.com/mrss/"
	nsHistory = "http://purl.org/syndication/history/1.0"
	nsXML     = "http://www.w3.org/XML/1998/namespace"
)

// node is an element. raw is its source, for rules about spelling.
type node struct {
	space, local string
	attrs        []xml.Attr
	text         string // its own character data
	kids         []*node
	offset       int
	raw          []byte
}

func parse(doc []byte) (*node, error) {
	d := xml.NewDecoder(bytes.NewReader(doc))
	var stack []*node
	var root *node
	for {
		offset := int(d.InputOffset())
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		switch t := token.(type) {
		case xml.StartElement:
			n := &node{space: t.Name.Space, local: t.Name.Local, attrs: t.Copy().Attr, offset: offset}
			if len(stack) > 0 {
				parent := stack[len(stack)-1]
				parent.kids = append(parent.kids, n)
			} else if root == nil {
				root = n
			}
			stack = append(stack, n)
		case xml.EndElement:
			n := stack[len(stack)-1]
			n.raw = doc[n.offset:d.InputOffset()]
			stack = stack[:len(stack)-1]
		case xml.CharData:
			if len(stack) > 0 {
				stack[len(stack)-1].text += string(t)
			}
		}
	}
	if root == nil {
		return nil, errors.New("no element")
	}
	return root, nil
}

func (n *node) is(space, local string) bool { return n.space == space && n.local == local }

// all returns the children of a name.
func (n *node) all(space, local string) []*node {
	var list []*node
	for _, kid := range n.kids {
		if kid.is(space, local) {
			list = append(list, kid)
		}
	}
	return list
}

// one returns the first child of a name, nil if there is none.
func (n *node) one(space, local string) *node {
	for _, kid := range n.kids {
		if kid.is(space, local) {
			return kid
		}
	}
	return nil
}

func (n *node) attr(local string) string {
	for _, a := range n.attrs {
		if a.Name.Space == "" && a.Name.Local == local {
			return a.Value
		}
	}
	return ""
}

func (n *node) hasAttr(local string) bool {
	for _, a := range n.attrs {
		if a.Name.Space == "" && a.Name.Local == local {
			return true
		}
	}
	return false
}

func (n *node) blank() bool { return strings.TrimSpace(n.text) == "" }

// walk visits n and all below it.
func (n *node) walk(visit func(*node)) {
	visit(n)
	for _, kid := range n.kids {
		kid.walk(visit)
	}
}
