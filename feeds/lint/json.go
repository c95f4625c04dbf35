package lint

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"time"
)

const jsonFeedVersion = "https://jsonfeed.org/version/1.1"

type object = map[string]any

// feedKeys are what a feed may have at its top.
func feedKeys() []string {
	return []string{
		"version", "title", "home_page_url", "feed_url", "description", "user_comment", "next_url",
		"icon", "favicon", "authors", "language", "expired", "hubs", "items",
	}
}

// itemKeys are what an item may have.
func itemKeys() []string {
	return []string{
		"id", "url", "external_url", "title", "content_html", "content_text", "summary", "image", "banner_image",
		"date_published", "date_modified", "authors", "tags", "language", "attachments",
	}
}

// json checks JSON Feed 1.1. The W3C validator does not know it, so the codes
// are our own.
func (l *linter) json() {
	var feed object
	decoder := json.NewDecoder(bytes.NewReader(l.doc))
	if err := decoder.Decode(&feed); err != nil {
		l.fail(int(decoder.InputOffset()), "InvalidJSON", "%v", err)
		return
	}
	if decoder.More() {
		l.fail(int(decoder.InputOffset()), "InvalidJSON", "more than one value")
	}
	if feed["version"] != jsonFeedVersion {
		l.fail(0, "InvalidVersion", "%v", feed["version"])
	}
	if blankString(feed["title"]) {
		l.fail(0, "MissingKey", "title")
	}
	l.keys("feed", feed, feedKeys())
	if feed["feed_url"] == nil {
		l.warn(0, "MissingSelf", "feed_url")
	} else if feed["feed_url"] != l.self {
		l.warn(0, "SelfDoesntMatchLocation", "feed_url %v: served at %q", feed["feed_url"], l.self)
	}
	for _, key := range []string{"home_page_url", "feed_url", "next_url", "icon", "favicon"} {
		l.jsonURL(feed, key)
	}
	l.jsonAuthors(feed)
	l.jsonLanguage(feed)
	for _, hub := range list(feed["hubs"]) {
		if o, _ := hub.(object); blankString(o["type"]) || blankString(o["url"]) {
			l.fail(0, "MissingKey", "type or url of a hub")
		}
	}
	items, ok := feed["items"].([]any)
	if !ok {
		l.fail(0, "MissingKey", "items")
	}
	ids := map[any]bool{}
	for _, it := range items {
		item, _ := it.(object)
		l.jsonItem(item)
		if ids[item["id"]] {
			l.fail(0, "DuplicateValue", "id %v", item["id"])
		}
		if id, ok := item["id"].(string); ok {
			ids[id] = true
		}
	}
}

func (l *linter) jsonItem(item object) {
	if blankString(item["id"]) {
		l.fail(0, "MissingKey", "id of an item, a string")
	}
	if blankString(item["content_html"]) && blankString(item["content_text"]) {
		l.fail(0, "MissingKey", "content_html or content_text of an item")
	}
	l.keys("item", item, itemKeys())
	for _, key := range []string{"title", "summary", "content_html", "content_text"} {
		if value, there := item[key]; there && blankString(value) {
			l.warn(0, "NotBlank", "%s", key)
		}
	}
	for _, key := range []string{"url", "external_url", "image", "banner_image"} {
		l.jsonURL(item, key)
	}
	for _, key := range []string{"date_published", "date_modified"} {
		if value, there := item[key]; there {
			text, _ := value.(string)
			if _, err := time.Parse(time.RFC3339, text); err != nil {
				l.fail(0, "InvalidRFC3339Date", "%s %v", key, value)
			}
		}
	}
	for _, tag := range list(item["tags"]) {
		if blankString(tag) {
			l.warn(0, "NotBlank", "a tag")
		}
	}
	for _, attachment := range list(item["attachments"]) {
		if o, _ := attachment.(object); blankString(o["url"]) || blankString(o["mime_type"]) {
			l.fail(0, "MissingKey", "url or mime_type of an attachment")
		}
	}
	l.jsonAuthors(item)
	l.jsonLanguage(item)
	if source, ok := item["content_html"].(string); ok {
		l.markup(&node{local: "content_html"}, source, true)
	}
}

func (l *linter) keys(where string, o object, known []string) {
	for key := range o {
		if key == "author" {
			l.warn(0, "Deprecated", "author of a %s: authors since version 1.1", where)
		} else if !slices.Contains(known, key) && !strings.HasPrefix(key, "_") {
			l.warn(0, "UndefinedKey", "%s in %s", key, where)
		}
	}
}

func (l *linter) jsonURL(o object, key string) {
	value, there := o[key]
	if !there {
		return
	}
	text, _ := value.(string)
	l.uri(&node{local: key}, text)
}

func (l *linter) jsonAuthors(o object) {
	value, there := o["authors"]
	if authors := list(value); there && len(authors) == 0 {
		l.warn(0, "NotBlank", "authors")
	}
	for _, author := range list(value) {
		a, _ := author.(object)
		if blankString(a["name"]) && blankString(a["url"]) && blankString(a["avatar"]) {
			l.fail(0, "MissingKey", "name, url or avatar of an author")
		}
	}
}

func (l *linter) jsonLanguage(o object) {
	if value, there := o["language"]; there {
		text, _ := value.(string)
		l.language(&node{local: "language"}, text)
	}
}

func blankString(v any) bool {
	s, ok := v.(string)
	return !ok || strings.TrimSpace(s) == ""
}

func list(v any) []any {
	l, _ := v.([]any)
	return l
}
