package main

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
)

// table is what was measured, a line each.
type table struct{ rows []row }

// row is a line: what was measured, how that relates to something else, and what
// must be reached.
type row struct{ what, measured, ratio, must, verdict string }

func (t *table) add(r row) { t.rows = append(t.rows, r) }

func (r row) cells() []string { return []string{r.what, r.measured, r.ratio, r.must, r.verdict} }

func verdict(reached bool) string {
	if reached {
		return "reached"
	}
	return "missed"
}

func (t *table) String() string {
	rows := [][]string{{"what", "measured", "ratio", "must reach", ""}}
	for _, r := range t.rows {
		rows = append(rows, r.cells())
	}
	widths := make([]int, len(rows[0]))
	for _, row := range rows {
		for i, cell := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	var b strings.Builder
	for i, row := range rows {
		for j, cell := range row {
			fmt.Fprintf(&b, "| %s%s ", cell, strings.Repeat(" ", widths[j]-utf8.RuneCountInString(cell)))
		}
		b.WriteString("|\n")
		if i == 0 {
			for _, width := range widths {
				b.WriteString("|" + strings.Repeat("-", width+2))
			}
			b.WriteString("|\n")
		}
	}
	return b.String()
}

func (u usage) String() string {
	return fmt.Sprintf("%s, %.0f MiB", seconds(u.cpu), float64(u.peak)/(1<<20))
}

func seconds(d time.Duration) string {
	if d < time.Second {
		return fmt.Sprintf("%.1f ms", float64(d)/float64(time.Millisecond))
	}
	return fmt.Sprintf("%.2f s", d.Seconds())
}

func times(a, b time.Duration) float64 { return float64(a) / float64(b) }
