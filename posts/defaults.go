package posts

import (
	"path"
	"strings"
	"unicode/utf8"
)

// defaultsOf reads _config.yml's defaults. An entry without values is none.
func defaultsOf(config fields) []Default {
	v, _ := config.get("defaults")
	var defaults []Default
	for _, item := range v.items {
		values, _ := item.fields.get("values")
		if values.kind != mapping {
			continue
		}
		scope, _ := item.fields.get("scope")
		d := Default{Path: scope.fields.text("path"), Type: scope.fields.text("type")}
		if d.Type == "post" || d.Type == "page" || d.Type == "draft" {
			d.Type += "s"
		}
		d.Values, _ = values.plainGo().(map[string]any)
		defaults = append(defaults, d)
	}
	return defaults
}

// scoped is a Default with its values ready to be merged.
type scoped struct {
	Default
	values fields
	above  string // the collections directory with its slash, "" for none
}

// defaultsFor merges the defaults of a post, given its path and that below the
// collections directory: the longer path wins, then the one with a type, then
// the later.
func defaultsFor(sets []scoped, file, relative string) fields {
	var merged fields
	var strongest *scoped
	for i := range sets {
		set := &sets[i]
		if !set.applies(file, relative) {
			continue
		}
		if strongest == nil || set.precedes(strongest) {
			merged, strongest = merged.merge(set.values), set
		} else {
			merged = set.values.merge(merged)
		}
	}
	return merged
}

func (s *scoped) applies(file, relative string) bool {
	switch {
	case s.Type != "" && s.Type != "posts": // a draft's type is posts too
		return false
	case strings.Contains(s.Path, "*"):
		return globAbove(s.Path, file, relative)
	}
	return strings.HasPrefix(relative, strings.TrimPrefix(s.Path, s.above))
}

func (s *scoped) precedes(old *scoped) bool {
	a, b := scopeLength(s.Path), scopeLength(old.Path)
	if a != b {
		return a > b
	}
	return s.Type != "" || old.Type == ""
}

func scopeLength(p string) int {
	if strings.HasPrefix(p, "/") {
		p = strings.Trim(p, "/")
	}
	return utf8.RuneCountInString(p)
}

// globAbove says whether a glob matches a file or a folder above it, which is
// below the collections directory if the file is. "**" stands for any number of
// folders.
func globAbove(glob, file, relative string) bool {
	most := strings.Count(relative, "/")
	if file == relative {
		most++
	}
	return globParts(strings.Split(strings.Trim(glob, "/"), "/"), strings.Split(file, "/"), most)
}

// globParts may leave at most so many parts of the file's path.
func globParts(glob, file []string, most int) bool {
	if len(glob) == 0 {
		return len(file) <= most
	}
	if glob[0] == "**" {
		for i := range file {
			if globParts(glob[1:], file[i:], most) {
				return true
			}
		}
		return false
	}
	if len(file) == 0 {
		return false
	}
	ok, err := path.Match(glob[0], file[0])
	return err == nil && ok && globParts(glob[1:], file[1:], most)
}

// fnmatch is Ruby's File.fnmatch without flags, by which include and exclude
// are matched: "*" and "?" match slashes too.
func fnmatch(glob, name string) bool {
	for glob != "" {
		switch glob[0] {
		case '*':
			for i := 0; i <= len(name); i++ {
				if fnmatch(glob[1:], name[i:]) {
					return true
				}
			}
			return false
		case '\\':
			if len(glob) > 1 {
				glob = glob[1:]
			}
		case '?', '[':
			r, n := utf8.DecodeRuneInString(name)
			if n == 0 {
				return false
			}
			rest, ok := matchOne(glob, r)
			if !ok {
				return false
			}
			glob, name = rest, name[n:]
			continue
		}
		if name == "" || glob[0] != name[0] {
			return false
		}
		glob, name = glob[1:], name[1:]
	}
	return name == ""
}

// matchOne matches one character against "?" or a set and returns the glob
// after it.
func matchOne(glob string, r rune) (rest string, ok bool) {
	if glob[0] == '?' {
		return glob[1:], true
	}
	set, rest, closed := strings.Cut(glob[1:], "]")
	if !closed {
		return "", false
	}
	negated := strings.HasPrefix(set, "^") || strings.HasPrefix(set, "!")
	if negated {
		set = set[1:]
	}
	runes := []rune(set)
	for i := 0; i < len(runes); i++ {
		low, high := runes[i], runes[i]
		if i+2 < len(runes) && runes[i+1] == '-' {
			high = runes[i+2]
			i += 2
		}
		ok = ok || low <= r && r <= high
	}
	return rest, ok != negated
}
