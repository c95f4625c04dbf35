package posts

import (
	"cmp"
	"fmt"
	"slices"
)

// More changes than both of these at once are no day's work, but another branch,
// a folder that is not mounted, a script that went wrong.
const (
	manyChanges = 20
	muchChanged = 20 // one in so many: 5 %
)

// Change is what a scan would do to an identity that readers know.
type Change struct {
	Path string `json:"path"`          // the file that the record names
	ID   ID     `json:"id"`            // the ID that it went out under
	Next ID     `json:"now,omitempty"` // the ID that it would go out under; "" if the file vanished
}

func (c Change) String() string {
	if c.Next != "" {
		return fmt.Sprintf("%s: changed: %s is %s now", c.Path, c.ID, c.Next)
	}
	return fmt.Sprintf("%s: vanished: %s", c.Path, c.ID)
}

// TooManyChanges refuses a scan that would change or lose more than 20 and more
// than 5 % of the identities of posts that are there, or leave nothing at all of
// five or more posts. Nothing was recorded.
type TooManyChanges struct {
	Live      int      // identities of posts whose file was there
	Changes   []Change // by path
	Unsettled int      // new files left out until they settle, which may be what vanished
}

func (e *TooManyChanges) Error() string {
	changed := 0
	for _, c := range e.Changes {
		if c.Next != "" {
			changed++
		}
	}
	what := fmt.Sprintf("%d would vanish and %d would change", len(e.Changes)-changed, changed)
	if changed == 0 {
		what = fmt.Sprintf("%d would vanish", len(e.Changes))
	}
	return fmt.Sprintf("of the %d ids of posts on record %s at once", e.Live, what)
}

// guard refuses a scan that changes or loses too much.
func (r *recogniser) guard() error {
	live := 0
	for _, record := range r.posts {
		if !record.Gone {
			live++
		}
	}
	n := len(r.vanished)
	nothing := len(r.items) == 0 && n == live && n >= enough
	if !nothing && (n <= manyChanges || n*muchChanged <= live) {
		return nil
	}
	next := make(map[string]ID, len(r.items))
	for i := range r.items {
		next[r.items[i].post.Path] = r.items[i].id
	}
	e := &TooManyChanges{Live: live}
	for _, record := range r.vanished {
		e.Changes = append(e.Changes, Change{Path: record.Path, ID: record.ID, Next: next[record.Path]})
	}
	slices.SortFunc(e.Changes, func(a, b Change) int { return cmp.Or(cmp.Compare(a.Path, b.Path), cmp.Compare(a.ID, b.ID)) })
	return e
}
