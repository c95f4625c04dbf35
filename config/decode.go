package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// origin remembers where values were read, for problems found later.
type origin struct {
	name  string
	lines map[string]int // by dotted key
}

// problem names the key, and where the file says it if it does.
func (o origin) problem(key, format string, args ...any) error {
	err := fmt.Errorf(format, args...)
	if key != "" {
		err = fmt.Errorf("%s: %w", key, err)
	}
	if line := o.lines[key]; line > 0 {
		return fmt.Errorf("%s:%d: %w", o.name, line, err)
	}
	return err
}

// decoder reads a YAML tree into a struct and gathers what is wrong.
type decoder struct {
	origin   origin
	problems []error
}

func (d *decoder) report(n *yaml.Node, key, format string, args ...any) {
	d.origin.lines[key] = n.Line
	d.problems = append(d.problems, d.origin.problem(key, format, args...))
}

// decode reads data over what c holds.
func (d *decoder) decode(data []byte, c *Config) {
	d.read(data, c)
	c.origin = d.origin
}

// read reads data over what to points at.
func (d *decoder) read(data []byte, to any) {
	d.origin.lines = make(map[string]int)
	stream := yaml.NewDecoder(bytes.NewReader(data))
	var document yaml.Node
	switch err := stream.Decode(&document); {
	case errors.Is(err, io.EOF):
		return
	case err != nil:
		d.problems = append(d.problems, fmt.Errorf("%s: %w", d.origin.name, err))
		return
	}
	if err := stream.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		d.problems = append(d.problems, fmt.Errorf("%s: expected one document, found another after ---", d.origin.name))
	}
	d.value(document.Content[0], reflect.ValueOf(to).Elem(), "")
}

// mapping reads n into the struct v, whose own key is prefix.
func (d *decoder) mapping(n *yaml.Node, v reflect.Value, prefix string) {
	n = target(n)
	if isNull(n) {
		return
	}
	if n.Kind != yaml.MappingNode {
		d.report(n, prefix, "expected keys and values")
		return
	}
	fields := fieldsOf(v.Type())
	seen := make(map[string]int)
	for i := 0; i+1 < len(n.Content); i += 2 {
		name, value := n.Content[i], n.Content[i+1]
		key := join(prefix, name.Value)
		if first, again := seen[name.Value]; again {
			d.report(name, key, "stands there twice, first in line %d", first)
			continue
		}
		seen[name.Value] = name.Line
		index, known := fields[name.Value]
		if !known {
			d.report(name, key, "unknown key%s", suggest(name.Value, fields))
			continue
		}
		d.origin.lines[key] = name.Line
		d.value(value, v.Field(index), key)
	}
}

func (d *decoder) value(n *yaml.Node, v reflect.Value, key string) {
	n = target(n)
	switch {
	case isNull(n): // "key:" with everything below it commented out
	case isSection(v.Type()):
		d.mapping(n, v, key)
	case v.Kind() == reflect.Slice:
		d.list(n, v, key)
	case v.Kind() == reflect.Map:
		d.sections(n, v, key)
	case n.Kind != yaml.ScalarNode:
		d.report(n, key, "expected one value")
	default:
		if err := setScalar(v, n.Value); err != nil {
			d.report(n, key, "%w", err)
		}
	}
}

// sections reads a mapping of names to sections, each over the one that is there
// under that name.
func (d *decoder) sections(n *yaml.Node, v reflect.Value, prefix string) {
	if n.Kind != yaml.MappingNode {
		d.report(n, prefix, "expected keys and values")
		return
	}
	all := reflect.MakeMap(v.Type())
	for old := range v.Seq() {
		all.SetMapIndex(old, v.MapIndex(old))
	}
	seen := make(map[string]int)
	for i := 0; i+1 < len(n.Content); i += 2 {
		name, value := n.Content[i], n.Content[i+1]
		text := topicKey(name.Value)
		key := join(prefix, text)
		if first, again := seen[text]; again {
			d.report(name, key, "stands there twice, first in line %d", first)
			continue
		}
		seen[text] = name.Line
		d.origin.lines[key] = name.Line
		section := reflect.New(v.Type().Elem()).Elem()
		if old := v.MapIndex(reflect.ValueOf(text)); old.IsValid() {
			section.Set(old)
		}
		d.mapping(value, section, key)
		all.SetMapIndex(reflect.ValueOf(text), section)
	}
	v.Set(all)
}

// list reads a sequence, or one value that stands for a list of it.
func (d *decoder) list(n *yaml.Node, v reflect.Value, key string) {
	items := []*yaml.Node{n}
	if n.Kind == yaml.SequenceNode {
		items = n.Content
	}
	list := reflect.MakeSlice(v.Type(), 0, len(items))
	for _, item := range items {
		item = target(item)
		if item.Kind != yaml.ScalarNode {
			d.report(item, key, "expected a list of values")
			return
		}
		element := reflect.New(v.Type().Elem()).Elem()
		if err := setScalar(element, item.Value); err != nil {
			d.report(item, key, "%w", err)
			return
		}
		list = reflect.Append(list, element)
	}
	v.Set(list)
}

// setScalar reads the text as it stands in the file, so that title: 2022 and
// at: 07:30 mean what they look like.
func setScalar(v reflect.Value, text string) error {
	switch p := v.Addr().Interface().(type) {
	case *string:
		*p = text
		return nil
	case *int:
		n, err := strconv.Atoi(text)
		if err != nil {
			return errors.New("expected a whole number")
		}
		*p = n
		return nil
	case *bool:
		return set(p, parseBool, text)
	case **bool:
		*p = new(bool)
		return set(*p, parseBool, text)
	case *time.Duration:
		return set(p, parseDuration, text)
	case *time.Weekday:
		return set(p, parseWeekday, text)
	case *Size:
		return set(p, parseSize, text)
	case *Clock:
		return set(p, parseClock, text)
	case *Retry:
		return set(p, parseRetry, text)
	case *URL:
		*p = NewURL(text)
		return nil
	}
	panic("unreachable: config has no values of type " + v.Type().String())
}

func set[T any](p *T, parse func(string) (T, error), text string) error {
	value, err := parse(text)
	if err == nil {
		*p = value
	}
	return err
}

// target follows an alias to what it stands for.
func target(n *yaml.Node) *yaml.Node {
	if n.Kind == yaml.AliasNode {
		return n.Alias
	}
	return n
}

func isNull(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && n.ShortTag() == "!!null" }

// isSection says whether a field holds keys of its own.
func isSection(t reflect.Type) bool {
	return t.Kind() == reflect.Struct && t.NumField() > 0 && t.Field(0).Tag.Get("yaml") != ""
}

// fieldsOf maps the keys of a struct to its fields.
func fieldsOf(t reflect.Type) map[string]int {
	fields := make(map[string]int)
	for i := range t.NumField() {
		if name := t.Field(i).Tag.Get("yaml"); name != "" && name != "-" {
			fields[name] = i
		}
	}
	return fields
}

func join(prefix, name string) string { return strings.TrimPrefix(prefix+"."+name, ".") }
