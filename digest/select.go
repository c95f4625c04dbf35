package digest

import (
	"cmp"
	"slices"
	"sort"

	"github.com/enshi-daily/enshi/posts"
)

// Pending returns what a subscriber with this cursor and these topics has still
// to get, newest first: the entries after the cursor that belong to a topic and
// are not withdrawn. The log is by number and may begin before the cursor.
func Pending(log []Entry, cursor int64, topics []posts.Topic) []Entry {
	from := sort.Search(len(log), func(i int) bool { return log[i].Number > cursor })
	var pending []Entry
	for _, e := range log[from:] {
		if !e.Withdrawn && e.In(topics) {
			pending = append(pending, e)
		}
	}
	slices.SortFunc(pending, func(a, b Entry) int {
		return cmp.Or(b.Date.Compare(a.Date), cmp.Compare(b.Number, a.Number))
	})
	return pending
}
