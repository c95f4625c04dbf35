package web

import (
	"fmt"
	"net/url"
	"strings"

	"github.com/enshi-daily/enshi/digest"
	"github.com/enshi-daily/enshi/feeds"
	"github.com/enshi-daily/enshi/posts"
	"github.com/enshi-daily/enshi/subscribers"
	"github.com/enshi-daily/enshi/templates"
)

// How many posts the start page and a topic's page show.
const (
	homePosts  = 10
	topicPosts = 20
)

// formats are the formats in the order in which people are offered them.
func formats() []feeds.Format { return []feeds.Format{feeds.RSS, feeds.Atom, feeds.JSON} }

// feedLines are the feeds of a topic.
func (s *Server) feedLines(v *visit, t posts.Topic) []templates.FeedLine {
	names := map[feeds.Format]string{feeds.Atom: "Atom", feeds.RSS: "RSS", feeds.JSON: "JSON"}
	title := s.o.Title
	if t != posts.Everything {
		title += " · " + t.Name()
	}
	lines := make([]templates.FeedLine, 0, len(names))
	for _, f := range formats() {
		mediaType, _, _ := strings.Cut(f.MediaType(), ";")
		lines = append(lines, templates.FeedLine{
			Label: names[f], Title: fmt.Sprintf("%s (%s)", title, names[f]), MediaType: mediaType,
			URL: s.o.Addresses.Public + s.o.Paths.URLPath(t, f), ID: "feed-" + string(f),
		})
	}
	return lines
}

// topicLines are topics with their pages and feeds.
func (s *Server) topicLines(v *visit, counts []topicCount) []templates.TopicLine {
	lines := make([]templates.TopicLine, 0, len(counts))
	for _, c := range counts {
		lines = append(lines, templates.TopicLine{
			Name: c.topic.Name(), Page: s.here(v, s.o.Paths.PagePath(c.topic)), Posts: c.posts, Feeds: s.feedLines(v, c.topic),
		})
	}
	return lines
}

// postLines are the newest n posts of a list.
func (s *Server) postLines(v *visit, list []*posts.Post, n int) []templates.PostLine {
	lines := make([]templates.PostLine, 0, min(len(list), n))
	for _, p := range list {
		if len(lines) == n {
			break
		}
		if p.Withdrawn {
			continue
		}
		lines = append(lines, templates.PostLine{
			Title: p.Title, URL: s.o.article(p), Date: s.day(v.text, p.Date), Stamp: s.stamp(p.Date),
			Summary: p.Summary, Source: p.SourceName, Note: p.Correction,
		})
	}
	return lines
}

// entryLines are the posts of a letter.
func (s *Server) entryLines(v *visit, list []digest.Entry) []templates.PostLine {
	lines := make([]templates.PostLine, len(list))
	for i := range list {
		e := &list[i]
		lines[i] = templates.PostLine{
			Title: e.Title, URL: e.Link, Date: s.day(v.text, e.Date), Stamp: s.stamp(e.Date),
			Summary: e.Summary, Source: e.SourceName, Note: e.Correction, Withdrawn: e.Withdrawn,
		}
	}
	return lines
}

// framed is what a page shows around its own content.
func (s *Server) framed(v *visit, title string) templates.Frame {
	f := s.frame
	f.Text, f.Language, f.Title = v.text, string(v.language), title
	f.NoIndex = v.private
	if !v.private && v.Method != "POST" {
		f.Languages = s.languageLinks(v)
	}
	return f
}

// languageLinks lead to the same page in each language, other parameters kept.
func (s *Server) languageLinks(v *visit) []templates.Choice {
	query := url.Values{}
	if v.URL.RawQuery != "" {
		query = v.URL.Query()
	}
	var links []templates.Choice
	for _, l := range languages() {
		query.Set("lang", string(l))
		links = append(links, templates.Choice{
			Value: "?" + query.Encode(), Label: s.messages[l]["language_name"],
			Chosen: l == v.language, Foreign: string(l),
		})
	}
	return links
}

// cadenceHint says when mails of a cadence come.
func (s *Server) cadenceHint(text templates.Messages, c subscribers.Cadence) string {
	at := fmt.Sprintf("%02d:%02d", s.o.Schedule.Hour, s.o.Schedule.Minute)
	weekday := text["weekday_"+strings.ToLower(s.o.Schedule.Weekday.String())]
	return fill(text["cadence_"+string(c)+"_hint"], "{time}", at, "{weekday}", weekday)
}

// topicNames is a person's topics in one line.
func topicNames(text templates.Messages, topics []posts.Topic) string {
	names := make([]string, len(topics))
	for i, t := range topics {
		names[i] = t.Name()
		if t == posts.Everything {
			names[i] = text["topics_everything"]
		}
	}
	return strings.Join(names, text["list_comma"])
}
