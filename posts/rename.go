package posts

import (
	"cmp"
	"slices"
	"time"
)

// followRenames pairs files that appeared with records whose file vanished in
// the same scan: by the article's address at its source, then by the text. Only
// a pair that can be no other counts.
func (r *recogniser) followRenames() {
	var appeared []*item
	for i := range r.items {
		if it := &r.items[i]; it.id == "" {
			appeared = append(appeared, it)
		}
	}
	if len(appeared) == 0 {
		return
	}
	vanished := r.vanishing()
	if len(vanished) == 0 {
		return
	}
	nothing := fingerprint(nil)
	r.pair(appeared, vanished, func(sourceURL string, _ [16]byte) string { return sourceURL })
	r.pair(appeared, vanished, func(_ string, body [16]byte) string {
		if body == nothing || body == [16]byte{} {
			return ""
		}
		return string(body[:])
	})
}

// vanishing returns the records that nothing was claimed from.
func (r *recogniser) vanishing() (list []*Identity) {
	for _, record := range r.posts {
		if r.vanishes(record) {
			list = append(list, record)
		}
	}
	return list
}

// vanishes reports a record whose file was there and is not there now, or is
// another post now.
func (r *recogniser) vanishes(record *Identity) bool {
	if _, claimed := r.claimed[record.ID]; record.Gone || claimed {
		return false
	}
	return r.scanned[record.Path] || !r.present(record.Path)
}

// pair claims for each file the one record that has the same key, if the key is
// no other file's and no other record's.
func (r *recogniser) pair(appeared []*item, vanished []*Identity, key func(sourceURL string, body [16]byte) string) {
	type candidates struct {
		items   []*item
		records []*Identity
	}
	byKey := make(map[string]*candidates, len(appeared))
	for _, it := range appeared {
		if k := key(it.post.SourceURL, it.post.Body); k != "" && it.id == "" {
			if byKey[k] == nil {
				byKey[k] = &candidates{}
			}
			byKey[k].items = append(byKey[k].items, it)
		}
	}
	for _, record := range vanished {
		if c := byKey[key(record.SourceURL, record.Body)]; c != nil && r.claimed[record.ID] == nil {
			c.records = append(c.records, record)
		}
	}
	for _, c := range byKey {
		if len(c.items) == 1 && len(c.records) == 1 {
			r.claim(c.items[0], c.records[0].ID)
		}
	}
}

// result is what the claims come to. now is when new posts were first seen.
func (r *recogniser) result(now time.Time) Recognised {
	out := Recognised{
		Posts:       make([]*Post, len(r.items)),
		Standing:    make(map[ID]Standing, len(r.items)),
		Diagnostics: r.diags,
	}
	if r.empty {
		out.Record = make([]Identity, 0, len(r.items)+len(r.items)/16) // those of feeds follow
	}
	for i := range r.items {
		it := &r.items[i]
		record, changed := r.record(it, now)
		out.Posts[it.place] = record.name(it.post)
		out.Standing[it.id] = record.Standing
		if changed {
			out.Record = append(out.Record, record)
		}
	}
	for _, record := range r.vanished {
		gone := *record
		gone.Gone = true
		out.Record = append(out.Record, gone)
		out.Vanished = append(out.Vanished, gone.ID)
	}
	for _, p := range out.Posts {
		if out.Standing[p.ID].due() {
			out.Due = append(out.Due, p)
		}
	}
	slices.Sort(out.Vanished)
	slices.SortFunc(out.Record, func(a, b Identity) int { return cmp.Compare(a.ID, b.ID) })
	slices.SortStableFunc(out.Diagnostics, func(a, b Diagnostic) int { return cmp.Compare(a.Path, b.Path) })
	return out
}

// record is what is to be remembered of a post, and whether that is news.
func (r *recogniser) record(it *item, now time.Time) (record Identity, changed bool) {
	before := r.byID[it.id]
	if before != nil {
		record = *before
	} else {
		record = r.newRecord(it, now)
	}
	record = record.of(it.post)
	return record, before == nil || record != *before
}

func (r *recogniser) newRecord(it *item, now time.Time) Identity {
	record := Identity{ID: it.id, Standing: Due, Seen: now}
	switch {
	case r.empty:
		record.Standing = Backlog
	case it.heir == nil:
	case it.heir.Standing == Arrived:
		// It was mailed under its old ID, and must not be again.
		record.Standing = Backlog
	default:
		record.Standing, record.Reason, record.Since = it.heir.Standing, it.heir.Reason, it.heir.Since
	}
	return record
}
