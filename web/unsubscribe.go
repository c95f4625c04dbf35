package web

import (
	"errors"
	"net/http"

	"github.com/enshi-daily/enshi/subscribers"
	"github.com/enshi-daily/enshi/templates"
)

// The body of a one-click unsubscription (RFC 8058 §3.2).
const (
	oneClickField = "List-Unsubscribe"
	oneClickValue = "One-Click"
)

// showUnsubscribe is the page with the button: to go, or, for the link that an
// unsubscription's page offers, to come back.
func (s *Server) showUnsubscribe(w http.ResponseWriter, v *visit) error {
	if link, err := s.undoLink(v); !errors.Is(err, subscribers.ErrLink) {
		if err != nil {
			return err
		}
		return s.showUndo(w, v, link)
	}
	link, err := s.o.Addresses.Keys.Verify(v.args[0], subscribers.PurposeUnsubscribe, s.o.Now())
	if err != nil {
		return err
	}
	sub, err := s.read(v.Context(), link.Subscriber)
	if err != nil && !errors.Is(err, subscribers.ErrNotFound) {
		return err
	}
	s.speak(v, sub.Language)
	if after := subscribers.Unsubscribe(sub, s.o.Now()); after.State == sub.State {
		return s.gone(w, v, sub)
	}
	view := s.notice(v, "ask", "unsubscribe")
	view.Button = &templates.Button{Action: s.base + v.place.raw, Label: v.text["unsubscribe_button"]}
	return s.page(w, v, http.StatusOK, "notice", view)
}

// unsubscribe acts at once, whatever the body says: the button, a mail
// program's one click, or somebody's script all mean the same.
func (s *Server) unsubscribe(w http.ResponseWriter, v *visit) error {
	if link, err := s.undoLink(v); !errors.Is(err, subscribers.ErrLink) {
		if err != nil {
			return err
		}
		return s.undo(w, v, link)
	}
	link, err := s.o.Addresses.Keys.Verify(v.args[0], subscribers.PurposeUnsubscribe, s.o.Now())
	if err != nil {
		return err
	}
	sub, changed, err := s.change(v.Context(), link.Subscriber, func(sub subscribers.Subscriber) (subscribers.Subscriber, bool) {
		return subscribers.Unsubscribe(sub, s.o.Now()), true
	})
	if err != nil && !errors.Is(err, subscribers.ErrNotFound) {
		return err
	}
	if changed {
		s.count.unsubscribed.Add(1)
	}
	if oneClick(v) {
		return plain(w, v, http.StatusOK, "unsubscribed\n")
	}
	s.speak(v, sub.Language)
	return s.gone(w, v, sub)
}

// oneClick says whether a mail program asks, not a person (RFC 8058 §3.2: the
// body is a form in either encoding). It only decides how the answer looks.
func oneClick(v *visit) bool {
	return readForm(v) == nil && v.PostForm.Get(oneClickField) == oneClickValue
}

// gone says that nothing more comes, and offers to take it back while that
// loses no posts.
func (s *Server) gone(w http.ResponseWriter, v *visit, sub subscribers.Subscriber) error {
	view := s.notice(v, "done", "unsubscribed")
	undo := subscribers.Link{Purpose: subscribers.PurposeUndo, Subscriber: sub.ID, Generation: sub.Generation}
	if _, ok := subscribers.Undo(sub, undo, s.o.Now()); ok && s.o.Now().Before(sub.Changed.Add(subscribers.UndoFor)) {
		view.Words = append(view.Words, v.text["unsubscribed_undo"])
		view.Button = &templates.Button{
			Action: s.local(s.o.Addresses.Undo(sub.ID, sub.Generation, sub.Changed)),
			Label:  v.text["undo_button"], Quiet: true,
		}
	}
	view.Links = []templates.Choice{{Value: s.base + "/", Label: v.text["link_feeds"]}}
	return s.page(w, v, http.StatusOK, "notice", view)
}

// undoLink reads the address as one that takes an unsubscription back.
func (s *Server) undoLink(v *visit) (subscribers.Link, error) {
	return s.o.Addresses.Keys.Verify(v.args[0], subscribers.PurposeUndo, s.o.Now())
}

func (s *Server) showUndo(w http.ResponseWriter, v *visit, link subscribers.Link) error {
	sub, err := s.read(v.Context(), link.Subscriber)
	if err != nil {
		return err
	}
	if _, ok := subscribers.Undo(sub, link, s.o.Now()); !ok {
		return errUsed
	}
	s.speak(v, sub.Language)
	if sub.State == subscribers.Active {
		return s.back(w, v)
	}
	view := s.notice(v, "ask", "undo")
	view.Button = &templates.Button{Action: s.base + v.place.raw, Label: v.text["undo_button"]}
	return s.page(w, v, http.StatusOK, "notice", view)
}

func (s *Server) undo(w http.ResponseWriter, v *visit, link subscribers.Link) error {
	sub, changed, err := s.change(v.Context(), link.Subscriber, func(sub subscribers.Subscriber) (subscribers.Subscriber, bool) {
		return subscribers.Undo(sub, link, s.o.Now())
	})
	if err != nil {
		return err
	}
	if changed {
		s.count.undone.Add(1)
	}
	s.speak(v, sub.Language)
	return s.back(w, v)
}

// back says that all is as before. It shows no link to the person's choices:
// whoever holds an old unsubscribe link could come this far.
func (s *Server) back(w http.ResponseWriter, v *visit) error {
	return s.page(w, v, http.StatusOK, "notice", s.notice(v, "done", "undone"))
}
