package main

import (
	"context"
	"math/rand/v2"
	"net"
	"net/url"
	"strings"

	"github.com/enshi-daily/enshi/delivery"
	"github.com/enshi-daily/enshi/mailer"
)

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
	relays := p.relays()
	for _, relay := range relays {
		if err := p.mayLeave(relay); err != nil {
			return nil, err
		}
	}
	providers := p.providers()
	sender, err := mailer.NewSMTP(mailer.SMTPOptions{
		Relays: relays, Composer: composer, Now: p.now, PerConn: p.cfg.Mail.PerConnection,
		PerGroup: func(g delivery.Group) int { return providers.Budget(g).PerConn },
	})
	if err != nil {
		return nil, usageError{err}
	}
	return faultySender(sender)
}

// relays are the relays' addresses, with the password if that is kept apart.
func (p *parts) relays() []string {
	var all []string
	password := p.cfg.Mail.SMTPPassword.Reveal()
	for _, relay := range p.cfg.Mail.SMTP {
		address := relay.Reveal()
		if u, err := url.Parse(address); err == nil && u.User != nil && password != "" {
			if _, has := u.User.Password(); !has {
				u.User = url.UserPassword(u.User.Username(), password)
				address = u.String()
			}
		}
		all = append(all, address)
	}
	return all
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
		for _, answer := range c.Retries {
			one.Deferrals = append(one.Deferrals, delivery.Deferral(answer))
		}
		list = append(list, one)
	}
	return delivery.NewProviders(list)
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

func (p *parts) newWorker(sender delivery.Sender) *delivery.Worker {
	m, backoff := p.cfg.Mail, delivery.DefaultBackoff()
	backoff.First, backoff.Most, backoff.GiveUp = m.Retry, m.RetryMost, m.GiveUp
	providers := p.providers()
	return delivery.NewWorker(delivery.WorkerOptions{
		Ready: mailer.Ready,
		Queue: p.store, Editions: p.store, Letters: p.store, Pacer: p.store, Sender: sender,
		Now: p.now, Logger: p.log, Random: rand.Float64,
		Budget: providers.Budget, Backoff: backoff, Deferral: providers.Deferral, Connections: m.Connections, Lease: m.Lease,
	})
}

func (p *parts) newSweeper() *delivery.Sweeper {
	return delivery.NewSweeper(delivery.SweeperOptions{Queue: p.store, Policy: delivery.Policy(p.cfg.Mail.Uncertain), Lease: p.cfg.Mail.Lease, Logger: p.log})
}

// relayFigures are how the daemon's relays do; none if it does not send.
func (p *parts) relayFigures() []delivery.Relay {
	if sender := p.sender.Load(); sender != nil {
		return (*sender).Relays()
	}
	return nil
}
