package posts

import (
	"path"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Site is what the site's _config.yml says, with Jekyll's defaults filled in.
type Site struct {
	Title       string // title, else name; "" if neither
	Description string
	URL         string // scheme and host without a trailing slash, "" if the file has none
	URLEnd      string // the slashes that it ends with in the file: Jekyll has them in its ids
	BaseURL     string // "" or a path with a leading and without a trailing slash
	Author      string // author, or author.name
	Lang        string // BCP 47, default zh-CN
	Zone        *time.Location

	Permalink        string // style or template, default "date"
	Future           bool   // publish posts dated in the future
	Unpublished      bool
	ShowDrafts       bool
	Limit            int // limit_posts: the newest N, 0 for all
	ExcerptSeparator string
	MarkdownExt      []string // lower case, without a dot; nil for Jekyll's own
	Include, Exclude []string // globs; Exclude has Jekyll's own at its end
	Destination      string   // Jekyll's output, default "_site", never read; "" if it is outside the root
	CollectionsDir   string
	Defaults         []Default // front matter defaults
	CompatibleIDs    bool      // entry ids went out in NFKC, not NFC: made by addressable before 2.8.2
	FeedPath         string    // jekyll-feed's feed.path, default "feed.xml"
	FeedCategories   []string  // jekyll-feed's feed.categories
	FeedTags         []string  // tags that jekyll-feed made feeds for; nil for none
	FeedTagsAll      bool      // feed.tags without only: every tag but FeedTagsExcept
	FeedTagsExcept   []string
	FeedTagsPath     string // default "feed/by_tag/"
}

// Default is one entry of _config.yml's defaults: values for the posts under a
// path.
type Default struct {
	Path   string // prefix of a post's path, or a glob of it; "" for all
	Type   string // "" for all; posts is the type of posts and drafts
	Values map[string]any
}

// Absolute returns the address of a path of the site, which may lack its
// leading slash.
func (s Site) Absolute(path string) string {
	if path != "" && path[0] != '/' {
		path = "/" + path
	}
	return s.URL + s.BaseURL + path
}

// jekyllTag is what jekyll-feed takes for a tag: others it skips in silence.
var jekyllTag = regexp.MustCompile(`^[A-Za-z0-9_]+$`)

// HasTagFeed says whether jekyll-feed made a feed of a tag.
func (s Site) HasTagFeed(name string) bool {
	all := s.FeedTagsAll && !slices.Contains(s.FeedTagsExcept, name)
	return jekyllTag.MatchString(name) && (all || slices.Contains(s.FeedTags, name))
}

// FeedTopics are those that jekyll-feed made a feed of, whether or not there was
// a post in it: they may be followed.
func (s Site) FeedTopics() []Topic {
	var topics []Topic
	for _, name := range s.FeedCategories {
		if strings.TrimSpace(name) != "" {
			topics = append(topics, Category(name))
		}
	}
	for _, name := range s.FeedTags {
		if s.HasTagFeed(name) {
			topics = append(topics, Tag(name))
		}
	}
	return topics
}

// IsMarkdown says whether the site takes a file for Markdown, by its extension.
func (s Site) IsMarkdown(file string) bool {
	ext := strings.TrimPrefix(strings.ToLower(path.Ext(file)), ".")
	if s.MarkdownExt == nil {
		s.MarkdownExt = strings.Split(defaultMarkdownExt, ",")
	}
	return slices.Contains(s.MarkdownExt, ext)
}

const defaultMarkdownExt = "markdown,mkdown,mkdn,mkd,md"
