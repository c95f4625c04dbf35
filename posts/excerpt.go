package posts

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/rivo/uniseg"
	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// excerpt is the summary of a parsed body as an editor would cut it: the first
// paragraphs that tell something, ending where a sentence ends.
func (h House) excerpt(root *html.Node, limit int) string {
	c := &collector{skipNote: h.EditorsNote, want: limit * 8}
	c.walk(root)
	return cutText(strings.Join(tellings(c.paragraphs, limit), ""), limit)
}

// collector gathers the text of paragraphs, no more than an excerpt can need.
type collector struct {
	skipNote   bool
	paragraphs []string
	length     int // bytes gathered
	want       int
}

func (c *collector) walk(n *html.Node) {
	for child := n.FirstChild; child != nil && c.length < c.want; child = child.NextSibling {
		if child.Type != html.ElementNode {
			if n.DataAtom == atom.Div && child.Type == html.TextNode {
				c.add(child.Data)
			}
			continue
		}
		switch child.DataAtom {
		case atom.P, atom.Li, atom.Dd:
			var b strings.Builder
			textOf(&b, child)
			c.add(b.String())
		case atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6, atom.Figcaption, atom.Table, atom.Pre:
		default:
			if treat(child) != discard {
				c.walk(child)
			}
		}
	}
}

func (c *collector) add(text string) {
	text = squeeze(text)
	if text == "" || c.skipNote && isEditorsNote(text) {
		return
	}
	c.paragraphs = append(c.paragraphs, text)
	c.length += len(text)
}

func isEditorsNote(text string) bool {
	return strings.HasPrefix(strings.TrimLeft(text, "【[（(〔 　"), "编者按")
}

// textOf writes the text in n, without ruby's readings and the marks of notes.
func textOf(b *strings.Builder, n *html.Node) {
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		switch {
		case c.Type == html.TextNode:
			b.WriteString(c.Data)
		case c.Type != html.ElementNode || treat(c) == discard || c.DataAtom == atom.Rt || c.DataAtom == atom.Rp:
		case c.DataAtom == atom.Sup && c.FirstChild != nil && c.FirstChild.DataAtom == atom.A:
		case c.DataAtom == atom.Br:
			b.WriteByte('\n')
		default:
			textOf(b, c)
		}
	}
}

// squeeze is text on one line: each run of white space becomes a space, or
// nothing where Chinese is broken over lines.
func squeeze(text string) string {
	text = legible(text)
	var b strings.Builder
	b.Grow(len(text))
	last, space, newline := rune(-1), false, false
	for _, r := range text {
		if unicode.IsSpace(r) || r == '\u200b' {
			space, newline = true, newline || r == '\n'
			continue
		}
		broken := newline && isChinese(last) && isChinese(r)
		if space && last >= 0 && !broken && !isStop(last) {
			b.WriteByte(' ')
		}
		b.WriteRune(r)
		last, space, newline = r, false, false
	}
	return b.String()
}

// tellings picks the paragraphs that an excerpt is made of. Those too short to
// be a sentence are headings, and passed over if anything longer follows.
func tellings(paragraphs []string, limit int) []string {
	picked := make([]string, 0, len(paragraphs))
	length := 0
	for _, p := range paragraphs {
		if isHeading(p) {
			continue
		}
		if last := len(picked) - 1; last >= 0 && needsSpace(picked[last], p) {
			p = " " + p
		}
		picked = append(picked, p)
		if length += utf8.RuneCountInString(p); length > limit*2 {
			break
		}
	}
	if len(picked) == 0 && len(paragraphs) > 0 {
		return paragraphs[:1]
	}
	return picked
}

// isHeading reports a paragraph that is short and no sentence.
func isHeading(p string) bool {
	const longest = 40
	last, _ := utf8.DecodeLastRuneInString(p)
	return utf8.RuneCountInString(p) <= longest && !strings.ContainsRune("。！？…”’」』）!?.", last)
}

// needsSpace reports whether two paragraphs would run together.
func needsSpace(before, after string) bool {
	last, _ := utf8.DecodeLastRuneInString(before)
	first, _ := utf8.DecodeRuneInString(after)
	return !isChinese(last) || !isChinese(first) && !unicode.IsPunct(first)
}

func isStop(r rune) bool { return strings.ContainsRune("。！？；，、：!?", r) }

// cutText shortens text to at most limit grapheme clusters: behind the last
// sentence that fits, else before the last comma, with an ellipsis where it
// stops inside a sentence.
func cutText(text string, limit int) string {
	if len(text) <= limit {
		return text
	}
	c := cutter{text: text, least: limit / 3}
	for rest, state := text, -1; rest != ""; c.count++ {
		var cluster string
		cluster, rest, _, state = uniseg.FirstGraphemeClusterInString(rest, state)
		if c.count == limit {
			return c.cut()
		}
		if c.count == limit-1 {
			c.hard = c.at // the ellipsis takes the last place
		}
		c.step(cluster)
	}
	return text
}

// cutter remembers the places where text may be cut.
type cutter struct {
	text     string
	count    int // clusters passed
	least    int // a cut before this many clusters says too little
	at       int // byte offset
	depth    int // quotes open
	sentence int // behind the last full sentence, outside quotes
	ended    bool
	comma    int
	hard     int
}

func (c *cutter) step(cluster string) {
	switch cluster {
	case "“", "「", "『", "《", "（":
		c.depth++
	case "”", "」", "』", "》", "）":
		c.depth = max(0, c.depth-1)
	}
	switch cluster {
	case "，", "；", "、", "：", ",", ";":
		if c.count >= c.least {
			c.comma = c.at
		}
		c.ended = false
	case "。", "！", "？", "!", "?", "…":
		c.ended = true
	case "”", "」", "』", "）", "’", "）。":
	default:
		c.ended = false
	}
	c.at += len(cluster)
	if c.ended && c.depth == 0 && c.count >= c.least {
		c.sentence = c.at
	}
}

func (c *cutter) cut() string {
	switch {
	case c.sentence > 0:
		return c.text[:c.sentence]
	case c.comma > 0:
		return c.text[:c.comma] + "…"
	}
	return strings.TrimRight(c.text[:c.hard], " ") + "…"
}
