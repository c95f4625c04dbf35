package posts

import (
	"html"
	"regexp"
	"strings"
	"time"
	"unicode"
)

// readTexts sets the plain texts that front matter gives.
func (a *article) readTexts() {
	a.post.Title = oneLine(withoutMarkup(a.front.text("title")))
	if v, ok := a.front.get("title"); ok && v.kind != scalar {
		a.report(Warning, a.front.line("title"), "title: expected a text; the file name serves as title")
	}
	if a.post.Title == "" {
		a.post.Title = firstOf(oneLine(titleize(strings.TrimRight(a.source.name.slug, "."))), a.source.name.date, a.source.path)
	}
	a.post.Summary = firstOf(plainText(a.front.text("excerpt")), plainText(a.front.text("description")))
	a.post.SourceName = a.shared(oneLine(a.front.text("source_name")))
	a.post.SourceURL = strings.TrimSpace(a.front.text("source_url"))
	image, _ := a.front.get("image")
	a.post.Image = strings.TrimSpace(firstOf(a.front.text("image"), image.fields.text("path")))
	a.readGUID()
}

// readGUID takes front matter's guid, which goes out as it is and so must be
// one word.
func (a *article) readGUID() {
	guid := strings.TrimSpace(a.front.text("guid"))
	if strings.ContainsFunc(guid, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }) {
		a.report(Warning, a.front.line("guid"), "guid %q is left out: expected no white space in it", guid)
		return
	}
	if len(guid) < 9 && strings.Trim(guid, "0123456789") == "" && guid != "" {
		a.report(Warning, a.front.line("guid"), "guid %q: expected one that no other site has, such as an address", guid)
	}
	a.post.GUID = guid
}

// readUpdates sets Updated, Correction and Withdrawn.
func (a *article) readUpdates() {
	a.post.Updated = a.post.Date
	if v, ok := a.front.get("correction"); ok && v.truthy() {
		var corrected time.Time
		a.post.Correction, corrected = a.correction(v)
		if !corrected.IsZero() {
			a.post.Updated = corrected
		}
	}
	if v, ok := a.front.get("last_modified_at"); ok && !v.isNull() {
		if at := a.optionalDate(v, "last_modified_at"); !at.IsZero() {
			a.post.Updated = at
		}
	}
	if v, ok := a.front.get("withdrawn"); ok && v.truthy() {
		a.post.Withdrawn = true
		if _, isBool := v.boolean(); !isBool {
			a.report(Warning, a.front.line("withdrawn"), "withdrawn: %q counts as true: expected true or false", v.text)
		}
	}
}

// correction reads a text, a mapping of text and date, or a list of these: all
// texts, and the latest date.
func (a *article) correction(v value) (text string, at time.Time) {
	switch v.kind {
	case scalar:
		return plainText(v.text), time.Time{}
	case mapping:
		if date, ok := v.fields.get("date"); ok {
			at = a.optionalDate(date, "correction")
		}
		return plainText(v.fields.text("text")), at
	}
	var texts []string
	for _, item := range v.items {
		one, when := a.correction(item)
		texts = append(texts, one)
		if when.After(at) {
			at = when
		}
	}
	return strings.TrimSpace(strings.Join(texts, "\n")), at
}

func (a *article) optionalDate(v value, key string) time.Time {
	at, _, err := v.date(a.site.Zone)
	if err != nil {
		a.report(Warning, a.front.line(key), "%s: date %q is left out: %s", key, v.text, dateExpected)
		return time.Time{}
	}
	if at.After(a.now) {
		// Feed validators, and readers that sort by it, take it for a mistake.
		a.report(Warning, a.front.line(key), "%s: date %q is left out: it lies ahead", key, v.text)
		if ns := at.UnixNano(); a.until == 0 || ns < a.until {
			a.until = ns
		}
		return time.Time{}
	}
	return at.In(a.site.Zone)
}

// personNames reads names: a text, a mapping with a name, or a list of these.
func personNames(fs fields, key string) []string {
	v, ok := fs.get(key)
	if !ok {
		return nil
	}
	return namesIn(v)
}

func namesIn(v value) []string {
	switch v.kind {
	case list:
		var names []string
		for _, item := range v.items {
			names = append(names, namesIn(item)...)
		}
		return names
	case mapping:
		return []string{PersonName(v.fields.text("name"))}
	}
	if v.isNull() {
		return nil
	}
	return []string{PersonName(v.text)}
}

var mailbox = regexp.MustCompile(`\s*<([^<>@\s]+@[^<>@\s]+)>`)

// PersonName is a name without the e-mail address behind it, which readers of a
// feed need not know.
func PersonName(s string) string {
	s = oneLine(s)
	return firstOf(oneLine(mailbox.ReplaceAllString(s, "")), strings.Trim(s, "<>"))
}

// oneLine turns control characters, line breaks among them, into spaces.
func oneLine(s string) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, s))
}

var (
	notText = regexp.MustCompile(`(?is)<!--.*?-->|<(script|style)\b.*?</(script|style)\s*>`)
	tags    = regexp.MustCompile(`(?s)</?[A-Za-z][^<>]*>`)
)

// plainText takes markup out of a text and brings its white space down to
// single spaces.
func plainText(s string) string { return strings.Join(strings.Fields(withoutMarkup(s)), " ") }

// withoutMarkup is the text that a page shows of HTML. A "<" that begins no tag
// stays.
func withoutMarkup(s string) string {
	if strings.ContainsRune(s, '<') {
		s = tags.ReplaceAllString(notText.ReplaceAllString(s, ""), "")
	}
	if strings.ContainsRune(s, '&') {
		s = html.UnescapeString(s)
	}
	return s
}
