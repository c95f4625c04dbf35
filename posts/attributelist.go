package posts

import (
	"bytes"
	"strings"
)

// dropAttributes takes kramdown's attribute lists off what they stand behind in
// a line, but for those that are code.
func dropAttributes(line []byte) []byte {
	out := make([]byte, 0, len(line))
	last, brace := lastTicks(line), bytes.LastIndexByte(line, '}')
	for at := 0; at < len(line); {
		end := at + 1
		switch {
		case line[at] == '`':
			end = codeEnd(line, at, last)
		case at > 0 && at < brace && bytes.HasPrefix(line[at:], []byte("{:")) && strings.IndexByte(")]*_`>~", line[at-1]) >= 0:
			at += bytes.IndexByte(line[at:], '}') + 1
			continue
		}
		out, at = append(out, line[at:end]...), end
	}
	return out
}

// ticks is where the run of backticks at line[at] ends.
func ticks(line []byte, at int) int {
	for at < len(line) && line[at] == '`' {
		at++
	}
	return at
}

// lastTicks is where the last run of backticks of each length starts.
func lastTicks(line []byte) map[int]int {
	last := map[int]int{}
	for at := 0; at < len(line); at++ {
		if line[at] == '`' {
			end := ticks(line, at)
			last[end-at] = at
			at = end
		}
	}
	return last
}

// codeEnd is where the code that starts with the backticks at line[at] ends, or
// where these end if no others of their number follow (CommonMark §6.1).
func codeEnd(line []byte, at int, last map[int]int) int {
	open := ticks(line, at)
	if last[open-at] <= at {
		return open
	}
	for next := open; ; next++ {
		if line[next] == '`' {
			end := ticks(line, next)
			if end-next == open-at {
				return end
			}
			next = end
		}
	}
}
