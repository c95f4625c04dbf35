package config

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

const preamble = `The configuration of enshi, with every key and its default. A key that is
left out has it too: a file needs only what is different.

Times have a unit: 90s, 10m, 2h, 7d. Sizes too: 500kB, 1MB. Names of files
start from the directory of this file. "enshi config check" reads a file and
says what is wrong with it. Secrets stand in files of their own, or in the
environment:

  ENSHI_SMTP_PASSWORD      relays' password, over mail.smtp_password_file
  ENSHI_SMTP               relays, separated by spaces, over mail.smtp
  ENSHI_STORE              store, over store
  ENSHI_SENTINEL_PASSWORD  Sentinels' password, over sentinel_password_file`

// Describe writes the defaults as an annotated file, which Parse reads.
func Describe(w io.Writer) error {
	out := bufio.NewWriter(w)
	for line := range strings.SplitSeq(preamble, "\n") {
		fmt.Fprintln(out, strings.TrimRight("# "+line, " "))
	}
	c := Default()
	describe(out, reflect.ValueOf(&c).Elem(), "")
	return out.Flush()
}

func describe(out *bufio.Writer, v reflect.Value, indent string) {
	first := indent != "" // no blank line between a section and its first key
	for i := range v.NumField() {
		field := v.Type().Field(i)
		name := field.Tag.Get("yaml")
		if name == "" || name == "-" {
			continue
		}
		if !first {
			fmt.Fprintln(out)
		}
		first = false
		doc := field.Tag.Get("doc")
		if variable := field.Tag.Get("env"); variable != "" {
			doc += " Environment: " + variable + "."
		}
		comment(out, doc, indent+"#")
		if field.Type.Kind() == reflect.Map {
			describeEach(out, field.Type.Elem(), indent)
			if v.Field(i).Len() > 0 {
				fmt.Fprintf(out, "%s%s:\n", indent, name)
				describeMap(out, v.Field(i), indent+"  ")
				continue
			}
		}
		if isSection(field.Type) {
			fmt.Fprintf(out, "%s%s:\n", indent, name)
			describe(out, v.Field(i), indent+"  ")
			continue
		}
		fmt.Fprintf(out, "%s%s: %s\n", indent, name, format(v.Field(i)))
	}
}

// describeEach says what the sections of a map may hold.
func describeEach(out *bufio.Writer, section reflect.Type, indent string) {
	for i := range section.NumField() {
		tag := section.Field(i).Tag
		comment(out, tag.Get("yaml")+": "+tag.Get("doc"), indent+"#  ")
	}
}

// describeMap writes the sections of a map by name, what stands for all others
// last. A section's note is a comment above it.
func describeMap(out *bufio.Writer, all reflect.Value, indent string) {
	var names []string
	for key := range all.Seq() {
		names = append(names, key.String())
	}
	slices.SortFunc(names, func(a, b string) int {
		last := map[string]int{OtherProviders: 1}
		return cmp.Or(cmp.Compare(last[a], last[b]), cmp.Compare(a, b))
	})
	for i, name := range names {
		section := all.MapIndex(reflect.ValueOf(name))
		if i > 0 {
			fmt.Fprintln(out)
		}
		if note := section.FieldByName("Note"); note.IsValid() {
			comment(out, note.String(), indent+"#")
		}
		fmt.Fprintf(out, "%s%s:\n", indent, quote(name))
		for j := range section.NumField() {
			if key := section.Type().Field(j).Tag.Get("yaml"); key != "note" {
				flow(out, indent+"  "+key+": "+format(section.Field(j)), indent+"    ")
			}
		}
	}
}

// flow writes a line, broken between the values of a list where it is too long.
func flow(out *bufio.Writer, line, indent string) {
	for columns(line) > width {
		cut := strings.LastIndex(line[:width], ", ")
		if cut < 0 {
			break
		}
		fmt.Fprintln(out, line[:cut+1])
		line = indent + line[cut+2:]
	}
	fmt.Fprintln(out, line)
}

// width is how many columns a line has at most.
const width = 78

// comment writes text in lines that begin with start.
func comment(out *bufio.Writer, text, start string) {
	line := start
	for word := range strings.FieldsSeq(text) {
		if columns(line)+1+columns(word) > width && line != start {
			fmt.Fprintln(out, line)
			line = start
		}
		line += " " + word
	}
	fmt.Fprintln(out, line)
}

// columns counts Chinese characters twice, as terminals do.
func columns(s string) int {
	n := 0
	for _, r := range s {
		n++
		if utf8.RuneLen(r) == 3 {
			n++
		}
	}
	return n
}

// format writes a value as YAML.
func format(v reflect.Value) string {
	switch v.Kind() {
	case reflect.Map:
		return "{}" // the defaults say nothing of any one
	case reflect.Slice:
		items := make([]string, v.Len())
		for i := range items {
			items[i] = format(v.Index(i))
		}
		return "[" + strings.Join(items, ", ") + "]"
	}
	switch x := v.Interface().(type) {
	case time.Duration:
		return formatDuration(x)
	case time.Weekday:
		return strings.ToLower(x.String())
	case Clock:
		return fmt.Sprintf("%q", x) // 07:30 without quotation marks is a number to some readers
	case string:
		return quote(x)
	case Retry:
		return quote(x.String())
	case URL:
		return quote(x.String())
	}
	return fmt.Sprint(v.Interface())
}

func quote(s string) string {
	if strings.HasPrefix(s, ":") {
		return fmt.Sprintf("%q", s) // a list in brackets would have it begin a pair
	}
	text, err := yaml.Marshal(s)
	if err != nil {
		panic("unreachable: a string marshals")
	}
	return strings.TrimSuffix(string(text), "\n")
}
