package main

import (
	"context"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/enshi-daily/enshi/delivery"
	"github.com/enshi-daily/enshi/digest"
	"github.com/enshi-daily/enshi/mailer"
	"github.com/enshi-daily/enshi/subscribers"
	"github.com/enshi-daily/enshi/templates"
)

// overrides is the operator's template directory, nil for none.
func (p *parts) overrides() fs.FS {
	if p.cfg.Templates == "" {
		return nil
	}
	return os.DirFS(p.cfg.Templates)
}

func (p *parts) openTemplates() error {
	if p.templates != nil {
		return nil
	}
	set, err := templates.New(p.overrides())
	if err != nil {
		return usagef("templates: %w", err)
	}
	p.templates = set
	return nil
}

func (p *parts) openRenderer() error {
	if p.renderer != nil {
		return nil
	}
	s, err := p.settings()
	if err != nil {
		return err
	}
	if err := p.openTemplates(); err != nil {
		return err
	}
	p.renderer, err = mailer.NewRenderer(mailer.RendererOptions{
		Templates: p.templates, Title: s.Title, SiteLink: p.articles(s),
		Public: p.publicURL(), Zone: s.Zone, SubjectPrefix: p.subjectMark,
		TopicTitle: p.topicTitle(),
	})
	if err != nil {
		return usageError{err}
	}
	return nil
}

// schedule is the calendar, in the site's zone.
func (p *parts) schedule() (digest.Schedule, error) {
	s, err := p.settings()
	if err != nil {
		return digest.Schedule{}, err
	}
	d := p.cfg.Digest
	schedule := digest.DefaultSchedule(s.Zone)
	schedule.Hour, schedule.Minute, schedule.Weekday, schedule.Quiet = d.At.Hour, d.At.Minute, d.Weekday, d.Quiet
	schedule.MaxLateness = make(map[subscribers.Cadence]time.Duration)
	for cadence, most := range map[subscribers.Cadence]time.Duration{subscribers.Daily: d.MaxLatenessDaily, subscribers.Weekly: d.MaxLatenessWeekly} {
		if most > 0 && !p.acceptLate {
			schedule.MaxLateness[cadence] = most
		}
	}
	return schedule, nil
}

func (p *parts) newPlanner(ctx context.Context) (*delivery.Planner, error) {
	if err := p.openStore(ctx); err != nil {
		return nil, err
	}
	if err := p.mayRely(); err != nil {
		return nil, err
	}
	return p.plannerOver(ctx, p.store)
}

// plannerOver plans over another view of the arrival log.
func (p *parts) plannerOver(ctx context.Context, log delivery.Arrivals) (*delivery.Planner, error) {
	schedule, err := p.schedule()
	if err != nil {
		return nil, err
	}
	if err := p.openRenderer(); err != nil {
		return nil, err
	}
	providers := p.providers()
	return delivery.NewPlanner(delivery.PlannerOptions{
		Planning: p.store, Log: log, Renderer: p.renderer, Schedule: schedule, LetterID: p.keys.LetterID,
		Group: func(a subscribers.Address) delivery.Group { return providers.GroupOf(a.Domain()) },
		Now:   p.now, Logger: p.log, Batch: planBatch, Editions: p.store, Recall: p.store,
	}), nil
}

// newRetractor takes withdrawn posts out of what waits to be sent.
func (p *parts) newRetractor(ctx context.Context) (*delivery.Retractor, error) {
	if err := p.openStore(ctx); err != nil {
		return nil, err
	}
	if err := p.openRenderer(); err != nil {
		return nil, err
	}
	return delivery.NewRetractor(delivery.RetractorOptions{
		Log: p.store, Editions: p.store, Letters: p.store, Recall: p.store, Renderer: p.renderer, Now: p.now, Logger: p.log,
	}), nil
}

// outbox is where mails are written while there is no relay.
func (p *parts) outbox() string {
	if p.cfg.Mail.Outbox != "" {
		return p.cfg.Mail.Outbox
	}
	return filepath.Join(p.cfg.Data, "outbox")
}

// outboxNote says that nothing leaves the machine, "" if mail does.
func (p *parts) outboxNote() string {
	if len(p.cfg.Mail.SMTP) > 0 {
		return ""
	}
	return "mails are written to " + p.outbox() + ", not sent: nothing leaves this machine"
}

func (p *parts) composer() (*mailer.Composer, error) {
	m := p.cfg.Mail
	from, err := p.from()
	if err != nil {
		return nil, err
	}
	var replyTo mailer.Mailbox
	if m.ReplyTo != "" {
		if replyTo, err = mailer.ParseMailbox(m.ReplyTo); err != nil {
			return nil, usagef("mail.reply_to: %w", err)
		}
	}
	composer, err := mailer.NewComposer(mailer.ComposerOptions{
		Renderer: p.renderer, Keys: p.keys, From: from, ReplyTo: replyTo,
		ListID: m.ListID, MailtoLeave: m.UnsubscribeMailto, BounceDomain: m.Bounce,
	})
	if err != nil {
		return nil, usageError{err}
	}
	return composer, nil
}

// from is the sender, made from the site's host while none is configured.
func (p *parts) from() (mailer.Mailbox, error) {
	if p.cfg.Mail.From != "" {
		from, err := mailer.ParseMailbox(p.cfg.Mail.From)
		if err != nil {
			return from, usagef("mail.from: %w", err)
		}
		return from, nil
	}
	s, err := p.settings()
	if err != nil {
		return mailer.Mailbox{}, err
	}
	host := "localhost"
	if u, err := url.Parse(s.URL); err == nil && strings.Contains(u.Hostname(), ".") {
		host = u.Hostname()
	}
	from, err := mailer.ParseMailbox("digest@" + host)
	if err != nil {
		from, err = mailer.ParseMailbox("digest@localhost")
	}
	from.Name = s.Title
	return from, err
}

// defaultPreferences are those of who chooses nothing.
func (p *parts) defaultPreferences() (subscribers.Preferences, error) {
	cadence, err := parseCadence(p.cfg.Digest.Cadence)
	return subscribers.Preferences{Cadence: cadence, Language: subscribers.Language(p.cfg.Digest.Language)}, err
}
