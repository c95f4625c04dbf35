package feeds

import (
	"encoding/xml"
	"path"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	gorilla "github.com/gorilla/feeds"
)

// rssDocs makes the W3C validator drop UseOfExtensionAttr; it compares the
// bytes, so http it is.
const rssDocs = "http://www.rssboard.org/rss-specification"

// rssRoot replaces gorilla's root, which declares too few namespaces.
type rssRoot struct {
	XMLName xml.Name `xml:"rss"`
	Version string   `xml:"version,attr"`
	Content string   `xml:"xmlns:content,attr"`
	Atom    string   `xml:"xmlns:atom,attr"`
	DC      string   `xml:"xmlns:dc,attr"`
	Media   string   `xml:"xmlns:media,attr"`
	History string   `xml:"xmlns:fh,attr,omitempty"`
	Channel *rssChannel
}

// FeedXml implements gorilla.XmlFeed.
func (r *rssRoot) FeedXml() any { return r }

// rssChannel shadows the fields of gorilla's that are too poor: encoding/xml
// takes the shallower of two fields of one name.
type rssChannel struct {
	*gorilla.RssFeed
	Title       plain     `xml:"title"`
	Description plain     `xml:"description"`
	Archive     *struct{} `xml:"fh:archive"`
	Links       []link    `xml:"atom:link"`
	Copyright   plain     `xml:"copyright,omitempty"`
	Image       *image    `xml:"image"`
}

// image has no width and height: they are not known here.
type image struct {
	URL   string `xml:"url"`
	Title plain  `xml:"title"`
	Link  string `xml:"link"`
}

type rssItem struct {
	*gorilla.RssItem
	Title       plain      `xml:"title"`
	Description plain      `xml:"description"`
	Creators    []plain    `xml:"dc:creator"`
	Categories  []plain    `xml:"category"`
	Source      *rssSource `xml:"source"`
	Updated     string     `xml:"atom:updated,omitempty"`
	Thumbnail   *thumbnail `xml:"media:thumbnail"`
}

type rssSource struct {
	URL  string `xml:"url,attr"`
	Name string `xml:",innerxml"` // escaped as plain is
}

// link is atom:link under whatever name its field gives it; gorilla.AtomLink
// fixes the name.
type link struct {
	Rel   string `xml:"rel,attr"`
	Type  string `xml:"type,attr,omitempty"`
	Href  string `xml:"href,attr"`
	Title string `xml:"title,attr,omitempty"`
}

type thumbnail struct {
	URL string `xml:"url,attr"`
}

func (b *Builder) rssFeed(f *feed) *rssRoot {
	channel := (&gorilla.Rss{Feed: b.generic(f)}).RssFeed()
	channel.PubDate = "" // gorilla fills it from Updated
	channel.Language = b.o.Language
	channel.Generator = generator
	channel.Docs = rssDocs
	if channel.LastBuildDate = rfc822(f.updated); f.empty {
		channel.LastBuildDate = ""
	}
	history, archive := f.history()
	return &rssRoot{
		Version: "2.0",
		Content: "http://purl.org/rss/1.0/modules/content/",
		Atom:    "http://www.w3.org/2005/Atom",
		DC:      "http://purl.org/dc/elements/1.1/",
		Media:   "http://search.yahoo.com/mrss/",
		History: history,
		Channel: &rssChannel{
			RssFeed:     channel,
			Title:       plain(f.title),
			Description: plain(f.description),
			Archive:     archive,
			Links:       b.links(f, RSS),
			Copyright:   plain(b.o.Rights),
			Image:       b.rssImage(f),
		},
	}
}

// rssImage is the icon where it is of a type that RSS knows: the W3C validator
// warns of any other (ImageUrlFormat), for which it takes whatever follows the
// last dot, and of a title or link that is not the channel's.
func (b *Builder) rssImage(f *feed) *image {
	file, query, _ := strings.Cut(b.o.Icon, "?")
	switch strings.ToLower(path.Ext(file)) {
	case ".jpg", ".jpeg", ".gif", ".png":
		if strings.Contains(query, ".") {
			return nil
		}
		return &image{URL: b.o.Icon, Title: plain(f.title), Link: f.page}
	}
	return nil
}

// history marks archived documents (RFC 5005 §4).
func (f *feed) history() (namespace string, mark *struct{}) {
	if !f.archived {
		return "", nil
	}
	return "http://purl.org/syndication/history/1.0", &struct{}{}
}

// links are the links that RSS and Atom share: this document, its hubs if it is
// a live one of a topic, and its archives (RFC 5005 §4).
func (b *Builder) links(f *feed, format Format) []link {
	mediaType := "application/rss+xml"
	if format == Atom {
		mediaType = "application/atom+xml"
	}
	links := []link{{Rel: "self", Type: mediaType, Href: f.self}}
	for _, hub := range f.hubs {
		links = append(links, link{Rel: "hub", Href: hub})
	}
	for _, l := range []link{{Rel: "current", Href: f.current}, {Rel: "prev-archive", Href: f.prev}, {Rel: "next-archive", Href: f.next}} {
		if l.Href != "" {
			l.Type = mediaType
			links = append(links, l)
		}
	}
	return links
}

// rssEntry is an item without its content. Description comes before
// content:encoded (RSS Advisory Board's profile), which follows last.
func rssEntry(e *entry) *rssItem {
	item := &rssItem{
		RssItem: &gorilla.RssItem{
			Link: e.link,
			Guid: &gorilla.RssGuid{Id: rssGUID(e.id), IsPermaLink: "false"},
		},
		Title:       plain(e.title),
		Description: plain(escapeHTML(e.summary)),
		Creators:    plains(e.authors),
		Categories:  plains(e.terms),
	}
	if !e.published.Before(datedSince()) {
		item.PubDate = rfc822(e.published)
	}
	if e.changed() {
		item.Updated = stamp(e.updated, e.fraction)
	}
	if e.sourceURL != "" {
		item.Source = &rssSource{URL: e.sourceURL, Name: escapePlain(e.sourceName)}
	}
	if e.image != "" {
		item.Thumbnail = &thumbnail{URL: e.image}
	}
	return item
}

// rssGUID is an id as it is, but for a short number, which the W3C validator does
// not take for unique (NotSufficientlyUnique).
func rssGUID(id string) string {
	if len(id) < 9*utf8.UTFMax && utf8.RuneCountInString(id) < 9 && !strings.ContainsFunc(id, func(r rune) bool { return !unicode.IsDigit(r) }) {
		return atomID(id)
	}
	return id
}

func rfc822(t time.Time) string { return wholly(t).Format(time.RFC1123Z) }

func plains(names []string) []plain {
	list := make([]plain, len(names))
	for i, name := range names {
		list[i] = plain(name)
	}
	return list
}
