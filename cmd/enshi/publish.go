package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"maps"
	"slices"

	"github.com/enshi-daily/enshi/feeds"
	"github.com/enshi-daily/enshi/posts"
	"github.com/enshi-daily/enshi/web"
)

// press makes the documents of a reading and writes those that changed.
type press struct {
	options   feeds.Options // all but IDs, Content, Have, Report and Archives
	content   func(*posts.Post) (posts.Content, error)
	publisher *feeds.Publisher
	pages     *web.Static // nil where a server makes the pages and redirects
	history   *history    // nil for feeds without archives
}

// run publishes a reading. Posts that could not be rendered are left out and
// returned as diagnostics; what they have published before stays.
func (p *press) run(ctx context.Context, r reading) (feeds.Report, []posts.Diagnostic, error) {
	left := newDiagnostics()
	o := p.options
	known := p.publisher.Topics()
	o.IDs, o.Content, o.Have = r.feedIDs, p.content, p.publisher.Has
	if p.pages != nil {
		o.Have = o.Addresses.HavingCopies(o.Have, o.Addresses.Topics(r.catalogue, known...)...)
	}
	o.Report = left.add
	var err error
	if o.Archives, err = p.history.follow(r.catalogue); err != nil {
		return feeds.Report{}, nil, err
	}
	builder, err := feeds.NewBuilder(o)
	if err != nil {
		return feeds.Report{}, nil, usageError{err}
	}
	docs := builder.Documents(ctx, r.catalogue, known...)
	if p.pages != nil {
		docs = o.Addresses.WithCopies(both(docs, p.pages.Documents(ctx, r.catalogue, known...)))
	}
	report, err := p.publisher.Publish(ctx, p.history.with(ctx, docs, builder, r.catalogue))
	all := append(left.all, p.standing(report, r.catalogue)...)
	if err = errors.Join(err, p.history.show(o, r.catalogue)); err != nil {
		return report, all, err
	}
	report.Removed, err = p.publisher.Prune(o.Addresses)
	return report, all, errors.Join(report.Err(), err)
}

// diagnostics gathers what is wrong with posts, each once: a post may be in
// live feeds and in archives.
type diagnostics struct {
	all  []posts.Diagnostic
	seen map[posts.Diagnostic]bool
}

func newDiagnostics() *diagnostics { return &diagnostics{seen: make(map[posts.Diagnostic]bool)} }

func (d *diagnostics) add(one posts.Diagnostic) {
	if !d.seen[one] {
		d.seen[one] = true
		d.all = append(d.all, one)
	}
}

// both goes through one run of documents and then another.
func both(first, second iter.Seq2[feeds.Document, error]) iter.Seq2[feeds.Document, error] {
	return func(yield func(feeds.Document, error) bool) {
		for _, docs := range []iter.Seq2[feeds.Document, error]{first, second} {
			for doc, err := range docs {
				if !yield(doc, err) {
					return
				}
			}
		}
	}
}

// standing are the things that stand in the way of an address.
func (p *press) standing(report feeds.Report, c *posts.Catalogue) []posts.Diagnostic {
	var all []posts.Diagnostic
	for _, file := range report.Yielded {
		all = append(all, posts.Diagnostic{Path: file, Severity: posts.Warning,
			Message: "not written: a file is there that enshi did not write; remove it if ours should be there"})
	}
	displaced := p.options.Addresses.Displaced(c.Topics())
	for _, t := range slices.Sorted(maps.Keys(displaced)) {
		all = append(all, posts.Diagnostic{Path: "topics." + string(displaced[t]) + ".slug", Severity: posts.Warning,
			Message: fmt.Sprintf("%s has this name, so its address is %s; choose another slug if that should not be", t, p.options.Addresses.PagePath(t))})
	}
	return all
}

// printDiagnostics names bad posts, one a line, and says whether any was kept
// from being published.
func printDiagnostics(w io.Writer, all []posts.Diagnostic) (bad int) {
	for _, d := range all {
		fmt.Fprintln(w, d)
		if d.Severity == posts.Error {
			bad++
		}
	}
	return bad
}
