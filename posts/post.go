package posts

import (
	"fmt"
	"time"
)

// ID is the identity under which a post goes out for ever: an IRI, used as
// atom:id, as guid and as JSON Feed id, compared byte by byte (RFC 4287
// §4.2.6). It is minted once and never changes with title, address or domain.
type ID string

// Post is what is known of an article without rendering its body. A Post in a
// Catalogue is never changed.
type Post struct {
	ID    ID     // minted or remembered by Identify; empty until then
	Path  string // the file, slash-separated, relative to the site's root
	Title string // plain text, never empty
	URL   string // path below Site.BaseURL, percent-encoded, with a leading slash: Site.Absolute makes it an address
	Slug  string // Jekyll's slug: front matter's, else the file name's

	JekyllID string // the entry id that jekyll-feed 0.17 gives this post, absolute
	GUID     string // front matter's guid, "" if none

	Date    time.Time // in the site's zone
	Updated time.Time // last_modified_at, else the correction's date, else Date; never a file time

	Categories []string // Jekyll's order, path parts first; no repetitions, none empty
	Tags       []string // the same

	Authors    []string // front matter's, else the byline's; may be empty
	SourceName string   // the paper that the article was taken from, "" if it does not say
	SourceURL  string   // the article's address there, "" if it does not say
	Summary    string   // front matter's excerpt or description as plain text, "" if neither
	Image      string   // front matter's image as written there, "" if none

	Correction string // what was corrected, plain text; "" if nothing was
	Withdrawn  bool   // taken back by the publisher

	Hash    [16]byte // of the file's bytes: changes when and only when the file does
	Body    [16]byte // of the body's text without house furniture: recognises a renamed post
	Size    int      // of the file in bytes
	Settled bool     // the file has been left alone for the settle time
}

// Topics returns the categories and tags of p as topics, in canonical order,
// without Everything.
func (p *Post) Topics() []Topic {
	topics := make([]Topic, 0, len(p.Categories)+len(p.Tags))
	for _, name := range p.Categories {
		topics = append(topics, Category(name))
	}
	for _, name := range p.Tags {
		topics = append(topics, Tag(name))
	}
	return SortTopics(topics)
}

// Content is the body of a post, rendered and cleaned, ready for a feed.
type Content struct {
	HTML    string // sanitised, every address absolute, characters that XML forbids dropped
	Summary string // plain text: Post.Summary, else the first real paragraphs cut at a sentence
	Image   string // front matter's image, else the first, absolute; "" if none

	Diagnostics []Diagnostic // Liquid that was left out
}

// Severity tells how bad a Diagnostic is.
type Severity string

// The severities. An Error kept its post from being published; a Warning did
// not.
const (
	Error   Severity = "error"
	Warning Severity = "warning"
)

// Diagnostic is what is wrong with one file. It never stops another file.
type Diagnostic struct {
	Path     string // relative to the site's root
	Line     int    // from 1; 0 if it concerns the whole file
	Severity Severity
	Message  string // what was expected and what to do
}

func (d Diagnostic) String() string {
	if d.Line > 0 {
		return fmt.Sprintf("%s:%d: %s: %s", d.Path, d.Line, d.Severity, d.Message)
	}
	return fmt.Sprintf("%s: %s: %s", d.Path, d.Severity, d.Message)
}
