package posts

import (
	"bytes"
	"strings"
)

// plainMarkdown makes of a line of kramdown's what goldmark knows.
func plainMarkdown(line []byte) []byte {
	if bytes.Contains(line, []byte("{:")) {
		line = dropAttributes(line)
	}
	isCode := line[0] == '\t' || bytes.HasPrefix(line, []byte("    "))
	if !isCode && bytes.Contains(line, []byte("](")) {
		line = encodeSpaces(line)
	}
	return line
}

// encodeSpaces encodes those in the addresses of a line's links and images, which
// CommonMark takes for the address's end.
func encodeSpaces(line []byte) []byte {
	out := make([]byte, 0, len(line)+8)
	last := lastTicks(line)
	for at := 0; at < len(line); {
		end := at + 1
		switch {
		case line[at] == '`':
			end = codeEnd(line, at, last)
		case bytes.HasPrefix(line[at:], []byte("](")):
			end += 1 + addressEnd(line[at+2:])
			out, at = append(out, bytes.ReplaceAll(line[at:end], []byte(" "), []byte("%20"))...), end
			continue
		}
		out, at = append(out, line[at:end]...), end
	}
	return out
}

// addressEnd is the length of the address that a link has behind its parenthesis:
// up to the closing one or the title, as in kramdown. 0 if it needs no change.
func addressEnd(b []byte) int {
	if len(b) == 0 || b[0] == ' ' || b[0] == '<' {
		return 0
	}
	depth := 0
	for i, c := range b {
		switch {
		case c == '(':
			depth++
		case c == ')' && depth == 0, c == ' ' && i+1 < len(b) && (b[i+1] == '"' || b[i+1] == '\''):
			return len(bytes.TrimRight(b[:i], " "))
		case c == ')':
			depth--
		}
	}
	return 0
}

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
