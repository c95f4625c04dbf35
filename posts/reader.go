package posts

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

const defaultMaxSize = 32 << 20

// Options say what a Reader reads and how.
type Options struct {
	FS      fs.FS // the site's root
	Site    Site
	House   House
	Now     func() time.Time // default time.Now
	Settle  time.Duration    // how long a file must have been left alone; 0 takes every file as it is
	MaxSize int64            // bytes; a bigger file is an Error and never read. Default 32 MiB
}

// Reader scans a site. It is safe for concurrent use.
type Reader struct {
	opts Options

	scans     atomic.Uint64
	prepare   sync.Once
	parser    *postParser
	parserErr error
}

// NewReader returns a Reader; Scan reports options that are of no use.
func NewReader(o Options) *Reader {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.MaxSize <= 0 {
		o.MaxSize = defaultMaxSize
	}
	if o.Site.Zone == nil {
		o.Site.Zone = time.UTC
	}
	return &Reader{opts: o}
}

// Scan looks at the whole site and reads what changed since prev; nil means
// that nothing is known yet, and every file is taken as it is. An error means
// that the site could not be looked at; a file that is bad is a Diagnostic.
func (r *Reader) Scan(ctx context.Context, prev *Scan) (*Scan, error) {
	l, err := r.List(ctx)
	if err != nil {
		return nil, err
	}
	return r.Read(ctx, prev, l)
}

// Read is the second half of a Scan: it reads what changed in a listing.
func (r *Reader) Read(ctx context.Context, prev *Scan, l *Listing) (*Scan, error) {
	now := r.opts.Now()
	scan := &Scan{
		Diagnostics: slices.Clone(l.diags), reader: r, number: r.scans.Add(1),
		folders: l.folders,
	}
	found, err := r.update(ctx, scan, prev, l.sources)
	if err != nil {
		return nil, err
	}
	scan.files = layer(found)
	scan.finish(&r.opts.Site, now)
	return scan, nil
}

func (r *Reader) newWalker() (*walker, error) {
	r.prepare.Do(func() { r.parser, r.parserErr = newPostParser(r.opts.Site, r.opts.House) })
	if r.parserErr != nil {
		return nil, r.parserErr
	}
	return newWalker(r.opts.FS, &r.parser.site), nil
}

// update returns a record of each source that is there, reading those that
// changed since prev, and notes in scan what it did.
func (r *Reader) update(ctx context.Context, scan, prev *Scan, sources []source) (map[string]*record, error) {
	now := r.opts.Now()
	found := make(map[string]*record, len(sources))
	var changed []job
	if prev == nil {
		changed = make([]job, 0, len(sources))
	}
	for i := range sources {
		s := &sources[i]
		if rec, reread := r.decide(s, prev, now, scan); reread {
			changed = append(changed, job{source: s, record: rec})
		} else {
			found[s.path] = rec
		}
	}
	if err := r.readAll(ctx, changed, now); err != nil {
		return nil, err
	}
	for _, j := range changed {
		if !j.vanished {
			found[j.source.path] = j.record
		}
	}
	scan.Reread = len(changed)
	return found, nil
}

// decide says whether a file is to be read, and else what its record is.
func (r *Reader) decide(s *source, prev *Scan, now time.Time, scan *Scan) (rec *record, reread bool) {
	var before *record
	if prev != nil {
		before, _ = prev.files.get(s.path)
	}
	sameReader := prev != nil && prev.reader == r
	if before != nil && sameReader && before.read == s.stamp && before.seen == s.stamp && !before.overdue(now) {
		return r.settle(before, now), false
	}
	rec = observe(s.stamp, before, now)
	switch {
	case prev == nil, before != nil && before.read == s.stamp, rec.settled(r.opts.Settle, now):
		return rec, true
	case !sameReader && before != nil && before.read != (stamp{}):
		// Another reader's version is of no use, and there is only this one.
		return rec, true
	}
	rec.until = 0 // it is read when it has settled
	scan.Unsettled = append(scan.Unsettled, s.path)
	return rec, false
}

// settle brings Post.Settled of an unchanged file up to date.
func (r *Reader) settle(rec *record, now time.Time) *record {
	if rec.post == nil || rec.post.Settled || !rec.settled(r.opts.Settle, now) {
		return rec
	}
	settled, post := *rec, *rec.post
	post.Settled = true
	settled.post = &post
	return &settled
}

// job is one file to be read.
type job struct {
	source   *source
	record   *record
	vanished bool
}

// readAll works through jobs on all processors. Each result is in its place,
// whatever the order they came in.
func (r *Reader) readAll(ctx context.Context, jobs []job, now time.Time) error {
	var next atomic.Int64
	var group sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(jobs)) {
		group.Go(func() {
			d := newDesk(now)
			for ctx.Err() == nil {
				i := int(next.Add(1)) - 1
				if i >= len(jobs) {
					return
				}
				r.readOne(&jobs[i], d)
			}
		})
	}
	group.Wait()
	return ctx.Err()
}

// readOne reads a file.
func (r *Reader) readOne(j *job, d *desk) {
	src, err := r.load(j.source, d.buf[:0])
	d.buf = src
	j.record.read = j.source.stamp
	switch {
	case errors.Is(err, fs.ErrNotExist):
		j.vanished = true
	case err != nil:
		// Not read: the next scan tries again, also if only a permission changed.
		j.record.read = stamp{}
		j.record.parsed = parsed{diags: []Diagnostic{{Path: j.source.path, Severity: Error, Message: err.Error()}}}
	default:
		j.record.parsed = r.parser.parse(*j.source, src, d)
		if j.record.post != nil {
			j.record.post.Settled = j.record.settled(r.opts.Settle, d.now)
		}
	}
}

func (r *Reader) load(s *source, buf []byte) ([]byte, error) {
	tooBig := fmt.Errorf("is larger than %d bytes: expected a text", r.opts.MaxSize)
	if s.stamp.size > r.opts.MaxSize {
		return buf, tooBig
	}
	// The size may be old: one byte more than is allowed tells.
	buf, err := r.readInto(buf, s, r.opts.MaxSize+1)
	switch {
	case err != nil:
		return buf, unreadable(err)
	case int64(len(buf)) > r.opts.MaxSize:
		return buf, tooBig
	}
	return buf, nil
}

func unreadable(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return errors.New("cannot be read: expected a readable file (" + cause(err) + ")")
}

// readInto appends a file to buf, which grows to the expected size once.
func (r *Reader) readInto(buf []byte, s *source, most int64) ([]byte, error) {
	if whole, ok := r.opts.FS.(wholeReader); ok {
		return whole.appendFile(buf, s.path, s.stamp.size, most)
	}
	f, err := r.opts.FS.Open(s.path)
	if err != nil {
		return buf, err
	}
	defer f.Close()
	src := io.LimitReader(f, most)
	if need := int(s.stamp.size) + 1; cap(buf) < need {
		buf = make([]byte, 0, need+need/4)
	}
	for {
		if len(buf) == cap(buf) {
			buf = append(buf, 0)[:len(buf)]
		}
		n, err := src.Read(buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		if errors.Is(err, io.EOF) {
			return buf, nil
		}
		if err != nil {
			return buf, err
		}
	}
}
