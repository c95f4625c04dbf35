package feeds

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/enshi-daily/enshi/posts"
)

var (
	// ErrNoDocument: there is no such document, and will be none by itself.
	ErrNoDocument = errors.New("no such document")
	// ErrBusy: more documents are asked for than can be built at a time.
	ErrBusy = errors.New("too many documents are being built")
)

const (
	keptArchives = 8192 // documents whose files are known to be right
	keptUnions   = 512  // files on disk
	mostWaiting  = 64   // requests for documents that nobody builds yet
)

// Demand builds documents that exist only when somebody asks for them: archived
// ones and unions of topics. What it built it keeps on disk, and builds again
// when something in it changed. It is safe for concurrent use; a document that
// several ask for is built once, and half of the processors at most build.
type Demand struct {
	publisher *Publisher
	workers   chan *demandWorker
	waiting   atomic.Int64

	mu       sync.Mutex
	stand    *stand
	archives *keptSet
	unions   *keptSet
	building map[string]chan struct{} // by path; closed at the end
}

// stand is what documents are made from at one moment.
type stand struct {
	builder   *Builder
	catalogue *posts.Catalogue
}

// demandWorker is what building takes. It belongs to one goroutine at a time.
type demandWorker struct {
	marshaller *marshaller
	packer     *packer
}

// NewDemand keeps documents in a publisher's directory.
func NewDemand(p *Publisher) (*Demand, error) {
	n := max(1, runtime.GOMAXPROCS(0)/2)
	d := &Demand{
		publisher: p, workers: make(chan *demandWorker, n), building: make(map[string]chan struct{}),
		archives: newKeptSet(keptArchives), unions: newKeptSet(keptUnions),
	}
	for range n {
		d.workers <- &demandWorker{newMarshaller(), newPacker()}
	}
	return d, d.findUnions()
}

// findUnions lets unions that an earlier process kept give way to new ones.
func (d *Demand) findUnions() error {
	if err := os.MkdirAll(d.publisher.file(privateDir), 0o700); err != nil {
		return fmt.Errorf("kept unions: %w", err)
	}
	for _, dir := range []string{unionDir, privateDir} {
		files, err := filepath.Glob(filepath.Join(d.publisher.file(dir), "*"))
		if err != nil {
			return fmt.Errorf("kept unions: %w", err)
		}
		for _, name := range files {
			if filepath.Ext(name) != gzipSuffix {
				d.drop(d.unions.put(kept{path: dir + filepath.Base(name)}))
			}
		}
	}
	return nil
}

// Show builds from a catalogue from now on. The builder's Archives must follow
// it.
func (d *Demand) Show(b *Builder, c *posts.Catalogue) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.stand = &stand{b, c}
}

func (d *Demand) current() (*stand, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.stand == nil {
		return nil, fmt.Errorf("%w: the site has not been read yet", ErrBusy)
	}
	return d.stand, nil
}

// Archive returns a topic's archived document by its file name.
func (d *Demand) Archive(ctx context.Context, t posts.Topic, name string) (File, error) {
	s, err := d.current()
	if err != nil {
		return File{}, err
	}
	b := s.builder
	p, f, ok := parseArchive(name)
	if !ok || b.o.Addresses.Retired(t) {
		return File{}, ErrNoDocument
	}
	i, ok := b.o.Archives.chain(t).find(p.month, p.number)
	if !ok {
		return File{}, ErrNoDocument
	}
	return d.get(ctx, s, request{
		path: b.o.Addresses.archivePath(t, p, f), set: d.archives,
		draft: func() draft {
			sheet, page := b.newSheet(s.catalogue, p.month), page{t, i}
			return sheet.draft(page, sheet.entries(page), f)
		},
		join: b.archive,
	})
}

// Combine returns the union of several topics as a feed. Topics without posts
// add nothing.
func (d *Demand) Combine(ctx context.Context, topics []posts.Topic, f Format) (File, error) {
	s, err := d.current()
	if err != nil {
		return File{}, err
	}
	u := union{topics: posts.SortTopics(topics), format: f}
	if len(u.topics) > MaxCombined {
		return File{}, ErrNoDocument
	}
	return d.union(ctx, s, u)
}

// Private returns somebody's own topics as a feed, however many they are.
func (d *Demand) Private(ctx context.Context, o Owner, topics []posts.Topic, f Format) (File, error) {
	s, err := d.current()
	if err != nil {
		return File{}, err
	}
	return d.union(ctx, s, union{posts.SortTopics(topics), f, o})
}

func (d *Demand) union(ctx context.Context, s *stand, u union) (File, error) {
	if !slices.Contains(Formats[:], u.format) || len(u.topics) == 0 {
		return File{}, ErrNoDocument
	}
	return d.get(ctx, s, request{
		path: u.path(), set: d.unions,
		draft: func() draft { return s.builder.unionDraft(s.catalogue, u) },
		join:  func(o draft) (Document, error) { return s.builder.join(o.doc, o.feed, o.full, o.entries) },
	})
}

// request is one document that somebody asks for.
type request struct {
	path  string
	set   *keptSet
	draft func() draft
	join  func(draft) (Document, error)
}

// get returns a document as it is kept, or builds it.
func (d *Demand) get(ctx context.Context, s *stand, r request) (File, error) {
	if file, ok := d.kept(r, func(k *kept) bool { return k.from == s }); ok {
		return file, nil
	}
	o := r.draft()
	current := func() (File, bool) {
		return d.kept(r, func(k *kept) bool {
			if k.recipe != "" && k.recipe == o.doc.Recipe {
				k.from = s
			}
			return k.from == s
		})
	}
	for {
		done, ours := d.begin(r.path)
		if ours {
			defer d.end(r.path)
			if file, ok := current(); ok {
				return file, nil // another has just built it
			}
			return d.build(ctx, s, r, o)
		}
		select {
		case <-done:
		case <-ctx.Done():
			return File{}, ctx.Err()
		}
		if file, ok := current(); ok {
			return file, nil
		}
	}
}

// kept returns a kept document that is still right, and still there.
func (d *Demand) kept(r request, right func(*kept) bool) (File, bool) {
	d.mu.Lock()
	k := r.set.get(r.path)
	if k == nil || !right(k) {
		d.mu.Unlock()
		return File{}, false
	}
	file := k.file
	d.mu.Unlock()
	_, err := os.Stat(file.Name)
	return file, err == nil
}

// begin says whether the caller is to build a document, or else when it will
// have been built.
func (d *Demand) begin(path string) (done chan struct{}, ours bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if done, busy := d.building[path]; busy {
		return done, false
	}
	done = make(chan struct{})
	d.building[path] = done
	return done, true
}

func (d *Demand) end(path string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	close(d.building[path])
	delete(d.building, path)
}

// build makes a document and keeps it.
func (d *Demand) build(ctx context.Context, s *stand, r request, o draft) (File, error) {
	w, err := d.worker(ctx)
	if err != nil {
		return File{}, err
	}
	defer func() { d.workers <- w }()
	for _, slot := range o.entries {
		if err := ctx.Err(); err != nil {
			return File{}, err
		}
		slot.borrow(s.builder, w.marshaller)
	}
	doc, err := r.join(o)
	if err != nil {
		return File{}, err
	}
	doc.Path = r.path
	file, err := d.publisher.keep(w.packer, doc)
	if err != nil {
		return File{}, err
	}
	file.TagOnly = r.set == d.unions
	d.mu.Lock()
	gone := r.set.put(kept{path: r.path, file: file, recipe: doc.Recipe, from: s})
	d.mu.Unlock()
	if file.TagOnly {
		d.drop(gone)
	}
	return file, nil
}

// worker waits for one that is free.
func (d *Demand) worker(ctx context.Context) (*demandWorker, error) {
	if d.waiting.Add(1) > mostWaiting {
		d.waiting.Add(-1)
		return nil, ErrBusy
	}
	defer d.waiting.Add(-1)
	select {
	case w := <-d.workers:
		return w, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// drop removes the files of a union that nobody has asked for of late.
func (d *Demand) drop(path string) {
	if path != "" {
		name := d.publisher.file(path)
		_ = os.Remove(name) // one that stays is found by the next process
		_ = os.Remove(name + gzipSuffix)
	}
}
