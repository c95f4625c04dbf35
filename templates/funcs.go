package templates

import (
	html "html/template"
	"strings"
	"unicode/utf8"

	"github.com/rivo/uniseg"
)

// funcs are what templates may call.
func funcs() map[string]any {
	return map[string]any{
		"add": add, "clip": Clip, "join": join, "last": last, "list": list, "rule": rule,
		"outlookColumn": outlookColumn, "endOutlookColumn": endOutlookColumn,
	}
}

func add(a, b int) int { return a + b }

func list(items ...string) []string { return items }

// join is strings.Join with the separator first, so that a list can be piped.
func join(sep string, items []string) string { return strings.Join(items, sep) }

// rule is a line of c across the text part.
func rule(c string) string { return strings.Repeat(c, columns/uniseg.StringWidth(c)) }

// outlookColumn begins a table of the mail's width that Outlook for Windows alone
// reads: it lays mails out with Word, which knows no max-width. Comments that a
// template has itself are dropped.
func outlookColumn() html.HTML {
	return `<!--[if mso]><table role="presentation" width="600" align="center" cellpadding="0" cellspacing="0" border="0"><tr><td><![endif]-->`
}

func endOutlookColumn() html.HTML { return `<!--[if mso]></td></tr></table><![endif]-->` }

// last says whether i is the last index of a list of n.
func last(i, n int) bool { return i == n-1 }

// Clip cuts s to at most n characters as people count them, the last of them
// an ellipsis if anything was cut.
func Clip(n int, s string) string {
	if utf8.RuneCountInString(s) <= n {
		return s // what people count is never more
	}
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
