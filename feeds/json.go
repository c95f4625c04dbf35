package feeds

import (
	gorilla "github.com/gorilla/feeds"
)

// jsonFeed shadows Items, which gorilla leaves out when empty, and must stay
// its last field: the items are written into it.
type jsonFeed struct {
	*gorilla.JSONFeed
	Items []struct{} `json:"items"`
}

func (b *Builder) jsonFeed(f *feed) *jsonFeed {
	base := (&gorilla.JSON{Feed: b.generic(f)}).JSONFeed()
	base.Language = b.o.Language
	base.FeedUrl = f.self
	base.Icon, base.Favicon = b.o.Icon, b.o.Icon
	base.Authors = []*gorilla.JSONAuthor{{Name: b.o.Author}}
	for _, hub := range f.hubs {
		base.Hubs = append(base.Hubs, &gorilla.JSONHub{Type: "WebSub", Url: hub})
	}
	return &jsonFeed{JSONFeed: base, Items: []struct{}{}}
}

// jsonEntry is an item without its content.
func jsonEntry(e *entry) *gorilla.JSONItem {
	published := wholly(e.published)
	item := &gorilla.JSONItem{
		Id:            e.id,
		Url:           e.link,
		ExternalUrl:   e.sourceURL,
		Title:         e.title,
		Summary:       e.summary,
		Image:         e.image,
		PublishedDate: &published,
		Tags:          e.terms,
	}
	if e.changed() {
		updated := wholly(e.updated)
		item.ModifiedDate = &updated
	}
	for _, name := range e.authors {
		item.Authors = append(item.Authors, &gorilla.JSONAuthor{Name: name})
	}
	return item
}
