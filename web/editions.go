package web

import (
	"errors"
	"fmt"
	"net/http"
	"regexp"
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

// markWithdrawn marks the entries of posts that were withdrawn since they were
// sent.
func (s *Server) markWithdrawn(entries []digest.Entry) {
	shelf := s.shelf.Load()
	if shelf == nil {
		return
	}
	for i := range entries {
		if p, ok := shelf.catalogue.ByID(entries[i].Post); ok && p.Withdrawn {
			entries[i].Withdrawn = true
		}
	}
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
	slot, err := time.ParseInLocation("20060102", id[1], s.o.Schedule.Zone)
	if err != nil {
		return errNotFound
	}
	if s.o.Now().Sub(slot) > letterKept {
		return errOld
	}
	data, err := s.o.Letters.Letter(v.Context(), v.args[0], v.args[1])
	if errors.Is(err, delivery.ErrNotFound) {
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
	s.markWithdrawn(l.Entries)
	s.markWithdrawn(l.Corrections)
	return s.page(w, v, http.StatusOK, "letter", templates.LetterView{
		Frame: frame, Date: s.day(v.text, slot), Summary: count(v.text, "posts_in_all", len(l.Entries)),
		Posts: s.entryLines(v, l.Entries), Corrections: s.entryLines(v, l.Corrections),
	})
}
