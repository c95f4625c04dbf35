package delivery

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/enshi-daily/enshi/digest"
	"github.com/enshi-daily/enshi/posts"
)

// How much of the log's tail is kept up to date with the posts. Of the last
// ones everything, for editions still to be planned; of those before them, and of
// all that arrived in the last RecallFor, whether they were withdrawn or
// corrected, which concerns whoever has them.
const (
	recentEntries   = 1000
	followedEntries = 5000
)

// follow is an entry of the log's tail.
type follow struct {
	entry digest.Entry
	brief bool // it has Number, Arrived, Topics, Correction and Withdrawn alone
	seen  seen // what entry was last compared with
}

// seen is a post as it was: its file, and what an operator said of it.
type seen struct {
	hash      [16]byte
	withdrawn bool
}

func (i *Intake) load(ctx context.Context) error {
	if i.recent != nil {
		return nil
	}
	head, err := i.o.Log.Head(ctx)
	if err != nil {
		return fmt.Errorf("arrival log: %w", err)
	}
	recent, since := make(map[posts.ID]*follow), i.o.Now().Add(-RecallFor)
	for to, young := head, true; to > 0 && (young || to > head-followedEntries); {
		from := max(0, to-recentEntries)
		part, err := i.o.Log.Since(ctx, from, to)
		if err != nil {
			return fmt.Errorf("arrival log: %w", err)
		}
		for _, e := range part {
			f := &follow{entry: e}
			if e.Number <= head-recentEntries {
				f.entry, f.brief = digest.Entry{Number: e.Number, Arrived: e.Arrived, Topics: e.Topics, Correction: e.Correction, Withdrawn: e.Withdrawn}, true
			}
			recent[e.Post] = f
		}
		to, young = from, len(part) > 0 && part[0].Arrived.After(since)
	}
	i.recent = recent
	return nil
}

// changed returns what the log is to say else of posts that arrived, by number.
func (i *Intake) changed(c *posts.Catalogue, taken *Taken) (changed []digest.Entry) {
	for id, f := range i.recent {
		p, ok := c.ByID(id)
		if now := (seen{}); ok {
			now = seen{p.Hash, p.Withdrawn}
			ok = f.seen != now && !(f.brief && f.entry.Correction == p.Correction && f.entry.Withdrawn == p.Withdrawn)
			f.seen = now
		}
		if !ok {
			continue
		}
		e, ok := i.entry(p, taken)
		if !ok {
			f.seen = seen{}
			continue
		}
		old := f.entry
		e.Number, e.Arrived, e.Topics = old.Number, old.Arrived, old.Topics
		if sameEntry(e, old) {
			continue
		}
		changed = append(changed, e)
	}
	slices.SortFunc(changed, func(a, b digest.Entry) int { return cmp.Compare(a.Number, b.Number) })
	return changed
}

// update carries changes of posts that arrived into the log.
func (i *Intake) update(ctx context.Context, w posts.Watch, c *posts.Catalogue, taken *Taken) error {
	changed := i.changed(c, taken)
	if len(changed) == 0 {
		return nil
	}
	if err := i.o.Log.Update(ctx, w, changed); err != nil {
		i.recent = nil // read again: what it says is not what the log says
		return fmt.Errorf("%d entries of the arrival log not updated: %w", len(changed), err)
	}
	for _, e := range changed {
		f := i.recent[e.Post]
		f.entry, f.brief = e, false
	}
	taken.Updated = changed
	return nil
}

func sameEntry(a, b digest.Entry) bool {
	return a.Title == b.Title && a.Link == b.Link && a.Date.Equal(b.Date) && a.Summary == b.Summary &&
		slices.Equal(a.Authors, b.Authors) && a.SourceName == b.SourceName && a.Image == b.Image &&
		a.Correction == b.Correction && a.Withdrawn == b.Withdrawn
}
