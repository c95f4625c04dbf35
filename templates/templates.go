package templates

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	html "html/template"
	"io"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
	text "text/template"
)

//go:embed */*.html */*.txt
var embedded embed.FS

// DefaultLanguage is spoken to whoever has not chosen another.
const DefaultLanguage = "zh-Hans"

// languages are those that every template exists in.
func languages() []string { return []string{DefaultLanguage, "en"} }

// ErrNoTemplate says that no template has that name and language.
var ErrNoTemplate = errors.New("no such template")

// Set is all templates, parsed. It is safe for concurrent use.
type Set struct {
	files layers
	html  map[key]*html.Template
	text  map[key]*text.Template
	wraps *wrapper
}

// key is a template in a language; name is "mail/digest", without an ending.
// Pages have no language: their view brings its sentences.
type key struct{ name, language string }

// New parses the embedded templates with the files of override in their place
// where it has them; nil for none. A file in override that replaces nothing is
// an error: its name is mistyped.
func New(override fs.FS) (*Set, error) {
	s, err := parse(layers{override, embedded})
	if err != nil {
		return nil, err
	}
	if err := replacesSomething(override); err != nil {
		return nil, err
	}
	return s, errors.Join(s.try(mailSamples()), s.tryPages(override))
}

// Mail is a mail as its templates made it.
type Mail struct {
	Subject string // one line
	HTML    string
	Text    string
}

// Mail renders the mail of that name. Its subject is what the text template
// defines as "subject".
func (s *Set) Mail(name, language string, view any) (Mail, error) {
	k := key{"mail/" + name, language}
	page, plain := s.html[k], s.text[k]
	if page == nil || plain == nil {
		return Mail{}, fmt.Errorf("mail %s in %s: %w", name, language, ErrNoTemplate)
	}
	var subject, hypertext, body strings.Builder
	err := errors.Join(
		plain.ExecuteTemplate(&subject, "subject", view),
		page.Execute(&hypertext, view),
		plain.Execute(&body, view))
	return Mail{oneLine(subject.String()), hypertext.String(), s.wraps.layOut(body.String())}, err
}

// Page writes the page of that name. Nothing is written if the template fails.
func (s *Set) Page(w io.Writer, name string, view any) error {
	page := s.html[key{name: "web/" + name}]
	if page == nil {
		return fmt.Errorf("page %s: %w", name, ErrNoTemplate)
	}
	var b bytes.Buffer
	if err := page.Execute(&b, view); err != nil {
		return err
	}
	_, err := b.WriteTo(w)
	return err
}

// Revision changes whenever a template does.
func (s *Set) Revision() (string, error) {
	h := sha256.New()
	for _, folder := range []string{"mail", "web"} {
		names, err := s.files.list(folder)
		if err != nil {
			return "", err
		}
		for _, name := range names {
			source, err := fs.ReadFile(s.files, folder+"/"+name)
			if err != nil {
				return "", err
			}
			fmt.Fprintf(h, "%s/%s %d\n%s", folder, name, len(source), source)
		}
	}
	return hex.EncodeToString(h.Sum(nil)[:16]), nil
}

// try runs each mail once in each language, so that a field that a replaced
// template misspells is found at start.
func (s *Set) try(samples map[string]any) error {
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(samples)) {
		for _, l := range languages() {
			if _, err := s.Mail(name, l, samples[name]); err != nil {
				errs = append(errs, err)
			}
		}
	}
	return errors.Join(errs...)
}

// tryPages is try for pages. All languages have the same sentences.
func (s *Set) tryPages(override fs.FS) error {
	text, err := ReadMessages(WebFiles(override))
	if err != nil {
		return err
	}
	samples := pageSamples(text[DefaultLanguage])
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(samples)) {
		errs = append(errs, s.Page(io.Discard, name, samples[name]))
	}
	return errors.Join(errs...)
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// parse reads every mail in every language, and every page.
func parse(tree layers) (*Set, error) {
	s := &Set{tree, make(map[key]*html.Template), make(map[key]*text.Template), newWrapper()}
	mails, err := tree.list("mail")
	if err != nil {
		return nil, err
	}
	pages, err := tree.list("web")
	if err != nil {
		return nil, err
	}
	errs := []error{twins(mails), s.parseFolder("web", pages, "")}
	for _, l := range languages() {
		errs = append(errs, s.parseFolder("mail", mails, l))
	}
	return s, errors.Join(errs...)
}

// strict refuses what a view does not have.
const strict = "missingkey=error"

// parseFolder parses one folder's templates in one language.
func (s *Set) parseFolder(folder string, names []string, language string) error {
	var errs []error
	for _, name := range names {
		if name[0] == '_' {
			continue
		}
		ext := path.Ext(name)
		k := key{folder + "/" + strings.TrimSuffix(name, ext), language}
		files := append(shared(names, ext, language), name)
		var err error
		if ext == ".txt" {
			s.text[k], err = parseFiles(text.New("").Funcs(funcs()).Option(strict), s.files, folder, files)
		} else {
			s.html[k], err = parseFiles(html.New("").Funcs(funcs()).Option(strict), s.files, folder, files)
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// shared picks the files of a folder that a template of this kind and language
// is parsed with. HTML templates see the sentences of the text ones.
func shared(names []string, ext, language string) []string {
	var general, spoken []string
	for _, name := range names {
		kind := path.Ext(name)
		if name[0] != '_' || kind != ext && kind != ".txt" {
			continue
		}
		switch l := path.Ext(strings.TrimSuffix(name, kind)); l {
		case "":
			general = append(general, name)
		case "." + language:
			spoken = append(spoken, name)
		}
	}
	return append(general, spoken...)
}

// parsed is *html.Template or *text.Template.
type parsed[T any] interface {
	New(name string) T
	Parse(source string) (T, error)
	Lookup(name string) T
}

// parseFiles parses files of a folder into t, and returns the last one.
func parseFiles[T parsed[T]](t T, tree layers, folder string, files []string) (last T, err error) {
	for _, file := range files {
		source, err := fs.ReadFile(tree, folder+"/"+file)
		if err == nil {
			// Some editors begin a file with a byte order mark.
			_, err = t.New(file).Parse(strings.TrimPrefix(string(source), "\ufeff"))
		}
		if err != nil {
			return last, fmt.Errorf("template %s/%s: %w", folder, file, err)
		}
	}
	return t.Lookup(files[len(files)-1]), nil
}

// twins holds every mail to having both an HTML and a text template.
func twins(names []string) error {
	var errs []error
	for _, name := range names {
		other := strings.TrimSuffix(name, ".html") + ".txt"
		if ext := path.Ext(name); ext == ".txt" {
			other = strings.TrimSuffix(name, ext) + ".html"
		}
		if name[0] != '_' && !slices.Contains(names, other) {
			errs = append(errs, fmt.Errorf("template mail/%s: its twin mail/%s is missing", name, other))
		}
	}
	return errors.Join(errs...)
}
