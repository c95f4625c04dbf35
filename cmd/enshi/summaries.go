package main

import (
	"sync"

	"github.com/enshi-daily/enshi/posts"
)

// keptSummaries is how many summaries wait for the pages that show them: those
// of some hundred topics.
const keptSummaries = 20000

// summaries remember what posts say of themselves, so that a page with the
// newest posts of a topic need not render their bodies again: the feeds have
// just done that. It is safe for concurrent use.
type summaries struct {
	content func(*posts.Post) (posts.Content, error)

	mu   sync.Mutex
	kept map[[16]byte]string // by Post.Hash
}

func newSummaries(content func(*posts.Post) (posts.Content, error)) *summaries {
	return &summaries{content: content, kept: make(map[[16]byte]string)}
}

// Content renders a post and keeps its summary.
func (s *summaries) Content(p *posts.Post) (posts.Content, error) {
	c, err := s.content(p)
	if err == nil {
		s.keep(p, c.Summary)
	}
	return c, err
}

// Of is a post's summary. A post that cannot be read has the one of its front
// matter, if any: that it cannot be read is said where the feeds are built.
func (s *summaries) Of(p *posts.Post) string {
	if p.Summary != "" {
		return p.Summary
	}
	s.mu.Lock()
	summary, ok := s.kept[p.Hash]
	s.mu.Unlock()
	if ok {
		return summary
	}
	c, _ := s.Content(p)
	return c.Summary
}

func (s *summaries) keep(p *posts.Post, summary string) {
	if p.Summary != "" {
		return // it is at hand
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.kept) >= keptSummaries {
		clear(s.kept)
	}
	s.kept[p.Hash] = summary
}
