package web

import (
	"fmt"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/enshi-daily/enshi/posts"
	"github.com/enshi-daily/enshi/subscribers"
	"github.com/enshi-daily/enshi/templates"
)

// What a form may hold. A form with every tag of a large site is some tens of
// kilobytes.
const (
	maxBody   = 256 << 10
	maxTopics = 500
	shownTags = 24 // the rest is folded
)

// The names of the fields. trapField is shown to no one: who fills it in is a
// program.
const (
	addressField  = "address"
	scopeField    = "scope" // scopeAll or scopeSome
	topicField    = "topic"
	cadenceField  = "cadence"
	languageField = "language"
	trapField     = "website"
	scopeAll      = "all"
	scopeSome     = "some"
)

// readForm reads the body, and only the body: nothing in an address may act.
func readForm(v *visit) error {
	mediaType, _, err := mime.ParseMediaType(v.Header.Get("Content-Type"))
	if err != nil {
		return fmt.Errorf("%w: %w", errFormType, err)
	}
	switch mediaType {
	case "application/x-www-form-urlencoded":
		err = v.ParseForm()
	case "multipart/form-data":
		err = v.ParseMultipartForm(maxBody)
	default:
		return errFormType
	}
	if err != nil {
		return fmt.Errorf("%w: %w", errBadForm, err)
	}
	return nil
}

// one is the value of a field that may be given once.
func one(v *visit, field string) (string, error) {
	switch values := v.PostForm[field]; len(values) {
	case 0:
		return "", nil
	case 1:
		return values[0], nil
	}
	return "", fmt.Errorf("%w: %s is given more than once", errBadForm, field)
}

// readPreferences reads topics, cadence and language. known says whether a
// topic may be chosen. What a person can mend is in the FormErrors.
func (s *Server) readPreferences(v *visit, known func(posts.Topic) bool) (subscribers.Preferences, templates.FormErrors, error) {
	p := subscribers.Preferences{Cadence: s.o.Cadence, Language: v.language}
	var wrong templates.FormErrors
	cadence, err := one(v, cadenceField)
	if err != nil {
		return p, wrong, err
	}
	if cadence != "" {
		if p.Cadence = subscribers.Cadence(cadence); !slices.Contains(subscribers.Cadences[:], p.Cadence) {
			wrong.Choice, p.Cadence = v.text["form_error_choice"], s.o.Cadence
		}
	}
	speaks, err := one(v, languageField)
	if err != nil {
		return p, wrong, err
	}
	if speaks != "" {
		l, ok := readLanguage(speaks)
		if p.Language = l; !ok {
			wrong.Choice, p.Language = v.text["form_error_choice"], v.language
		}
	}
	scope, err := one(v, scopeField)
	if err != nil {
		return p, wrong, err
	}
	var problem string
	p.Topics, problem = readTopics(scope, v.PostForm[topicField], known)
	if problem != "" {
		wrong.Topics = v.text[problem]
	}
	return p, wrong, nil
}

// readTopics reads the chosen topics; problem is the key of what is wrong.
func readTopics(scope string, values []string, known func(posts.Topic) bool) (_ []posts.Topic, problem string) {
	if scope == scopeAll || scope == "" && len(values) == 0 {
		return []posts.Topic{posts.Everything}, ""
	}
	if scope != scopeSome && scope != "" {
		return nil, "form_error_topics"
	}
	if len(values) > maxTopics {
		return nil, "form_error_many"
	}
	var topics []posts.Topic
	for _, value := range values {
		t, err := posts.ParseTopic(value)
		if err != nil || !known(t) {
			return posts.SortTopics(topics), "form_error_topics"
		}
		topics = append(topics, t)
	}
	if len(topics) == 0 {
		return nil, "form_error_none"
	}
	return posts.SortTopics(topics), ""
}

// form builds the form with choices filled in. Topics of p that the catalogue
// no longer has stay on offer: nothing is lost by saving.
func (s *Server) form(v *visit, p subscribers.Preferences) templates.FormView {
	f := templates.FormView{Text: v.text, Everything: slices.Contains(p.Topics, posts.Everything)}
	var categories, tags []topicCount
	if shelf := s.shelf.Load(); shelf != nil {
		categories, tags = shelf.categories, shelf.tags
	}
	missing := make(map[posts.Topic]bool, len(p.Topics))
	for _, t := range p.Topics {
		missing[t] = t != posts.Everything
	}
	choose := func(c topicCount) templates.Choice {
		chosen := missing[c.topic]
		delete(missing, c.topic)
		return templates.Choice{Value: string(c.topic), Label: c.topic.Name(), Posts: c.posts, Chosen: chosen}
	}
	for _, c := range categories {
		f.Categories = append(f.Categories, choose(c))
	}
	for i, c := range tags {
		if choice := choose(c); i < shownTags || choice.Chosen {
			f.Tags = append(f.Tags, choice)
		} else {
			f.MoreTags = append(f.MoreTags, choice)
		}
	}
	for _, t := range p.Topics {
		if !missing[t] {
			continue
		}
		if t.Kind() == posts.KindCategory {
			f.Categories = append(f.Categories, choose(topicCount{topic: t}))
		} else {
			f.Tags = append(f.Tags, choose(topicCount{topic: t}))
		}
	}
	number := 0
	for _, list := range [][]templates.Choice{f.Categories, f.Tags, f.MoreTags} {
		for i := range list {
			number++
			list[i].ID = "topic-" + strconv.Itoa(number)
		}
	}
	s.rhythm(v, p, &f)
	return f
}

func (s *Server) rhythm(v *visit, p subscribers.Preferences, f *templates.FormView) {
	for _, c := range subscribers.Cadences {
		f.Cadences = append(f.Cadences, templates.Choice{
			ID: "cadence-" + string(c), Value: string(c), Label: v.text["cadence_"+string(c)],
			Hint: s.cadenceHint(v.text, c), Chosen: c == p.Cadence,
		})
	}
	for _, l := range languages() {
		f.Languages = append(f.Languages, templates.Choice{
			ID: "language-" + strings.ToLower(string(l)), Value: string(l), Label: s.messages[l]["language_name"],
			Chosen: l == p.Language, Foreign: string(l),
		})
	}
}

// signUpForm is the form for somebody new, with topics chosen already.
func (s *Server) signUpForm(v *visit, chosen ...posts.Topic) templates.FormView {
	if len(chosen) == 0 {
		chosen = []posts.Topic{posts.Everything}
	}
	f := s.form(v, subscribers.Preferences{Topics: chosen, Cadence: s.o.Cadence, Language: v.language})
	f.Sign, f.Action, f.Button = true, s.here(v, "/subscribe"), v.text["form_button_sign"]
	return f
}

// askAgain shows a form whose fields need mending.
func (s *Server) askAgain(w http.ResponseWriter, v *visit, f templates.FormView) error {
	w.Header().Set("Cache-Control", "no-store")
	return s.page(w, v, http.StatusUnprocessableEntity, "subscribe", templates.SubscribeView{
		Frame: s.framed(v, v.text["subscribe_title"]), Form: f,
	})
}
