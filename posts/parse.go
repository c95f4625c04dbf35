package posts

import (
	"bytes"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
)

// postParser makes posts of files. It is safe for concurrent use.
type postParser struct {
	site     Site
	house    House
	template template
	defaults []scoped
	ids      speller
}

func newPostParser(site Site, house House) (*postParser, error) {
	t, err := compileTemplate(styleTemplate(site.Permalink))
	if err != nil {
		return nil, err
	}
	p := &postParser{site: site, house: house, template: t, ids: newSpeller(site)}
	above := ""
	if site.CollectionsDir != "" {
		above = site.CollectionsDir + "/"
	}
	for _, d := range site.Defaults {
		p.defaults = append(p.defaults, scoped{Default: d, values: valueOf(d.Values).fields, above: above})
	}
	return p, nil
}

// parsed is what one file came to. post is nil if it is a bad one.
type parsed struct {
	post   *Post
	hidden bool  // published: false
	until  int64 // when to read it again, in nanoseconds, as a date in it has come; 0 for never
	diags  []Diagnostic
}

// article is a post under construction.
type article struct {
	*postParser
	*desk
	source   source
	relative string // path below the collections directory
	front    fields
	post     *Post
	until    int64
	diags    []Diagnostic
}

// parse reads a post. A post that Jekyll would publish as garbage, or that
// would stop its build, is an Error here and nothing else: broken YAML, a date
// that is none, bytes that are not UTF-8, a file that was cut off.
func (p *postParser) parse(s source, src []byte, d *desk) parsed {
	a := &article{postParser: p, desk: d, source: s, relative: s.path, post: &Post{Path: s.path}}
	if dir := p.site.CollectionsDir; dir != "" {
		a.relative = strings.TrimPrefix(s.path, dir+"/")
	}
	body, ok := a.readFront(src)
	if !ok || !a.readDate() || !a.readAddress() {
		return parsed{diags: a.diags}
	}
	a.readLists()
	a.readTexts()
	a.readUpdates()
	a.readBody(src, body)
	a.post.pack()
	return parsed{post: a.post, hidden: !a.published(), until: a.until, diags: a.diags}
}

func (a *article) report(severity Severity, line int, format string, args ...any) {
	a.diags = append(a.diags, Diagnostic{
		Path: a.source.path, Line: line, Severity: severity, Message: fmt.Sprintf(format, args...),
	})
}

// readFront takes front matter and body apart and lays the front matter over
// the defaults.
func (a *article) readFront(src []byte) (body []byte, ok bool) {
	if !utf8.Valid(src) {
		a.report(Error, invalidLine(src), "the bytes are not UTF-8: save the file as UTF-8")
		return nil, false
	}
	front, body, _, ok := splitSource(src)
	if !ok && cutOff(body) {
		a.report(Error, 1, `front matter begins but does not end: expected a line "---" after it`)
		return nil, false
	}
	own, err := a.readYAML(front, 2)
	if err != nil {
		a.report(Error, yamlLine(err), "front matter: %v", err)
		return nil, false
	}
	for i := range own {
		if why := own[i].repeated(); why != "" {
			a.report(Warning, own[i].line, "front matter: %s", why)
		}
	}
	if len(bytes.TrimSpace(body)) == 0 {
		a.report(Warning, 0, "has no text")
	}
	a.front = own
	if len(a.defaults) > 0 {
		a.front = a.withDefaults(own)
	}
	return body, true
}

// withDefaults merges as Jekyll does: categories add up, all else replaces.
func (a *article) withDefaults(own fields) fields {
	defaults := defaultsFor(a.defaults, a.source.path, a.relative)
	merged := defaults.merge(own)
	inherited, both := defaults.get("categories")
	if v, ok := own.get("categories"); both && ok && !v.isNull() {
		sum := value{kind: list}
		for _, name := range append(words(inherited, true), words(v, true)...) {
			sum.items = append(sum.items, value{text: name})
		}
		merged = merged.set(field{key: "categories", value: sum, line: own.line("categories")})
	}
	return merged
}

func invalidLine(src []byte) int {
	line := 1
	for len(src) > 0 {
		r, n := utf8.DecodeRune(src)
		if r == utf8.RuneError && n == 1 {
			break
		}
		if r == '\n' {
			line++
		}
		src = src[n:]
	}
	return line
}

// cutOff tells a file whose front matter lost its end from a text that begins
// with a rule: its first line after "---" is missing or has a key.
func cutOff(src []byte) bool {
	first, rest, _ := bytes.Cut(src, []byte("\n"))
	if !isDelimiter(first, "---") {
		return false
	}
	rest, _ = skipBlankLines(rest)
	if len(rest) == 0 {
		return true
	}
	_, _, isKey := simpleKey(rest[:lineEnd(rest, 0)])
	return isKey
}

// readDate sets Date: front matter's, else the file name's, else, for a draft,
// the file's own.
func (a *article) readDate() bool {
	v, ok := a.front.get("date")
	if !ok {
		return a.readNameDate()
	}
	at, rest, err := v.date(a.site.Zone)
	if err != nil {
		a.report(Error, a.front.line("date"), "date %q: %s", v.text, dateExpected)
		return false
	}
	if rest != "" {
		a.report(Warning, a.front.line("date"), "date %q: %q in it is not understood and left out: %s", v.text, rest, dateExpected)
	}
	a.post.Date = at.In(a.site.Zone)
	return true
}

func (a *article) readNameDate() bool {
	name := a.source.name
	if name.date == "" {
		a.post.Date = time.Unix(0, a.source.stamp.mtime).Truncate(time.Second).In(a.site.Zone)
		return true
	}
	at, err := fileDate(name.date, a.site.Zone)
	if err != nil {
		a.report(Error, 0, "the file name's date %s is none: %s in front matter, or another name", name.date, dateExpected)
		return false
	}
	a.post.Date = at
	return true
}

// readAddress sets Slug, URL and JekyllID.
func (a *article) readAddress() bool {
	base := a.source.path[strings.LastIndexByte(a.source.path, '/')+1:]
	// A part of the path: it costs no memory of its own.
	start := len(base) - len(a.source.name.ext) - len(a.source.name.slug)
	slug := strings.TrimRight(base[start:start+len(a.source.name.slug)], ".")
	if v, ok := a.front.get("slug"); ok && v.truthy() && v.kind == scalar {
		slug = v.str()
	}
	a.post.Slug = slug
	parts := urlParts{
		date:       a.post.Date,
		slug:       slug,
		baseName:   base[:len(base)-len(a.source.name.ext)],
		path:       a.cleanPath(),
		outputExt:  a.outputExt(),
		categories: a.categories(),
	}
	t := a.template
	if own, ok := a.front.get("permalink"); ok && own.truthy() {
		var err error
		if t, err = compileTemplate(own.str()); err != nil {
			a.report(Error, a.front.line("permalink"), "%v", err)
			return false
		}
	}
	url := t.fill(&parts)
	a.post.URL = escapeAddress(url)
	a.post.JekyllID = a.ids.entryID(url, slug)
	return true
}

func (a *article) categories() []string {
	special := "_posts"
	if a.source.draft {
		special = "_drafts"
	}
	return categoriesOf(pathCategories(a.relative, special), a.front)
}

// cleanPath is the permalink key :path.
func (a *article) cleanPath() string {
	p := strings.TrimSuffix(a.relative, a.source.name.ext)
	return strings.TrimRight(strings.Replace(p, "_posts", "", 1), ".")
}

// outputExt is the permalink key :output_ext. An extension that the post's own
// permalink ends with wins.
func (a *article) outputExt() string {
	if own := a.front.text("permalink"); own != "" && !strings.HasSuffix(own, "/") {
		last := strings.TrimLeft(own[strings.LastIndexByte(own, '/')+1:], ".")
		if dot := strings.LastIndexByte(last, '.'); dot > 0 && dot < len(last)-1 {
			return last[dot:]
		}
	}
	if a.site.IsMarkdown(a.source.path) {
		return ".html"
	}
	return a.source.name.ext
}

func (a *article) readLists() {
	a.post.Categories = a.names(a.categories())
	a.post.Tags = a.names(tagsOf(a.front))
	a.post.Authors = a.names(personNames(a.front, "author"))
	if a.post.Authors == nil {
		a.post.Authors = a.names(personNames(a.front, "authors"))
	}
}

// published follows YAML 1.1: published: no hides, and so does an empty one.
func (a *article) published() bool {
	v, ok := a.front.get("published")
	return !ok || v.truthy() || a.site.Unpublished
}

// readBody sets what the body says: bylines and sources give way to front
// matter.
func (a *article) readBody(src, body []byte) {
	f := a.house.Read(body)
	if a.post.Authors == nil {
		a.post.Authors = a.names(f.Authors)
	}
	a.post.SourceName = firstOf(a.post.SourceName, a.shared(f.SourceName))
	a.post.SourceURL = firstOf(a.post.SourceURL, f.SourceURL)
	a.post.Hash, a.post.Body = fingerprint(src), fingerprint(bytes.TrimSpace(f.Text))
	a.post.Size = len(src)
}
