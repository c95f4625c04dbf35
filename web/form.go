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

// readPreferences reads topics, cadence and language; what is not given is as in
// p. known says whether a topic may be chosen. What a person can mend is in the
// FormErrors.
func (s *Server) readPreferences(v *visit, p subscribers.Preferences, known func(posts.Topic) bool) (subscribers.Preferences, templates.FormErrors, error) {
	var wrong templates.FormErrors
	cadence, err := one(v, cadenceField)
	if err != nil {
		return p, wrong, err
	}
	if cadence != "" {
		if c := subscribers.Cadence(cadence); slices.Contains(subscribers.Cadences[:], c) {
			p.Cadence = c
		} else {
			wrong.Choice = v.text["form_error_choice"]
		}
	}
	speaks, err := one(v, languageField)
	if err != nil {
		return p, wrong, err
	}
	if speaks != "" {
		if l, ok := readLanguage(speaks); ok {
			p.Language = l
		} else {
			wrong.Choice = v.text["form_error_choice"]
		}
	}
	scope, err := one(v, scopeField)
	if err != nil {
		return p, wrong, err
	}
	if !v.PostForm.Has(scopeField) && !v.PostForm.Has(topicField) {
		return p, wrong, nil
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
			problem = "form_error_topics"
			continue
		}
		topics = append(topics, t)
	}
	if len(topics) == 0 && problem == "" {
		problem = "form_error_none"
	}
	return posts.SortTopics(topics), problem
}

// form builds the form with choices filled in. Topics that the person has and
// the catalogue has not stay on offer: nothing is lost by saving.
func (s *Server) form(v *visit, p subscribers.Preferences, has ...posts.Topic) templates.FormView {
	f := templates.FormView{Text: v.text, Everything: slices.Contains(p.Topics, posts.Everything)}
	chosen := make(map[posts.Topic]bool, len(p.Topics))
	for _, t := range p.Topics {
		chosen[t] = true
	}
	categories, tags := s.choices(slices.Concat(p.Topics, has))
	number := 0
	choice := func(c topicCount) templates.Choice {
		number++
		return templates.Choice{
			ID: "topic-" + strconv.Itoa(number), Value: string(c.topic), Label: s.name(c.topic),
			Posts: c.posts, Chosen: chosen[c.topic],
		}
	}
	for _, c := range categories {
		f.Categories = append(f.Categories, choice(c))
	}
	for i, c := range tags {
		if chosen[c.topic] || i < shownTags {
			f.Tags = append(f.Tags, choice(c))
		} else {
			f.MoreTags = append(f.MoreTags, choice(c))
		}
	}
	s.rhythm(v, p, &f)
	return f
}

// choices are the topics that can be chosen: those on the shelf, then those of
// also that it lacks.
func (s *Server) choices(also []posts.Topic) (categories, tags []topicCount) {
	offered := map[posts.Topic]bool{posts.Everything: true}
	if shelf := s.shelf.Load(); shelf != nil {
		categories, tags = slices.Clip(shelf.categories), slices.Clip(shelf.tags)
		for _, t := range shelf.catalogue.Topics() {
			offered[t] = shelf.has(t)
		}
	}
	for _, t := range posts.SortTopics(slices.DeleteFunc(also, func(t posts.Topic) bool { return offered[t] })) {
		if t.Kind() == posts.KindCategory {
			categories = append(categories, topicCount{topic: t})
		} else {
			tags = append(tags, topicCount{topic: t})
		}
	}
	return categories, tags
}

// rhythm fills in cadences and languages.
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
	p := s.usual(v)
	if len(chosen) > 0 {
		p.Topics = chosen
	}
	f := s.form(v, p)
	f.Sign, f.Action, f.Button = true, s.here(v.voice, "/subscribe"), v.text["form_button_sign"]
	return f
}

// askAgain shows a form whose fields need mending.
func (s *Server) askAgain(w http.ResponseWriter, v *visit, f templates.FormView) error {
	w.Header().Set("Cache-Control", "no-store")
	return s.page(w, v, http.StatusUnprocessableEntity, "subscribe", templates.SubscribeView{
		Frame: s.framed(v, v.text["subscribe_title"]), Form: f,
	})
}
