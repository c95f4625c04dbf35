package posts

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"
)

// KeeperOptions say where identities are kept.
type KeeperOptions struct {
	Store Identities
	Site  Site             // for the ids of its feeds
	Now   func() time.Time // default time.Now

	// Seed gives a store that has no identities those that were kept elsewhere:
	// what ReadIdentities read. They are stored together with the first scan.
	Seed func() ([]Identity, error)
}

// Keeper recognises the posts of scan after scan. It knows what the store
// knows, and reads it once. Safe for concurrent use.
type Keeper struct {
	store Identities
	site  Site
	now   func() time.Time
	seed  func() ([]Identity, error)

	mu     sync.Mutex
	loaded bool
	accept bool // the next scan may change whatever it does
	known  []Identity
	seeds  []Identity // those of known that the store does not have yet
	news   []Identity // stored, and not in known yet

	// Made when first needed: reading a site once needs neither.
	index map[ID]int     // into known
	paths map[string]int // the same, of the record that stands for a path

	last  *recognition
	given int // the number of the recognition that the caller had last
}

// recognition is the outcome of the latest scan.
type recognition struct {
	number    int // rises with every one
	after     int // the number of the one that result.Delta is about
	reader    *Reader
	scan      uint64 // the number of the reader's scan
	scanned   []*Post
	files     int
	unsettled bool
	pending   bool // files went whose records are not marked yet
	result    Recognised
	feeds     map[Topic]ID
	record    []Identity // of posts and feeds, not stored yet
}

// NewKeeper returns a keeper that has not read the store yet.
func NewKeeper(o KeeperOptions) *Keeper {
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Keeper{store: o.Store, site: o.Site, now: o.Now, seed: o.Seed}
}

// Accept lets the next scan that is recognised change and lose as many
// identities as it does.
func (k *Keeper) Accept() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.accept = true
}

// Load reads every identity from the store. Recognise does it when it has not
// been done; call it again when others may have written.
func (k *Keeper) Load(ctx context.Context) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.load(ctx)
}

func (k *Keeper) load(ctx context.Context) error {
	known, err := k.store.Identities(ctx)
	if err != nil {
		return fmt.Errorf("identities: %w", err)
	}
	if k.seeds, err = k.sown(len(known) == 0); err != nil {
		return err
	}
	if len(k.seeds) > 0 {
		known = k.seeds
	}
	k.known, k.news, k.index, k.paths = known, nil, nil, nil
	k.last, k.loaded = nil, true
	return nil
}

// enter brings known up to date with what was stored.
func (k *Keeper) enter() {
	switch {
	case len(k.news) == 0:
	case len(k.known) == 0 && k.index == nil:
		k.known, k.news = k.news, nil // each is one record's first
	default:
		k.look()
	}
}

// look is enter, and makes index and paths.
func (k *Keeper) look() {
	records := k.news
	if k.index == nil {
		k.index, k.paths = make(map[ID]int, len(k.known)+len(records)), make(map[string]int, len(k.known)+len(records))
		records = append(k.known, records...)
		k.known = make([]Identity, 0, len(records)+len(records)/64+64) // some will come
	}
	k.news = nil
	for _, r := range records {
		at, ok := k.index[r.ID]
		if ok {
			k.known[at] = r
		} else {
			at = len(k.known)
			k.index[r.ID] = at
			k.known = append(k.known, r)
		}
		if before, ok := k.paths[r.Path]; !ok || before == at || supersedes(&r, &k.known[before]) {
			k.paths[r.Path] = at
		}
	}
}

// Prepare makes what following changes needs. Otherwise the first change takes the
// time for it.
func (k *Keeper) Prepare() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.look()
}

// Read calls f with the records that the keeper works with: f neither changes nor
// keeps them, and calls nothing of the keeper's. It returns what f does.
func (k *Keeper) Read(f func(known []Identity) error) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.enter()
	return f(k.known)
}

// Held returns the records of posts that wait for an operator.
func (k *Keeper) Held() (held []Identity) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.enter()
	for i := range k.known {
		if k.known[i].Standing == Held {
			held = append(held, k.known[i])
		}
	}
	return held
}

// Recognise gives the posts of a scan their identities and the feeds of their
// topics, and of every topic on record, their ids. With a watch it stores what
// is new; without one it stores nothing, and what is new has the identity that
// it would get. ErrFenced if the watch has passed on, ErrOtherSite if the scan is
// of another site, TooManyChanges if it changes too much: then nothing changed.
// Record and Standing belong to the keeper and are valid until its next call.
func (k *Keeper) Recognise(ctx context.Context, w *Watch, s *Scan) (Recognised, map[Topic]ID, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if !k.loaded {
		if err := k.load(ctx); err != nil {
			return Recognised{}, nil, err
		}
	}
	if err := k.follow(s); err != nil {
		return Recognised{}, nil, err
	}
	k.accept = false
	last := k.last
	result := last.result
	result.Posts = slices.Clone(result.Posts) // a Catalogue sorts it
	if w != nil && len(last.record)+len(k.seeds) > 0 {
		if err := k.store.Record(ctx, *w, over(k.seeds, last.record)); err != nil {
			if errors.Is(err, ErrFenced) {
				k.loaded = false // another has written since
			}
			return Recognised{}, nil, fmt.Errorf("record %d identities: %w", len(last.record), err)
		}
		if len(k.news) == 0 {
			k.news = last.record
		} else {
			k.news = append(k.news, last.record...)
		}
		k.seeds = nil
		last.record, last.result.Record, last.result.Vanished = nil, nil, nil
	}
	if last.after != k.given {
		result.Delta = nil
	}
	k.given, last.after, last.result.Delta = last.number, last.number, &Delta{}
	return result, maps.Clone(last.feeds), nil
}

// is reports whether s found what the last scan found.
func (l *recognition) is(s *Scan) bool {
	return l != nil && s.Reread == 0 && l.files == s.files.len() && l.unsettled == (len(s.Unsettled) > 0) && slices.Equal(l.scanned, s.Posts)
}

func (k *Keeper) recognise(s *Scan) (*recognition, error) {
	k.enter()
	present := func(path string) bool { _, ok := s.files.get(path); return ok }
	result, err := identify(k.known, s.Posts, view{now: k.now(), present: present, accept: k.accept})
	if err != nil {
		if e, ok := errors.AsType[*TooManyChanges](err); ok {
			e.Unsettled = len(s.Unsettled)
		}
		return nil, err
	}
	unsettled, pending := len(s.Unsettled) > 0, false
	if unsettled {
		pending = len(result.Vanished) > 0
		// A renamed file may be among those that are left out until they
		// settle. Its old path has not vanished before that is known.
		result.Vanished = nil
		result.Record = slices.DeleteFunc(result.Record, func(r Identity) bool { return r.Gone })
	}
	topics := map[Topic]bool{Everything: true}
	for _, t := range k.site.FeedTopics() {
		topics[t] = true
	}
	for _, p := range s.Posts {
		for _, name := range p.Categories {
			topics[Category(name)] = true
		}
		for _, name := range p.Tags {
			topics[Tag(name)] = true
		}
	}
	feeds, minted := FeedIDs(k.known, slices.Collect(maps.Keys(topics)), k.site)
	seen := k.now().UTC().Truncate(time.Second)
	for i := range minted {
		minted[i].Seen = seen
	}
	return &recognition{
		reader: s.reader, scan: s.number, pending: pending,
		scanned: s.Posts, files: s.files.len(), unsettled: unsettled, result: result, feeds: feeds,
		record: append(result.Record, minted...),
	}, nil
}
