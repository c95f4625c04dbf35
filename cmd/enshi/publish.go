package main

import (
	"context"
	"fmt"
	"io"

	"github.com/enshi-daily/enshi/feeds"
	"github.com/enshi-daily/enshi/posts"
)

// press makes the documents of a reading and writes those that changed.
type press struct {
	options   feeds.Options // all but IDs, Content, Have and Report
	bodies    *posts.Bodies
	publisher *feeds.Publisher
}

// run publishes a reading. Posts that could not be rendered are left out and
// returned as diagnostics; what they have published before stays.
func (p *press) run(ctx context.Context, r reading) (feeds.Report, []posts.Diagnostic, error) {
	var left []posts.Diagnostic
	o := p.options
	o.IDs, o.Content, o.Have = r.feedIDs, p.bodies.Content, p.publisher.Has
	o.Report = func(d posts.Diagnostic) { left = append(left, d) }
	builder, err := feeds.NewBuilder(o)
	if err != nil {
		return feeds.Report{}, nil, usageError{err}
	}
	report, err := p.publisher.Publish(ctx, builder.Documents(ctx, r.catalogue, p.publisher.Topics()...))
	if err != nil {
		return report, left, err
	}
	return report, left, report.Err()
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
