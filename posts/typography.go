package posts

import (
	"unicode"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

// CommonMark tells opening from closing marks by the spaces around words.
// Chinese has none: **“两会”**特刊 would stay as it is written. The two parsers
// here see Chinese as kramdown does, or better.

// emphasis is goldmark's emphasis for *, where Chinese on the other side of a
// mark is as good as a space.
type emphasis struct{}

func (emphasis) Trigger() []byte { return []byte{'*'} }

func (emphasis) Parse(_ ast.Node, block text.Reader, pc parser.Context) ast.Node {
	before := block.PrecendingCharacter()
	line, segment := block.PeekLine()
	d := parser.ScanDelimiter(line, before, 1, emphasisMarks{})
	if d == nil {
		return nil
	}
	after := rune(' ')
	if d.OriginalLength < len(line) {
		after = util.ToRune(line, d.OriginalLength)
	}
	if isChinese(before) || isChinese(after) {
		d.CanOpen = d.CanOpen || !util.IsSpaceRune(after)
		d.CanClose = d.CanClose || !util.IsSpaceRune(before)
	}
	d.Segment = segment.WithStop(segment.Start + d.OriginalLength)
	block.Advance(d.OriginalLength)
	pc.PushDelimiter(d)
	return d
}

type emphasisMarks struct{}

func (emphasisMarks) IsDelimiter(b byte) bool { return b == '*' }

func (emphasisMarks) CanOpenCloser(opener, closer *parser.Delimiter) bool {
	return opener.Char == closer.Char
}

func (emphasisMarks) OnMatch(consumes int) ast.Node { return ast.NewEmphasis(consumes) }

// isChinese reports a Chinese character or a mark that Chinese is set with.
func isChinese(r rune) bool {
	return r >= 0x3000 && r <= 0x303F || r >= 0xFF01 && r <= 0xFF65 || r >= 0x2014 && r <= 0x2026 || unicode.Is(unicode.Han, r)
}

// strikes are goldmark's struck out texts, but with two tildes alone, as in
// kramdown: one is what stands between numbers (3~5元).
type strikes struct{ parser.InlineParser }

func (s strikes) Parse(parent ast.Node, block text.Reader, pc parser.Context) ast.Node {
	if line, _ := block.PeekLine(); len(line) < 2 || line[1] != '~' {
		return nil
	}
	return s.InlineParser.Parse(parent, block, pc)
}

// quotes turns straight quotes into curly ones. Where neither side has a space
// they open and close by turns; kramdown closes always.
type quotes struct{}

func (quotes) Trigger() []byte { return []byte{'"', '\''} }

func (quotes) Parse(parent ast.Node, block text.Reader, _ parser.Context) ast.Node {
	line, _ := block.PeekLine()
	before, after := block.PrecendingCharacter(), rune(' ')
	if len(line) > 1 {
		after = util.ToRune(line, 1)
	}
	opening, closing := "“", "”"
	if line[0] == '\'' {
		if !isChinese(before) && !isChinese(after) {
			return nil // an apostrophe, perhaps: goldmark's typographer knows more
		}
		opening, closing = "‘", "’"
	}
	mark := closing
	if opens(before, after, isOpen(parent, opening, closing)) {
		mark = opening
	}
	block.Advance(1)
	node := ast.NewString([]byte(mark))
	node.SetCode(true) // nothing in it needs escaping
	return node
}

// isOpen reports whether the latest quote set in parent is an opening one.
func isOpen(parent ast.Node, opening, closing string) bool {
	for n := parent.LastChild(); n != nil; n = n.PreviousSibling() {
		if s, ok := n.(*ast.String); ok {
			switch string(s.Value) {
			case opening:
				return true
			case closing:
				return false
			}
		}
	}
	return false
}

func opens(before, after rune, open bool) bool {
	switch {
	case unicode.IsSpace(after):
		return false
	case unicode.IsSpace(before):
		return true
	}
	return !open && (isChinese(before) || isChinese(after) || util.IsPunctRune(before) && !util.IsPunctRune(after))
}
