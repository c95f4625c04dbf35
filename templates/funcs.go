package templates

import (
	"strings"

	"github.com/rivo/uniseg"
)

// columns is the width of a mail's text part: 36 Chinese characters.
const columns = 72

// funcs are what templates may call.
func funcs() map[string]any {
	return map[string]any{"add": add, "clip": Clip, "join": join, "last": last, "list": list, "rule": rule}
}

func add(a, b int) int { return a + b }

func list(items ...string) []string { return items }

// join is strings.Join with the separator first, so that a list can be piped.
func join(sep string, items []string) string { return strings.Join(items, sep) }

// rule is a line of c across the text part.
func rule(c string) string { return strings.Repeat(c, columns/uniseg.StringWidth(c)) }

// last says whether i is the last index of a list of n.
func last(i, n int) bool { return i == n-1 }

// layOut wraps the lines of a text part that are too long and lets at most one
// empty line stand in a row. Lines with an address stay whole, so that a
// program recognises it.
func layOut(s string) string {
	var b strings.Builder
	empty := true
	for line := range strings.SplitSeq(strings.TrimSpace(s), "\n") {
		line = strings.TrimRight(line, " \t\r")
		if line == "" && empty {
			continue
		}
		empty = line == ""
		if strings.Contains(line, "://") || uniseg.StringWidth(line) <= columns {
			b.WriteString(line)
		} else {
			wrap(&b, line)
		}
		b.WriteByte('\n')
	}
	return strings.TrimRight(b.String(), "\n") + "\n"
}

// wrap breaks a line where Unicode allows it (UAX #14: no line begins with 。
// or ，), so that no part is wider than a text part. A Chinese character is two
// columns wide. Each part keeps the indent; a word that is too long stays whole.
func wrap(b *strings.Builder, line string) {
	rest := strings.TrimLeft(line, " ")
	indent := line[:len(line)-len(rest)]
	part := indent
	for state := -1; rest != ""; {
		var piece string
		piece, rest, _, state = uniseg.FirstLineSegmentInString(rest, state)
		if part != indent && uniseg.StringWidth(strings.TrimRight(part+piece, " ")) > columns {
			b.WriteString(strings.TrimRight(part, " ") + "\n")
			part = indent
		}
		part += piece
	}
	b.WriteString(part)
}

// Clip cuts s to at most n characters as people count them, the last of them
// an ellipsis if anything was cut.
func Clip(n int, s string) string {
	at, state, rest := 0, -1, s
	keep := 0 // where the ellipsis goes
	for i := 0; rest != ""; i++ {
		if i == n {
			return strings.TrimRight(s[:keep], " ，、；：,;:") + "…"
		}
		if i == n-1 {
			keep = at
		}
		var cluster string
		cluster, rest, _, state = uniseg.FirstGraphemeClusterInString(rest, state)
		at += len(cluster)
	}
	return s
}
