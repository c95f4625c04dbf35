package lint

import (
	"slices"
	"strings"
)

// prefixes checks which prefixes well-known namespaces are bound to: readers
// exist that match on the prefix.
func (l *linter) prefixes(root *node, atomPrefix string) {
	root.walk(func(n *node) {
		for _, a := range n.attrs {
			prefix := ""
			switch {
			case a.Name.Space == "xmlns":
				prefix = a.Name.Local
			case a.Name.Space == "" && a.Name.Local == "xmlns":
			default:
				continue
			}
			if !slices.Contains([]string{nsAtom, nsContent, nsDC, nsMedia, nsHistory}, a.Value) && !strings.HasPrefix(a.Value, "http://search.yahoo.com/mrss") {
				l.warn(n.offset, "UnknownNamespace", "%q", a.Value)
			}
			if a.Value == nsAtom && prefix != atomPrefix {
				l.warn(n.offset, "AvoidNamespacePrefix", "prefix %q of %s: expected %q", prefix, nsAtom, atomPrefix)
			}
			if strings.HasPrefix(a.Value, "http://search.yahoo.com/mrss") && a.Value != nsMedia {
				l.warn(n.offset, "InvalidNamespace", "%q: expected %q", a.Value, nsMedia)
			}
		}
	})
}

// known are the attributes of an element that has rules here.
func (n *node) known() []string {
	switch n.space + " " + n.local {
	case " rss":
		return []string{"version"}
	case " guid":
		return []string{"isPermaLink"}
	case " category":
		return []string{"domain"}
	case " source":
		return []string{"url"}
	case " enclosure":
		return []string{"url", "length", "type"}
	case nsAtom + " link":
		return []string{"href", "rel", "type", "hreflang", "title", "length"}
	case nsAtom + " category":
		return []string{"term", "scheme", "label"}
	case nsAtom + " generator":
		return []string{"uri", "version"}
	case nsAtom + " content":
		return []string{"type", "src"}
	case nsAtom + " title", nsAtom + " subtitle", nsAtom + " summary", nsAtom + " rights":
		return []string{"type"}
	case nsMedia + " thumbnail":
		return []string{"url", "width", "height", "time"}
	}
	return nil
}

// knownAttrs wants no attribute that an element does not have.
func (l *linter) knownAttrs(root *node) {
	root.walk(func(n *node) {
		if n.is(nsMedia, "content") {
			return // has two dozen
		}
		for _, a := range n.attrs {
			if a.Name.Space == "" && a.Name.Local != "xmlns" && !slices.Contains(n.known(), a.Name.Local) {
				l.fail(n.offset, "UnexpectedAttribute", "%s on %s", a.Name.Local, n.local)
			}
		}
	})
}

// historyRels are the relations between parts of a feed (RFC 5005).
func historyRels() []string {
	return []string{"prev-archive", "next-archive", "current", "first", "last", "previous", "next"}
}

// relations are the others that feeds have use for, from IANA's registry.
func relations() []string {
	return []string{"alternate", "enclosure", "hub", "license", "related", "replies", "search", "self", "up", "via"}
}

// link checks a link of either format.
func (l *linter) link(n *node) {
	if !n.hasAttr("href") {
		l.fail(n.offset, "MissingHref", "link")
		return
	}
	l.iri(n, n.attr("href"))
	rel, mediaType := n.attr("rel"), n.attr("type")
	if n.hasAttr("rel") && !scheme.MatchString(rel) && !slices.Contains(relations(), rel) && !slices.Contains(historyRels(), rel) {
		l.warn(n.offset, "UnregisteredAtomLinkRel", "%q", rel)
	}
	if n.hasAttr("type") && !strings.Contains(mediaType, "/") {
		l.fail(n.offset, "InvalidMIMEType", "%q", mediaType)
	} else if rel == "self" && mediaType != "" && mediaType != "application/atom+xml" && mediaType != "application/rss+xml" {
		l.warn(n.offset, "SelfNotAtom", "%q", mediaType)
	}
	if n.hasAttr("hreflang") {
		l.language(n, n.attr("hreflang"))
	}
	l.attrText(n, "title")
	if !n.blank() || len(n.kids) > 0 {
		l.warn(n.offset, "AtomLinkNotEmpty", "%q", n.text)
	}
}
