package feeds

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/enshi-daily/enshi/posts"
)

// Publisher keeps documents in a directory, each with its gzip twin beside it,
// and finds them again by path. It is safe for concurrent use; two publishers
// must not share a directory.
type Publisher struct {
	dir        string
	temps      atomic.Int64
	publishing sync.Mutex // one Publish or Compress at a time
	layout     *Layout    // as it is saved

	mu      sync.RWMutex
	records map[string]record
	unsaved bool // the manifest on disk says something else of some documents
}

// Report says what a Publish did.
type Report struct {
	Written, Unchanged int
	Changed            []string  // paths whose bytes changed, sorted
	Replaced           []string  // paths where a file was that no Publish wrote, sorted
	Yielded            []string  // paths left to a file that is there, sorted
	Removed            []string  // paths that Prune took away afterwards, sorted; Publish removes nothing
	Failed             []Failure // by path
}

// Failure is a document that was not published. What was published of it
// before is whole.
type Failure struct {
	Path string
	Err  error
}

// Err joins the failures into one error, nil if there are none.
func (r Report) Err() error {
	var all []error
	for _, f := range r.Failed {
		all = append(all, f.Err)
	}
	return errors.Join(all...)
}

// NewPublisher opens an output directory, which it makes if it has to, with
// what was published there before.
func NewPublisher(dir string) (*Publisher, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("output directory: %w", err)
	}
	if err := os.MkdirAll(filepath.Join(dir, stateDir), 0o777); err != nil {
		return nil, fmt.Errorf("output directory: %w", err)
	}
	p := &Publisher{dir: dir}
	if p.records, err = readManifest(dir); err != nil {
		return nil, fmt.Errorf("output directory: %w", err)
	}
	for path, r := range p.records {
		if !filepath.IsLocal(filepath.FromSlash(path)) {
			return nil, fmt.Errorf("output directory: %s: %q is no path of a document",
				filepath.Join(dir, stateDir, manifestName), path)
		}
		r.damaged = !p.intact(path, r)
		p.records[path] = r
	}
	return p, p.sweep()
}

// sweep removes temporary files older than the manifest: a run that was killed
// left them. Newer ones may be another process's.
func (p *Publisher) sweep() error {
	state := filepath.Join(p.dir, stateDir)
	saved, err := os.Stat(filepath.Join(state, manifestName))
	if err != nil {
		return nil // nothing was published yet
	}
	files, err := os.ReadDir(state)
	if err != nil {
		return fmt.Errorf("output directory: %w", err)
	}
	for _, f := range files {
		info, err := f.Info()
		if err != nil || !strings.HasPrefix(f.Name(), tempPrefix) || !info.ModTime().Before(saved.ModTime()) {
			continue
		}
		if err := os.Remove(filepath.Join(state, f.Name())); err != nil {
			return fmt.Errorf("output directory: %w", err)
		}
	}
	return nil
}

// Topics returns every topic that has been published, for Documents to keep
// alive, in canonical order but with Everything among them.
func (p *Publisher) Topics() []posts.Topic {
	p.mu.RLock()
	defer p.mu.RUnlock()
	var topics []posts.Topic
	for _, r := range p.records {
		if r.Topic != "" {
			topics = append(topics, r.Topic)
		}
	}
	slices.Sort(topics)
	return slices.Compact(topics)
}

// Publish writes the documents whose bytes changed, each atomically. A document
// that cannot be built or written is in the report, and stays as it was; the
// error is about the run as a whole: a cancelled ctx, or a manifest that could
// not be saved.
func (p *Publisher) Publish(ctx context.Context, docs iter.Seq2[Document, error]) (Report, error) {
	p.publishing.Lock()
	defer p.publishing.Unlock()

	tally := tally{}
	jobs := make(chan Document)
	var workers sync.WaitGroup
	// One of them may be waiting for the disk to confirm a batch. More would only
	// hold more documents and tables of compressors in memory.
	for range 1 + runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			packer := newPacker()
			for doc := range jobs {
				p.put(packer, doc, &tally)
			}
		})
	}
	for doc, err := range docs {
		if ctx.Err() != nil {
			break
		}
		if err != nil {
			tally.add(doc.Path, outcome{err: err})
			continue
		}
		jobs <- doc
	}
	close(jobs)
	workers.Wait()
	p.finish(tally.take(0), &tally)

	report := tally.report
	report.sort()
	var saved error
	if report.Written > 0 || p.unsaved {
		saved = p.saveManifest()
	}
	return report, errors.Join(ctx.Err(), saved)
}

// put stages a document, and puts a batch in place once there is one.
func (p *Publisher) put(packer *packer, doc Document, t *tally) {
	if doc.Same {
		t.add(doc.Path, outcome{})
		return
	}
	if yields, err := p.yields(doc); yields || err != nil {
		t.add(doc.Path, outcome{err: err, yielded: true})
		return
	}
	next, err := p.prepare(packer, doc)
	if err != nil || next == nil {
		t.add(doc.Path, outcome{err: err})
		return
	}
	t.wait(next)
	p.finish(t.take(batchSize), t)
}

func (p *Publisher) finish(batch []*staged, t *tally) {
	for i, o := range p.commit(batch) {
		t.add(batch[i].path, o)
	}
}

// outcome is what became of one document.
type outcome struct {
	err                        error
	written, changed, replaced bool
	yielded                    bool
}

// tally is what a run has done, and what waits to be put in place.
type tally struct {
	mu      sync.Mutex
	report  Report
	waiting []*staged
}

func (t *tally) wait(s *staged) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.waiting = append(t.waiting, s)
}

// take hands out all that waits, if it is more than least.
func (t *tally) take(least int) []*staged {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.waiting) < max(least, 1) {
		return nil
	}
	batch := t.waiting
	t.waiting = nil
	return batch
}

func (t *tally) add(path string, o outcome) {
	t.mu.Lock()
	defer t.mu.Unlock()
	r := &t.report
	switch {
	case o.err != nil:
		r.Failed = append(r.Failed, Failure{path, o.err})
	case o.yielded:
		r.Yielded = append(r.Yielded, path)
	case o.written:
		r.Written++
	default:
		r.Unchanged++
	}
	if o.changed {
		r.Changed = append(r.Changed, path)
	}
	if o.replaced {
		r.Replaced = append(r.Replaced, path)
	}
}

func (r *Report) sort() {
	slices.Sort(r.Changed)
	slices.Sort(r.Replaced)
	slices.Sort(r.Yielded)
	slices.SortFunc(r.Failed, func(a, b Failure) int { return cmp.Compare(a.Path, b.Path) })
}

// File is a published document as a server needs it. The files may be replaced
// at any moment; whoever opens them takes their size from the open file.
type File struct {
	Name, Gzip, Brotli string // file names, "" if there is none

	MediaType string
	ETag      string    // of the bytes, without quotes; each encoding needs one of its own made from it
	Modified  time.Time // whole seconds, never goes backwards unless TagOnly
	TagOnly   bool      // Modified does not tell of every change: the document may have been forgotten meanwhile
	Size      int64
	Topic     posts.Topic
	Format    Format
	Entries   int
}

// Lookup finds a document by its path, with or without a leading slash. A
// document whose files were damaged is not found until the next Publish.
func (p *Publisher) Lookup(path string) (File, bool) {
	path = strings.TrimPrefix(path, "/")
	p.mu.RLock()
	r, ok := p.records[path]
	p.mu.RUnlock()
	if !ok || r.damaged {
		return File{}, false
	}
	name := p.file(path)
	f := File{
		Name: name, Gzip: name + gzipSuffix,
		MediaType: r.MediaType, ETag: r.ETag, Modified: r.Modified, Size: r.Size,
		Topic: r.Topic, Format: r.Format, Entries: r.Entries,
	}
	if r.Brotli {
		f.Brotli = name + brotliSuffix
	}
	return f, true
}
