package feeds

import (
	"bytes"
	"cmp"
	"maps"
	"slices"
	"sync"

	"github.com/enshi-daily/enshi/posts"
)

// Fragments keep entries between runs, marshalled once for all feeds to come.
// They are safe for concurrent use; a nil *Fragments keeps nothing.
type Fragments struct {
	room int // bytes

	mu   sync.Mutex
	run  int
	kept map[recipe]*keptFragment
	sums map[posts.Topic]keptSum
	old  []recipe // kept before this run, those that were not used for longest first
}

type keptFragment struct {
	fragment *fragment
	huge     bool
	run      int // the latest that used it
}

// keptSum is the sum of the entries of a topic's feed.
type keptSum struct {
	list     []*posts.Post // of the topic in the catalogue that it was worked out from
	revision string
	sum      recipe
}

// NewFragments returns an empty store for about so many bytes.
func NewFragments(room int) *Fragments {
	return &Fragments{room: room, kept: make(map[recipe]*keptFragment), sums: make(map[posts.Topic]keptSum)}
}

// begin starts a run. When room is short, what the runs before did not use goes
// first; what a run itself has used stays.
func (fs *Fragments) begin() {
	if fs == nil {
		return
	}
	fs.mu.Lock()
	defer fs.mu.Unlock()
	fs.old = slices.SortedFunc(maps.Keys(fs.kept), func(a, b recipe) int {
		return cmp.Or(cmp.Compare(fs.kept[a].run, fs.kept[b].run), bytes.Compare(a[:], b[:]))
	})
	fs.run++
}

// sum returns the sum of a topic's entries if its posts are in the very list
// that they were in before: a catalogue hands on the lists that did not change.
func (fs *Fragments) sum(t posts.Topic, list []*posts.Post, revision string) (recipe, bool) {
	if fs == nil || len(list) == 0 {
		return recipe{}, false
	}
	fs.mu.Lock()
	defer fs.mu.Unlock()
	k, ok := fs.sums[t]
	return k.sum, ok && k.revision == revision && len(k.list) == len(list) && &k.list[0] == &list[0]
}

// keepSum keeps the sum of a topic's entries.
func (fs *Fragments) keepSum(t posts.Topic, k keptSum) {
	if fs == nil {
		return
	}
	fs.mu.Lock()
	defer fs.mu.Unlock()
	fs.sums[t] = k
}

func (fs *Fragments) get(r recipe) (*fragment, bool, bool) {
	if fs == nil {
		return nil, false, false
	}
	fs.mu.Lock()
	defer fs.mu.Unlock()
	k := fs.kept[r]
	if k == nil {
		return nil, false, false
	}
	k.run = fs.run
	return k.fragment, k.huge, true
}

func (fs *Fragments) put(r recipe, fr *fragment, huge bool) {
	if fs == nil {
		return
	}
	fs.mu.Lock()
	defer fs.mu.Unlock()
	if need := fr.memory(); fs.room < need {
		fs.clear(need)
		if fs.room < need {
			return
		}
	}
	if fs.kept[r] == nil {
		fs.room -= fr.memory()
		fs.kept[r] = &keptFragment{fr, huge, fs.run}
	}
}

// clear makes room, if it can, by dropping what this run has not used.
func (fs *Fragments) clear(need int) {
	for fs.room < need && len(fs.old) > 0 {
		r := fs.old[0]
		fs.old = fs.old[1:]
		if k := fs.kept[r]; k.run < fs.run {
			fs.room += k.fragment.memory()
			delete(fs.kept, r)
		}
	}
}

// memory is about what a fragment takes.
func (fr *fragment) memory() int {
	n := 512 + len(fr.cdata) + len(fr.json) + len(fr.brief)
	for _, head := range fr.head {
		n += len(head)
	}
	return n
}
