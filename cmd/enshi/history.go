package main

import (
	"context"
	"fmt"
	"iter"

	"github.com/enshi-daily/enshi/feeds"
	"github.com/enshi-daily/enshi/posts"
)

// history is the feeds' archives: written as files, or made when somebody asks.
// A nil one is none.
type history struct {
	publisher *feeds.Publisher
	layout    *feeds.Layout
	demand    *feeds.Demand // nil where all are written
}

// newHistory reads which post is in which archive.
func newHistory(publisher *feeds.Publisher) (*history, error) {
	layout, err := publisher.ReadLayout()
	if err != nil {
		return nil, err
	}
	return &history{publisher: publisher, layout: layout}, nil
}

// follow gives the posts of a catalogue their places, and remembers them before
// anything is published by them.
func (h *history) follow(c *posts.Catalogue) (*feeds.Layout, error) {
	if h == nil {
		return nil, nil
	}
	next, changed := h.layout.Follow(c)
	if changed {
		if err := h.publisher.SaveLayout(next); err != nil {
			return nil, err
		}
	}
	h.layout = next
	return next, nil
}

// with adds the archives to documents that are to be written.
func (h *history) with(ctx context.Context, docs iter.Seq2[feeds.Document, error], b *feeds.Builder, c *posts.Catalogue) iter.Seq2[feeds.Document, error] {
	if h == nil || h.demand != nil {
		return docs
	}
	return both(docs, b.Archives(ctx, c))
}

// show makes documents from a catalogue from now on, if they are made when
// somebody asks. Posts that cannot be rendered are reported by the run before.
func (h *history) show(o feeds.Options, c *posts.Catalogue) error {
	if h == nil || h.demand == nil {
		return nil
	}
	o.Report = nil
	builder, err := feeds.NewBuilder(o)
	if err != nil {
		return fmt.Errorf("archives: %w", err)
	}
	h.demand.Show(builder, c)
	return nil
}
