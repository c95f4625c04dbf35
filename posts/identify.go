package posts

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Recognised is a scan whose posts have their identities.
type Recognised struct {
	Posts       []*Post    // the scanned ones with ID set, in their order; copies of those that had another
	Record      []Identity // new and changed records, to be stored
	Standing    map[ID]Standing
	Due         []*Post // those whose Standing is Due or Released, in the order of Posts
	Delta       *Delta  // what is different from the Recognised before, nil if that is not known
	Diagnostics []Diagnostic
	Vanished    []ID // recorded posts whose file is gone since the last scan
}

// Identify gives each scanned post its identity: what it always was, if the
// store knows the post by its guid, its path, as the one renamed file it can
// be, or by its entry id; else front matter's guid, else the entry id that
// jekyll-feed gives it, else a tag: URI. With nothing known at all the posts are
// the backlog of a new store; later ones are due to arrive.
//
// It fails with ErrOtherSite if at least five posts are known and nothing of
// what was scanned is among them, and with TooManyChanges if so many would
// change or vanish at once that it must be a mistake.
func Identify(known []Identity, scanned []*Post, now time.Time) (Recognised, error) {
	return identify(known, scanned, view{now: now, present: func(string) bool { return false }})
}

// view is what a scan is looked at with.
type view struct {
	now     time.Time
	present func(path string) bool // tells files that are there, but not published, from those that vanished
	accept  bool                   // whatever changed is meant
}

func identify(known []Identity, scanned []*Post, v view) (Recognised, error) {
	r := newRecogniser(known, scanned, v.present)
	if !v.accept {
		if err := r.sameSite(); err != nil {
			return Recognised{}, err
		}
	}
	r.keepGUIDs()
	r.keepPaths()
	r.takeGUIDs()
	r.followRenames()
	r.takeAddresses()
	r.vanished = r.vanishing()
	if !v.accept {
		if err := r.guard(); err != nil {
			return Recognised{}, err
		}
	}
	return r.result(v.now.UTC().Truncate(time.Second)), nil
}

// recogniser works through a scan, from the surest sign of identity to the
// weakest. Each step claims IDs for posts that have none yet.
type recogniser struct {
	items    []item // by path
	byPath   map[string]*Identity
	byID     map[ID]*Identity
	posts    []*Identity // the records of posts, not of feeds
	claimed  map[ID]*item
	scanned  map[string]bool // paths; none if nothing is known
	present  func(path string) bool
	empty    bool
	vanished []*Identity // in the end
	diags    []Diagnostic
}

// item is a scanned post on its way to its identity.
type item struct {
	post  *Post
	place int // in the scan
	id    ID
	heir  *Identity // the record that a new guid takes over from
}

func newRecogniser(known []Identity, scanned []*Post, present func(string) bool) *recogniser {
	r := &recogniser{
		items:   make([]item, len(scanned)),
		byPath:  make(map[string]*Identity, len(known)),
		byID:    make(map[ID]*Identity, len(known)),
		claimed: make(map[ID]*item, len(scanned)),
		scanned: make(map[string]bool, min(len(scanned), len(known))),
		present: present,
		empty:   len(known) == 0,
	}
	for i, p := range scanned {
		r.items[i] = item{post: p, place: i}
		if !r.empty {
			r.scanned[p.Path] = true
		}
	}
	slices.SortFunc(r.items, func(a, b item) int { return cmp.Compare(a.post.Path, b.post.Path) })
	for i := range known {
		record := &known[i]
		r.byID[record.ID] = record
		if strings.HasPrefix(record.Path, feedPrefix) {
			continue
		}
		r.posts = append(r.posts, record)
		if before, ok := r.byPath[record.Path]; !ok || supersedes(record, before) {
			r.byPath[record.Path] = record
		}
	}
	return r
}

// feedPrefix begins the Path of every FeedPath.
const feedPrefix = "feed:"

// supersedes says which of two records of one path is the post there now.
func supersedes(a, b *Identity) bool {
	if a.Gone != b.Gone {
		return b.Gone
	}
	return cmp.Or(a.Seen.Compare(b.Seen), cmp.Compare(b.ID, a.ID)) > 0
}

// enough posts must be known before a scan without any of them is a mistake.
const enough = 5

// sameSite refuses a scan that has nothing in common with what is known.
func (r *recogniser) sameSite() error {
	live := 0
	urls, bodies := make(map[string]bool), make(map[[16]byte]bool)
	for _, record := range r.posts {
		if record.Gone {
			continue
		}
		if r.scanned[record.Path] {
			return nil
		}
		live++
		urls[record.SourceURL], bodies[record.Body] = true, true
	}
	if live < enough || len(r.items) == 0 {
		return nil
	}
	for _, it := range r.items {
		if it.post.SourceURL != "" && urls[it.post.SourceURL] || bodies[it.post.Body] {
			return nil
		}
	}
	return fmt.Errorf("%d posts read, and none of the %d that the store knows is among them: check the site's directory and the store: %w",
		len(r.items), live, ErrOtherSite)
}

// claim gives it an ID unless another has it.
func (r *recogniser) claim(it *item, id ID) bool {
	if _, taken := r.claimed[id]; taken {
		return false
	}
	it.id = id
	r.claimed[id] = it
	return true
}

func (r *recogniser) warn(it *item, format string, args ...any) {
	r.diags = append(r.diags, Diagnostic{Path: it.post.Path, Severity: Warning, Message: fmt.Sprintf(format, args...)})
}

// keepGUIDs claims guids for the files that had them before.
func (r *recogniser) keepGUIDs() {
	for i := range r.items {
		it := &r.items[i]
		if it.post.GUID == "" {
			continue
		}
		if !isAbsoluteIRI(it.post.GUID) {
			r.warn(it, "guid %q is not used: expected an absolute IRI, such as tag:example.com,2024-01-31:name", it.post.GUID)
			continue
		}
		if record := r.byPath[it.post.Path]; record != nil && record.ID == ID(it.post.GUID) {
			r.claim(it, record.ID)
		}
	}
}

// keepPaths claims what is recorded for a path for the file that is there.
func (r *recogniser) keepPaths() {
	for i := range r.items {
		it := &r.items[i]
		if it.id != "" || isAbsoluteIRI(it.post.GUID) {
			continue
		}
		if record := r.byPath[it.post.Path]; record != nil {
			r.claim(it, record.ID)
		}
	}
}

// takeGUIDs claims guids for files that did not have them before.
func (r *recogniser) takeGUIDs() {
	for i := range r.items {
		it := &r.items[i]
		if it.id != "" || !isAbsoluteIRI(it.post.GUID) {
			continue
		}
		id, record := ID(it.post.GUID), r.byPath[it.post.Path]
		switch owner := r.owner(id); {
		case owner != "":
			r.warn(it, "guid %q belongs to %s: give it another, or none", id, owner)
			if record != nil {
				r.claim(it, record.ID)
			}
		case r.claim(it, id) && record != nil && r.byID[id] == nil:
			it.heir = record
			r.warn(it, "its id was %s and is its new guid now: readers take it for a new entry", record.ID)
		}
	}
}

// owner is the path of the file that an ID belongs to, "" if it is free: never
// used, or of a file that vanished.
func (r *recogniser) owner(id ID) string {
	if it, ok := r.claimed[id]; ok {
		return it.post.Path
	}
	record := r.byID[id]
	if record == nil || record.Gone || !r.present(record.Path) && !strings.HasPrefix(record.Path, feedPrefix) {
		return ""
	}
	return record.Path
}

// takeAddresses claims for the remaining posts the entry ids that jekyll-feed
// gives them, and tag: URIs where these cannot be had.
func (r *recogniser) takeAddresses() {
	for i := range r.items {
		it := &r.items[i]
		address := ID(it.post.JekyllID)
		usable := isAbsoluteIRI(it.post.JekyllID)
		if it.id == "" && (!usable || r.owner(address) != "" || !r.claim(it, address)) {
			for n := 1; !r.claim(it, postTag(it.post, n)); n++ {
			}
		}
		// Said at every scan, until the publisher renames one of them.
		if owner := r.owner(address); usable && it.post.GUID == "" && owner != "" && owner != it.post.Path {
			r.warn(it, "its entry id %s belongs to %s: it goes out as %s; rename one of the files to tell them apart", address, owner, it.id)
		}
	}
}
