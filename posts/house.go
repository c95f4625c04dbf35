package posts

import (
	"bytes"
	"unicode"
	"unicode/utf8"
)

// House says which habits of this archive's posts are understood. Each field
// is one rule; a rule that is off leaves what it would have taken in the text.
type House struct {
	SourceLink  bool // a closing <http://…infoCode=…> is the article's address at the paper
	SourceName  bool // a closing （文章来源：…） names the paper
	Navigation  bool // a closing line of 返回… links is dropped
	Byline      bool // an opening 记者… or 通讯员… paragraph names the authors
	EditorsNote bool // a paragraph that starts with 编者按 is no excerpt
}

// DefaultHouse returns every rule switched on.
func DefaultHouse() House {
	return House{SourceLink: true, SourceName: true, Navigation: true, Byline: true, EditorsNote: true}
}

// Furniture is what a body holds beside the article.
type Furniture struct {
	Authors    []string // in the order of the byline, without repetitions
	SourceName string
	SourceURL  string
	Text       []byte // the body without furniture, otherwise byte for byte; may share the body's memory
}

// Read takes the furniture off both ends of a body. Only the ends are looked
// at, so that an article which quotes such a line keeps it. Reading Text again
// finds nothing more.
func (h House) Read(body []byte) Furniture {
	f := Furniture{Text: body}
	// What one end gives up can bare a piece at the other: both are tried
	// until neither has any.
	for {
		before := len(f.Text)
		h.readTail(&f)
		if h.Byline {
			readHead(&f)
		}
		if len(f.Text) == before {
			return f
		}
	}
}

// readTail walks backwards over pieces, in whatever order they stand. A piece
// whose rule is off is passed over and stays.
func (h House) readTail(f *Furniture) {
	text, end := f.Text, len(f.Text)
	for {
		end = len(bytes.TrimRight(text[:end], asciiSpace))
		start, drop := h.tailPiece(text[:end], f)
		if start < 0 {
			break
		}
		if drop {
			from := len(bytes.TrimRight(text[:start], asciiSpace))
			if len(bytes.TrimLeft(text[end:], asciiSpace)) == 0 {
				end = len(text)
			}
			text = cut(text, from, end)
			end = from
			continue
		}
		end = start
	}
	if len(text) != len(f.Text) {
		f.Text = text
	}
}

// tailPiece recognises the piece that text ends with and notes what it says.
// start is -1 if there is none.
func (h House) tailPiece(text []byte, f *Furniture) (start int, drop bool) {
	if len(text) == 0 {
		return -1, false
	}
	if at := markdownNavigation(text); at >= 0 {
		return at, h.Navigation
	}
	if at, address := sourceLink(text); at >= 0 {
		if h.SourceLink && f.SourceURL == "" {
			f.SourceURL = string(address)
		}
		return at, h.SourceLink
	}
	at, inner := lastParagraph(text)
	if at < 0 {
		return -1, false
	}
	if htmlBack(inner) {
		return at, h.Navigation
	}
	if name := sourceName(inner); name != nil {
		if h.SourceName && f.SourceName == "" {
			f.SourceName = string(name)
		}
		return at, h.SourceName
	}
	if names, ok := closingByline(inner); ok {
		if h.Byline {
			f.Authors = addNames(f.Authors, names)
		}
		return at, h.Byline
	}
	return -1, false
}

// asciiSpace is the white space that separates blocks.
const asciiSpace = " \t\r\n\f\v"

// cut returns text without [from, to), copying only if both ends stay.
func cut(text []byte, from, to int) []byte {
	switch {
	case to == len(text):
		return text[:from:from]
	case from == 0:
		return text[to:]
	}
	out := make([]byte, 0, len(text)-(to-from))
	return append(append(out, text[:from]...), text[to:]...)
}

// startsBlock reports whether a block may start at text[at]: at a line's start
// or right behind another element.
func startsBlock(text []byte, at int) bool {
	before := bytes.TrimRight(text[:at], " \t")
	if len(before) == 0 {
		return true
	}
	last := before[len(before)-1]
	return last == '\n' || last == '\r' || last == '>'
}

// sourceLink recognises an autolink with an infoCode at the end of text.
func sourceLink(text []byte) (start int, address []byte) {
	if text[len(text)-1] != '>' {
		return -1, nil
	}
	at := bytes.LastIndexByte(text, '<')
	if at < 0 || !startsBlock(text, at) {
		return -1, nil
	}
	address = text[at+1 : len(text)-1]
	if !bytes.HasPrefix(address, []byte("http://")) && !bytes.HasPrefix(address, []byte("https://")) ||
		!bytes.Contains(address, []byte("infoCode=")) || bytes.ContainsAny(address, asciiSpace+`"'`) {
		return -1, nil
	}
	return at, address
}

// markdownNavigation recognises a closing line of links back; htmlBack does where
// they are a paragraph of HTML.
func markdownNavigation(text []byte) (start int) {
	if text[len(text)-1] != ')' {
		return -1
	}
	at := bytes.LastIndexAny(text, "\r\n") + 1
	if tag := bytes.LastIndexByte(text[at:], '>'); tag >= 0 {
		at += tag + 1
	}
	at += len(text[at:]) - len(bytes.TrimLeft(text[at:], " \t"))
	if !markdownBack(text[at:]) {
		return -1
	}
	return at
}

// markdownBack reports whether line is [返回…](…) once or more, with bars or
// spaces between.
func markdownBack(line []byte) bool {
	for {
		if !bytes.HasPrefix(line, []byte("[返回")) {
			return false
		}
		label := bytes.Index(line, []byte("]("))
		if label < 0 || bytes.IndexByte(line[1:label], '[') >= 0 {
			return false
		}
		end := bytes.IndexByte(line[label:], ')')
		if end < 0 {
			return false
		}
		line = trimBars(line[label+end+1:])
		if len(line) == 0 {
			return true
		}
	}
}

// htmlBack reports whether a paragraph holds nothing but links whose text
// starts with 返回.
func htmlBack(inner []byte) bool {
	links := 0
	for {
		inner = trimBars(inner)
		if len(inner) == 0 {
			return links > 0
		}
		if !bytes.HasPrefix(inner, []byte("<a ")) {
			return false
		}
		open := bytes.IndexByte(inner, '>')
		end := bytes.Index(inner, []byte("</a>"))
		if open < 0 || end < open || !bytes.HasPrefix(inner[open+1:end], []byte("返回")) {
			return false
		}
		inner = inner[end+len("</a>"):]
		links++
	}
}

func trimBars(b []byte) []byte {
	return bytes.TrimFunc(b, func(r rune) bool { return r == '｜' || r == '|' || unicode.IsSpace(r) })
}

// lastParagraph finds the paragraph that text ends with and what is in it: an
// element <p>, else a block after a blank line. -1 if it is no short one.
func lastParagraph(text []byte) (start int, inner []byte) {
	const closing = "</p>"
	if bytes.HasSuffix(text, []byte(closing)) {
		floor := max(0, len(text)-longestFurniture)
		at := lastTag(text, floor)
		if at < 0 {
			return -1, nil
		}
		open := bytes.IndexByte(text[at:], '>')
		if c := text[at+2]; at+open+1 > len(text)-len(closing) || c != '>' && c != ' ' {
			return -1, nil
		}
		inner = text[at+open+1 : len(text)-len(closing)]
		if bytes.Contains(inner, []byte(closing)) {
			return -1, nil
		}
		return at, inner
	}
	floor := max(0, len(text)-longestFurniture)
	at := floor + bytes.LastIndexByte(text[floor:], '\n') + 1
	if at == floor && floor > 0 {
		return -1, nil
	}
	above := bytes.TrimRight(text[:at], " \t\r\n")
	if len(above) > 0 && bytes.Count(text[len(above):at], []byte("\n")) < 2 {
		return -1, nil
	}
	return at, text[at:]
}

// lastTag is where the last "<p" of text[floor:] begins, -1 if there is none.
// It takes a quarter of bytes.LastIndex's time.
func lastTag(text []byte, floor int) int {
	for at := len(text) - 2; at >= floor; at-- {
		if text[at] == '<' && text[at+1] == 'p' {
			return at
		}
	}
	return -1
}

// longestFurniture bounds, in bytes, what is looked at as one piece.
const longestFurniture = 512

// sourceName recognises （文章来源：NAME） as all there is in a paragraph and
// returns NAME, nil if it is something else.
func sourceName(inner []byte) []byte {
	if bytes.Contains(inner, []byte("<img")) {
		return nil
	}
	s := trimMarkup(inner)
	if within, ok := parenthesised(s); ok {
		s = within
	}
	s = bytes.TrimPrefix(s, []byte("文章"))
	s, source := bytes.CutPrefix(s, []byte("来源"))
	colon, size := utf8.DecodeRune(s)
	if !source || colon != '：' && colon != ':' {
		return nil
	}
	s = bytes.TrimSpace(s[size:])
	if len(s) == 0 || bytes.ContainsAny(s, "<>&（）()。\n") {
		return nil
	}
	return s
}

// parenthesised returns what is between the parentheses that s starts and ends
// with.
func parenthesised(s []byte) ([]byte, bool) {
	for _, pair := range [...][2]string{{"（", "）"}, {"(", ")"}} {
		rest, opened := bytes.CutPrefix(s, []byte(pair[0]))
		rest, closed := bytes.CutSuffix(rest, []byte(pair[1]))
		if opened && closed {
			return bytes.TrimSpace(rest), true
		}
	}
	return nil, false
}
