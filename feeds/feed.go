package feeds

import (
	"fmt"
	"time"

	"github.com/google/uuid"
	gorilla "github.com/gorilla/feeds"

	"github.com/enshi-daily/enshi/posts"
)

// generator is what documents say made them. It has no version: a new release
// that writes the same posts the same way changes no byte.
const generator = "enshi"

// emptySince is the date of a feed without entries: any fixed one that
// validators find plausible.
func emptySince() time.Time { return time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC) }

// feed is what a document says before its entries.
type feed struct {
	id, title, description string
	self, page             string // addresses of this document and of its HTML page
	updated                time.Time
	fraction               uint32
	empty                  bool
	hubs                   []string // that hear of its changes

	// RFC 5005 §4: whether this is an archived document, and the addresses of
	// the live feed and of the archived ones before and after, "" for none.
	archived            bool
	current, prev, next string
}

func (b *Builder) newFeed(t posts.Topic, format Format) *feed {
	f := b.topicFeed(t)
	return b.in(format, t, &f)
}

// in is a topic's feed in one of the formats.
func (b *Builder) in(format Format, t posts.Topic, about *feed) *feed {
	f := *about
	f.self, f.prev = b.o.PublicURL+b.o.Addresses.URLPath(t, format), b.newestArchive(t, format)
	return &f
}

// topicFeed is what a topic's feed says of itself in every format.
func (b *Builder) topicFeed(t posts.Topic) feed {
	return feed{
		id:          atomID(b.feedID(t)),
		title:       b.Title(t),
		description: b.description(t),
		page:        b.o.PublicURL + b.o.Addresses.PagePath(t),
		updated:     emptySince(),
		empty:       true,
		hubs:        b.o.Hubs,
	}
}

// see moves the feed's updated on to that of an entry it holds.
func (f *feed) see(s *slot) {
	if f.empty || s.updated.After(f.updated) || s.updated.Equal(f.updated) && s.fraction > f.fraction {
		f.updated, f.fraction = s.updated, s.fraction
	}
	f.empty = false
}

// Title is the title of a topic's feed: the site's own, or the topic's name and
// the site's title.
func (b *Builder) Title(t posts.Topic) string {
	if title := text(b.o.Titles[t]); title != "" && t == posts.Everything {
		return title
	}
	if t == posts.Everything {
		return b.o.Title
	}
	return b.name(t) + " - " + b.o.Title
}

// name is what a topic is called.
func (b *Builder) name(t posts.Topic) string {
	return firstText(b.o.Titles[t], t.Name(), b.o.Addresses.Slug(t))
}

func (b *Builder) description(t posts.Topic) string {
	switch t.Kind() {
	case posts.KindCategory:
		return fmt.Sprintf(b.words.categoryOf, b.name(t), b.o.Title)
	case posts.KindTag:
		return fmt.Sprintf(b.words.tagOf, b.name(t), b.o.Title)
	}
	return b.o.Description
}

func (b *Builder) feedID(t posts.Topic) string {
	if id := text(string(b.o.IDs[t])); id != "" {
		return id
	}
	return uuid.NewSHA1(uuid.NameSpaceURL, []byte(b.o.SiteURL+"/#"+string(t))).URN()
}

// generic is the part of a feed that gorilla/feeds can say.
func (b *Builder) generic(f *feed) *gorilla.Feed {
	return &gorilla.Feed{
		Title:       f.title,
		Link:        &gorilla.Link{Href: f.page},
		Description: f.description,
		Id:          f.id,
		Updated:     f.updated,
	}
}
