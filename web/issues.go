package web

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/enshi-daily/enshi/delivery"
	"github.com/enshi-daily/enshi/digest"
	"github.com/enshi-daily/enshi/posts"
	"github.com/enshi-daily/enshi/subscribers"
)

// issue is a letter that everybody may read: the one for who follows
// everything.
type issue struct {
	edition  delivery.Edition
	language subscribers.Language
	letter   string
	posts    int
}

// issueList remembers the public letters for a moment, because finding them
// reads the log.
type issueList struct {
	mu     sync.Mutex
	at     time.Time
	issues []issue
}

// publicLetters finds the letters for everything, by working their names out
// again: what the log got between an edition and the one before it.
func (s *Server) publicLetters(ctx context.Context) ([]issue, error) {
	l := &s.issues
	l.mu.Lock()
	defer l.mu.Unlock()
	now := s.o.Now()
	if !l.at.IsZero() && now.Sub(l.at) < listedFor {
		return l.issues, nil
	}
	editions, err := s.o.Editions.Editions(ctx, 3*listedEditions)
	if err != nil {
		return nil, fmt.Errorf("%w: editions: %w", errAway, err)
	}
	var issues []issue
	var others []content
	for i, e := range editions {
		if len(issues) >= listedEditions || e.Stage == delivery.StageCancelled {
			continue
		}
		c, err := s.content(ctx, e, markBefore(editions[i+1:], e))
		if err != nil {
			return nil, err
		}
		found, err := s.lettersOf(ctx, c)
		if err != nil {
			return nil, err
		}
		if issues = append(issues, found...); len(found) == 0 && len(c.entries) > 0 {
			others = append(others, c)
		}
	}
	more, err := s.likeliest(ctx, others)
	if err != nil {
		return nil, err
	}
	issues = append(issues, more...)
	slices.SortStableFunc(issues, func(a, b issue) int { return b.edition.Opened.Compare(a.edition.Opened) })
	l.issues, l.at = issues[:min(len(issues), 2*listedEditions)], now
	return l.issues, nil
}

// markBefore is the mark of the edition of e's cadence before e, of those that
// came earlier, newest first.
func markBefore(earlier []delivery.Edition, e delivery.Edition) int64 {
	for _, before := range earlier {
		if before.Cadence == e.Cadence && before.Stage != delivery.StageCancelled && before.Mark < e.Mark {
			return before.Mark
		}
	}
	return 0
}

// content is what an edition brought to who follows everything, as far as it was
// not withdrawn.
type content struct {
	edition delivery.Edition
	entries []digest.Entry
}

func (s *Server) content(ctx context.Context, e delivery.Edition, after int64) (content, error) {
	log, err := s.o.Arrivals.Since(ctx, after, e.Mark)
	if err != nil {
		return content{}, fmt.Errorf("%w: arrival log: %w", errAway, err)
	}
	return content{e, digest.Pending(log, after, []posts.Topic{posts.Everything})}, nil
}

// lettersOf finds the letters that brought that and nothing else.
func (s *Server) lettersOf(ctx context.Context, c content) ([]issue, error) {
	var issues []issue
	for _, l := range languages() {
		id := s.o.Addresses.Keys.LetterID(c.edition.ID, digest.Key(l, c.entries, nil))
		switch _, err := s.o.Letters.Letter(ctx, c.edition.ID, id); {
		case errors.Is(err, delivery.ErrNotFound):
			continue
		case err != nil:
			return nil, fmt.Errorf("%w: letter %s: %w", errAway, id, err)
		}
		issues = append(issues, issue{edition: c.edition, language: l, letter: id, posts: len(c.entries)})
	}
	return issues, nil
}

// likelyLetters is how many letters of an edition are looked at.
const likelyLetters = 4

// likeliest finds letters for everything that brought corrections, too, or a post
// that was withdrawn since: of those that brought all that is left, the ones that
// brought the least beside it.
func (s *Server) likeliest(ctx context.Context, others []content) ([]issue, error) {
	if len(others) == 0 {
		return nil, nil
	}
	numbers, since := make([]int64, len(others)), s.o.Now()
	for i, c := range others {
		numbers[i] = c.entries[0].Number
		if c.edition.Opened.Before(since) {
			since = c.edition.Opened
		}
	}
	heads, err := s.o.Recall.Bringing(ctx, since.Add(-time.Second), numbers...)
	if err != nil {
		return nil, fmt.Errorf("%w: letters: %w", errAway, err)
	}
	slices.SortFunc(heads, func(a, b delivery.Letterhead) int {
		return cmp.Or(cmp.Compare(len(a.Brought), len(b.Brought)), cmp.Compare(a.Letter, b.Letter))
	})
	var issues []issue
	for _, c := range others {
		found, err := s.among(ctx, c, heads)
		if err != nil {
			return nil, err
		}
		issues = append(issues, found...)
	}
	return issues, nil
}

// among finds one letter a language.
func (s *Server) among(ctx context.Context, c content, heads []delivery.Letterhead) (issues []issue, err error) {
	looked := 0
	for i := range heads {
		h := &heads[i]
		if h.Edition != c.edition.ID || looked == likelyLetters ||
			slices.ContainsFunc(c.entries, func(e digest.Entry) bool { return !h.Brings([]int64{e.Number}) }) {
			continue
		}
		looked++
		data, err := s.o.Letters.Letter(ctx, h.Edition, h.Letter)
		if errors.Is(err, delivery.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("%w: letter %s: %w", errAway, h.Letter, err)
		}
		l, _, err := delivery.DecodeLetter(data)
		if err != nil {
			return nil, fmt.Errorf("edition %s: %w", h.Edition, err)
		}
		if !slices.ContainsFunc(issues, func(i issue) bool { return i.language == l.Language }) {
			issues = append(issues, issue{edition: c.edition, language: l.Language, letter: h.Letter, posts: len(l.Entries)})
		}
	}
	return issues, nil
}
