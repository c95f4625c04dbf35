package web

import (
	"fmt"
	"net/url"
	"strings"

	"github.com/enshi-daily/enshi/digest"
	"github.com/enshi-daily/enshi/posts"
	"github.com/enshi-daily/enshi/subscribers"
	"github.com/enshi-daily/enshi/templates"
)

// How many posts the start page and a topic's page show; MaxPosts is the most of any.
const (
	homePosts  = 10
	topicPosts = 20
	MaxPosts   = topicPosts
)

// newest are the first n posts of a list that were not withdrawn.
func newest(list []*posts.Post, n int) []*posts.Post {
	shown := make([]*posts.Post, 0, min(len(list), n))
	for _, p := range list {
		if len(shown) == n {
			break
		}
		if !p.Withdrawn {
			shown = append(shown, p)
		}
	}
	return shown
}

// entryLines are the posts of a letter.
func (s *Server) entryLines(v *visit, list []digest.Entry) []templates.PostLine {
	lines := make([]templates.PostLine, len(list))
	for i := range list {
		e := &list[i]
		lines[i] = templates.PostLine{
			Title: e.Title, URL: e.Link, Date: s.day(v.text, e.Date), Stamp: s.stamp(e.Date),
			Summary: e.Summary, Source: e.SourceName, Note: note(v.text, e.Correction), Withdrawn: e.Withdrawn,
		}
	}
	return lines
}

// note is a correction without the word that the page puts before it.
func note(text templates.Messages, correction string) string {
	return strings.TrimPrefix(correction, text["post_correction"])
}

// framed is what a page shows around its own content.
func (s *Server) framed(v *visit, title string) templates.Frame {
	f := s.views.framed(v.voice, title)
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
func (s *Server) topicNames(text templates.Messages, topics []posts.Topic) string {
	names := make([]string, len(topics))
	for i, t := range topics {
		names[i] = s.name(t)
		if t == posts.Everything {
			names[i] = text["topics_everything"]
		}
	}
	return strings.Join(names, text["list_comma"])
}
