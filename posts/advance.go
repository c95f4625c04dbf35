package posts

import (
	"cmp"
	"maps"
	"slices"
	"time"
)

// follow makes k.last the recognition of a scan.
func (k *Keeper) follow(s *Scan) error {
	if k.last.is(s) {
		k.last.reader, k.last.scan = s.reader, s.number
		return nil
	}
	number := k.given + 1
	if k.last != nil {
		number = max(number, k.last.number+1)
		if next := k.advance(s); next != nil {
			next.number, next.after = number, k.last.number
			k.last = next
			return nil
		}
	}
	last, err := k.recognise(s)
	if err != nil {
		return err
	}
	last.number = number
	k.last = last
	return nil
}

// advance recognises a scan that looked at a few files only, from the
// recognition of the scan that it began from. nil if anything about it may be
// difficult: a file that went, a guid that is new, an ID that another has.
func (k *Keeper) advance(s *Scan) *recognition {
	l, c := k.last, s.change
	if c.from == 0 || c.from != l.scan || s.reader != l.reader || len(l.record) > 0 || l.pending {
		return nil
	}
	for _, p := range c.removed {
		if _, present := s.files.get(p.Path); !present {
			return nil
		}
	}
	k.look()
	next := *l
	next.scan, next.scanned, next.files, next.unsettled = s.number, s.Posts, s.files.len(), len(s.Unsettled) > 0
	now := k.now().UTC().Truncate(time.Second)
	delta := Delta{Removed: identified(l.result.Posts, c.removed)}
	standings := make(map[ID]Standing, len(c.added))
	for _, p := range c.added {
		record, changed, ok := k.recogniseOne(p, now)
		if _, twice := standings[record.ID]; !ok || twice {
			return nil
		}
		delta.Added = append(delta.Added, record.name(p))
		standings[record.ID] = record.Standing
		if changed {
			next.record = append(next.record, record)
		}
	}
	for _, p := range delta.Removed {
		delete(l.result.Standing, p.ID)
	}
	maps.Copy(l.result.Standing, standings)
	slices.SortFunc(next.record, func(a, b Identity) int { return cmp.Compare(a.ID, b.ID) })
	next.result.Delta, next.result.Record = &delta, next.record
	next.feeds, next.record = k.feedsOf(c.added, now, next.record)
	next.result.Posts = patched(l.result.Posts, delta.Removed, delta.Added)
	next.result.Due = nil
	for _, p := range patched(l.result.Due, delta.Removed, delta.Added) {
		if l.result.Standing[p.ID].due() {
			next.result.Due = append(next.result.Due, p)
		}
	}
	return &next
}

// identified returns the posts of a list that stand where the given ones do.
func identified(list, scanned []*Post) []*Post {
	named := make([]*Post, 0, len(scanned))
	for _, p := range scanned {
		if at, there := slices.BinarySearchFunc(list, p, newestFirst); there {
			named = append(named, list[at])
		}
	}
	return named
}

// recogniseOne gives a post its identity if there is no doubt about it, and
// says whether its record is news.
func (k *Keeper) recogniseOne(p *Post, now time.Time) (record Identity, changed, ok bool) {
	for _, d := range k.last.result.Diagnostics {
		if d.Path == p.Path {
			return record, false, false
		}
	}
	at, known := k.paths[p.Path]
	if known {
		record = k.known[at]
	}
	switch {
	case known && record.Path != p.Path: // it moved on, and was not the first there
		return record, false, false
	case known && !record.Gone && (p.GUID == "" || record.ID == ID(p.GUID)):
	case known, p.GUID != "":
		return record, false, false
	default:
		id := ID(p.JekyllID)
		if !isAbsoluteIRI(p.JekyllID) {
			id = postTag(p, 1)
		}
		if _, taken := k.index[id]; taken {
			return record, false, false
		}
		record = Identity{ID: id, Standing: Due, Seen: now}
	}
	record = record.of(p)
	return record, !known || record != k.known[at], true
}

// of is the record with what a post's file says now.
func (i Identity) of(p *Post) Identity {
	i.Path, i.SourceURL, i.Body, i.Gone = p.Path, p.SourceURL, p.Body, false
	if p.Withdrawn && i.Standing != Withdrawn {
		i.Standing, i.Reason, i.Since = Withdrawn, "", time.Time{}
	}
	return i
}

// name is the post with its identity: p itself, which nobody else has seen as long
// as it has none, or a copy. One that an operator took back is withdrawn from that
// moment on, whatever its file says.
func (i Identity) name(p *Post) *Post {
	switch {
	case i.TakenBack():
		named := *p
		named.ID, named.Withdrawn = i.ID, true
		if i.Since.After(named.Updated) {
			named.Updated = i.Since.In(named.Date.Location())
		}
		return &named
	case p.ID == "":
		p.ID = i.ID
	case p.ID != i.ID: // others have written to the store since
		named := *p
		named.ID = i.ID
		return &named
	}
	return p
}

// due says that a post arrives as soon as it is eligible.
func (s Standing) due() bool { return s == Due || s == Released }

// feedsOf gives the feeds of topics that nobody has seen yet their ids, and adds
// the records of those.
func (k *Keeper) feedsOf(added []*Post, now time.Time, record []Identity) (map[Topic]ID, []Identity) {
	var fresh []Topic
	for _, p := range added {
		for _, t := range p.Topics() {
			if _, ok := k.last.feeds[t]; !ok {
				fresh = append(fresh, t)
			}
		}
	}
	if len(fresh) == 0 {
		return k.last.feeds, record
	}
	feeds := maps.Clone(k.last.feeds)
	minted := mintFeeds(feeds, fresh, k.site, func(id ID) bool { _, taken := k.index[id]; return taken })
	for i := range minted {
		minted[i].Seen = now
	}
	return feeds, append(slices.Clip(record), minted...)
}

// Moved takes note that the store has other standings for some posts now, with
// the reason for it.
func (k *Keeper) Moved(records ...Identity) {
	if len(records) == 0 {
		return
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.look()
	for _, r := range records {
		at, ok := k.index[r.ID]
		if !ok {
			continue
		}
		k.known[at].Standing, k.known[at].Reason, k.known[at].Since = r.Standing, r.Reason, r.Since
		if k.last != nil {
			k.last.result.Standing[r.ID] = r.Standing
		}
	}
	if k.last != nil {
		k.last.result.Due = slices.DeleteFunc(slices.Clone(k.last.result.Due), func(p *Post) bool { return !k.last.result.Standing[p.ID].due() })
	}
}
