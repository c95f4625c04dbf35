package web

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/enshi-daily/enshi/subscribers"
	"github.com/enshi-daily/enshi/templates"
)

// showConfirm is the page with the button. It works the change out and throws
// it away: so it knows whether the button would do anything.
func (s *Server) showConfirm(w http.ResponseWriter, v *visit) error {
	link, err := s.o.Addresses.Keys.Verify(v.args[0], subscribers.PurposeConfirm, s.o.Now())
	if err != nil {
		return err
	}
	sub, err := s.read(v.Context(), link.Subscriber)
	if err != nil {
		return err
	}
	after, ok := subscribers.Confirm(sub, link, s.o.Now(), 0)
	if !ok {
		return errUsed
	}
	s.speak(v, after.Language)
	if sub.State == subscribers.Active {
		return s.confirmed(w, v, sub)
	}
	view := s.notice(v, "ask", "confirm")
	view.Facts = s.facts(v, after)
	view.Button = &templates.Button{Action: s.base + v.place.raw, Label: v.text["confirm_button"]}
	return s.page(w, v, http.StatusOK, "notice", view)
}

// confirm is what the button does.
func (s *Server) confirm(w http.ResponseWriter, v *visit) error {
	link, err := s.o.Addresses.Keys.Verify(v.args[0], subscribers.PurposeConfirm, s.o.Now())
	if err != nil {
		return err
	}
	head, err := s.o.Arrivals.Head(v.Context())
	if err != nil {
		return fmt.Errorf("%w: arrival log: %w", errAway, err)
	}
	sub, changed, err := s.change(v.Context(), link.Subscriber, func(sub subscribers.Subscriber) (subscribers.Subscriber, bool) {
		return subscribers.Confirm(sub, link, s.o.Now(), head)
	})
	if err != nil {
		return err
	}
	if changed {
		s.count.confirmed.Add(1)
	}
	s.speak(v, sub.Language)
	return s.confirmed(w, v, sub)
}

// confirmed says what an active person gets from now on.
func (s *Server) confirmed(w http.ResponseWriter, v *visit, sub subscribers.Subscriber) error {
	view := s.notice(v, "done", "confirmed")
	view.Facts = s.facts(v, sub)
	view.Links = []templates.Choice{
		{Value: s.local(s.o.Addresses.Preferences(sub.ID, sub.Generation)), Label: v.text["link_preferences"]},
		{Value: s.local(s.o.Addresses.Unsubscribe(sub.ID)), Label: v.text["link_unsubscribe"]},
	}
	return s.page(w, v, http.StatusOK, "notice", view)
}

// facts are what somebody chose.
func (s *Server) facts(v *visit, sub subscribers.Subscriber) []templates.Fact {
	return []templates.Fact{
		{Label: v.text["fact_topics"], Value: s.topicNames(v.text, sub.Topics)},
		{Label: v.text["fact_cadence"], Value: v.text["cadence_"+string(sub.Cadence)] + v.text["fact_between"] + s.cadenceHint(v.text, sub.Cadence)},
		{Label: v.text["fact_language"], Value: v.text["language_name"]},
	}
}

// local is the path of one of our addresses: pages keep to the host that they
// were asked under.
func (s *Server) local(address string) string {
	return s.base + strings.TrimPrefix(address, s.o.Addresses.Public)
}
