package config

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
)

// Parse reads a file's bytes over the defaults and checks them. name stands in
// front of problems, which are all reported together (errors.Join). It reads
// neither the environment nor files.
func Parse(name string, data []byte) (Config, error) {
	c, problems := parse(name, data)
	return c, errors.Join(append(problems, c.Validate())...)
}

// Load reads the file, the environment variables over it, and the files with
// secrets that it names; relative names in it start from its directory. Path ""
// means that there is no file.
func Load(path string) (Config, error) {
	c, problems := Default(), []error(nil)
	if path != "" {
		data, err := os.ReadFile(path)
		if err != nil {
			return c, fmt.Errorf("configuration: %w", err)
		}
		c, problems = parse(path, data)
		resolve(reflect.ValueOf(&c).Elem(), filepath.Dir(path))
	}
	problems = append(problems, c.overlay(reflect.ValueOf(&c).Elem(), "")...)
	return c, errors.Join(append(problems, c.Validate())...)
}

func parse(name string, data []byte) (Config, []error) {
	c := Default()
	d := decoder{origin: origin{name: name}}
	d.decode(data, &c)
	return c, d.problems
}

// resolve lets relative paths start from dir.
func resolve(v reflect.Value, dir string) {
	for i := range v.NumField() {
		field, value := v.Type().Field(i), v.Field(i)
		if isSection(field.Type) {
			resolve(value, dir)
			continue
		}
		if field.Tag.Get("path") == "" {
			continue
		}
		switch p := value.Addr().Interface().(type) {
		case *string:
			*p = below(dir, *p)
		case *URL:
			if file, ok := strings.CutPrefix(p.Reveal(), "sqlite:"); ok {
				*p = NewURL("sqlite:" + below(dir, file))
			}
		}
	}
}

func below(dir, name string) string {
	if name == "" || filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(dir, name)
}

// overlay puts the environment and the files with secrets over the fields of v,
// whose own key is prefix.
func (c *Config) overlay(v reflect.Value, prefix string) []error {
	var problems []error
	for i := range v.NumField() {
		field, value := v.Type().Field(i), v.Field(i)
		key := join(prefix, field.Tag.Get("yaml"))
		variable := field.Tag.Get("env")
		switch {
		case isSection(field.Type):
			problems = append(problems, c.overlay(value, key)...)
			continue
		case variable == "":
			continue
		}
		text := os.Getenv(variable)
		switch p := value.Addr().Interface().(type) {
		case *URL:
			if text != "" {
				*p = NewURL(text)
				delete(c.origin.lines, key)
			}
		case *[]URL:
			if text != "" {
				*p = nil
				for one := range strings.FieldsSeq(text) {
					*p = append(*p, NewURL(one))
				}
				delete(c.origin.lines, key)
			}
		case *Secret:
			file := field.Tag.Get("secret")
			secret, err := readSecret(text, v.Field(fieldsOf(v.Type())[file]).String())
			if err != nil {
				problems = append(problems, c.origin.problem(join(prefix, file), "%w", err))
			}
			*p = secret
		}
	}
	return problems
}

// readSecret is the text from the environment, else the file's first line.
func readSecret(text, file string) (Secret, error) {
	if text != "" || file == "" {
		return NewSecret(text), nil
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return Secret{}, err
	}
	line := strings.TrimRight(string(data), "\r\n")
	if line == "" || strings.ContainsAny(line, "\r\n") {
		return Secret{}, fmt.Errorf("%s: expected one line", file)
	}
	return NewSecret(line), nil
}
