package lint

import "strings"

// opml checks a subscription list of OPML 2.0.
func (l *linter) opml(root *node) {
	if root.attr("version") != "2.0" {
		l.fail(root.offset, "InvalidOPMLVersion", "%q", root.attr("version"))
	}
	head, body := root.one("", "head"), root.one("", "body")
	if head == nil || body == nil {
		l.fail(root.offset, "MissingElement", "head or body")
		return
	}
	if title := head.one("", "title"); title == nil || title.blank() {
		l.warn(head.offset, "NotBlank", "title")
	} else {
		l.markup(title, title.text, true)
	}
	for _, name := range []string{"dateCreated", "dateModified"} {
		if n := head.one("", name); n != nil {
			l.rfc822(n)
		}
	}
	if body.one("", "outline") == nil {
		l.fail(body.offset, "MissingElement", "outline in body")
	}
	body.walk(func(n *node) {
		if n != body {
			l.outline(n)
		}
	})
}

func (l *linter) outline(n *node) {
	if !n.is("", "outline") {
		l.fail(n.offset, "UndefinedElement", "%s in body", n.local)
		return
	}
	if strings.TrimSpace(n.attr("text")) == "" {
		l.warn(n.offset, "MissingAttribute", "text of an outline")
	}
	for _, name := range []string{"text", "title", "description"} {
		l.markup(n, n.attr(name), true) // OPML 2.0: text may be encoded HTML
	}
	if n.attr("type") != "rss" {
		return
	}
	if !n.hasAttr("title") {
		l.warn(n.offset, "MissingTitleAttr", "outline %q", n.attr("text"))
	}
	l.uri(n, n.attr("xmlUrl"))
	if n.hasAttr("htmlUrl") {
		l.uri(n, n.attr("htmlUrl"))
	}
	if n.hasAttr("language") {
		l.language(n, n.attr("language"))
	}
	if version := n.attr("version"); version != "" && version != "RSS" && version != "RSS1" && version != "RSS2" {
		l.warn(n.offset, "InvalidOutlineVersion", "%q", version)
	}
}
