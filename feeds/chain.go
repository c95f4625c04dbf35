package feeds

import (
	"cmp"
	"slices"
	"time"

	"github.com/enshi-daily/enshi/posts"
)

// newcomer is a post that a chain may not hold yet.
type newcomer struct {
	month  month
	member member
	post   *posts.Post
}

// follow brings a chain up to date with the topic's posts. Only months with
// posts that were not there before are looked at.
func (ch *chain) follow(list []*posts.Post) *chain {
	if ch == nil {
		ch = &chain{}
	}
	if ch.list != nil && sameList(ch.list, list) {
		return ch
	}
	added := newcomers(ch.list, list)
	b := chainBuilder{from: ch, to: &chain{list: list}}
	for len(added) > 0 {
		n := 1
		for n < len(added) && added[n].month == added[0].month {
			n++
		}
		b.month(added[:n])
		added = added[n:]
	}
	if b.to.parts == nil {
		b.to.parts, b.to.members = ch.parts, ch.members
		return b.to
	}
	b.copyUpTo(len(ch.parts))
	return b.to
}

func sameList(a, b []*posts.Post) bool {
	return len(a) == len(b) && (len(a) == 0 || &a[0] == &b[0])
}

// newcomers are the posts of list that are not in before, both newest first, by
// month and then in the order of a fresh layout.
func newcomers(before, list []*posts.Post) []newcomer {
	var added []newcomer
	if before == nil {
		added = make([]newcomer, 0, len(list))
	}
	for _, p := range list {
		for len(before) > 0 && before[0] != p && newestFirst(before[0], p) <= 0 {
			before = before[1:]
		}
		if len(before) > 0 && before[0] == p {
			before = before[1:]
			continue
		}
		added = append(added, newcomer{monthOf(p.Date), memberOf(p), p})
	}
	slices.Reverse(added)
	// Sorted already, but where a zone's clock went back over the turn of a month.
	byMonth := func(a, b newcomer) int { return cmp.Compare(a.month, b.month) }
	if !slices.IsSortedFunc(added, byMonth) {
		slices.SortStableFunc(added, byMonth)
	}
	return added
}

// newestFirst is the order of a catalogue's lists.
func newestFirst(a, b *posts.Post) int {
	return cmp.Or(b.Date.Compare(a.Date), cmp.Compare(b.Path, a.Path))
}

// chainBuilder copies a chain, once there is a reason to, and adds newcomers
// month by month.
type chainBuilder struct {
	from, to *chain
	copied   int // parts of from
}

// month adds the newcomers of one month that the chain does not hold.
func (b *chainBuilder) month(added []newcomer) {
	m := added[0].month
	first, last := b.from.span(m)
	added = unknown(b.from.members[b.from.start(first):b.from.start(last)], added)
	if len(added) == 0 {
		return
	}
	b.copyUpTo(last)
	size := 0
	if first < last {
		size = sizeIn(b.to.list, m, b.from.of(last-1))
	}
	for _, n := range added {
		i := len(b.to.parts) - 1
		if i < 0 || b.to.parts[i].month != m {
			b.open(m, 1)
			size = 0
		} else if len(b.to.of(i)) >= maxMembers || size+sizeOf(n.post) > maxPartSize {
			b.open(m, b.to.parts[i].number+1)
			size = 0
		}
		size += sizeOf(n.post)
		b.to.members = append(b.to.members, n.member)
		b.to.parts[len(b.to.parts)-1].end++
	}
}

func (b *chainBuilder) open(m month, number int32) {
	b.to.parts = append(b.to.parts, part{month: m, number: number, end: int32(len(b.to.members))})
}

// copyUpTo copies the parts before the given one that were not copied yet.
func (b *chainBuilder) copyUpTo(last int) {
	if b.to.parts == nil {
		b.to.parts = make([]part, 0, len(b.from.parts)+1)
		b.to.members = make([]member, 0, len(b.from.members)+1)
	}
	for ; b.copied < last; b.copied++ {
		p := b.from.parts[b.copied]
		b.to.members = append(b.to.members, b.from.of(b.copied)...)
		p.end = int32(len(b.to.members))
		b.to.parts = append(b.to.parts, p)
	}
}

// sizeIn is how large the files are of those members of a month's part that are
// still in a list.
func sizeIn(list []*posts.Post, m month, members []member) int {
	size := 0
	for _, p := range postsOf(list, m) {
		if slices.Contains(members, memberOf(p)) {
			size += sizeOf(p)
		}
	}
	return size
}

// sizeOf is about what a post takes in a document. One that is very long is
// given as an excerpt.
func sizeOf(p *posts.Post) int {
	const around, longest = 1 << 10, DefaultMaxBytes / 2
	if p.Size > longest {
		return around
	}
	return p.Size + around
}

// unknown returns the newcomers that are not members, each once.
func unknown(members []member, added []newcomer) []newcomer {
	i := 0
	for _, n := range added { // mostly they are there, in this order
		for i < len(members) && members[i] != n.member {
			i++
		}
		if i == len(members) {
			break
		}
	}
	if i < len(members) {
		return nil
	}
	if len(members) == 0 && distinct(added) {
		return added
	}
	known := make(map[member]bool, len(members)+len(added))
	for _, m := range members {
		known[m] = true
	}
	var list []newcomer
	for _, n := range added {
		if !known[n.member] {
			known[n.member] = true
			list = append(list, n)
		}
	}
	return list
}

// distinct says whether no two newcomers are one member.
func distinct(added []newcomer) bool {
	all := make([]member, len(added))
	for i, n := range added {
		all[i] = n.member
	}
	slices.Sort(all)
	return len(slices.Compact(all)) == len(added)
}

// postsOf returns the posts of a month out of a list, newest first.
func postsOf(list []*posts.Post, m month) []*posts.Post {
	const day = 36 * time.Hour // more than any zone is away from UTC
	from, to := m.start().Add(-day), (m + 1).start().Add(day)
	first, _ := slices.BinarySearchFunc(list, to, func(p *posts.Post, t time.Time) int { return t.Compare(p.Date) })
	var found []*posts.Post
	for _, p := range list[first:] {
		if p.Date.Before(from) {
			break
		}
		if monthOf(p.Date) == m {
			found = append(found, p)
		}
	}
	return found
}
