package posts

import (
	"slices"
	"strconv"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// attributes returns what an element goes out with. It is not ok for one that
// is nothing without an attribute which it lacks.
func (w *writer) attributes(n *html.Node, name atom.Atom) (kept []html.Attribute, ok bool) {
	for _, a := range n.Attr {
		if a.Namespace != "" {
			continue
		}
		if value, keep := w.attribute(name, a.Key, a.Val); keep {
			kept = append(kept, html.Attribute{Key: a.Key, Val: value})
		}
	}
	switch name {
	case atom.A:
		return kept, has(kept, "href")
	case atom.Img:
		return w.imageAttributes(n, kept)
	case atom.Source:
		return kept, has(kept, "src") || has(kept, "srcset")
	}
	return kept, true
}

// imageAttributes finds the address of an image that its page loads late, and
// notes the first image.
func (w *writer) imageAttributes(n *html.Node, kept []html.Attribute) ([]html.Attribute, bool) {
	late := ""
	for _, a := range n.Attr {
		if a.Key == "data-src" || a.Key == "data-original" {
			if address, ok := w.resolve(a.Val); ok {
				late = address
			}
		}
	}
	if late != "" {
		set := false
		for i := range kept {
			if kept[i].Key == "src" {
				kept[i].Val, set = late, true
			}
		}
		if !set {
			kept = append([]html.Attribute{{Key: "src", Val: late}}, kept...)
		}
	}
	for _, a := range kept {
		if a.Key == "src" && w.image == "" {
			w.image = a.Val
		}
	}
	if !has(kept, "alt") {
		kept = append(kept, html.Attribute{Key: "alt"})
	}
	// The W3C feed validator takes what follows the last "src=" of an image for
	// its address, be that in its description.
	isSource := func(a html.Attribute) bool { return a.Key == "src" }
	if at := slices.IndexFunc(kept, isSource); at >= 0 && slices.ContainsFunc(kept, func(a html.Attribute) bool {
		return !isSource(a) && strings.Contains(a.Val, "src=")
	}) {
		source := kept[at]
		kept = append(slices.Delete(kept, at, at+1), source)
	}
	return kept, has(kept, "src")
}

func has(attributes []html.Attribute, key string) bool {
	for _, a := range attributes {
		if a.Key == key {
			return true
		}
	}
	return false
}

// attribute decides on one attribute. Addresses are made absolute here.
func (w *writer) attribute(name atom.Atom, key, value string) (string, bool) {
	switch key {
	case "href":
		if name != atom.A {
			return "", false
		}
		return w.href(value)
	case "src":
		if name != atom.Img && name != atom.Source && name != atom.Video && name != atom.Audio {
			return "", false
		}
		return w.media(value)
	case "poster":
		if name != atom.Video {
			return "", false
		}
		return w.media(value)
	case "srcset":
		if name != atom.Img && name != atom.Source {
			return "", false
		}
		set := w.resolveSet(value)
		return set, set != ""
	case "cite":
		if name != atom.Blockquote && name != atom.Q && name != atom.Del && name != atom.Ins {
			return "", false
		}
		return w.media(value)
	}
	return value, keepsPlain(name, key, value)
}

// href resolves a link, which may be empty: the article itself.
func (w *writer) href(value string) (string, bool) {
	if strings.Trim(value, asciiSpace) == "" && w.base != nil {
		return w.base.String(), true
	}
	return w.resolve(value)
}

// media resolves the address of something to be loaded: nothing that is dialled
// or written to.
func (w *writer) media(value string) (string, bool) {
	address, ok := w.resolve(value)
	return address, ok && strings.HasPrefix(address, "http")
}

// keepsPlain decides on attributes that are no address.
func keepsPlain(name atom.Atom, key, value string) bool {
	switch key {
	case "title":
		return name == atom.A || name == atom.Img || name == atom.Abbr || name == atom.Dfn
	case "alt":
		return name == atom.Img
	case "sizes":
		return name == atom.Img || name == atom.Source
	case "width", "height":
		return (name == atom.Img || name == atom.Video) && isCount(value)
	case "type", "media":
		return name == atom.Source
	case "datetime":
		return name == atom.Time || name == atom.Del || name == atom.Ins
	case "colspan", "rowspan":
		return (name == atom.Td || name == atom.Th) && isCount(value)
	case "scope":
		return name == atom.Th && (value == "row" || value == "col")
	case "span":
		return (name == atom.Col || name == atom.Colgroup) && isCount(value)
	case "start":
		return name == atom.Ol && isCount(value)
	case "reversed":
		return name == atom.Ol
	case "value":
		return name == atom.Li && isCount(value)
	}
	return false
}

func isCount(s string) bool {
	_, err := strconv.ParseUint(s, 10, 16)
	return err == nil
}
