package posts

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	_ "time/tzdata" // addresses depend on the zone, also on a machine without zone files
)

const defaultZone = "Asia/Shanghai"

// ReadConfig reads Jekyll's configuration. Of several files a later one wins,
// mappings key by key. Without names it is _config.yml or _config.yaml, or
// Jekyll's defaults if there is neither. What is wrong with one value is a
// diagnostic and leaves its default; what would change the address of every
// post (broken YAML, an unknown time zone or permalink key) is an error.
func ReadConfig(fsys fs.FS, names ...string) (Site, []Diagnostic, error) {
	if len(names) == 0 {
		names = existing(fsys, "_config.yml", "_config.yaml")
	}
	var merged fields
	var diags []Diagnostic
	for _, name := range names {
		text, err := fs.ReadFile(fsys, name)
		if err != nil {
			return Site{}, nil, fmt.Errorf("read configuration: %w", err)
		}
		config, err := decodeYAML([]byte(strings.TrimPrefix(string(text), "\ufeff")), 1)
		if err != nil {
			return Site{}, nil, fmt.Errorf("%s:%d: %w", name, yamlLine(err), err)
		}
		diags = append(diags, checkConfig(name, config)...)
		merged = merged.merge(config)
	}
	if toml := existing(fsys, "_config.toml"); len(names) == 0 && len(toml) > 0 {
		diags = append(diags, Diagnostic{Path: toml[0], Severity: Warning, Message: "TOML is not read: expected _config.yml"})
	}
	site, err := siteOf(merged)
	if err != nil {
		return Site{}, diags, fmt.Errorf("%s: %w", strings.Join(names, ", "), err)
	}
	site.CompatibleIDs = compatibleIDs(fsys)
	return site, diags, nil
}

// existing returns the first of names that is a file, in a slice of one.
func existing(fsys fs.FS, names ...string) []string {
	for _, name := range names {
		if _, err := fs.Stat(fsys, name); err == nil {
			return []string{name}
		}
	}
	return nil
}

// checkConfig finds values of the wrong kind among the keys that are honoured.
func checkConfig(name string, config fields) []Diagnostic {
	var diags []Diagnostic
	for _, f := range config {
		if why := f.repeated(); why != "" {
			diags = append(diags, Diagnostic{Path: name, Line: f.line, Severity: Warning, Message: why})
		}
		want := expectedKind(f.key, f.value)
		if f.key == "lang" && config.text("lang") != "" && langOf(config) == "" {
			want = "a language such as zh-CN"
		}
		if want != "" && !f.value.isNull() {
			diags = append(diags, Diagnostic{Path: name, Line: f.line, Severity: Warning,
				Message: f.key + ": expected " + want + "; it is left at its default"})
		}
	}
	return diags
}

// expectedKind says what a key's value should have been, "" if it is that.
func expectedKind(key string, v value) string {
	switch key {
	case "title", "name", "description", "url", "baseurl", "lang", "timezone", "permalink",
		"excerpt_separator", "markdown_ext", "collections_dir", "destination":
		if v.kind != scalar {
			return "a text"
		}
	case "encoding":
		if v.kind != scalar || !strings.EqualFold(v.text, "utf-8") && !strings.EqualFold(v.text, "utf8") {
			return "utf-8, the only encoding that is read"
		}
	case "future", "unpublished", "show_drafts":
		if _, ok := v.boolean(); !ok {
			return "true or false"
		}
	case "limit_posts":
		if _, err := strconv.Atoi(v.str()); v.kind != scalar || err != nil {
			return "a number"
		}
	case "include", "exclude", "defaults":
		if v.kind != list {
			return "a list"
		}
	case "feed":
		if v.kind != mapping {
			return "a mapping"
		}
	}
	return ""
}

func siteOf(config fields) (Site, error) {
	site := Site{
		Title:            firstOf(config.text("title"), config.text("name")),
		Description:      config.text("description"),
		URL:              strings.TrimRight(config.text("url"), "/"),
		URLEnd:           config.text("url")[len(strings.TrimRight(config.text("url"), "/")):],
		BaseURL:          strings.TrimRight(config.text("baseurl"), "/"),
		Author:           firstOf(personNames(config, "author")...),
		Lang:             firstOf(langOf(config), "zh-CN"),
		Permalink:        permalinkOf(config),
		ExcerptSeparator: "\n\n",
		MarkdownExt:      strings.Split(strings.ToLower(firstOf(config.text("markdown_ext"), defaultMarkdownExt)), ","),
		Include:          globs(config, "include", ".htaccess"),
		Destination:      inside(firstOf(config.text("destination"), "_site")),
		CollectionsDir:   strings.Trim(config.text("collections_dir"), "/"),
		Defaults:         defaultsOf(config),
	}
	if site.BaseURL != "" && site.BaseURL[0] != '/' {
		site.BaseURL = "/" + site.BaseURL
	}
	if v, ok := config.get("excerpt_separator"); ok && !v.isNull() {
		site.ExcerptSeparator = v.text
	}
	for key, set := range map[string]*bool{"future": &site.Future, "unpublished": &site.Unpublished, "show_drafts": &site.ShowDrafts} {
		v, ok := config.get(key)
		*set = ok && v.truthy()
	}
	site.excludeDefaults(config)
	site.readFeed(config)
	return site, site.readStrict(config)
}

// excludeDefaults adds what Jekyll never reads to the configured globs. What is
// included by the same words is not excluded.
func (s *Site) excludeDefaults(config fields) {
	s.Exclude = append(globs(config, "exclude"), ".sass-cache", ".jekyll-cache", "gemfiles", "Gemfile", "Gemfile.lock",
		"node_modules", "vendor/bundle/", "vendor/cache/", "vendor/gems/", "vendor/ruby/")
	s.Exclude = slices.DeleteFunc(s.Exclude, func(glob string) bool { return slices.Contains(s.Include, glob) })
}

// readStrict reads what addresses and the set of posts depend on.
func (s *Site) readStrict(config fields) (err error) {
	zone := firstOf(config.text("timezone"), defaultZone)
	if s.Zone, err = loadZone(zone); err != nil {
		return fmt.Errorf("%stimezone %q: expected a name like %s: %w", onLine(config, "timezone"), zone, defaultZone, err)
	}
	if _, err := compileTemplate(styleTemplate(s.Permalink)); err != nil {
		return fmt.Errorf("%s%w", onLine(config, "permalink"), err)
	}
	if limit, ok := config.get("limit_posts"); ok {
		s.Limit = atoi(limit.str())
	}
	if s.Limit < 0 {
		return fmt.Errorf("%slimit_posts: expected 0 or more", onLine(config, "limit_posts"))
	}
	return nil
}

// onLine names the line of a key at the root.
func onLine(config fields, key string) string {
	if line := config.line(key); line > 0 {
		return fmt.Sprintf("line %d: ", line)
	}
	return ""
}

// inside is a folder relative to the root, "" if it is none below it.
func inside(dir string) string {
	dir = path.Clean(dir)
	if dir == "." || !fs.ValidPath(dir) {
		return ""
	}
	return dir
}

var fixedZone = regexp.MustCompile(`^<?([A-Za-z]{3,}|[-+]\d{2,4})>?([-+]?)(\d{1,2})(?::(\d\d))?$`)

// loadZone knows zone names and POSIX's TZ strings without rules, in which
// CST-8 is east of Greenwich.
func loadZone(name string) (*time.Location, error) {
	if m := fixedZone.FindStringSubmatch(name); m != nil {
		offset := -(atoi(m[3])*3600 + atoi(m[4])*60)
		if m[2] == "-" {
			offset = -offset
		}
		return time.FixedZone(m[1], offset), nil
	}
	if name == "Local" {
		return nil, errors.New("it would change with the machine")
	}
	return time.LoadLocation(name)
}

// permalinkOf prefers the posts collection's own permalink, which is always a
// template, even if a style has its name.
func permalinkOf(config fields) string {
	collections, _ := config.get("collections")
	posts, _ := collections.fields.get("posts")
	if own := posts.fields.text("permalink"); own != "" {
		return "/" + strings.TrimPrefix(own, "/")
	}
	return firstOf(config.text("permalink"), "date")
}

func (s *Site) readFeed(config fields) {
	v, _ := config.get("feed")
	feed := v.fields
	collections, _ := feed.get("collections")
	own, _ := collections.fields.get("posts")
	s.FeedPath = strings.TrimLeft(firstOf(own.fields.text("path"), feed.text("path"), "feed.xml"), "/")
	s.FeedTagsPath = "feed/by_tag/"
	s.FeedCategories = strs(own.fields, "categories")
	if s.FeedCategories == nil {
		s.FeedCategories = strs(feed, "categories")
	}
	tags, ok := feed.get("tags")
	if !ok || !tags.truthy() {
		return
	}
	s.FeedTagsPath = strings.TrimLeft(firstOf(tags.fields.text("path"), s.FeedTagsPath), "/")
	s.FeedTagsExcept = strs(tags.fields, "except")
	s.FeedTags = slices.DeleteFunc(strs(tags.fields, "only"), func(tag string) bool { return slices.Contains(s.FeedTagsExcept, tag) })
	_, only := tags.fields.get("only")
	s.FeedTagsAll = !only
}

// globs reads a list of paths, fallback if the key is not there.
func globs(config fields, key string, fallback ...string) []string {
	if v, ok := config.get(key); ok && v.kind == list {
		return strs(config, key)
	}
	return fallback
}

// strs reads a list of names, or a single one.
func strs(fs fields, key string) []string {
	v, ok := fs.get(key)
	if !ok || v.isNull() {
		return nil
	}
	return words(v, false)
}

func firstOf(texts ...string) string {
	for _, text := range texts {
		if text != "" {
			return text
		}
	}
	return ""
}
