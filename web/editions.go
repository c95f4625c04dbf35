package web

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"sync"
	"time"

	"github.com/enshi-daily/enshi/delivery"
	"github.com/enshi-daily/enshi/digest"
	"github.com/enshi-daily/enshi/posts"
	"github.com/enshi-daily/enshi/subscribers"
	"github.com/enshi-daily/enshi/templates"
)

// How many editions the list goes back, how old it may be, and how long a
// letter's page is kept.
const (
	listedEditions = 30
	listedFor      = time.Minute
	letterKept     = 366 * 24 * time.Hour
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

// editions lists the public letters.
func (s *Server) editions(w http.ResponseWriter, v *visit) error {
	issues, err := s.publicLetters(v.Context())
	if err != nil {
		return err
	}
	view := templates.EditionsView{Frame: s.framed(v, v.text["editions_title"])}
	view.Alternates = s.feedLines(posts.Everything)
	for _, i := range issues {
		if i.language != v.language {
			continue
		}
		view.Editions = append(view.Editions, templates.EditionLine{
			Title: s.issueTitle(v.text, i.edition.Cadence), URL: s.here(v.voice, "/editions/"+i.edition.ID+"/"+i.letter),
			Date: s.day(v.text, i.edition.Slot), Stamp: s.stamp(i.edition.Slot), Posts: count(v.text, "posts_in_all", i.posts),
		})
	}
	return s.page(w, v, http.StatusOK, "editions", view)
}

func (s *Server) issueTitle(text templates.Messages, c subscribers.Cadence) string {
	return fill(text["letter_"+string(c)], "{site}", s.o.Title)
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
	for i, e := range editions {
		if len(issues) >= listedEditions || e.Stage == delivery.StageCancelled {
			continue
		}
		found, err := s.lettersOf(ctx, e, markBefore(editions[i+1:], e))
		if err != nil {
			return nil, err
		}
		issues = append(issues, found...)
	}
	l.issues, l.at = issues, now
	return issues, nil
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

func (s *Server) lettersOf(ctx context.Context, e delivery.Edition, after int64) ([]issue, error) {
	log, err := s.o.Arrivals.Since(ctx, after, e.Mark)
	if err != nil {
		return nil, fmt.Errorf("%w: arrival log: %w", errAway, err)
	}
	entries := digest.Pending(log, after, []posts.Topic{posts.Everything})
	var issues []issue
	for _, l := range languages() {
		id := s.o.Addresses.Keys.LetterID(e.ID, digest.Key(l, entries, nil))
		switch _, err := s.o.Letters.Letter(ctx, e.ID, id); {
		case errors.Is(err, delivery.ErrNotFound):
			continue
		case err != nil:
			return nil, fmt.Errorf("%w: letter %s: %w", errAway, id, err)
		}
		issues = append(issues, issue{edition: e, language: l, letter: id, posts: len(entries)})
	}
	return issues, nil
}

var editionID = regexp.MustCompile(`^(?:instant|daily|weekly)-([0-9]{8})-[0-9]{1,19}$`)

// letter is the public page of one letter: in the language it was written in,
// with nothing personal, and kept out of search engines because its address is
// a secret of those who got it.
func (s *Server) letter(w http.ResponseWriter, v *visit) error {
	id := editionID.FindStringSubmatch(v.args[0])
	if id == nil {
		return errNotFound
	}
	data, err := s.o.Letters.Letter(v.Context(), v.args[0], v.args[1])
	if errors.Is(err, delivery.ErrNotFound) {
		if slot, dateErr := time.Parse("20060102", id[1]); dateErr == nil && s.o.Now().Sub(slot) > letterKept {
			return errOld
		}
		return errNotFound
	}
	if err != nil {
		return fmt.Errorf("%w: letter: %w", errAway, err)
	}
	l, _, err := delivery.DecodeLetter(data)
	if err != nil {
		return fmt.Errorf("edition %s: %w", v.args[0], err)
	}
	s.speak(v, l.Language)
	frame := s.framed(v, s.issueTitle(v.text, l.Cadence))
	frame.Languages, frame.NoIndex = nil, true
	w.Header().Set("X-Robots-Tag", "noindex")
	slot, err := time.ParseInLocation("20060102", id[1], s.o.Schedule.Zone)
	if err != nil {
		return errNotFound
	}
	return s.page(w, v, http.StatusOK, "letter", templates.LetterView{
		Frame: frame, Date: s.day(v.text, slot), Summary: count(v.text, "posts_in_all", len(l.Entries)),
		Posts: s.entryLines(v, l.Entries), Corrections: s.entryLines(v, l.Corrections),
	})
}
