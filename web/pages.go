package web

import (
	"net/http"
	"strings"

	"github.com/enshi-daily/enshi/posts"
	"github.com/enshi-daily/enshi/templates"
)

// home is the start page: every feed, the latest posts, the form.
func (s *Server) home(w http.ResponseWriter, v *visit) error {
	shelf, err := s.current()
	if err != nil {
		return err
	}
	frame := s.framed(v, "")
	frame.Alternates = s.feedLines(v, posts.Everything)
	tags, more := shelf.tags, []topicCount(nil)
	if len(tags) > shownTags {
		tags, more = tags[:shownTags], tags[shownTags:]
	}
	return s.page(w, v, http.StatusOK, "home", templates.HomeView{
		Frame: frame, Description: s.o.Description, Feeds: frame.Alternates,
		Categories: s.topicLines(v, shelf.categories), Tags: s.topicLines(v, tags), MoreTags: s.topicLines(v, more),
		Posts: s.postLines(v, shelf.catalogue.Posts(posts.Everything), homePosts), Form: s.signUpForm(v),
	})
}

// topic is the page of a category or a tag. Every other spelling of its
// address leads to the one that links use.
func (s *Server) topic(w http.ResponseWriter, v *visit) error {
	shelf, err := s.current()
	if err != nil {
		return err
	}
	t, ok := s.topicAt(shelf, v.place)
	if !ok {
		return errNotFound
	}
	if spelled := s.o.Paths.PagePath(t); spelled != v.place.raw {
		s.moved(w, v, spelled)
		return nil
	}
	list := shelf.catalogue.Posts(t)
	frame := s.framed(v, t.Name())
	frame.Alternates = s.feedLines(v, t)
	return s.page(w, v, http.StatusOK, "topic", templates.TopicView{
		Frame: frame, Name: t.Name(), Kind: string(t.Kind()), Summary: count(v.text, "posts_in_all", len(list)),
		Feeds: frame.Alternates, Posts: s.postLines(v, list, topicPosts), Form: s.signUpForm(v, t),
	})
}

// topicAt finds the topic that a page's address means: by its slug, else by its
// name. One that has no posts left has a page while its feeds are there.
func (s *Server) topicAt(shelf *shelf, p place) (posts.Topic, bool) {
	page := strings.Trim(p.path, "/")
	if t, ok := shelf.bySlug[page]; ok {
		return t, true
	}
	parts := p.segments()
	if t, ok := topicNamed(parts[0], parts[1]); ok && shelf.has(t) {
		return t, true
	}
	file, ok := s.o.Documents.Lookup(page + "/atom.xml")
	return file.Topic, ok && file.Topic.Name() != ""
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
	view.Links = []templates.Choice{{Value: s.here(v, "/subscribe"), Label: v.text["link_subscribe"]}, s.homeLink(v)}
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
	return templates.Choice{Value: s.here(v, "/"), Label: v.text["link_home"]}
}
