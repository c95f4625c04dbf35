// Package lint checks feed documents against the rules of the W3C feed
// validator and of the specifications behind it, without the network. Readers
// exist that refuse what the validator merely warns of, so our own tests hold
// every document to no problem at all.
//
// It is test support that several packages' tests share, and an independent
// reading: it imports nothing of the code that it checks.
package lint

import (
	"bytes"
	"fmt"
	"mime"
	"strings"
	"unicode/utf8"
)

// Problem is one rule broken. Code is the validator's own name for it where it
// has one.
type Problem struct {
	Code    string
	Warning bool // the validator merely warns
	Line    int  // from 1
	Message string
}

func (p Problem) String() string {
	severity := "error"
	if p.Warning {
		severity = "warning"
	}
	return fmt.Sprintf("line %d: %s: %s: %s", p.Line, severity, p.Code, p.Message)
}

// longest is the largest document that the validator reads.
const longest = 5_000_000

// Lint returns what is wrong with a feed or a list of feeds that is served at
// the address self under a media type.
func Lint(doc []byte, mediaType, self string) []Problem {
	l := &linter{doc: doc, self: self}
	base, params, err := mime.ParseMediaType(mediaType)
	if err != nil {
		l.fail(0, "UnexpectedContentType", "%q: %v", mediaType, err)
	}
	if charset := params["charset"]; charset != "" && !strings.EqualFold(charset, "utf-8") {
		l.fail(0, "EncodingMismatch", "charset %q of a document in UTF-8", charset)
	}
	l.characters()
	if json := bytes.HasPrefix(bytes.TrimSpace(doc), []byte("{")); json {
		l.mediaType(base, "application/feed+json", "application/json")
		l.json()
		return l.problems
	}
	if len(doc) > longest {
		l.fail(len(doc), "ValidatorLimit", "%d bytes", len(doc))
	}
	root, err := parse(doc)
	if err != nil {
		l.fail(len(doc), "SAXError", "not well-formed: %v", err)
		return l.problems
	}
	root.walk(l.mangled)
	switch {
	case root.is("", "rss"):
		l.mediaType(base, "application/rss+xml", "application/xml", "text/xml")
		l.sniff(base, "<rss")
		l.rss(root)
	case root.is(nsAtom, "feed"):
		l.mediaType(base, "application/atom+xml", "application/xml", "text/xml")
		l.sniff(base, "<feed")
		l.atom(root)
	case root.is("", "opml"):
		l.mediaType(base, "text/x-opml", "application/xml", "text/xml")
		l.opml(root)
	default:
		l.fail(0, "UndefinedElement", "root element %q in namespace %q", root.local, root.space)
	}
	return l.problems
}

type linter struct {
	doc      []byte
	self     string
	problems []Problem
}

func (l *linter) fail(offset int, code, format string, args ...any) {
	l.add(offset, Problem{Code: code, Message: fmt.Sprintf(format, args...)})
}

func (l *linter) warn(offset int, code, format string, args ...any) {
	l.add(offset, Problem{Code: code, Warning: true, Message: fmt.Sprintf(format, args...)})
}

func (l *linter) add(offset int, p Problem) {
	p.Line = 1 + bytes.Count(l.doc[:min(offset, len(l.doc))], []byte("\n"))
	l.problems = append(l.problems, p)
}

// characters: U+FFFD and the C1 controls are what wrong decoding leaves.
func (l *linter) characters() {
	for i := 0; i < len(l.doc); {
		r, size := utf8.DecodeRune(l.doc[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			l.fail(i, "UnicodeError", "byte %#x is not UTF-8", l.doc[i])
			return
		case r == utf8.RuneError, 0x7f <= r && r <= 0x9f:
			l.warn(i, "BadCharacters", "%U", r)
			return
		}
		i += size
	}
}

// mangled looks for text that is UTF-8 read as Latin-1. The validator has pieces
// of some thousand characters before it, so that in a longer text a single pair
// may be enough.
func (l *linter) mangled(n *node) {
	const piece = 2000
	pair := strings.ContainsFunc(n.text, func(r rune) bool { return r == 'Â' || r == 'Ã' })
	if !pair {
		return
	}
	latin, before, found := []byte{}, ' ', false
	for _, r := range n.text {
		found = found || (before == 'Â' || before == 'Ã') && 0x80 <= r && r <= 0xbf
		if before = r; r > 0xff {
			latin = append(latin, 0xff) // no UTF-8
		} else {
			latin = append(latin, byte(r))
		}
	}
	if found && (utf8.Valid(latin) || len(latin) > piece) {
		l.warn(n.offset, "BadCharacters", "UTF-8 read as Latin-1 in %s", n.local)
	}
}

func (l *linter) mediaType(got string, fine ...string) {
	for _, mediaType := range fine {
		if got == mediaType {
			return
		}
	}
	l.warn(0, "UnexpectedContentType", "%q: expected %s", got, fine[0])
}

// sniff: types that say only XML pass if the root comes early.
func (l *linter) sniff(mediaType, root string) {
	if strings.HasSuffix(mediaType, "/xml") && !bytes.Contains(l.doc[:min(512, len(l.doc))], []byte(root)) {
		l.warn(0, "NonSpecificMediaType", "%s, and no %s in the first 512 bytes", mediaType, root)
	}
}

// unique fails for a value seen before.
func (l *linter) unique(seen map[string]bool, n *node, code, value string) {
	if seen[value] {
		if code == "DuplicateUpdated" {
			l.warn(n.offset, code, "%s %q again", n.local, value)
		} else {
			l.fail(n.offset, code, "%s %q again", n.local, value)
		}
	}
	seen[value] = true
}
