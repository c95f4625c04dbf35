package delivery

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/enshi-daily/enshi/posts"
)

// Guards keep back what an operator would not want to be mailed by accident.
type Guards struct {
	MaxNew int           // more new posts than this in one scan are held; 0 for no limit
	MaxAge time.Duration // new posts dated longer ago are held; 0 for no limit
}

// DefaultGuards hold more than 200 new posts in one scan, and new posts dated
// more than 7 days ago.
func DefaultGuards() Guards { return Guards{MaxNew: 200, MaxAge: 7 * 24 * time.Hour} }

// eligible returns the posts that may arrive, by date, as one scan's arrivals
// are ordered.
func (i *Intake) eligible(r Recognised, taken *Taken) []*posts.Post {
	var due []*posts.Post
	for _, p := range r.Due {
		switch {
		case p.Withdrawn:
		case !p.Settled && !r.ahead:
			taken.Unready++
		default:
			due = append(due, p)
		}
	}
	due = i.awaitRest(due, r, taken)
	if r.Backfill > 0 {
		due = append(due, backfill(r)...)
	}
	if r.AcceptMany || r.AcceptOld {
		due = append(due, i.accepted(r)...)
	}
	slices.SortFunc(due, func(a, b *posts.Post) int {
		return cmp.Or(a.Date.Compare(b.Date), cmp.Compare(a.Path, b.Path))
	})
	return due
}

// awaitRest leaves new posts for later that would be too many with those that are
// still written: the guard is to see them together, however slowly they are copied.
func (i *Intake) awaitRest(due []*posts.Post, r Recognised, taken *Taken) []*posts.Post {
	rest := taken.Unready + r.Unsettled
	if rest == 0 || i.o.Guards.MaxNew == 0 || r.AcceptMany {
		return due
	}
	isNew := func(p *posts.Post) bool { return r.Standing[p.ID] == posts.Due }
	decided := slices.DeleteFunc(slices.Clone(due), isNew)
	news := len(due) - len(decided)
	if news+rest <= i.o.Guards.MaxNew {
		return due
	}
	taken.Unready += news
	return decided
}

// backfill returns what is in the backlog of the newest posts. Those that arrived
// count among these, so that a second run brings no older ones.
func backfill(r Recognised) []*posts.Post {
	var old []*posts.Post
	newest := 0
	for _, p := range r.Catalogue.Posts(posts.Everything) {
		if newest == r.Backfill {
			break
		}
		if p.Withdrawn {
			continue
		}
		if newest++; r.Standing[p.ID] == posts.Backlog {
			old = append(old, p)
		}
	}
	return old
}

// accepted returns the held posts that an operator lets through.
func (i *Intake) accepted(r Recognised) []*posts.Post {
	var list []*posts.Post
	for _, p := range r.Catalogue.Posts(posts.Everything) {
		if r.Standing[p.ID] != posts.Held || p.Withdrawn || !p.Settled && !r.ahead {
			continue
		}
		if old := i.old(p); old && r.AcceptOld || !old && r.AcceptMany {
			list = append(list, p)
		}
	}
	return list
}

// old says whether a post is dated so long ago that it is held.
func (i *Intake) old(p *posts.Post) bool {
	return i.o.Guards.MaxAge > 0 && i.o.Now().Sub(p.Date) > i.o.Guards.MaxAge
}

// guard returns the posts to hold, with the reason for each. What an operator
// let go is not held.
func (i *Intake) guard(eligible []*posts.Post, r Recognised) (map[posts.ID]*posts.Post, map[posts.ID]string) {
	held, reason := make(map[posts.ID]*posts.Post), make(map[posts.ID]string)
	g, news := i.o.Guards, 0
	for _, p := range eligible {
		if r.Standing[p.ID] == posts.Due {
			news++
		}
	}
	for _, p := range eligible {
		switch {
		case r.Standing[p.ID] != posts.Due:
			continue
		case g.MaxNew > 0 && news > g.MaxNew && !r.AcceptMany:
			reason[p.ID] = fmt.Sprintf("%d new posts in one scan, more than %d", news, g.MaxNew)
		case i.old(p) && !r.AcceptOld:
			reason[p.ID] = fmt.Sprintf("dated %s, more than %d days ago", p.Date.Format("2006-01-02"), int(g.MaxAge.Hours()/24))
		default:
			continue
		}
		held[p.ID] = p
	}
	return held, reason
}

func (i *Intake) hold(ctx context.Context, w posts.Watch, held map[posts.ID]*posts.Post, reason map[posts.ID]string, taken *Taken) error {
	now := i.o.Now().UTC().Truncate(time.Second)
	for id, p := range held {
		taken.Held = append(taken.Held, posts.Identity{
			ID: id, Path: p.Path, SourceURL: p.SourceURL, Body: p.Body,
			Standing: posts.Held, Reason: reason[id], Seen: now, Since: now,
		})
	}
	slices.SortFunc(taken.Held, func(a, b posts.Identity) int { return cmp.Compare(a.Path, b.Path) })
	if err := i.o.Identities.Record(ctx, w, taken.Held); err != nil {
		return fmt.Errorf("hold %d posts: %w", len(held), err)
	}
	return nil
}
