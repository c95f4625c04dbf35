package feeds

import (
	"encoding/xml"
	"strings"
	"time"

	gorilla "github.com/gorilla/feeds"
)

// atomRoot is feed in the order that RFC 4287 leaves free and the W3C validator
// asks for: all metadata before the first entry.
type atomRoot struct {
	XMLName xml.Name `xml:"feed"`
	Lang    string   `xml:"xml:lang,attr"`
	Media   string   `xml:"xmlns:media,attr"`
	History string   `xml:"xmlns:fh,attr,omitempty"`
	*gorilla.AtomFeed
	Title     plain     `xml:"title"`
	Subtitle  plain     `xml:"subtitle"`
	Rights    plain     `xml:"rights,omitempty"`
	Archive   *struct{} `xml:"fh:archive"`
	Links     []link    `xml:"link"`
	Author    person    `xml:"author"`
	Generator string    `xml:"generator"`
}

// FeedXml implements gorilla.XmlFeed.
func (r *atomRoot) FeedXml() any { return r }

type person struct {
	Name plain `xml:"name"`
}

type atomItem struct {
	*gorilla.AtomEntry
	Title      plain      `xml:"title"`
	Links      []link     `xml:"link"`
	Authors    []person   `xml:"author"`
	Categories []term     `xml:"category"`
	Thumbnail  *thumbnail `xml:"media:thumbnail"`
	Summary    plain      `xml:"summary"`
}

type term struct {
	Term string `xml:"term,attr"`
}

func (b *Builder) atomFeed(f *feed) *atomRoot {
	base := (&gorilla.Atom{Feed: b.generic(f)}).AtomFeed()
	base.Link = nil // one link is not enough: see Links
	base.Id = f.id
	base.Updated = stamp(f.updated, f.fraction)
	base.Icon, base.Logo = b.o.Icon, b.o.Icon
	links := b.links(f, Atom)
	history, archive := f.history()
	return &atomRoot{
		Lang:      b.o.Language,
		Media:     "http://search.yahoo.com/mrss/",
		History:   history,
		AtomFeed:  base,
		Archive:   archive,
		Title:     plain(f.title),
		Subtitle:  plain(f.description),
		Rights:    plain(b.o.Rights),
		Links:     append(links, link{Rel: "alternate", Type: "text/html", Href: f.page}),
		Author:    person{plain(b.o.Author)}, // of entries without one: RFC 4287 §4.1.1
		Generator: generator,
	}
}

// atomEntry is an entry without its content.
func atomEntry(e *entry) *atomItem {
	item := &atomItem{
		AtomEntry: &gorilla.AtomEntry{
			Id:      atomID(e.id),
			Updated: stamp(e.updated, e.fraction),
		},
		Title:   plain(e.title),
		Links:   []link{{Rel: "alternate", Type: "text/html", Href: e.link}},
		Summary: plain(e.summary),
	}
	if !e.published.Before(datedSince()) {
		item.Published = wholly(e.published).Format(time.RFC3339)
	}
	for _, name := range e.authors {
		item.Authors = append(item.Authors, person{plain(name)})
	}
	for _, name := range e.terms {
		item.Categories = append(item.Categories, term{name})
	}
	// atom:source would say that the entry was copied from another feed; a link
	// says that it was taken from another page (RFC 4287 §4.2.7.2).
	if e.sourceURL != "" {
		via := link{Rel: "via", Href: e.sourceURL, Title: e.sourceName}
		if strings.ContainsAny(via.Title, "&<") {
			via.Title = "" // encoding/xml cannot write an attribute that validators do not take for HTML
		}
		item.Links = append(item.Links, via)
	}
	if e.image != "" {
		item.Thumbnail = &thumbnail{URL: e.image}
	}
	return item
}
