package lint

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

const rssDocs = "http://www.rssboard.org/rss-specification"

func (l *linter) rss(root *node) {
	if root.attr("version") != "2.0" {
		l.fail(root.offset, "InvalidVersion", "version %q", root.attr("version"))
	}
	l.prefixes(root, "atom")
	l.knownAttrs(root)
	channel := root.one("", "channel")
	if channel == nil || len(root.kids) != 1 {
		l.fail(root.offset, "MissingChannel", "expected one channel and nothing else in rss")
		return
	}
	l.channelParts(channel)
	l.extensionAttrs(root, channel)
	l.selfLink(channel, "MissingAtomSelfLink")
	l.history(channel)
	guids := map[string]bool{}
	inItems := false
	for _, kid := range channel.kids {
		if !kid.is("", "item") {
			if inItems {
				l.warn(kid.offset, "MisplacedItem", "%s after an item", kid.local)
			}
			continue
		}
		inItems = true
		l.item(kid, guids)
	}
}

// once lists the channel's elements that may stand there once.
func once() []string {
	return []string{
		"title", "link", "description", "language", "copyright", "managingEditor", "webMaster", "pubDate",
		"lastBuildDate", "generator", "docs", "cloud", "ttl", "image", "rating", "skipHours", "skipDays",
	}
}

func (l *linter) channelParts(channel *node) {
	for _, name := range once() {
		if list := channel.all("", name); len(list) > 1 {
			l.fail(list[1].offset, "DuplicateElement", "%s", name)
		}
	}
	for _, name := range []string{"title", "link", "description"} {
		if channel.one("", name) == nil {
			l.fail(channel.offset, "MissingElement", "%s in channel", name)
		}
	}
	for _, kid := range channel.kids {
		if kid.is(nsAtom, "link") {
			l.link(kid)
		}
		if kid.space != "" {
			continue
		}
		switch kid.local {
		case "title", "description", "generator", "copyright", "category":
			l.plain(kid)
		case "link":
			l.uri(kid, kid.text)
		case "docs":
			l.uri(kid, kid.text)
		case "language":
			l.language(kid, kid.text)
		case "managingEditor", "webMaster":
			l.contact(kid)
		case "pubDate", "lastBuildDate":
			l.rfc822(kid)
		case "image":
			l.image(channel, kid)
		case "textInput":
			l.warn(kid.offset, "AvoidTextInput", "textInput")
		case "item", "cloud", "ttl", "skipHours", "skipDays", "rating":
		default:
			l.fail(kid.offset, "UndefinedElement", "%s in channel", kid.local)
		}
	}
}

var plainWord = regexp.MustCompile(`^\w+$`)

func (l *linter) image(channel, image *node) {
	for _, bound := range []struct {
		name string
		most int
	}{{"width", 144}, {"height", 400}} {
		if n := image.one("", bound.name); n != nil {
			if size, err := strconv.Atoi(strings.TrimSpace(n.text)); err != nil || size < 1 || size > bound.most {
				l.fail(n.offset, "Invalid"+strings.ToUpper(bound.name[:1])+bound.name[1:], "%q: expected 1 to %d", n.text, bound.most)
			}
		}
	}
	for _, name := range []string{"title", "link"} {
		ours, theirs := image.one("", name), channel.one("", name)
		if ours == nil {
			l.fail(image.offset, "MissingElement", "%s in image", name)
		} else if theirs != nil && ours.text != theirs.text {
			l.warn(ours.offset, "Image"+strings.ToUpper(name[:1])+name[1:]+"DoesntMatch", "%q", ours.text)
		}
	}
	address := image.one("", "url")
	if address == nil {
		l.fail(image.offset, "MissingElement", "url in image")
		return
	}
	l.uri(address, address.text)
	ext := strings.ToLower(address.text[strings.LastIndexByte(address.text, '.')+1:])
	if plainWord.MatchString(ext) && !slices.Contains([]string{"jpg", "jpeg", "gif", "png"}, ext) {
		l.warn(address.offset, "ImageUrlFormat", "%q", ext)
	}
}

// extensionAttrs: attributes that RSS does not know are fine by the RSS Board's
// specification, and docs has to name it exactly.
func (l *linter) extensionAttrs(root, channel *node) {
	docs := channel.one("", "docs")
	if docs != nil && docs.text == rssDocs {
		return
	}
	root.walk(func(n *node) {
		for _, a := range n.attrs {
			if n.space == "" && a.Name.Space != "" && a.Name.Space != "xmlns" {
				l.warn(n.offset, "UseOfExtensionAttr", "%s on %s", a.Name.Local, n.local)
			}
		}
	})
}

func (l *linter) item(item *node, guids map[string]bool) {
	if item.one("", "title") == nil && item.one("", "description") == nil {
		l.fail(item.offset, "ItemMustContainTitleOrDescription", "neither")
	}
	guid := item.one("", "guid")
	if guid == nil {
		l.warn(item.offset, "MissingGuid", "item without guid")
	} else {
		l.guid(guid, guids)
	}
	for _, pair := range [][2]*node{
		{item.one("", "author"), item.one(nsDC, "creator")},
		{item.one("", "category"), item.one(nsDC, "subject")},
		{item.one("", "pubDate"), item.one(nsDC, "date")},
		{item.one("", "pubDate"), item.one(nsAtom, "published")},
	} {
		if pair[0] != nil && pair[1] != nil {
			l.warn(pair[1].offset, "DuplicateItemSemantics", "%s and %s", pair[0].local, pair[1].local)
		}
	}
	for _, name := range []string{"title", "link", "description", "author", "comments", "guid", "pubDate", "source", "enclosure"} {
		if list := item.all("", name); len(list) > 1 {
			l.fail(list[1].offset, "DuplicateElement", "%s", name)
		}
	}
	described := false
	for _, kid := range item.kids {
		described = described || kid.is("", "description")
		if kid.is(nsContent, "encoded") && !described && item.one("", "description") != nil {
			l.warn(kid.offset, "NeedDescriptionBeforeContent", "content:encoded comes first")
		}
		l.itemPart(kid)
	}
}

func (l *linter) itemPart(n *node) {
	switch n.space + " " + n.local {
	case " title", " category", nsDC + " creator", nsDC + " subject":
		l.plain(n)
	case " description", nsContent + " encoded":
		if n.blank() {
			l.warn(n.offset, "NotBlank", "%s", n.local)
		}
		l.markup(n, n.text, true)
	case " link", " comments":
		l.uri(n, n.text)
	case " author":
		l.contact(n)
	case " pubDate":
		l.rfc822(n)
	case nsAtom + " updated", nsAtom + " published", nsDC + " date":
		l.rfc3339(n)
	case " source":
		l.plain(n)
		l.uri(n, n.attr("url"))
	case " enclosure":
		l.uri(n, n.attr("url"))
		if size, err := strconv.Atoi(n.attr("length")); err != nil || size < 0 || !strings.Contains(n.attr("type"), "/") {
			l.fail(n.offset, "MissingAttribute", "enclosure needs length and type")
		}
	case nsMedia + " thumbnail", nsMedia + " content":
		l.uri(n, n.attr("url"))
	case nsAtom + " link":
		l.link(n)
	case " guid":
	default:
		if n.space == "" {
			l.fail(n.offset, "UndefinedElement", "%s in item", n.local)
		}
	}
}

func (l *linter) guid(guid *node, guids map[string]bool) {
	if guid.blank() {
		l.warn(guid.offset, "NotBlank", "guid")
	}
	l.unique(guids, guid, "DuplicateValue", guid.text)
	if value := guid.attr("isPermaLink"); guid.hasAttr("isPermaLink") && value != "true" && value != "false" {
		l.fail(guid.offset, "InvalidBooleanAttribute", "isPermaLink %q", value)
	}
	if guid.attr("isPermaLink") == "false" {
		if utf8.RuneCountInString(guid.text) < 9 && !strings.ContainsFunc(guid.text, func(r rune) bool { return !unicode.IsDigit(r) }) {
			l.warn(guid.offset, "NotSufficientlyUnique", "guid %q", guid.text)
		}
		return
	}
	if !strings.HasPrefix(guid.text, "http://") && !strings.HasPrefix(guid.text, "https://") {
		l.fail(guid.offset, "InvalidPermalink", "%q needs isPermaLink=\"false\"", guid.text)
		return
	}
	l.uri(guid, guid.text)
}
