package posts

import "time"

// Site is what the site's _config.yml says, with Jekyll's defaults filled in.
type Site struct {
	Title       string // title, else name; "" if neither
	Description string
	URL         string // scheme and host without a trailing slash, "" if the file has none
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
	MarkdownExt      []string
	Include, Exclude []string
	CollectionsDir   string
	Defaults         []Default // front matter defaults
	FeedPath         string    // jekyll-feed's feed.path, default "feed.xml"
	FeedCategories   []string  // jekyll-feed's feed.categories
	FeedTags         []string  // tags that jekyll-feed made feeds for; nil for none
	FeedTagsAll      bool      // feed.tags: true
	FeedTagsPath     string    // default "feed/by_tag/"
}

// Default is one entry of _config.yml's defaults: values for the posts under a
// path.
type Default struct {
	Path   string
	Type   string
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
