package lint

import (
	"slices"
	"strings"
)

// selfLink wants one link to the document itself, by the address at which it is
// served.
func (l *linter) selfLink(parent *node, missing string) {
	for _, n := range parent.all(nsAtom, "link") {
		if n.attr("rel") != "self" {
			continue
		}
		href := n.attr("href")
		if !scheme.MatchString(href) {
			l.warn(n.offset, "RelativeSelf", "%q", href)
		}
		if href != l.self {
			l.warn(n.offset, "SelfDoesntMatchLocation", "%q: served at %q", href, l.self)
		}
		return
	}
	l.warn(parent.offset, missing, "no link with rel=self")
}

// history checks RFC 5005.
func (l *linter) history(feed *node) {
	rels := map[string]string{}
	for _, n := range feed.all(nsAtom, "link") {
		rel, href := n.attr("rel"), n.attr("href")
		switch rel {
		case "prev-archive", "next-archive", "current":
			if rels[rel] != "" {
				l.fail(n.offset, "DuplicateArchiveLink", "%s", rel)
			}
			if rel != "current" && href == l.self {
				l.fail(n.offset, "ArchiveLinksToItself", "%s", rel)
			}
		}
		rels[rel] = href
	}
	archive, complete := feed.one(nsHistory, "archive"), feed.one(nsHistory, "complete")
	if archive != nil && complete == nil {
		if rels["prev-archive"] == "" && rels["next-archive"] == "" {
			l.warn(archive.offset, "ArchiveIncomplete", "neither prev-archive nor next-archive")
		}
		if rels["current"] == "" {
			l.warn(archive.offset, "MissingCurrentInArchive", "no link with rel=current")
		}
	}
	if complete != nil {
		for _, rel := range []string{"prev-archive", "next-archive", "first", "last", "previous", "next"} {
			if rels[rel] != "" {
				l.fail(complete.offset, "FeedRelInCompleteFeed", "%s", rel)
			}
		}
		if current := rels["current"]; current != "" && current != l.self {
			l.fail(complete.offset, "CurrentNotSelfInCompleteFeed", "%s", current)
		}
	}
}

func (l *linter) atom(feed *node) {
	l.prefixes(feed, "")
	l.knownAttrs(feed)
	l.selfLink(feed, "MissingSelf")
	l.history(feed)
	l.atomParts(feed, "feed")
	for _, a := range feed.attrs {
		if a.Name.Space == nsXML && a.Name.Local == "lang" {
			l.language(feed, a.Value)
		}
	}
	ids, updated := map[string]bool{}, map[string]bool{}
	inEntries := false
	for _, kid := range feed.kids {
		if !kid.is(nsAtom, "entry") {
			if inEntries {
				l.fail(kid.offset, "MisplacedMetadata", "%s after an entry", kid.local)
			}
			continue
		}
		inEntries = true
		l.atomParts(kid, "entry")
		l.atomEntry(feed, kid)
		if id := kid.one(nsAtom, "id"); id != nil {
			l.unique(ids, id, "DuplicateEntries", id.text)
		}
		if at := kid.one(nsAtom, "updated"); at != nil {
			l.unique(updated, at, "DuplicateUpdated", at.text)
		}
	}
}

func (l *linter) atomEntry(feed, entry *node) {
	if entry.one(nsAtom, "author") == nil && feed.one(nsAtom, "author") == nil {
		l.fail(entry.offset, "MissingElement", "author in entry or feed")
	}
	content := entry.one(nsAtom, "content")
	alternate := false
	for _, n := range entry.all(nsAtom, "link") {
		alternate = alternate || n.attr("rel") == "alternate" || n.attr("rel") == ""
		if slices.Contains(historyRels(), n.attr("rel")) {
			l.warn(n.offset, "FeedHistoryRelInEntry", "%s", n.attr("rel"))
		}
	}
	if content == nil && !alternate {
		l.fail(entry.offset, "MissingAlternateLink", "neither content nor an alternate link")
	}
	if content == nil && entry.one(nsAtom, "summary") == nil {
		l.warn(entry.offset, "MissingSummary", "neither content nor summary")
	}
}

// atomParts checks what a feed and an entry have in common.
func (l *linter) atomParts(parent *node, name string) {
	for _, part := range []string{"id", "title", "updated"} {
		if parent.one(nsAtom, part) == nil {
			l.fail(parent.offset, "MissingElement", "%s in %s", part, name)
		}
	}
	for _, part := range []string{"id", "title", "updated", "published", "subtitle", "summary", "content", "rights", "generator", "icon", "logo"} {
		if list := parent.all(nsAtom, part); len(list) > 1 {
			l.fail(list[1].offset, "DuplicateElement", "%s", part)
		}
	}
	alternates := map[string]bool{}
	for _, kid := range parent.kids {
		if kid.is(nsAtom, "link") && (kid.attr("rel") == "" || kid.attr("rel") == "alternate") {
			l.unique(alternates, kid, "DuplicateAtomLink", kid.attr("type")+" "+kid.attr("hreflang"))
		}
		l.atomPart(kid)
	}
}

func (l *linter) atomPart(n *node) {
	if n.is(nsMedia, "thumbnail") || n.is(nsMedia, "content") {
		l.iri(n, n.attr("url"))
	}
	if n.space != nsAtom {
		return
	}
	switch n.local {
	case "id":
		l.atomID(n)
	case "updated", "published":
		l.rfc3339(n)
	case "title", "subtitle", "summary", "rights", "content":
		l.atomText(n)
	case "author", "contributor":
		l.person(n)
	case "category":
		if strings.TrimSpace(n.attr("term")) == "" {
			l.warn(n.offset, "NotBlank", "term")
		}
		if !n.blank() || len(n.kids) > 0 {
			l.fail(n.offset, "UndefinedElement", "category has content")
		}
		if n.hasAttr("scheme") {
			l.iri(n, n.attr("scheme"))
		}
	case "link":
		l.link(n)
	case "generator":
		l.plain(n)
	case "icon", "logo":
		l.iri(n, n.text)
	case "entry", "source":
	default:
		l.fail(n.offset, "UndefinedElement", "%s", n.local)
	}
}

func (l *linter) atomText(n *node) {
	switch n.attr("type") {
	case "", "text":
		l.plain(n)
	case "html":
		if n.blank() {
			l.warn(n.offset, "NotBlank", "%s", n.local)
		}
		l.markup(n, n.text, false)
	case "xhtml":
	default:
		if n.local != "content" {
			l.fail(n.offset, "InvalidTextType", "%q", n.attr("type"))
		}
	}
}

func (l *linter) person(n *node) {
	name := n.one(nsAtom, "name")
	if name == nil {
		l.fail(n.offset, "MissingElement", "name in %s", n.local)
		return
	}
	l.plain(name)
	if address.MatchString(name.text) {
		l.warn(name.offset, "ContainsEmail", "%q", name.text)
	}
	if email := n.one(nsAtom, "email"); email != nil {
		l.contact(email)
	}
	if uri := n.one(nsAtom, "uri"); uri != nil {
		l.iri(uri, uri.text)
	}
}
