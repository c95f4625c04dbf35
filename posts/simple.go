package posts

import (
	"bytes"
	"unicode/utf8"
)

// simpleYAML reads front matter that is nothing but "key: value" lines, lists
// of plain words included, which is what nearly every post has, far faster than
// the YAML library. It refuses (ok false) whatever YAML might see otherwise; a
// test holds it to the library's result.
func (d *desk) simpleYAML(text []byte, firstLine int) (fs fields, ok bool) {
	if !printable(text) {
		return nil, false
	}
	fs = d.fields[:0]
	for at, line := 0, firstLine; at < len(text); line++ {
		end := lineEnd(text, at)
		name, rest, ok := simpleKey(text[at:end])
		if !ok {
			return nil, false
		}
		key := d.word(name)
		if fs.index(key) >= 0 {
			return nil, false
		}
		at = end
		f := field{key: key, line: line}
		if len(rest) == 0 {
			var lines int
			f.value, lines, end = simpleBlock(text, at)
			at, line = end, line+lines
		} else if f.value, ok = simpleValue(rest); !ok {
			return nil, false
		}
		fs = append(fs, f)
	}
	d.fields = fs
	return fs, true
}

// printable refuses what YAML calls unprintable or a line break, carriage
// returns at the end of a line apart.
func printable(text []byte) bool {
	for i := 0; i < len(text); {
		c := text[i]
		if c < utf8.RuneSelf {
			if (c < ' ' || c == 0x7f) && c != '\n' && !(c == '\r' && i+1 < len(text) && text[i+1] == '\n') {
				return false
			}
			i++
			continue
		}
		r, n := utf8.DecodeRune(text[i:])
		switch {
		case r == utf8.RuneError, r < 0xa0, r == 0x2028, r == 0x2029, r == 0xfeff, r > 0xfffd && r < 0x10000:
			return false
		}
		i += n
	}
	return true
}

// simpleKey cuts a line into a key and what follows it, spaces trimmed.
func simpleKey(line []byte) (key, rest []byte, ok bool) {
	at := bytes.IndexByte(line, ':')
	if at <= 0 || !isLetter(line[0]) {
		return nil, nil, false
	}
	for _, c := range line[:at] {
		if !isLetter(c) && (c < '0' || c > '9') && c != '_' && c != '-' {
			return nil, nil, false
		}
	}
	rest = bytes.TrimRight(line[at+1:], "\r\n")
	if len(rest) > 0 && rest[0] != ' ' {
		return nil, nil, false
	}
	return line[:at], bytes.Trim(rest, " "), true
}

func isLetter(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }

// simpleValue reads what stands behind a key on its line.
func simpleValue(text []byte) (value, bool) {
	if text[0] == '[' && text[len(text)-1] == ']' {
		return simpleFlow(text[1 : len(text)-1])
	}
	if quote := text[0]; quote == '"' || quote == '\'' {
		inner := text[1:]
		end := bytes.IndexByte(inner, quote)
		if end < 0 || end != len(inner)-1 || quote == '"' && bytes.IndexByte(inner, '\\') >= 0 {
			return value{}, false
		}
		return value{text: string(inner[:end])}, true
	}
	if !isPlain(text) {
		return value{}, false
	}
	return value{text: string(text), plain: true}, true
}

// isPlain says whether text is a plain scalar beyond doubt.
func isPlain(text []byte) bool {
	if c := text[0]; c < utf8.RuneSelf && !isLetter(c) && (c < '0' || c > '9') && c != '/' {
		return false
	}
	return text[len(text)-1] != ':' && !bytes.Contains(text, []byte(": ")) && !bytes.Contains(text, []byte(" #"))
}

// simpleFlow reads [a, b, c] without quotes or nesting.
func simpleFlow(inner []byte) (value, bool) {
	if bytes.ContainsAny(inner, "[]{}:#\"'&*!|>%@`?\\") {
		return value{}, false
	}
	v := value{kind: list}
	for part := range bytes.SplitSeq(inner, []byte(",")) {
		part = bytes.Trim(part, " ")
		if len(part) == 0 || !isPlain(part) {
			return value{}, false
		}
		v.items = append(v.items, value{text: string(part), plain: true})
	}
	return v, true
}

// simpleBlock reads the "- item" lines after a key that stands alone: a null if
// there are none. What it leaves unread is for the caller to refuse.
func simpleBlock(text []byte, at int) (v value, lines, next int) {
	indent := -1
	for at < len(text) {
		end := lineEnd(text, at)
		line := bytes.TrimRight(text[at:end], "\r\n")
		item := bytes.TrimLeft(line, " ")
		depth := len(line) - len(item)
		if len(item) < 3 || item[0] != '-' || item[1] != ' ' || indent >= 0 && depth != indent {
			break
		}
		if item = bytes.Trim(item[2:], " "); len(item) == 0 || item[0] == '[' {
			break
		}
		parsed, ok := simpleValue(item)
		if !ok {
			break
		}
		v.kind, indent = list, depth
		v.items = append(v.items, parsed)
		at, lines = end, lines+1
	}
	if v.kind == scalar {
		v.plain = true
	}
	return v, lines, at
}

// readYAML reads front matter, quickly if it is simple. The result is valid until
// the next one.
func (d *desk) readYAML(text []byte, firstLine int) (fields, error) {
	if fs, ok := d.simpleYAML(text, firstLine); ok {
		return fs, nil
	}
	return decodeYAML(text, firstLine)
}
