package posts

import (
	"slices"
	"strings"
	"time"
)

// desk is what one worker has at hand while it reads post after post: what is
// made for one serves the next.
type desk struct {
	now    time.Time
	buf    []byte            // a file's bytes: a post keeps nothing of them
	fields fields            // of its front matter
	texts  map[string]string // those that many posts have, one copy of each
	lists  map[string][]string
	key    []byte // into lists
}

func newDesk(now time.Time) *desk {
	return &desk{now: now, texts: make(map[string]string), lists: make(map[string][]string)}
}

// shared returns the one copy of a text that many posts have.
func (d *desk) shared(s string) string {
	if one, ok := d.texts[s]; ok {
		return one
	}
	s = strings.Clone(s) // it may be a part of something long
	d.texts[s] = s
	return s
}

// word is shared for bytes that are in a buffer.
func (d *desk) word(b []byte) string {
	if one, ok := d.texts[string(b)]; ok {
		return one
	}
	return d.shared(string(b))
}

// names trims names and drops empty and repeated ones. Posts with the same names
// share a list, which nobody may change.
func (d *desk) names(list []string) []string {
	if len(list) == 0 {
		return nil
	}
	d.key = d.key[:0]
	for _, name := range list {
		d.key = append(append(d.key, name...), 0)
	}
	if kept, ok := d.lists[string(d.key)]; ok {
		return kept
	}
	kept := make([]string, 0, len(list))
	for _, name := range list {
		if name = strings.TrimSpace(name); name != "" && !slices.Contains(kept, name) {
			kept = append(kept, d.shared(name))
		}
	}
	d.lists[string(d.key)] = kept
	return kept
}

// pack puts a post's own texts into one piece of memory: with 100,000 posts in
// use, the garbage collector has a million fewer to look at.
func (p *Post) pack() {
	texts := [...]*string{&p.Title, &p.URL, &p.JekyllID, &p.GUID, &p.SourceURL, &p.Summary, &p.Image, &p.Correction}
	size := 0
	for _, text := range texts {
		size += len(*text)
	}
	var b strings.Builder
	b.Grow(size)
	for _, text := range texts {
		b.WriteString(*text)
	}
	all := b.String()
	for _, text := range texts {
		*text, all = all[:len(*text)], all[len(*text):]
	}
}
