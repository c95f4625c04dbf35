package feeds

import (
	"time"

	"github.com/enshi-daily/enshi/posts"
)

// Format is a feed format.
type Format string

// The formats.
const (
	Atom Format = "atom"
	RSS  Format = "rss"
	JSON Format = "json"
)

// Formats are all of them, in the order in which readers are offered them.
var Formats = [...]Format{Atom, RSS, JSON}

// MediaType is the Content-Type under which a format is served (RFC 4287 §8,
// the RSS Advisory Board's profile, JSON Feed 1.1).
func (f Format) MediaType() string {
	switch f {
	case Atom:
		return "application/atom+xml; charset=utf-8"
	case RSS:
		return "application/rss+xml; charset=utf-8"
	case JSON:
		return "application/feed+json; charset=utf-8"
	}
	return "application/octet-stream"
}

// Document is one file of the output. Its Body belongs to whoever receives it.
type Document struct {
	Path      string // below the output directory, slash-separated, decoded, without a leading slash
	MediaType string
	Topic     posts.Topic // "" for a document of no one topic
	Format    Format      // "" for what is no feed, and for copies of feeds under other paths
	Body      []byte
	Updated   time.Time // of its newest entry; never the time of building
	Entries   int

	// Recipe tells what the document is made of, "" if that is not known: the
	// same recipe gives the same bytes. Same: it is there already (Options.Have),
	// and has no Body.
	Recipe string
	Same   bool

	// Yields: the document is left out where a file is that no Publish wrote.
	Yields bool
}
