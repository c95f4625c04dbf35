package posts

import "bytes"

// splitSource cuts a post's file into its front matter, without the delimiter
// lines, and its body. Front matter begins with a line "---" at the very start
// (a byte order mark is dropped) and ends with the next line that is "---" or
// "..."; white space may follow both. Blank lines before the body belong to
// neither. bodyLine is the number of the body's first line, from 1. Without
// complete front matter ok is false and everything is body.
func splitSource(src []byte) (front, body []byte, bodyLine int, ok bool) {
	src = bytes.TrimPrefix(src, []byte("\xef\xbb\xbf"))
	first, rest, found := bytes.Cut(src, []byte("\n"))
	if !found || !isDelimiter(first, "---") {
		return nil, src, 1, false
	}
	for at, line := 0, 2; at < len(rest); line++ {
		end := lineEnd(rest, at)
		if isDelimiter(rest[at:end], "---") || isDelimiter(rest[at:end], "...") {
			body, skipped := skipBlankLines(rest[end:])
			return rest[:at], body, line + 1 + skipped, true
		}
		at = end
	}
	return nil, src, 1, false
}

// lineEnd is the index after the line that starts at from, its "\n" included.
func lineEnd(src []byte, from int) int {
	if i := bytes.IndexByte(src[from:], '\n'); i >= 0 {
		return from + i + 1
	}
	return len(src)
}

func isDelimiter(line []byte, mark string) bool {
	return len(line) >= len(mark) && string(line[:len(mark)]) == mark && isBlank(line[len(mark):])
}

// isBlank says whether a line is white space alone, in the sense of \s.
func isBlank(line []byte) bool {
	for _, c := range line {
		if c != ' ' && (c < '\t' || c > '\r') {
			return false
		}
	}
	return true
}

// skipBlankLines drops leading blank lines and counts them. Indentation of the
// first line that is not blank stays.
func skipBlankLines(src []byte) ([]byte, int) {
	for n := 0; ; n++ {
		end := lineEnd(src, 0)
		if end == 0 || !isBlank(src[:end]) {
			return src, n
		}
		src = src[end:]
	}
}
