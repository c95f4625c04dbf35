package web

import (
	"net/http"
	"slices"

	"github.com/enshi-daily/enshi/posts"
	"github.com/enshi-daily/enshi/subscribers"
	"github.com/enshi-daily/enshi/templates"
)

// showPreferences is somebody's own topics, cadence and language.
func (s *Server) showPreferences(w http.ResponseWriter, v *visit) error {
	sub, _, err := s.owner(v, subscribers.PurposePreferences)
	if err != nil {
		return err
	}
	return s.preferencesPage(w, v, sub, choosing{preferences: chosenBy(sub)})
}

// preferences saves them.
func (s *Server) preferences(w http.ResponseWriter, v *visit) error {
	sub, link, err := s.owner(v, subscribers.PurposePreferences)
	if err != nil {
		return err
	}
	if err := readForm(v); err != nil {
		return err
	}
	if v.PostForm.Has(renewField) {
		return s.renew(w, v, link)
	}
	chosen, wrong, err := s.readPreferences(v, chosenBy(sub), s.offered(sub))
	if err != nil {
		return err
	}
	if wrong.Any() {
		return s.preferencesPage(w, v, sub, choosing{preferences: chosen, wrong: wrong})
	}
	sub, changed, err := s.change(v.Context(), link.Subscriber, func(sub subscribers.Subscriber) (subscribers.Subscriber, bool) {
		after, ok := subscribers.Prefer(sub, chosen)
		return after, ok && mayChoose(sub, link)
	})
	if err != nil {
		return err
	}
	if changed {
		s.count.prefer.Add(1)
	}
	s.speak(v, sub.Language)
	return s.preferencesPage(w, v, sub, choosing{preferences: chosenBy(sub), saved: true})
}

// owner is whose latest link for a purpose the address holds; the answer is in
// that person's language.
func (s *Server) owner(v *visit, p subscribers.Purpose) (sub subscribers.Subscriber, link subscribers.Link, err error) {
	if link, err = s.o.Addresses.Keys.Verify(v.args[0], p, s.o.Now()); err != nil {
		return sub, link, err
	}
	if sub, err = s.read(v.Context(), link.Subscriber); err != nil {
		return sub, link, err
	}
	if !mayChoose(sub, link) {
		return sub, link, errUsed
	}
	s.speak(v, sub.Language)
	return sub, link, nil
}

// mayChoose says whether a link is the person's latest, and there is anything
// to choose.
func mayChoose(sub subscribers.Subscriber, l subscribers.Link) bool {
	return sub.State == subscribers.Active && sub.Generation == l.Generation
}

func chosenBy(sub subscribers.Subscriber) subscribers.Preferences {
	return subscribers.Preferences{Topics: sub.Topics, Cadence: sub.Cadence, Language: sub.Language}
}

// offered says which topics somebody may choose: those that there are, and
// those that he has.
func (s *Server) offered(sub subscribers.Subscriber) func(posts.Topic) bool {
	return func(t posts.Topic) bool { return s.offers(t) || slices.Contains(sub.Topics, t) }
}

// choosing is the state of the form.
type choosing struct {
	preferences subscribers.Preferences
	wrong       templates.FormErrors
	saved       bool
}

func (s *Server) preferencesPage(w http.ResponseWriter, v *visit, sub subscribers.Subscriber, c choosing) error {
	f := s.form(v, c.preferences, sub.Topics...)
	f.Action, f.Button, f.Errors = s.base+v.place.raw, v.text["form_button_save"], c.wrong
	status := http.StatusOK
	if c.wrong.Any() {
		status = http.StatusUnprocessableEntity
	}
	return s.page(w, v, status, "preferences", templates.PreferencesView{
		Frame: s.framed(v, v.text["preferences_title"]), Saved: c.saved, Form: f,
		Unsubscribe: s.local(s.o.Addresses.Unsubscribe(sub.ID)),
		Feeds:       s.privateLines(sub), Renew: renewField,
	})
}

// renewField is the name of the button that makes new private addresses.
const renewField = "renew"

// renew gives somebody new private addresses. The page has one, too.
func (s *Server) renew(w http.ResponseWriter, v *visit, link subscribers.Link) error {
	sub, _, err := s.change(v.Context(), link.Subscriber, func(sub subscribers.Subscriber) (subscribers.Subscriber, bool) {
		after, ok := subscribers.Renew(sub)
		return after, ok && mayChoose(sub, link)
	})
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Location", s.local(s.o.Addresses.Preferences(sub.ID, sub.Generation))+"#feeds")
	h.Set("Cache-Control", "no-store")
	h["Referrer-Policy"] = s.fields.noReferrer
	w.WriteHeader(http.StatusSeeOther)
	return nil
}
