package feeds

import (
	"cmp"
	"fmt"
	"hash/fnv"
	"maps"
	"slices"
	"time"

	"github.com/enshi-daily/enshi/posts"
)

const (
	// maxMembers is how many posts an archived document holds at most.
	maxMembers = 100
	// maxPartSize is how large the files of an archived document's posts may be
	// together: what is made of them then stays below maxArchive.
	maxPartSize = 3 << 20
)

// Layout says which posts each archived document (RFC 5005 §4) holds. A topic's
// documents are the parts of its months. Once a post is in a part it never
// moves to another: one that came late goes to the last part of its month, one
// that was deleted leaves a gap, and a part that was full stays as it is. A
// Layout is immutable; a nil one is empty.
type Layout struct {
	chains map[posts.Topic]*chain
}

// chain is the parts of one topic. Its arrays are shared with the layouts
// before and after, and never written to.
type chain struct {
	list    []*posts.Post // the catalogue's, as of the last Follow; nil if it was read from a file
	parts   []part        // oldest first
	members []member      // part after part, in the order in which they came
}

// member stands for a post: a hash of its id.
type member uint64

// part is one document's place in a chain.
type part struct {
	month  month
	number int32 // from 1
	end    int32 // where its members end
}

// month is a calendar month, counted from the year 0.
type month int32

func monthOf(t time.Time) month {
	year, m, _ := t.Date()
	return month(year*12 + int(m) - 1)
}

func (m month) String() string { return fmt.Sprintf("%04d-%02d", m/12, m%12+1) }

// start is when the month begins, a day early or late: the zone is not known.
func (m month) start() time.Time {
	return time.Date(int(m/12), time.Month(m%12+1), 1, 0, 0, 0, 0, time.UTC)
}

func memberOf(p *posts.Post) member {
	h := fnv.New64a()
	h.Write([]byte(p.ID))
	return member(h.Sum64())
}

// Follow returns the layout brought up to date with a catalogue, and whether it
// differs. From an empty layout, what comes is a function of the posts alone:
// by date, then path.
func (l *Layout) Follow(c *posts.Catalogue) (*Layout, bool) {
	next := &Layout{chains: make(map[posts.Topic]*chain)}
	if l != nil {
		next.chains = maps.Clone(l.chains)
	}
	changed := false
	follow := func(t posts.Topic) {
		before := next.chains[t]
		after := before.follow(c.Posts(t))
		changed = changed || len(after.parts) > 0 && (before == nil || len(after.members) > len(before.members))
		if len(after.parts) > 0 {
			next.chains[t] = after
		}
	}
	follow(posts.Everything)
	for _, t := range c.Topics() {
		follow(t)
	}
	return next, changed
}

// Topics are those that have archived documents, in canonical order but with
// Everything among them.
func (l *Layout) Topics() []posts.Topic {
	if l == nil {
		return nil
	}
	return slices.Sorted(maps.Keys(l.chains))
}

// chain returns a topic's chain, an empty one if it has none.
func (l *Layout) chain(t posts.Topic) *chain {
	if l != nil && l.chains[t] != nil {
		return l.chains[t]
	}
	return &chain{}
}

// find returns the index of a part.
func (ch *chain) find(m month, number int32) (int, bool) {
	return slices.BinarySearchFunc(ch.parts, part{month: m, number: number}, func(a, b part) int {
		return cmp.Or(cmp.Compare(a.month, b.month), cmp.Compare(a.number, b.number))
	})
}

// span returns the parts of a month: from first up to last.
func (ch *chain) span(m month) (first, last int) {
	first, _ = ch.find(m, 0)
	last, _ = ch.find(m+1, 0)
	return first, last
}

// start is where the members of a part start, or would.
func (ch *chain) start(i int) int32 {
	if i == 0 {
		return 0
	}
	return ch.parts[i-1].end
}

// of returns the members of a part.
func (ch *chain) of(i int) []member { return ch.members[ch.start(i):ch.parts[i].end] }
