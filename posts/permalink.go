package posts

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// styleTemplate expands the name of a permalink style; a template is returned
// as it is.
func styleTemplate(permalink string) string {
	switch permalink {
	case "", "date":
		return "/:categories/:year/:month/:day/:title:output_ext"
	case "pretty":
		return "/:categories/:year/:month/:day/:title/"
	case "ordinal":
		return "/:categories/:year/:y_day/:title:output_ext"
	case "weekdate":
		return "/:categories/:year/W:week/:short_day/:title:output_ext"
	case "none":
		return "/:categories/:title:output_ext"
	}
	return permalink
}

// template is a permalink taken apart: texts and keys in turn, beginning with
// a text.
type template []string

// compileTemplate fails on a key that does not exist. A "_" at the end of a
// key may belong to the text.
func compileTemplate(permalink string) (template, error) {
	var t template
	text := ""
	for permalink != "" {
		at := strings.IndexByte(permalink, ':')
		if at < 0 {
			break
		}
		key := permalink[at+1:]
		key = key[:len(key)-len(strings.TrimLeft(key, "abcdefghijklmnopqrstuvwxyz_"))]
		text += permalink[:at]
		permalink = permalink[at+1+len(key):]
		known := key
		if !isURLKey(known) {
			known = strings.TrimSuffix(key, "_")
		}
		switch {
		case key == "":
			text += ":"
		case isURLKey(known):
			t = append(t, text, known)
			text = key[len(known):]
		default:
			return nil, fmt.Errorf("permalink key :%s does not exist: expected :categories, :year, :month, :day, :title, …", key)
		}
	}
	return append(t, text+permalink), nil
}

// urlParts is what a permalink is filled from.
type urlParts struct {
	date       time.Time
	slug       string
	baseName   string // the file's name without its extension
	path       string // :path
	outputExt  string
	categories []string
}

func isURLKey(key string) bool {
	_, ok := (&urlParts{}).value(key)
	return ok
}

// value is a switch over all keys: its length is theirs.
func (u *urlParts) value(key string) (string, bool) {
	switch key {
	case "title":
		return slugify(u.slug, slugPretty), true
	case "slug":
		return downcase(slugify(u.slug, slugDefault)), true
	case "name":
		return downcase(slugify(u.baseName, slugDefault)), true
	case "categories":
		return joinUnique(u.categories, downcase), true
	case "slugified_categories":
		return joinUnique(u.categories, func(s string) string { return downcase(slugify(s, slugDefault)) }), true
	case "output_ext":
		return u.outputExt, true
	case "path":
		return u.path, true
	case "collection":
		return "posts", true
	case "year":
		return fmt.Sprintf("%04d", u.date.Year()), true
	case "w_year":
		year, _ := u.date.ISOWeek()
		return fmt.Sprintf("%04d", year), true
	case "week":
		_, week := u.date.ISOWeek()
		return fmt.Sprintf("%02d", week), true
	case "w_day":
		return strconv.Itoa((int(u.date.Weekday())+6)%7 + 1), true
	}
	if layout := dateLayout(key); layout != "" {
		return u.date.Format(layout), true
	}
	return "", false
}

func dateLayout(key string) string {
	switch key {
	case "month":
		return "01"
	case "day":
		return "02"
	case "hour":
		return "15"
	case "minute":
		return "04"
	case "second":
		return "05"
	case "i_day":
		return "2"
	case "i_month":
		return "1"
	case "short_month":
		return "Jan"
	case "long_month":
		return "January"
	case "short_year":
		return "06"
	case "short_day":
		return "Mon"
	case "long_day":
		return "Monday"
	case "y_day":
		return "002"
	}
	return ""
}

func joinUnique(names []string, change func(string) string) string {
	if len(names) == 1 {
		return change(names[0])
	}
	changed := make([]string, len(names))
	for i, name := range names {
		changed[i] = change(name)
	}
	return strings.Join(uniqueNames(changed), "/")
}

// fill makes Jekyll's address of the template: each value encoded, the
// template's own text as it stands.
func (t template) fill(u *urlParts) string {
	var b strings.Builder
	b.WriteByte('/')
	for i, s := range t {
		if i%2 == 1 {
			v, _ := u.value(s)
			s = escapePath(v)
		}
		b.WriteString(s)
	}
	return sanitizeURL(b.String())
}

// sanitizeURL squeezes slashes and takes dots out, in Jekyll's order.
func sanitizeURL(s string) string {
	s = strings.ReplaceAll(s, "..", "/")
	s = strings.ReplaceAll(s, "./", "")
	for strings.Contains(s, "//") {
		s = strings.ReplaceAll(s, "//", "/")
	}
	return s
}
