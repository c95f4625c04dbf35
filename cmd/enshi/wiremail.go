package main

import (
	"context"
	"io/fs"
	"math/rand/v2"
	"net"
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
		Now:   p.now, Logger: p.log, Editions: p.store, Recall: p.store,
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

// providers are the mailbox providers, without limits where those are off or
// nothing leaves the machine.
func (p *parts) providers() delivery.Providers {
	m, list := p.cfg.Mail, []delivery.Provider(nil)
	for group, c := range m.Providers {
		one := delivery.Provider{Group: delivery.Group(group), Domains: c.Domains}
		if m.Pacing && len(m.SMTP) > 0 {
			one.Budget = delivery.Budget{PerMinute: c.PerMinute, Burst: c.Burst, Connections: c.Connections, PerConn: c.PerConnection}
		}
		list = append(list, one)
	}
	return delivery.NewProviders(list)
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

// newSender opens the way out: the relay, or the outbox.
func (p *parts) newSender(ctx context.Context) (delivery.Sender, error) {
	if err := p.openStore(ctx); err != nil {
		return nil, err
	}
	if err := p.mayRely(); err != nil {
		return nil, err
	}
	if err := p.openRenderer(); err != nil {
		return nil, err
	}
	composer, err := p.composer()
	if err != nil {
		return nil, err
	}
	if len(p.cfg.Mail.SMTP) == 0 {
		return mailer.NewMaildir(p.outbox(), composer)
	}
	relay := p.relay()
	if err := p.mayLeave(relay); err != nil {
		return nil, err
	}
	sender, err := mailer.NewSMTP(mailer.SMTPOptions{URL: relay, Composer: composer, Now: p.now})
	if err != nil {
		return nil, usageError{err}
	}
	return faultySender(sender)
}

// relay is the relay's address, with the password if that is kept apart.
func (p *parts) relay() string {
	address := p.cfg.Mail.SMTP[0].Reveal()
	password := p.cfg.Mail.SMTPPassword.Reveal()
	u, err := url.Parse(address)
	if err != nil || u.User == nil || password == "" {
		return address
	}
	if _, has := u.User.Password(); !has {
		u.User = url.UserPassword(u.User.Username(), password)
	}
	return u.String()
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

// mayRely refuses to send by a ledger that was moved away, or that could forget
// what was sent.
func (p *parts) mayRely() error {
	if why := p.tenure.Retired; why != "" {
		return refusef("nothing is planned or sent: the store is retired: %s; enshi store revive takes that back, if no other machine sends for it", why)
	}
	if len(p.losses) == 0 || p.cfg.AcceptLoss {
		return nil
	}
	return refusef("nothing is sent, because the store could forget what was: %s; --accept-loss, or accept_loss in the configuration, sends all the same",
		strings.Join(p.losses, "; "))
}

// mayLeave refuses to send to the outside with links that lead to this machine,
// or in a name that was made up.
func (p *parts) mayLeave(relay string) error {
	u, err := url.Parse(relay)
	if err != nil || isLoopback(u.Hostname()) {
		return nil // a relay that cannot be read is refused by the mailer
	}
	switch {
	case !strings.HasPrefix(p.cfg.PublicURL, "https://"):
		return refusef("relay %s: mails to the outside need public_url with https, which their links lead to", u.Host)
	case p.cfg.Mail.From == "":
		return refusef("relay %s: mails to the outside need mail.from", u.Host)
	}
	return nil
}

func isLoopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

// defaultPreferences are those of who chooses nothing.
func (p *parts) defaultPreferences() (subscribers.Preferences, error) {
	cadence, err := parseCadence(p.cfg.Digest.Cadence)
	return subscribers.Preferences{Cadence: cadence, Language: subscribers.Language(p.cfg.Digest.Language)}, err
}

func (p *parts) newWorker(sender delivery.Sender) *delivery.Worker {
	m, backoff := p.cfg.Mail, delivery.DefaultBackoff()
	backoff.First, backoff.Most, backoff.GiveUp = m.Retry, m.RetryMost, m.GiveUp
	return delivery.NewWorker(delivery.WorkerOptions{
		Ready: mailer.Ready,
		Queue: p.store, Editions: p.store, Letters: p.store, Pacer: p.store, Sender: sender,
		Now: p.now, Logger: p.log, Random: rand.Float64,
		Budget: p.providers().Budget, Backoff: backoff, Connections: m.Connections, Lease: m.Lease,
	})
}

func (p *parts) newSweeper() *delivery.Sweeper {
	return delivery.NewSweeper(delivery.SweeperOptions{Queue: p.store, Policy: delivery.Policy(p.cfg.Mail.Uncertain), Lease: p.cfg.Mail.Lease, Logger: p.log})
}
