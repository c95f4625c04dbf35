package posts

import (
	"bytes"
	"strings"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/renderer"
	"github.com/yuin/goldmark/renderer/html"
	"github.com/yuin/goldmark/util"
)

// newMarkdown is goldmark with what kramdown has in Jekyll's default
// configuration: raw HTML, tables, strikethrough, definition lists, footnotes,
// heading ids and smart quotes, but no links made of bare addresses.
func newMarkdown() goldmark.Markdown {
	return goldmark.New(
		goldmark.WithExtensions(
			extension.Table, extension.TaskList, extension.DefinitionList, extension.Footnote,
			extension.NewTypographer(extension.WithTypographicSubstitutions(extension.TypographicSubstitutions{
				extension.LeftSingleQuote: []byte("‘"), extension.RightSingleQuote: []byte("’"), extension.Apostrophe: []byte("’"),
				extension.LeftDoubleQuote: []byte("“"), extension.RightDoubleQuote: []byte("”"),
				extension.EnDash: []byte("–"), extension.EmDash: []byte("—"), extension.Ellipsis: []byte("…"),
				extension.LeftAngleQuote: []byte("«"), extension.RightAngleQuote: []byte("»"),
			})),
		),
		goldmark.WithParserOptions(
			parser.WithHeadingAttribute(),
			parser.WithInlineParsers(util.Prioritized(emphasis{}, 499), util.Prioritized(quotes{}, 9000),
				util.Prioritized(strikes{extension.NewStrikethroughParser()}, 500)),
		),
		goldmark.WithRendererOptions(html.WithUnsafe(),
			renderer.WithNodeRenderers(util.Prioritized(extension.NewStrikethroughHTMLRenderer(), 500))),
	)
}

// blockElements are what begins a block of raw HTML, as kramdown has it.
func isBlockElement(name string) bool {
	switch name {
	case "p", "div", "table", "ul", "ol", "dl", "blockquote", "figure", "section", "article", "aside", "header", "footer", "nav", "main",
		"h1", "h2", "h3", "h4", "h5", "h6", "pre", "center", "details", "form", "fieldset", "address", "video", "audio", "iframe",
		"script", "style", "object", "svg":
		return true
	}
	return false
}

// separateHTML prepares a body for goldmark. kramdown ends a block of raw HTML
// at its closing tag, CommonMark at the next blank line; so each block is set
// apart by blank lines and has none inside. kramdown's attribute lists
// ({: .class}) go. pure says that there is nothing but raw HTML, which needs no
// Markdown at all: then out is body itself.
func separateHTML(body []byte) (out []byte, pure bool) { return separate(body, 0) }

func separate(body []byte, depth int) (out []byte, pure bool) {
	look := separator{src: body, looking: true, depth: depth}
	look.run()
	if look.pure {
		return body, true
	}
	s := separator{src: body, depth: depth, out: make([]byte, 0, len(body)+len(body)/8)}
	s.run()
	return s.out, false
}

type separator struct {
	src      []byte
	looking  bool // whether there is any Markdown: nothing is copied
	out      []byte
	pure     bool
	depth    int    // of elements with markdown="1" around src
	fence    string // the marker of the open code fence
	attempts int    // searches for a closing tag that failed
}

func (s *separator) run() {
	s.pure = true
	for at := 0; at < len(s.src) && (s.pure || !s.looking); {
		if end := s.element(at); end > at {
			at = end
			continue
		}
		end := lineEnd(s.src, at)
		s.line(s.src[at:end])
		at = end
	}
}

// element copies the element that starts the line at src[at:] and returns where
// it ends, 0 if there is none.
func (s *separator) element(at int) int {
	start := at
	for start < len(s.src) && s.src[start] == ' ' {
		start++
	}
	// Four spaces make a code block.
	if s.fence != "" || start-at > 3 || start >= len(s.src) || s.src[start] != '<' {
		return 0
	}
	end := s.elementEnd(start)
	if end < 0 {
		return 0
	}
	s.raw(s.src[start:end])
	for end < len(s.src) && (s.src[end] == ' ' || s.src[end] == '\t' || s.src[end] == '\r') {
		end++
	}
	if end < len(s.src) && s.src[end] == '\n' {
		end++
	}
	return end
}

// raw copies an element as a block of its own.
func (s *separator) raw(element []byte) {
	const deepest = 8
	if open := bytes.IndexByte(element, '>'); s.depth < deepest && bytes.Contains(element[:max(open, 0)], []byte(`markdown="1"`)) {
		if closing := bytes.LastIndex(element, []byte("</")); closing > open {
			s.pure = false
			if s.looking {
				return
			}
			inner, _ := separate(bytes.TrimSpace(element[open+1:closing]), s.depth+1)
			for _, part := range [][]byte{element[:open+1], inner, element[closing:]} {
				s.out = append(append(s.out, part...), "\n\n"...)
			}
			return
		}
	}
	for len(element) > 0 && !s.looking {
		end := lineEnd(element, 0)
		switch line := element[:end]; {
		case !isBlank(line):
			s.out = append(s.out, line...)
		case bytes.Contains(element, []byte("</pre>")):
			// A blank line of a <pre> counts, but would end the block.
			s.out = append(s.out, "&#32;\n"...)
		}
		element = element[end:]
	}
	s.out = append(s.out, "\n\n"...)
}

// elementEnd finds where the element that starts at src[at] ends, -1 if it is
// no block or is not closed.
func (s *separator) elementEnd(at int) int {
	rest := s.src[at:]
	if bytes.HasPrefix(rest, []byte("<!--")) {
		if end := bytes.Index(rest, []byte("-->")); end > 0 {
			return at + end + len("-->")
		}
		return -1
	}
	name := tagName(rest[1:])
	if !isBlockElement(name) || s.attempts > 64 {
		return -1
	}
	var end int
	if name == "p" {
		end = paragraphEnd(rest)
	} else {
		end = nestedEnd(rest, name)
	}
	if end < 0 {
		s.attempts++
		return -1
	}
	return at + end
}

// tagName returns the lower-case name that b begins with.
func tagName(b []byte) string {
	n := 0
	for n < len(b) && n < 12 && (b[n]|0x20 >= 'a' && b[n]|0x20 <= 'z' || b[n] >= '0' && b[n] <= '9') {
		n++
	}
	if n == len(b) || strings.IndexByte(asciiSpace+"/>", b[n]) < 0 {
		return ""
	}
	return strings.ToLower(string(b[:n]))
}

// paragraphEnd is the end of the <p> that b begins with: its closing tag, or
// the next paragraph if that comes first.
func paragraphEnd(b []byte) int {
	for at := 2; ; {
		next := bytes.IndexByte(b[at:], '<')
		if next < 0 {
			return -1
		}
		at += next + 1
		switch {
		case at < len(b) && b[at] == '/' && tagName(b[at+1:]) == "p":
			end := bytes.IndexByte(b[at:], '>')
			if end < 0 {
				return -1
			}
			return at + end + 1
		case tagName(b[at:]) == "p":
			return at - 1
		}
	}
}

// nestedEnd is the end of the element that b begins with, elements of the same
// name inside it counted.
func nestedEnd(b []byte, name string) int {
	depth := 1
	for at := 1; ; {
		next := bytes.IndexByte(b[at:], '<')
		if next < 0 {
			return -1
		}
		at += next + 1
		switch {
		case at < len(b) && b[at] == '/' && tagName(b[at+1:]) == name:
			depth--
			if depth == 0 {
				end := bytes.IndexByte(b[at:], '>')
				if end < 0 {
					return -1
				}
				return at + end + 1
			}
		case tagName(b[at:]) == name:
			depth++
		}
	}
}

// line copies a line of Markdown.
func (s *separator) line(line []byte) {
	text := bytes.TrimSpace(line)
	if len(text) == 0 {
		s.out = append(s.out, line...)
		return
	}
	s.pure = false
	if s.looking {
		return
	}
	marker := fenceMarker(text)
	switch {
	case s.fence != "":
		if strings.HasPrefix(marker, s.fence) && len(bytes.Trim(text, marker[:1])) == 0 {
			s.fence = ""
		}
	case marker != "":
		s.fence = marker
	case bytes.HasPrefix(text, []byte("{:")) && text[len(text)-1] == '}':
		return // a list of attributes, of a block or for kramdown
	default:
		line = plainMarkdown(line)
	}
	s.out = append(s.out, line...)
}

// fenceMarker is the run of backticks or tildes that opens or closes a code
// block, "" if text does not begin with one.
func fenceMarker(text []byte) string {
	n := 0
	for n < len(text) && text[n] == text[0] {
		n++
	}
	if n < 3 || text[0] != '`' && text[0] != '~' {
		return ""
	}
	return string(text[:n])
}
