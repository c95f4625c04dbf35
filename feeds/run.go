package feeds

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/enshi-daily/enshi/posts"
)

// withdrawnFor is how long a withdrawn entry stays, counted back from the date
// of the newest post: the same posts give the same bytes, whatever the time.
const withdrawnFor = 30 * 24 * time.Hour

// slot is the place of one post in a run.
type slot struct {
	post     *posts.Post
	updated  time.Time
	fraction uint32
	recipe   recipe
	uses     int // documents' topics that still need it
	done     bool
	huge     bool // too long to be given in full
	fragment *fragment
	err      error // why there is no fragment
	odd      []posts.Diagnostic
}

// run is the state of one pass over the documents of a catalogue.
type run struct {
	b           *Builder
	catalogue   *posts.Catalogue
	topics      []posts.Topic
	sums        map[posts.Topic]recipe  // of the entries of a live feed
	entries     map[posts.Topic][]*slot // those entries, newest first; none where the sum was known
	slots       map[*posts.Post]*slot
	taken       map[instant]bool
	book        *recipeBook
	marshallers []*marshaller // one a worker
}

func (b *Builder) newRun(c *posts.Catalogue, known []posts.Topic) *run {
	r := &run{
		b: b, catalogue: c,
		topics:  b.o.Addresses.Topics(c, known...),
		sums:    make(map[posts.Topic]recipe, len(c.Topics())+1),
		entries: make(map[posts.Topic][]*slot, len(c.Topics())+1),
		slots:   make(map[*posts.Post]*slot),
		taken:   make(map[instant]bool),
		book:    newRecipeBook(b.revision),
	}
	b.o.Fragments.begin()
	for _, t := range r.topics {
		if sum, ok := b.o.Fragments.sum(t, c.Posts(t), b.revision); ok {
			r.sums[t] = sum
			continue
		}
		r.lay(t)
		r.sums[t] = r.book.entries(r.entries[t])
		// A withdrawn entry leaves by itself, while its list stays.
		if !slices.ContainsFunc(r.entries[t], func(s *slot) bool { return s.post.Withdrawn }) {
			b.o.Fragments.keepSum(t, keptSum{c.Posts(t), b.revision, r.sums[t]})
		}
	}
	for range runtime.GOMAXPROCS(0) {
		r.marshallers = append(r.marshallers, newMarshaller())
	}
	return r
}

// lay gives the entries of a topic's live feed their places.
func (r *run) lay(t posts.Topic) {
	for _, p := range r.b.live(r.catalogue, t) {
		s := r.slots[p]
		if s == nil {
			s = &slot{post: p, updated: latest(p)}
			s.fraction = uniqueFraction(r.taken, s)
			s.err = checkID(r.catalogue, p)
			s.recipe = r.book.entry(s)
			r.slots[p] = s
		}
		s.uses++
		r.entries[t] = append(r.entries[t], s)
	}
}

// checkID keeps a post out whose id would break the documents that hold it.
func checkID(c *posts.Catalogue, p *posts.Post) error {
	if text(string(p.ID)) == "" {
		return errors.New("it has no id")
	}
	if other, _ := c.ByID(p.ID); other != p {
		return fmt.Errorf("it has the id of %s", other.Path)
	}
	return nil
}

// live returns the posts of a topic's live feed: the newest ones, without those
// withdrawn long ago.
func (b *Builder) live(c *posts.Catalogue, t posts.Topic) []*posts.Post {
	all := c.Posts(t)
	list := make([]*posts.Post, 0, min(len(all), b.o.Limit))
	for _, p := range all {
		if len(list) == b.o.Limit {
			break
		}
		if !expired(c, p) {
			list = append(list, p)
		}
	}
	return list
}

func expired(c *posts.Catalogue, p *posts.Post) bool {
	return p.Withdrawn && p.Updated.Before(c.Posts(posts.Everything)[0].Date.Add(-withdrawnFor))
}

func latest(p *posts.Post) time.Time {
	at := p.Updated
	for _, t := range []time.Time{p.Date, datedSince()} {
		if at.Before(t) {
			at = t
		}
	}
	return at
}

// datedSince is when dates begin in feeds of XML, in whatever zone they are
// written: the W3C validator takes one before 1990 for a mistake
// (ImplausibleDate). Where a date may be left out, an earlier one is.
func datedSince() time.Time { return time.Date(1990, 1, 2, 0, 0, 0, 0, time.UTC) }

// instant is what an Atom entry's updated element says.
type instant struct {
	second   int64
	fraction uint32
}

// uniqueFraction makes sure that no two entries of a run have one instant, were
// their hashes to meet.
func uniqueFraction(taken map[instant]bool, s *slot) uint32 {
	for salt := uint32(0); ; salt++ {
		at := instant{s.updated.Unix(), fractionOf(s.post.ID, salt)}
		if !taken[at] {
			taken[at] = true
			return at.fraction
		}
	}
}

// onEach works through the slots with all marshallers at a time, each on a
// goroutine of its own, until none is left or ctx ends.
func onEach(ctx context.Context, marshallers []*marshaller, slots []*slot, do func(*marshaller, *slot)) {
	var next atomic.Int64
	var workers sync.WaitGroup
	for _, m := range marshallers[:min(len(marshallers), len(slots))] {
		workers.Go(func() {
			for ctx.Err() == nil {
				i := int(next.Add(1)) - 1
				if i >= len(slots) {
					return
				}
				do(m, slots[i])
			}
		})
	}
	workers.Wait()
}

// render marshals the posts of a topic that no document before it needed, on
// all processors, and reports those that could not be, in their order.
func (r *run) render(ctx context.Context, t posts.Topic) {
	var pending []*slot
	for _, s := range r.entries[t] {
		if !s.done {
			s.done = true
			pending = append(pending, s)
		}
	}
	onEach(ctx, r.marshallers, pending, func(m *marshaller, s *slot) { s.prepare(r.b, m) })
	for _, s := range pending {
		for _, d := range s.odd {
			r.b.o.Report(d)
		}
		s.odd = nil
		if s.err != nil {
			r.b.o.Report(posts.Diagnostic{
				Path:     s.post.Path,
				Severity: posts.Error,
				Message:  fmt.Sprintf("left out of the feeds: %v", s.err),
			})
		}
	}
}

// release forgets what no later topic needs.
func (r *run) release(t posts.Topic) {
	for _, s := range r.entries[t] {
		if s.uses--; s.uses == 0 {
			s.fragment, s.done = nil, false
		}
	}
	delete(r.entries, t)
}

// prepare gets a slot its fragment, or the error why there is none.
func (s *slot) prepare(b *Builder, m *marshaller) {
	var kept bool
	if s.fragment, s.huge, kept = b.o.Fragments.get(s.recipe); kept {
		return
	}
	if s.fragment, s.err = b.fragment(m, s); s.err == nil {
		b.o.Fragments.put(s.recipe, s.fragment, s.huge, s.post.Date)
	}
}

// fragment renders and marshals one post.
func (b *Builder) fragment(m *marshaller, s *slot) (*fragment, error) {
	if s.err != nil {
		return nil, s.err
	}
	var e *entry
	if s.post.Withdrawn {
		e = b.withdrawnEntry(s.post)
	} else {
		content, err := b.o.Content(s.post)
		if err != nil {
			return nil, err
		}
		s.odd = content.Diagnostics
		e = b.newEntry(s.post, content)
	}
	e.fraction = s.fraction
	fr, err := m.fragment(e)
	if err != nil {
		return nil, err
	}
	// Whether an entry is given in full must not depend on its place in a
	// document, or it would change as it ages.
	for _, f := range Formats {
		s.huge = s.huge || fr.size(f, true) > b.o.MaxBytes/2
	}
	for _, f := range Formats {
		if n := fr.size(f, false); n > b.o.MaxBytes/2 {
			return nil, fmt.Errorf("its title, summary and names take %d bytes, more than half of a feed's %d", n, b.o.MaxBytes)
		}
	}
	return fr, nil
}
