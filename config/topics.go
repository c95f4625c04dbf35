package config

import (
	"maps"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/text/unicode/norm"
)

// asciiSlug leaves room for what is appended to a file's name.
var asciiSlug = regexp.MustCompile(`^[a-z0-9-]{1,100}$`)

// topicKey is the one spelling of a topic: its name in NFC, no space around it.
func topicKey(text string) string {
	kind, name, ok := strings.Cut(norm.NFC.String(text), ":")
	if !ok {
		return strings.TrimSpace(kind)
	}
	return strings.TrimSpace(kind) + ":" + strings.TrimSpace(name)
}

// topics checks what is said of single topics. No two of a kind may share an
// address: neither by their slugs, nor by the slug of one and the name of the
// other, which stays an alias of its own.
func (v *checker) topics(all Topics) {
	taken := make(map[string]string)
	for _, topic := range slices.Sorted(maps.Keys(all)) {
		key, t := "topics."+topic, all[topic]
		kind, name, _ := strings.Cut(topic, ":")
		if kinds := map[string]int{"category": 0, "tag": 1}; strings.TrimSpace(name) == "" {
			v.report(key, "expected category:NAME or tag:NAME")
		} else if _, ok := kinds[kind]; !ok {
			v.report(key, "expected category:NAME or tag:NAME%s", suggest(kind, kinds))
		}
		v.oneLine(key+".title", t.Title)
		if t.Slug == "" {
			continue
		}
		place := kind + ":" + t.Slug
		other, twice := taken[place]
		_, named := all[place]
		switch {
		case !asciiSlug.MatchString(t.Slug):
			v.report(key+".slug", "expected letters a-z, digits and hyphens, at most 100")
		case twice:
			v.report(key+".slug", "%q is the slug of %s already", t.Slug, other)
		case named && place != topic:
			v.report(key+".slug", "%q is the name of %s", t.Slug, place)
		}
		taken[place] = topic
	}
}
