package web

import (
	"net/http"
	"strings"

	"github.com/enshi-daily/enshi/templates"
)

// homePage is the start page: every feed, the latest posts, the form.
func (s *Server) homePage(w http.ResponseWriter, v *visit) error {
	shelf, err := s.current()
	if err != nil {
		return err
	}
	view := s.home(v.voice, shelf)
	view.Languages, view.Form = s.languageLinks(v), s.signUpForm(v)
	return s.page(w, v, http.StatusOK, "home", view)
}

// topicPage is the page of a category or a tag. Every other spelling of its
// address leads to the one that links use.
func (s *Server) topicPage(w http.ResponseWriter, v *visit) error {
	shelf, err := s.current()
	if err != nil {
		return err
	}
	place, ok := s.find(v.place)
	switch {
	case !ok:
		return errNotFound
	case s.Paths.Retired(place.Topic):
		return errGone
	case place.URLPath() != v.place.raw:
		s.moved(w, v, place.URLPath())
		return nil
	}
	view := s.topic(v.voice, shelf, place.Topic)
	view.Languages, view.Form = s.languageLinks(v), s.signUpForm(v, place.Topic)
	return s.page(w, v, http.StatusOK, "topic", view)
}

// privacy says what is kept of people.
func (s *Server) privacy(w http.ResponseWriter, v *visit) error {
	var words []string
	for _, key := range []string{"privacy_kept", "privacy_use", "privacy_confirm", "privacy_leave", "privacy_erase", "privacy_web"} {
		words = append(words, v.text[key])
	}
	return s.page(w, v, http.StatusOK, "privacy", templates.PrivacyView{
		Frame: s.framed(v, v.text["privacy_title"]), Words: words,
	})
}

// errorPage shows an error as a page.
func (s *Server) errorPage(w http.ResponseWriter, v *visit, a answer) error {
	view := s.notice(v, "sorry", a.key)
	view.Links = []templates.Choice{{Value: s.here(v.voice, "/subscribe"), Label: v.text["link_subscribe"]}, s.homeLink(v)}
	view.NoIndex = true
	return s.page(w, v, a.status, "notice", view)
}

// notice is a page that says the sentences of a key.
func (s *Server) notice(v *visit, tone, key string) templates.NoticeView {
	return templates.NoticeView{
		Frame: s.framed(v, v.text[key+"_title"]), Tone: tone, Words: strings.Split(v.text[key+"_text"], "\n"),
	}
}

func (s *Server) homeLink(v *visit) templates.Choice {
	return templates.Choice{Value: s.here(v.voice, "/"), Label: v.text["link_home"]}
}
