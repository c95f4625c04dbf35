package feeds

import (
	"context"
	"runtime"
)

// maxHeld is how many bytes of fragments a run over the archives holds.
const maxHeld = 64 << 20

// archiveRun is the state of one pass over all archived documents.
type archiveRun struct {
	b           *Builder
	marshallers []*marshaller // one a worker
	held        int           // bytes
	order       []*slot       // those that were rendered, oldest first
}

func newMarshallers() []*marshaller {
	list := make([]*marshaller, runtime.GOMAXPROCS(0))
	for i := range list {
		list[i] = newMarshaller()
	}
	return list
}

// month builds the documents of one month. It returns false when the run is
// over.
func (r *archiveRun) month(ctx context.Context, s *sheet, pages []page, yield func(Document, error) bool) bool {
	for _, d := range s.bad {
		r.b.o.Report(d)
	}
	entries := make([][]*slot, len(pages))
	for i, p := range pages {
		entries[i] = s.entries(p)
		for _, slot := range entries[i] {
			slot.uses++
		}
	}
	for i, p := range pages {
		if !r.page(ctx, s, p, entries[i], yield) {
			return false
		}
		r.release(entries[i])
	}
	r.held, r.order = 0, nil
	return true
}

// page builds one part in every format. Its posts are rendered unless all of
// its documents are there already.
func (r *archiveRun) page(ctx context.Context, s *sheet, p page, entries []*slot, yield func(Document, error) bool) bool {
	var drafts [len(archiveFormats)]draft
	rendered := false
	for i, f := range archiveFormats {
		o := s.draft(p, entries, f)
		o.doc.Same = r.b.o.Have != nil && r.b.o.Have(o.doc.Path, o.doc.Recipe)
		if !o.doc.Same && !rendered {
			r.render(ctx, entries)
			rendered = true
		}
		drafts[i] = o
	}
	for _, o := range drafts {
		doc, err := o.doc, ctx.Err()
		switch {
		case err != nil:
			yield(Document{}, err)
			return false
		case !doc.Same:
			doc, err = r.b.archive(o)
		}
		if !yield(doc, err) {
			return false
		}
	}
	return true
}

// render marshals those entries that have no fragment, on all processors, and
// reports those that could not be, in their order.
func (r *archiveRun) render(ctx context.Context, entries []*slot) {
	r.makeRoom()
	var pending []*slot
	for _, s := range entries {
		if s.fragment == nil && s.err == nil {
			pending = append(pending, s)
		}
	}
	onEach(ctx, r.marshallers, pending, func(m *marshaller, s *slot) { s.borrow(r.b, m) })
	for _, s := range pending {
		if s.fragment != nil {
			r.held += s.fragment.memory()
			r.order = append(r.order, s)
		}
		if s.done {
			continue // reported when it was rendered first
		}
		s.done = true
		for _, d := range s.odd {
			r.b.o.Report(d)
		}
		if s.err != nil {
			r.b.o.Report(leftOut(s.post, s.err))
		}
	}
}

// borrow is prepare without filling the store of fragments: what archives need
// would drive out what live feeds need at every change.
func (s *slot) borrow(b *Builder, m *marshaller) {
	var kept bool
	if s.fragment, s.huge, kept = b.o.Fragments.get(s.recipe); !kept {
		s.fragment, s.err = b.fragment(m, s)
	}
}

// makeRoom forgets fragments, those rendered first going first.
func (r *archiveRun) makeRoom() {
	for r.held > maxHeld && len(r.order) > 0 {
		r.drop(r.order[0])
		r.order = r.order[1:]
	}
}

func (r *archiveRun) drop(s *slot) {
	if s.fragment != nil {
		r.held -= s.fragment.memory()
		s.fragment = nil
	}
}

// release forgets what no later page needs.
func (r *archiveRun) release(entries []*slot) {
	for _, s := range entries {
		if s.uses--; s.uses == 0 {
			r.drop(s)
		}
	}
}
