package web

import (
	"fmt"
	"io/fs"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/enshi-daily/enshi/feeds"
	"github.com/enshi-daily/enshi/posts"
	"github.com/enshi-daily/enshi/subscribers"
	"github.com/enshi-daily/enshi/templates"
)

// views make what templates show of posts and topics, for pages that are asked
// for (Server) and for pages that are kept as files (Static).
type views struct {
	Look
	public   string // where feeds and pages are
	base     string // the path of that, "" or "/path"
	zone     *time.Location
	messages map[subscribers.Language]templates.Messages
	assets   map[string]asset
	frame    templates.Frame // what all pages have in common
	unsent   bool            // Options.Unsent
}

// voice is the language of one page.
type voice struct {
	language subscribers.Language
	text     templates.Messages
	asked    bool // in the address, so that links go on asking for it
}

func newViews(l Look, public string, zone *time.Location) (*views, error) {
	byLanguage, err := templates.ReadMessages(l.Files)
	if err != nil {
		return nil, err
	}
	s := &views{Look: l, public: public, zone: zone, messages: make(map[subscribers.Language]templates.Messages)}
	if s.base, err = basePath(public); err != nil {
		return nil, err
	}
	for _, l := range languages() {
		if byLanguage[string(l)] == nil {
			return nil, fmt.Errorf("%s: no sentences in %s", templates.MessagesFile, l)
		}
		s.messages[l] = byLanguage[string(l)]
	}
	if s.assets, err = readAssets(l.Files); err != nil {
		return nil, err
	}
	s.frame = templates.Frame{
		Base: s.base, Site: l.Title, SiteURL: l.SiteURL,
		Style: s.assetURL("enshi.css"), Script: s.assetURL("enshi.js"), Icon: s.assetURL("enshi.svg"),
	}
	return s, nil
}

// basePath is the path of the public address, "" or "/path": a proxy may show
// us below one.
func basePath(public string) (string, error) {
	u, err := url.Parse(public)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		return "", fmt.Errorf("web: public address %q: expected http or https and a host", public)
	}
	return strings.TrimSuffix(u.EscapedPath(), "/"), nil
}

// framed is what a page shows around its own content.
func (s *views) framed(in voice, title string) templates.Frame {
	f := s.frame
	f.Text, f.Language, f.Title = in.text, string(in.language), title
	if s.unsent {
		f.Note = in.text["note_unsent"]
	}
	return f
}

// home is the start page without its form.
func (s *views) home(in voice, shelf *shelf) templates.HomeView {
	frame := s.framed(in, "")
	frame.Alternates = s.feedLines(posts.Everything)
	tags, more := shelf.tags, []topicCount(nil)
	if len(tags) > shownTags {
		tags, more = tags[:shownTags], tags[shownTags:]
	}
	return templates.HomeView{
		Frame: frame, Description: s.Description, Feeds: frame.Alternates,
		Categories: s.topicLines(in, shelf.categories), Tags: s.topicLines(in, tags), MoreTags: s.topicLines(in, more),
		Posts: s.postLines(in, newest(shelf.catalogue.Posts(posts.Everything), homePosts)),
	}
}

// topic is the page of a category or a tag without its form.
func (s *views) topic(in voice, shelf *shelf, t posts.Topic) templates.TopicView {
	list := shelf.catalogue.Posts(t)
	frame := s.framed(in, s.name(t))
	frame.Alternates = s.feedLines(t)
	return templates.TopicView{
		Frame: frame, Name: s.name(t), Kind: string(t.Kind()), Summary: count(in.text, "posts_in_all", shelf.catalogue.Count(t)),
		Feeds: frame.Alternates, Posts: s.postLines(in, newest(list, topicPosts)),
	}
}

// name is what a topic is called.
func (s *views) name(t posts.Topic) string {
	if title := s.Titles[t]; title != "" {
		return title
	}
	return t.Name()
}

// formats are the formats in the order in which people are offered them.
func formats() []feeds.Format { return []feeds.Format{feeds.RSS, feeds.Atom, feeds.JSON} }

// feedLines are the feeds of a topic.
func (s *views) feedLines(t posts.Topic) []templates.FeedLine {
	names := map[feeds.Format]string{feeds.Atom: "Atom", feeds.RSS: "RSS", feeds.JSON: "JSON"}
	title := s.Title
	if t != posts.Everything {
		title += " · " + s.name(t)
	}
	lines := make([]templates.FeedLine, 0, len(names))
	for _, f := range formats() {
		mediaType, _, _ := strings.Cut(f.MediaType(), ";")
		lines = append(lines, templates.FeedLine{
			Label: names[f], Title: fmt.Sprintf("%s (%s)", title, names[f]), MediaType: mediaType,
			URL: s.public + s.Paths.URLPath(t, f), ID: "feed-" + string(f),
		})
	}
	return lines
}

// topicLines are topics with their pages and feeds.
func (s *views) topicLines(in voice, counts []topicCount) []templates.TopicLine {
	lines := make([]templates.TopicLine, 0, len(counts))
	for _, c := range counts {
		lines = append(lines, templates.TopicLine{
			Name: s.name(c.topic), Page: s.here(in, s.Paths.PagePath(c.topic)), Posts: c.posts, Feeds: s.feedLines(c.topic),
		})
	}
	return lines
}

func (s *views) postLines(in voice, list []*posts.Post) []templates.PostLine {
	lines := make([]templates.PostLine, 0, len(list))
	for _, p := range list {
		lines = append(lines, templates.PostLine{
			Title: p.Title, URL: s.SiteURL + p.URL, Date: s.day(in.text, p.Date), Stamp: s.stamp(p.Date),
			Summary: s.summary(p), Source: p.SourceName, Note: note(in.text, p.Correction),
		})
	}
	return lines
}

func (s *views) summary(p *posts.Post) string {
	if s.Summary == nil {
		return p.Summary
	}
	return s.Summary(p)
}

// here is the path of one of our pages, in the language that was asked for.
func (s *views) here(in voice, path string) string {
	if in.asked {
		path += "?lang=" + url.QueryEscape(string(in.language))
	}
	return s.base + path
}

// day is a date as people read it, in the site's zone.
func (s *views) day(text templates.Messages, t time.Time) string {
	return t.In(s.zone).Format(text["date_layout"])
}

// stamp is a time as machines read it.
func (s *views) stamp(t time.Time) string { return t.In(s.zone).Format(time.RFC3339) }

// moment is a date with the time of day.
func (s *views) moment(text templates.Messages, t time.Time) string {
	return t.In(s.zone).Format(text["moment_layout"])
}

// Look is what pages are made with, wherever they go. All but Paths, Titles,
// Description, SiteURL and Summary is needed.
type Look struct {
	Templates Pages
	Files     fs.FS // style, script and sentences: templates.WebFiles

	Title       string
	Description string
	SiteURL     string                   // address of the articles with the base URL, without a trailing slash
	Paths       feeds.Addresses          // as the documents were built with
	Titles      map[posts.Topic]string   // what topics are called instead of their names
	Summary     func(*posts.Post) string // shown below a title; default Post.Summary
	Language    subscribers.Language     // of who asks for none that we have; default Chinese
}

// missing names what a Look lacks.
func (l *Look) missing() []string {
	there := map[string]bool{"Templates": l.Templates != nil, "Files": l.Files != nil, "Title": l.Title != ""}
	return slices.DeleteFunc(slices.Sorted(maps.Keys(there)), func(name string) bool { return there[name] })
}
