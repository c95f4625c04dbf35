package posts

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/text/unicode/norm"
)

// Topic is what can be followed: "category:NAME", "tag:NAME", or Everything.
// Names are NFC and compared case-sensitively, as Jekyll does.
type Topic string

// Everything is the topic that every post belongs to.
const Everything Topic = "*"

// Kind says which list of a post's front matter a topic stands for.
type Kind string

// The kinds of topic. KindAll is the kind of Everything alone.
const (
	KindAll      Kind = "*"
	KindCategory Kind = "category"
	KindTag      Kind = "tag"
)

// Category returns the topic of a category's name.
func Category(name string) Topic { return Topic(string(KindCategory) + ":" + norm.NFC.String(name)) }

// Tag returns the topic of a tag's name.
func Tag(name string) Topic { return Topic(string(KindTag) + ":" + norm.NFC.String(name)) }

// ParseTopic reads what a person or a store wrote: "*", "category:NAME" or
// "tag:NAME", white space around it ignored.
func ParseTopic(s string) (Topic, error) {
	s = strings.TrimSpace(s)
	if s == string(Everything) {
		return Everything, nil
	}
	kind, name, ok := strings.Cut(s, ":")
	name = strings.TrimSpace(name)
	switch {
	case !ok || name == "":
	case kind == string(KindCategory):
		return Category(name), nil
	case kind == string(KindTag):
		return Tag(name), nil
	}
	return "", fmt.Errorf("topic %q: expected *, category:NAME or tag:NAME", s)
}

// Kind is KindAll, KindCategory or KindTag.
func (t Topic) Kind() Kind {
	kind, _, _ := strings.Cut(string(t), ":")
	return Kind(kind)
}

// Name is the category's or the tag's name, "" for Everything.
func (t Topic) Name() string {
	_, name, _ := strings.Cut(string(t), ":")
	return name
}

// SortTopics returns topics in canonical order without repetitions: Everything
// alone if it is among them (it contains the others), else categories before
// tags, each by name. The same set always gives the same slice.
func SortTopics(topics []Topic) []Topic {
	if slices.Contains(topics, Everything) {
		return []Topic{Everything}
	}
	sorted := slices.Clone(topics)
	slices.SortFunc(sorted, func(a, b Topic) int { return cmp.Compare(a, b) })
	return slices.Compact(sorted)
}
