package feeds

import (
	"encoding/xml"
	"fmt"

	"github.com/enshi-daily/enshi/posts"
)

type opmlRoot struct {
	XMLName xml.Name  `xml:"opml"`
	Version string    `xml:"version,attr"`
	Title   string    `xml:"head>title"`
	Body    []outline `xml:"body>outline"`
}

type outline struct {
	Type        string    `xml:"type,attr,omitempty"`
	Text        string    `xml:"text,attr"`
	Title       string    `xml:"title,attr,omitempty"`
	Description string    `xml:"description,attr,omitempty"`
	XMLURL      string    `xml:"xmlUrl,attr,omitempty"`
	HTMLURL     string    `xml:"htmlUrl,attr,omitempty"`
	Language    string    `xml:"language,attr,omitempty"`
	Outlines    []outline `xml:"outline"`
}

// opml lists the Atom feed of each topic (OPML 2.0, subscription lists). It has
// no date, so that only a new topic changes it.
func (b *Builder) opml(c *posts.Catalogue, topics []posts.Topic) (Document, error) {
	doc := Document{
		Path:      OPMLPath,
		MediaType: "text/x-opml; charset=utf-8",
		Updated:   emptySince(),
		Entries:   len(topics),
	}
	if newest := c.Updated(posts.Everything); !newest.IsZero() {
		doc.Updated = newest
	}
	groups := map[posts.Kind][]outline{}
	for _, t := range topics {
		groups[t.Kind()] = append(groups[t.Kind()], b.outline(t))
	}
	root := opmlRoot{Version: "2.0", Title: escapeHTML(fmt.Sprintf(b.words.opml, b.o.Title)), Body: groups[posts.KindAll]}
	if list := groups[posts.KindCategory]; len(list) > 0 {
		root.Body = append(root.Body, outline{Text: b.words.categories, Outlines: list})
	}
	if list := groups[posts.KindTag]; len(list) > 0 {
		root.Body = append(root.Body, outline{Text: b.words.tags, Outlines: list})
	}
	body, err := xml.MarshalIndent(root, "", "  ")
	if err != nil {
		return doc, fmt.Errorf("build %s: %w", doc.Path, err)
	}
	doc.Body = append(append([]byte(xml.Header), body...), '\n')
	return doc, nil
}

// outline has its texts as HTML, as OPML 2.0 lets them be and the W3C validator
// reads them.
func (b *Builder) outline(t posts.Topic) outline {
	title := escapeHTML(b.Title(t))
	return outline{
		Type:        "rss", // OPML 2.0 has one type for every kind of feed
		Text:        title,
		Title:       title,
		Description: escapeHTML(b.description(t)),
		XMLURL:      b.o.PublicURL + b.o.Addresses.URLPath(t, Atom),
		HTMLURL:     b.o.PublicURL + b.o.Addresses.PagePath(t),
		Language:    b.o.Language,
	}
}
