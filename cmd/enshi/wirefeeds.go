package main

import (
	"fmt"

	"github.com/enshi-daily/enshi/config"
	"github.com/enshi-daily/enshi/feeds"
	"github.com/enshi-daily/enshi/posts"
	"github.com/enshi-daily/enshi/subscribers"
	"github.com/enshi-daily/enshi/templates"
	"github.com/enshi-daily/enshi/web"
)

// addresses are those of a site as the operator configured them.
func (p *parts) addresses(s posts.Site) (feeds.Addresses, error) {
	o := feeds.AddressOptions{Before: s, Slugs: make(map[posts.Topic]string)}
	err := p.eachTopic(func(t posts.Topic, c config.Topic) {
		if c.Slug != "" {
			o.Slugs[t] = c.Slug
		}
		if c.Retired {
			o.Retired = append(o.Retired, t)
		}
	})
	if err != nil {
		return feeds.Addresses{}, err
	}
	a, err := feeds.NewAddresses(o)
	if err != nil {
		return a, usageError{err}
	}
	return a, nil
}

// eachTopic goes through what the operator says of single topics.
func (p *parts) eachTopic(visit func(posts.Topic, config.Topic)) error {
	for name, c := range p.cfg.Topics {
		t, err := posts.ParseTopic(name)
		if err != nil {
			return usagef("topics: %w", err)
		}
		visit(t, c)
	}
	return nil
}

// titles are the topics that are not called by their names.
func (p *parts) titles() map[posts.Topic]string {
	titles := make(map[posts.Topic]string)
	_ = p.eachTopic(func(t posts.Topic, c config.Topic) { // readSite has refused what cannot be parsed
		if c.Title != "" {
			titles[t] = c.Title
		}
	})
	return titles
}

// topicTitle says what a topic is called.
func (p *parts) topicTitle() func(posts.Topic) string {
	titles := p.titles()
	return func(t posts.Topic) string {
		if title := titles[t]; title != "" {
			return title
		}
		return t.Name()
	}
}

// excerpts are the topics that say whether their feeds hold excerpts.
func (p *parts) excerpts() map[posts.Topic]bool {
	excerpts := make(map[posts.Topic]bool)
	_ = p.eachTopic(func(t posts.Topic, c config.Topic) { // as in titles
		if c.Excerpt != nil {
			excerpts[t] = *c.Excerpt
		}
	})
	return excerpts
}

func (p *parts) press(a *archive, publisher *feeds.Publisher, public string) *press {
	f := p.cfg.Feeds
	return &press{content: p.site.summaries.Content, publisher: publisher, options: feeds.Options{
		Revision: p.site.revision,
		Title:    a.site.Title, Description: a.site.Description, Language: a.site.Lang, Author: a.site.Author,
		Rights: f.Rights, Icon: f.Icon, SiteURL: p.articles(a.site), PublicURL: public, Hubs: f.Hubs,
		Addresses: p.site.addresses, Titles: p.titles(),
		Limit: f.Limit, MaxBytes: int(f.MaxBytes), Excerpt: f.Excerpt, Excerpts: p.excerpts(),
	}}
}

// look is what pages are made with, those of serve and those of build.
func (p *parts) look(s posts.Site) web.Look {
	return web.Look{
		Templates: p.templates, Files: templates.WebFiles(p.overrides()),
		Title: s.Title, Description: s.Description, SiteURL: p.articles(s), Paths: p.site.addresses, Titles: p.titles(),
		Summary: p.site.summaries.Of, Language: subscribers.Language(p.cfg.Digest.Language),
	}
}

// newPages makes the pages that build writes. They lead to a server for
// sign-ups only if there is one that others can reach.
func (p *parts) newPages(s posts.Site, publisher *feeds.Publisher) (*web.Static, error) {
	if err := p.openTemplates(); err != nil {
		return nil, err
	}
	program, err := programRevision()
	if err != nil {
		return nil, err
	}
	words, err := p.templates.Revision()
	if err != nil {
		return nil, fmt.Errorf("templates: %w", err)
	}
	service := ""
	if p.cfg.PublicURL != "" {
		service = p.publicURL()
	}
	return web.NewStatic(web.StaticOptions{
		Look: p.look(s), Zone: s.Zone, Public: p.buildAddress(s), Service: service,
		Revision: program + " " + words, Have: p.site.addresses.HavingCopies(publisher.Has),
	})
}
