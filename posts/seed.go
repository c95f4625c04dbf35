package posts

import (
	"slices"
	"strings"
	"time"
)

// sown are the identities that an empty store begins with. None of their posts
// is ever mailed because of it: which of them were, the store knew that is lost,
// and a mail that went out twice cannot be called back.
func (k *Keeper) sown(empty bool) ([]Identity, error) {
	if !empty || k.seed == nil {
		return nil, nil
	}
	seeds, err := k.seed()
	if err != nil {
		return nil, err
	}
	seeds = slices.Clone(seeds)
	now := k.now().UTC().Truncate(time.Second)
	for i := range seeds {
		s := &seeds[i]
		s.Seen = now
		if s.Standing == "" && !strings.HasPrefix(s.Path, feedPrefix) {
			s.Standing = Backlog
		}
	}
	return seeds, nil
}

// over lays records over others: those with the same ID take their place.
func over(below, records []Identity) []Identity {
	if len(below) == 0 {
		return records
	}
	replaced := make(map[ID]bool, len(records))
	for i := range records {
		replaced[records[i].ID] = true
	}
	all := make([]Identity, 0, len(below)+len(records))
	for i := range below {
		if !replaced[below[i].ID] {
			all = append(all, below[i])
		}
	}
	return append(all, records...)
}
