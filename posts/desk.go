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
}

func newDesk(now time.Time) *desk { return &desk{now: now, texts: make(map[string]string)} }

// shared returns the one copy of a text that many posts have.
func (d *desk) shared(s string) string {
	if one, ok := d.texts[s]; ok {
		return one
	}
	s = strings.Clone(s) // it may be a part of something long
	d.texts[s] = s
	return s
}

// key is shared for bytes that are in a buffer.
func (d *desk) key(b []byte) string {
	if one, ok := d.texts[string(b)]; ok {
		return one
	}
	return d.shared(string(b))
}

// names trims names and drops empty and repeated ones.
func (d *desk) names(list []string) []string {
	if len(list) == 0 {
		return nil
	}
	kept := make([]string, 0, len(list))
	for _, name := range list {
		if name = strings.TrimSpace(name); name != "" && !slices.Contains(kept, name) {
			kept = append(kept, d.shared(name))
		}
	}
	return kept
}
