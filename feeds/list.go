package feeds

import (
	"cmp"
	"slices"
	"time"

	"github.com/enshi-daily/enshi/posts"
)

// Summary is what a list of feeds says of one topic.
type Summary struct {
	Topic   posts.Topic
	Entries int       // posts of the topic, not only those of its live feed
	Updated time.Time // of the newest of them
}

// List returns a summary of everything and of each topic, those with the most
// posts first, equal ones in canonical order.
func List(c *posts.Catalogue) []Summary {
	list := make([]Summary, 0, len(c.Topics())+1)
	for _, t := range c.Topics() {
		list = append(list, summarize(c, t))
	}
	slices.SortStableFunc(list, func(a, b Summary) int { return cmp.Compare(b.Entries, a.Entries) })
	return slices.Insert(list, 0, summarize(c, posts.Everything))
}

func summarize(c *posts.Catalogue, t posts.Topic) Summary {
	return Summary{Topic: t, Entries: c.Count(t), Updated: c.Updated(t)}
}
