package web

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"iter"
	"maps"
	"net/url"
	"slices"
	"time"

	"github.com/enshi-daily/enshi/feeds"
	"github.com/enshi-daily/enshi/posts"
	"github.com/enshi-daily/enshi/subscribers"
	"github.com/enshi-daily/enshi/templates"
)

// StaticOptions are what pages as files are made with. All without a named
// default are needed.
type StaticOptions struct {
	Look
	Zone    *time.Location
	Public  string // where the files will be
	Service string // public address of a server that takes sign-ups; default none

	// Revision names the version of the program and of the templates. Have says
	// that a file is there as its recipe makes it (feeds.Publisher.Has). Either
	// may be left out; then every page is made.
	Revision string
	Have     func(path, recipe string) bool
}

// Static makes the pages of the site and of each topic as files, for servers
// that only have files. It is immutable and safe for concurrent use.
type Static struct {
	*views
	o  StaticOptions
	in voice
}

// NewStatic checks the options.
func NewStatic(o StaticOptions) (*Static, error) {
	var problems []error
	for _, name := range o.missing() {
		problems = append(problems, fmt.Errorf("web: option %s is missing", name))
	}
	if o.Zone == nil {
		problems = append(problems, errors.New("web: option Zone is missing"))
	}
	if err := errors.Join(problems...); err != nil {
		return nil, err
	}
	v, err := newViews(o.Look, o.Public, o.Zone)
	if err != nil {
		return nil, err
	}
	if o.Service != "" {
		v.frame.Service = templates.Service{
			Subscribe: o.Service + "/subscribe", Editions: o.Service + "/editions/", Privacy: o.Service + "/privacy", Status: o.Service + "/status",
		}
	}
	s := &Static{views: v, o: o, in: voice{language: o.Language}}
	if s.in.text = v.messages[o.Language]; s.in.text == nil {
		s.in = voice{language: subscribers.Chinese, text: v.messages[subscribers.Chinese]}
	}
	s.o.Revision = fmt.Sprintf("%s %x", o.Revision, sha256.Sum256(fmt.Append(nil, s.in.text)))
	return s, nil
}

// Documents are the start page, the page of each topic, and what they load. The
// known topics are those that may have no posts any more. Each document leaves
// its place to a file that is there: the site's own page wins. The same posts
// give the same bytes.
func (s *Static) Documents(ctx context.Context, c *posts.Catalogue, known ...posts.Topic) iter.Seq2[feeds.Document, error] {
	return func(yield func(feeds.Document, error) bool) {
		for _, name := range slices.Sorted(maps.Keys(s.assets)) {
			if !yield(s.assetFile(name), nil) {
				return
			}
		}
		shelf := newShelf(c, s.Paths)
		for _, t := range s.Paths.Topics(c, known...) {
			if err := ctx.Err(); err != nil {
				yield(feeds.Document{}, err)
				return
			}
			if !yield(s.file(shelf, t)) {
				return
			}
		}
	}
}

// undated is when a file without posts was last changed: any fixed time.
func undated() time.Time { return time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC) }

func (s *Static) assetFile(name string) feeds.Document {
	a := s.assets[name]
	return feeds.Document{Path: "assets/" + name, MediaType: a.mediaType, Body: bytes.Clone(a.plain), Updated: undated(), Yields: true}
}

// file is the page of a topic.
func (s *Static) file(shelf *shelf, t posts.Topic) (feeds.Document, error) {
	doc := feeds.Document{
		Path: s.Paths.Path(t, ""), MediaType: "text/html; charset=utf-8", Topic: t, Updated: shelf.catalogue.Updated(t), Yields: true,
	}
	if doc.Updated.IsZero() {
		doc.Updated = undated()
	}
	plain := *s.views // says nothing that has to be read from a post's file
	plain.Summary = nil
	_, view := s.page(&plain, shelf, t)
	doc.Recipe = s.recipe(view, newest(shelf.catalogue.Posts(t), topicPosts))
	if s.o.Have != nil && s.o.Have(doc.Path, doc.Recipe) {
		doc.Same = true
		return doc, nil
	}
	name, view := s.page(s.views, shelf, t)
	var body bytes.Buffer
	if err := s.Templates.Page(&body, name, view); err != nil {
		return doc, fmt.Errorf("build %s: %w", doc.Path, err)
	}
	doc.Body = body.Bytes()
	return doc, nil
}

// page is the template of a topic's page and what it shows.
func (s *Static) page(v *views, shelf *shelf, t posts.Topic) (name string, view any) {
	if t == posts.Everything {
		home := v.home(s.in, shelf)
		home.SignUp = s.signUp(t)
		return "home", home
	}
	topic := v.topic(s.in, shelf, t)
	topic.SignUp = s.signUp(t)
	return "topic", topic
}

// signUp is where somebody can subscribe to a topic by mail.
func (s *Static) signUp(t posts.Topic) string {
	switch {
	case s.o.Service == "":
		return ""
	case t == posts.Everything:
		return s.o.Service + "/subscribe"
	}
	return s.o.Service + "/subscribe?" + url.Values{"topic": {string(t)}}.Encode()
}

// recipe sums up all that decides a page's bytes. The page's sentences, which
// are many, are in the revision.
func (s *Static) recipe(view any, list []*posts.Post) string {
	switch v := view.(type) {
	case templates.HomeView:
		v.Text = nil
		view = v
	case templates.TopicView:
		v.Text = nil
		view = v
	}
	h := sha256.New()
	fmt.Fprintf(h, "%s\n%+v\n", s.o.Revision, view)
	for _, p := range list {
		h.Write(p.Hash[:])
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}
