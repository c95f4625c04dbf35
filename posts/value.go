package posts

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// value is a YAML value as it is written. What a plain scalar means is decided
// by the one who reads it, by YAML 1.1's rules, which are Jekyll's (scalar.go).
type value struct {
	kind   valueKind
	plain  bool   // a scalar without quotes
	text   string // of a scalar
	items  []value
	fields fields
}

type valueKind uint8

const (
	scalar valueKind = iota
	list
	mapping
)

// field is one key of a mapping. Line is its line in the file.
type field struct {
	key    string
	value  value
	line   int
	before int // the line that the key is on, too; 0 for none
}

// repeated says that an earlier value of a key does not count, "" if there is none.
func (f *field) repeated() string {
	if f.before == 0 {
		return ""
	}
	return fmt.Sprintf("key %q is on line %d already, which does not count: keep one of them", f.key, f.before)
}

// fields is a mapping in the file's order, without repeated keys.
type fields []field

func (fs fields) get(key string) (value, bool) {
	if i := fs.index(key); i >= 0 {
		return fs[i].value, true
	}
	return value{}, false
}

// text returns the scalar under key as it is written, "" if there is none.
func (fs fields) text(key string) string {
	v, _ := fs.get(key)
	if v.kind != scalar || v.isNull() {
		return ""
	}
	return v.text
}

func (fs fields) line(key string) int {
	if i := fs.index(key); i >= 0 {
		return fs[i].line
	}
	return 0
}

func (fs fields) index(key string) int {
	for i := range fs {
		if fs[i].key == key {
			return i
		}
	}
	return -1
}

// merge lays over on fs as Jekyll does: mappings key by key, a null changes
// nothing that is there, everything else replaces. fs itself stays as it is.
func (fs fields) merge(over fields) fields {
	merged := append(make(fields, 0, len(fs)+len(over)), fs...)
	for _, f := range over {
		i := merged.index(f.key)
		switch {
		case i < 0:
			merged = append(merged, f)
		case f.value.isNull():
		case f.value.kind == mapping && merged[i].value.kind == mapping:
			f.value.fields = merged[i].value.fields.merge(f.value.fields)
			merged[i] = f
		default:
			merged[i] = f
		}
	}
	return merged
}

// maxNodes bounds what aliases can blow a document up to.
const maxNodes = 20_000

// yamlError is what is wrong with a YAML text, and on which line of the file.
type yamlError struct {
	line int
	msg  string
}

func (e *yamlError) Error() string { return e.msg }

// decodeYAML reads a mapping. firstLine is the number of the text's first line
// in its file. An empty text is an empty mapping.
func decodeYAML(text []byte, firstLine int) (fields, error) {
	doc, err := parseYAML(text)
	if err != nil {
		return nil, syntaxError(err, firstLine)
	}
	if len(doc.Content) == 0 {
		return nil, nil
	}
	d := decoder{offset: firstLine - 1}
	v, err := d.value(doc.Content[0])
	switch {
	case err != nil:
		return nil, err
	case v.kind == mapping:
		return v.fields, nil
	case v.isNull():
		return nil, nil
	}
	return nil, &yamlError{firstLine + doc.Content[0].Line - 1, `expected lines of the form "key: value"`}
}

// parseYAML knows the escape \/ that the library does not: PHP writes every slash
// so, and Jekyll reads it.
func parseYAML(text []byte) (doc yaml.Node, err error) {
	const most = 1 << 20            // lines, so that a text is parsed 20 times at most
	for n := 1; n <= most; n *= 2 { // few lines first: elsewhere the two characters mean themselves
		doc = yaml.Node{}
		if err = yaml.Unmarshal(text, &doc); err == nil || !strings.HasSuffix(err.Error(), "found unknown escape character") {
			return doc, err
		}
		next, ok := withoutSlashEscapes(text, lineOf(err), n)
		if !ok {
			return doc, err
		}
		text = next
	}
	return doc, err
}

// withoutSlashEscapes replaces them on the first n lines, from a line on, that
// have any.
func withoutSlashEscapes(text []byte, from, n int) (replaced []byte, ok bool) {
	lines := bytes.SplitAfter(text, []byte("\n"))
	for i := max(from-1, 0); i < len(lines) && n > 0; i++ {
		var b []byte
		for line := lines[i]; len(line) > 0; {
			switch {
			case len(line) < 2 || line[0] != '\\':
				b, line = append(b, line[0]), line[1:]
				continue
			case line[1] != '/':
				b = append(b, line[:2]...)
			default:
				b = append(b, '/')
			}
			line = line[2:]
		}
		if len(b) < len(lines[i]) {
			lines[i], ok = b, true
			n--
		}
	}
	return bytes.Join(lines, nil), ok
}

var lineInError = regexp.MustCompile(`^yaml: (?:line (\d+): )?`)

// syntaxError takes the line out of the YAML library's message, the only place
// where the library gives it.
func syntaxError(err error, firstLine int) error {
	text, line := err.Error(), firstLine
	if n := lineOf(err); n > 0 {
		line += n - 1
	}
	at := lineInError.FindStringIndex(text)
	if at == nil {
		return &yamlError{line, "YAML: " + text}
	}
	return &yamlError{line, "YAML: " + text[at[1]:] + `: expected "key: value", with quotes around a text that holds ": " or begins with a sign`}
}

// lineOf is the line of the text that the YAML library's message names, 0 for none.
func lineOf(err error) int {
	found := lineInError.FindStringSubmatch(err.Error())
	if found == nil {
		return 0
	}
	n, _ := strconv.Atoi(found[1])
	return n
}

// decoder turns nodes into values.
type decoder struct {
	offset int
	nodes  int
}

func (d *decoder) value(n *yaml.Node) (value, error) {
	if d.nodes++; d.nodes > maxNodes {
		return value{}, &yamlError{n.Line + d.offset, "YAML: too many values, or an alias that contains itself"}
	}
	switch n.Kind {
	case yaml.AliasNode:
		return d.value(n.Alias)
	case yaml.SequenceNode:
		items := make([]value, 0, len(n.Content))
		for _, c := range n.Content {
			v, err := d.value(c)
			if err != nil {
				return value{}, err
			}
			items = append(items, v)
		}
		return value{kind: list, items: items}, nil
	case yaml.MappingNode:
		fs, err := d.mapping(n)
		return value{kind: mapping, fields: fs}, err
	}
	const quoted = yaml.DoubleQuotedStyle | yaml.SingleQuotedStyle | yaml.LiteralStyle | yaml.FoldedStyle
	plain := n.Style&quoted == 0 && (n.Style&yaml.TaggedStyle == 0 || n.Tag != "!!str")
	return value{text: n.Value, plain: plain}, nil
}

func (d *decoder) mapping(n *yaml.Node) (fields, error) {
	fs := make(fields, 0, len(n.Content)/2)
	written := make(map[string]int, len(n.Content)/2)
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, line := n.Content[i], n.Content[i].Line+d.offset
		v, err := d.value(n.Content[i+1])
		if err != nil {
			return nil, err
		}
		if key.Kind != yaml.ScalarNode {
			return nil, &yamlError{line, "YAML: expected a word as key"}
		}
		if key.Value == "<<" && key.Style == 0 {
			fs = mergeKey(fs, v)
			continue
		}
		// A key may be there twice: as in Ruby the last one counts.
		fs = fs.set(field{key: key.Value, value: v, line: line, before: written[key.Value]})
		written[key.Value] = line
	}
	return fs, nil
}

func (fs fields) set(f field) fields {
	if i := fs.index(f.key); i >= 0 {
		fs[i] = f
		return fs
	}
	return append(fs, f)
}

// mergeKey carries out YAML 1.1's "<<" as Ruby does: what was written before it
// is replaced, what comes after it replaces.
func mergeKey(fs fields, v value) fields {
	if v.kind == list {
		for i := len(v.items) - 1; i >= 0; i-- {
			fs = mergeKey(fs, v.items[i])
		}
		return fs
	}
	for _, f := range v.fields {
		fs = fs.set(f)
	}
	return fs
}

// yamlLine is the line that a decoding error is on.
func yamlLine(err error) int {
	if e, ok := errors.AsType[*yamlError](err); ok {
		return e.line
	}
	return 0
}
