package lint

import (
	"net/mail"
	"regexp"
	"strings"

	"golang.org/x/text/language"
)

var (
	// How HTML looks in text: an end tag; a reference, with or without its
	// semicolon; in RSS any beginning of a tag.
	endTag     = regexp.MustCompile(`</[A-Za-z][A-Za-z0-9]*>`)
	htmlInText = regexp.MustCompile(`&(#?[A-Za-z0-9]*[0-9][A-Za-z0-9]*|[A-Za-z]+;)|&(amp|lt|gt|quot|apos|nbsp|copy|reg)\b`)
	tagInText  = regexp.MustCompile(`<[/A-Za-z]`)
	address    = regexp.MustCompile(`<[\w.+'-]+@[\w-]+(\.[\w-]+)+>`)
	tagSyntax  = regexp.MustCompile(`^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$`)
)

// plain checks text that is no HTML: what looks like it is taken for it unless
// the source spells it with hexadecimal references. An end tag is taken for one
// however it is spelled.
func (l *linter) plain(n *node) {
	if n.blank() {
		l.warn(n.offset, "NotBlank", "%s", n.local)
	}
	if len(n.kids) > 0 {
		l.fail(n.offset, "UndefinedElement", "%s in %s", n.kids[0].local, n.local)
	}
	l.literal(n, n.text)
	if n.space == "" && tagInText.MatchString(n.text) && !n.spelled() {
		l.warn(n.offset, "CharacterData", "%s: %q", n.local, n.text)
	}
}

// spelled: references of this kind tell the validator that text is meant.
func (n *node) spelled() bool { return strings.Contains(string(n.raw), "&#x") }

// literal checks text in n that looks like HTML.
func (l *linter) literal(n *node, text string) {
	if endTag.MatchString(text) || htmlInText.MatchString(text) && !n.spelled() {
		l.warn(n.offset, "ContainsHTML", "%s: %q", n.local, text)
	}
}

// attrText checks an attribute that is text.
func (l *linter) attrText(n *node, name string) {
	if !n.hasAttr(name) {
		return
	}
	if strings.TrimSpace(n.attr(name)) == "" {
		l.warn(n.offset, "AttrNotBlank", "%s of %s", name, n.local)
	}
	l.literal(n, n.attr(name))
}

// language wants a tag of RFC 5646 whose language is one of ISO 639.
func (l *linter) language(n *node, value string) {
	base, _, _ := strings.Cut(value, "-")
	if _, err := language.ParseBase(base); err != nil || !tagSyntax.MatchString(value) {
		l.fail(n.offset, "InvalidLanguage", "%q", value)
	}
}

// contact checks an e-mail address with an optional name in brackets.
func (l *linter) contact(n *node) {
	address, name, _ := strings.Cut(strings.TrimSpace(n.text), " ")
	if parsed, err := mail.ParseAddress(address); err != nil || parsed.Address != address {
		l.fail(n.offset, "InvalidContact", "%s %q: expected an e-mail address, or one and (a name)", n.local, n.text)
		return
	}
	if name != "" && (!strings.HasPrefix(name, "(") || !strings.HasSuffix(name, ")")) {
		l.fail(n.offset, "InvalidContact", "%s %q", n.local, n.text)
	}
}
