package templates

import (
	"strings"
	"sync"

	"github.com/rivo/uniseg"
)

// columns is the width of a mail's text part: 36 Chinese characters.
const columns = 72

// maxWrapped bounds how many long lines are remembered.
const maxWrapped = 4096

// wrapper lays text parts out. It remembers how it wrapped a long line, because
// the letters of an edition have most of theirs in common and Unicode's rules
// take their time. It is safe for concurrent use.
type wrapper struct {
	mu    sync.Mutex
	lines map[string]string
}

func newWrapper() *wrapper { return &wrapper{lines: make(map[string]string)} }

// layOut wraps the lines of a text part that are too long and lets at most one
// empty line stand in a row. Lines with an address stay whole, so that a
// program recognises it.
func (w *wrapper) layOut(s string) string {
	var b strings.Builder
	empty := true
	for line := range strings.SplitSeq(strings.TrimSpace(s), "\n") {
		line = strings.TrimRight(line, " \t\r")
		if line == "" && empty {
			continue
		}
		empty = line == ""
		// No byte takes more than a column.
		if len(line) <= columns || strings.Contains(line, "://") {
			b.WriteString(line)
		} else {
			b.WriteString(w.wrap(line))
		}
		b.WriteByte('\n')
	}
	return strings.TrimRight(b.String(), "\n") + "\n"
}

func (w *wrapper) wrap(line string) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	wrapped, ok := w.lines[line]
	if !ok {
		if len(w.lines) >= maxWrapped {
			clear(w.lines)
		}
		wrapped = wrap(line)
		w.lines[strings.Clone(line)] = wrapped
	}
	return wrapped
}

// wrap breaks a line where Unicode allows it (UAX #14: no line begins with 。
// or ，), so that no part is wider than a text part. A Chinese character is two
// columns wide. Each part keeps the indent; a word that is too long stays whole.
func wrap(line string) string {
	var b strings.Builder
	rest := strings.TrimLeft(line, " ")
	indent := line[:len(line)-len(rest)]
	part, width := indent, len(indent)
	for state := -1; rest != ""; {
		var piece string
		piece, rest, _, state = uniseg.FirstLineSegmentInString(rest, state)
		word := strings.TrimRight(piece, " ")
		wide := uniseg.StringWidth(word)
		if part != indent && width+wide > columns {
			b.WriteString(strings.TrimRight(part, " ") + "\n")
			part, width = indent, len(indent)
		}
		part += piece
		width += wide + len(piece) - len(word)
	}
	b.WriteString(part)
	return b.String()
}
