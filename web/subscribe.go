package web

import (
	"context"
	"fmt"
	"net/http"

	"github.com/enshi-daily/enshi/posts"
	"github.com/enshi-daily/enshi/subscribers"
	"github.com/enshi-daily/enshi/templates"
)

// showSubscribe is the form on a page of its own; ?topic= chooses beforehand.
func (s *Server) showSubscribe(w http.ResponseWriter, v *visit) error {
	if err := s.mayEnter(); err != nil {
		return err
	}
	var chosen []posts.Topic
	for _, value := range v.URL.Query()["topic"] {
		if t, err := posts.ParseTopic(value); err == nil && s.offers(t) {
			chosen = append(chosen, t)
		}
	}
	frame := s.framed(v, v.text["subscribe_title"])
	frame.Alternates = s.feedLines(posts.Everything)
	if s.shelf.Load() == nil {
		w.Header().Set("Cache-Control", "no-store") // there will be more to choose from
	}
	return s.page(w, v, http.StatusOK, "subscribe", templates.SubscribeView{
		Frame: frame, Form: s.signUpForm(v, posts.SortTopics(chosen)...),
	})
}

// subscribe takes a sign-up. Its answer is the same for an address that is
// known, one that is not, and a program that walked into the trap.
func (s *Server) subscribe(w http.ResponseWriter, v *visit) error {
	if err := s.mayEnter(); err != nil {
		return err
	}
	if err := readForm(v); err != nil {
		return err
	}
	trap, err := one(v, trapField)
	if err != nil {
		return err
	}
	if trap != "" {
		s.count.trapped.Add(1)
		return s.checkMail(w, v)
	}
	typed, err := one(v, addressField)
	if err != nil {
		return err
	}
	preferences, wrong, err := s.readPreferences(v, s.usual(v), s.offers)
	if err != nil {
		return err
	}
	address, err := subscribers.ParseAddress(typed)
	if err != nil {
		wrong.Address = v.text["form_error_address"]
	}
	if wrong.Any() {
		f := s.form(v, preferences)
		f.Sign, f.Action, f.Button = true, s.here(v.voice, "/subscribe"), v.text["form_button_sign"]
		f.Address, f.Errors = typed, wrong
		return s.askAgain(w, v, f)
	}
	if err := s.allow(v); err != nil {
		return err
	}
	if err := s.signUp(v.Context(), address, preferences); err != nil {
		return err
	}
	s.count.signUps.Add(1)
	return s.checkMail(w, v)
}

// mayEnter says whether sign-ups are taken: not before it is known that the store
// is that of this site.
func (s *Server) mayEnter() error {
	if _, err := s.current(); err != nil && !s.trouble().Ours {
		return err
	}
	return nil
}

// usual is what somebody gets who chooses nothing.
func (s *Server) usual(v *visit) subscribers.Preferences {
	return subscribers.Preferences{Topics: []posts.Topic{posts.Everything}, Cadence: s.o.Cadence, Language: v.language}
}

func (s *Server) signUp(ctx context.Context, a subscribers.Address, p subscribers.Preferences) error {
	id := s.o.Addresses.Keys.ID(a)
	return s.enter(ctx, id, func(sub subscribers.Subscriber) (subscribers.Subscriber, subscribers.Notice) {
		return subscribers.SignUp(sub, id, a, p, s.o.Now())
	})
}

// allow counts a sign-up against the limits: the client's first, so that one
// client alone cannot use up what is for all.
func (s *Server) allow(v *visit) error {
	client := s.o.Addresses.Keys.Blind("signup", s.client(v.Request))
	for _, limit := range []struct {
		key   string
		quota Quota
	}{{client, s.o.PerClient}, {"signup-all", s.o.InAll}} {
		ok, err := s.o.Limits.Allow(v.Context(), limit.key, limit.quota.N, limit.quota.Period)
		if err != nil {
			return fmt.Errorf("%w: sign-up limits: %w", errAway, err)
		}
		if !ok {
			s.count.limited.Add(1)
			return errLimited
		}
	}
	return nil
}

// checkMail is what every sign-up is answered with.
func (s *Server) checkMail(w http.ResponseWriter, v *visit) error {
	w.Header().Set("Cache-Control", "no-store")
	view := s.notice(v, "done", "check_mail")
	view.NoIndex = true
	view.Links = []templates.Choice{s.homeLink(v)}
	return s.page(w, v, http.StatusOK, "notice", view)
}
