package feeds

import (
	"bytes"
	"cmp"
	"container/heap"
	"sync"
	"time"

	"github.com/enshi-daily/enshi/posts"
)

// Fragments keep entries between runs, marshalled once for all feeds to come.
// They are safe for concurrent use; a nil *Fragments keeps nothing.
type Fragments struct {
	room int // bytes

	mu    sync.Mutex
	run   int
	kept  map[recipe]*keptFragment
	worth worth
	sums  map[posts.Topic]keptSum
}

type keptFragment struct {
	recipe   recipe
	fragment *fragment
	huge     bool
	date     time.Time // of its post
	run      int       // the latest that used it
	ranked   int       // that run as the heap knows it
}

// less says that k is worth less than other: unused for longer, or of an older
// post, which is in fewer of the feeds that the next new post goes into.
func (k *keptFragment) less(other *keptFragment) bool {
	return cmp.Or(cmp.Compare(k.ranked, other.ranked), k.date.Compare(other.date), bytes.Compare(k.recipe[:], other.recipe[:])) < 0
}

// worth is a heap: what is worth least is first.
type worth []*keptFragment

func (w worth) Len() int           { return len(w) }
func (w worth) Less(i, j int) bool { return w[i].less(w[j]) }
func (w worth) Swap(i, j int)      { w[i], w[j] = w[j], w[i] }
func (w *worth) Push(x any)        { *w = append(*w, x.(*keptFragment)) }

func (w *worth) Pop() any {
	last := len(*w) - 1
	k := (*w)[last]
	(*w)[last] = nil
	*w = (*w)[:last]
	return k
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

// begin starts a run.
func (fs *Fragments) begin() {
	if fs == nil {
		return
	}
	fs.mu.Lock()
	defer fs.mu.Unlock()
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

// put keeps the fragment of a post of that date, unless everything that it would
// have to replace is worth more.
func (fs *Fragments) put(r recipe, fr *fragment, huge bool, date time.Time) {
	if fs == nil {
		return
	}
	fs.mu.Lock()
	defer fs.mu.Unlock()
	k := &keptFragment{recipe: r, fragment: fr, huge: huge, date: date, run: fs.run, ranked: fs.run}
	if fs.kept[r] != nil || !fs.clear(k) {
		return
	}
	fs.room -= fr.memory()
	fs.kept[r] = k
	heap.Push(&fs.worth, k)
}

// clear makes room for k, if it can, by dropping what is worth less.
func (fs *Fragments) clear(k *keptFragment) bool {
	for need := k.fragment.memory(); fs.room < need; {
		if len(fs.worth) == 0 {
			return false
		}
		least := fs.worth[0]
		switch {
		case least.ranked < least.run: // used since
			least.ranked = least.run
			heap.Fix(&fs.worth, 0)
		case !least.less(k):
			return false
		default:
			heap.Pop(&fs.worth)
			delete(fs.kept, least.recipe)
			fs.room += least.fragment.memory()
		}
	}
	return true
}

// memory is about what a fragment takes.
func (fr *fragment) memory() int {
	n := 512 + len(fr.cdata) + len(fr.json) + len(fr.brief)
	for _, head := range fr.head {
		n += len(head)
	}
	return n
}
