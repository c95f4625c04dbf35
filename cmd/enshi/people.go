package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/enshi-daily/enshi/posts"
	"github.com/enshi-daily/enshi/subscribers"
)

func subscribersCommand() *cli.Command {
	preferences := []cli.Flag{
		&cli.StringSliceFlag{Name: "topics", Usage: "follow `TOPICS`: *, category:NAME or tag:NAME, several separated by ; or by repeating the flag"},
		&cli.StringFlag{Name: "cadence", Usage: "`CADENCE`: instant, daily or weekly"},
		&cli.StringFlag{Name: "language", Usage: "`LANGUAGE` of mails and pages: zh-Hans or en"},
	}
	consent := &cli.StringFlag{Name: "consent", Usage: "they agreed already: `TEXT` says how, and makes them active at once"}
	return &cli.Command{
		Name:  "subscribers",
		Usage: "add, list, show, remove, import and export subscribers",
		Subcommands: []*cli.Command{
			{Name: "add", ArgsUsage: "ADDRESS", Usage: "sign an address up; without --consent it gets a confirmation mail",
				Flags: append([]cli.Flag{consent}, preferences...), Action: withStore(addSubscriber)},
			{Name: "list", Usage: "list subscribers", Flags: []cli.Flag{
				&cli.StringFlag{Name: "state", Usage: "only those in `STATE`"}}, Action: withStore(listSubscribers)},
			{Name: "show", ArgsUsage: "ADDRESS|ID", Usage: "show one subscriber", Action: withStore(showSubscriber)},
			{Name: "remove", ArgsUsage: "ADDRESS|ID", Usage: "unsubscribe somebody", Action: withStore(removeSubscriber)},
			{Name: "import", ArgsUsage: "FILE|-", Usage: "import CSV with the columns email,topics,cadence,language",
				Flags: []cli.Flag{consent, &cli.BoolFlag{Name: "dry-run", Usage: "check every row and change nothing"}}, Action: withStore(importSubscribers)},
			{Name: "export", Usage: "export subscribers as CSV", Action: withStore(exportSubscribers)},
		},
	}
}

func oneArgument(c *cli.Context, what string) (string, error) {
	if c.NArg() != 1 {
		return "", usagef("%s: expected one argument, %s", c.Command.FullName(), what)
	}
	return c.Args().First(), nil
}

// preferences reads the flags, over the publisher's defaults.
func (p *parts) preferences(c *cli.Context) (subscribers.Preferences, error) {
	prefs, err := p.defaultPreferences()
	if err != nil {
		return prefs, err
	}
	for _, list := range c.StringSlice("topics") {
		for _, one := range strings.Split(list, ";") {
			topic, err := posts.ParseTopic(one)
			if err != nil {
				return prefs, usageError{err}
			}
			prefs.Topics = append(prefs.Topics, topic)
		}
	}
	if s := c.String("cadence"); s != "" {
		if prefs.Cadence, err = parseCadence(s); err != nil {
			return prefs, err
		}
	}
	switch l := subscribers.Language(c.String("language")); l {
	case "":
	case subscribers.Chinese, subscribers.English:
		prefs.Language = l
	default:
		return prefs, usagef("language %q: expected zh-Hans or en", l)
	}
	return prefs, nil
}

func addSubscriber(c *cli.Context, p *parts) error {
	argument, err := oneArgument(c, "the address")
	if err != nil {
		return err
	}
	address, err := subscribers.ParseAddress(argument)
	if err != nil {
		return usagef("%s: %w", argument, err)
	}
	prefs, err := p.preferences(c)
	if err != nil {
		return err
	}
	var notice subscribers.Notice
	s, err := p.change(c.Context, p.keys.ID(address), func(s subscribers.Subscriber) (subscribers.Subscriber, subscribers.Notice, error) {
		if text := c.String("consent"); text != "" {
			head, err := p.store.Head(c.Context)
			if err != nil {
				return s, "", err
			}
			next, ok := subscribers.Activate(s, p.keys.ID(address), address, prefs, subscribers.Consent{Text: text, At: p.now(), Head: head})
			if !ok {
				return s, "", fmt.Errorf("%s is %s: only the person can come back, on the page", address, s.State)
			}
			return next, subscribers.NoNotice, nil
		}
		var next subscribers.Subscriber
		next, notice = subscribers.SignUp(s, p.keys.ID(address), address, prefs, p.now())
		return next, notice, nil
	})
	if err != nil {
		return err
	}
	if p.json {
		return json.NewEncoder(p.out).Encode(subscriberView(s))
	}
	switch {
	case s.State == subscribers.Active:
		p.result("%s is active (%s)", s.Address, s.ID)
	case notice == subscribers.NoticeConfirm:
		p.result("%s is %s (%s): a confirmation mail waits for the next serve or send-digest", s.Address, s.State, s.ID)
	default:
		p.result("%s is %s (%s): it was asked to confirm less than a day ago", s.Address, s.State, s.ID)
	}
	return nil
}

// change reads a record (the zero Subscriber if there is none), changes it and
// saves it, again if it changed meanwhile.
func (p *parts) change(ctx context.Context, id subscribers.ID,
	to func(subscribers.Subscriber) (subscribers.Subscriber, subscribers.Notice, error)) (subscribers.Subscriber, error) {
	for {
		s, err := p.store.Subscriber(ctx, id)
		if err != nil && !errors.Is(err, subscribers.ErrNotFound) {
			return s, fmt.Errorf("subscriber %s: %w", id, err)
		}
		next, notice, err := to(s)
		if err != nil {
			return s, err
		}
		err = p.store.Save(ctx, next, notice)
		if errors.Is(err, subscribers.ErrConflict) {
			continue
		}
		if err != nil {
			return s, fmt.Errorf("subscriber %s: %w", id, err)
		}
		return next, nil
	}
}

// findSubscriber takes an address or an ID.
func (p *parts) findSubscriber(ctx context.Context, argument string) (subscribers.Subscriber, error) {
	id := subscribers.ID(argument)
	if address, err := subscribers.ParseAddress(argument); err == nil {
		id = p.keys.ID(address)
	} else if strings.Contains(argument, "@") {
		return subscribers.Subscriber{}, usagef("%s: %w", argument, err)
	}
	s, err := p.store.Subscriber(ctx, id)
	if errors.Is(err, subscribers.ErrNotFound) {
		return s, fmt.Errorf("%s: %w", argument, subscribers.ErrNotFound)
	}
	return s, err
}

func showSubscriber(c *cli.Context, p *parts) error {
	argument, err := oneArgument(c, "the address or ID")
	if err != nil {
		return err
	}
	s, err := p.findSubscriber(c.Context, argument)
	if err != nil {
		return err
	}
	if p.json {
		return json.NewEncoder(p.out).Encode(subscriberView(s))
	}
	head, err := p.store.Head(c.Context)
	if err != nil {
		return fmt.Errorf("arrival log: %w", err)
	}
	v := subscriberView(s)
	fmt.Fprintf(p.out, "id        %s\naddress   %s\nstate     %s since %s\ntopics    %s\ncadence   %s\nlanguage  %s\nserved    up to %d of %d\nconsent   %s\ncreated   %s\nconfirmed %s\n",
		v.ID, v.Address, v.State, v.Changed, strings.Join(v.Topics, "; "), v.Cadence, v.Language, s.Cursor, head, v.Consent, v.Created, v.Confirmed)
	return nil
}

func removeSubscriber(c *cli.Context, p *parts) error {
	argument, err := oneArgument(c, "the address or ID")
	if err != nil {
		return err
	}
	s, err := p.findSubscriber(c.Context, argument)
	if err != nil {
		return err
	}
	s, err = p.change(c.Context, s.ID, func(s subscribers.Subscriber) (subscribers.Subscriber, subscribers.Notice, error) {
		return subscribers.Unsubscribe(s, p.now()), subscribers.NoNotice, nil
	})
	if err != nil {
		return err
	}
	p.result("%s is %s", argument, s.State)
	return nil
}

func listSubscribers(c *cli.Context, p *parts) error {
	state := subscribers.State(c.String("state"))
	encoder := json.NewEncoder(p.out)
	for s, err := range p.store.All(c.Context) {
		if err != nil {
			return fmt.Errorf("list subscribers: %w", err)
		}
		if state != "" && s.State != state {
			continue
		}
		v := subscriberView(s)
		if p.json {
			if err := encoder.Encode(v); err != nil {
				return err
			}
			continue
		}
		fmt.Fprintf(p.out, "%s  %-12s  %-7s  %-7s  %s  %s\n", v.ID, v.State, v.Cadence, v.Language, v.Address, strings.Join(v.Topics, "; "))
	}
	return nil
}

func importSubscribers(c *cli.Context, p *parts) error {
	argument, err := oneArgument(c, "the CSV file, or - for standard input")
	if err != nil {
		return err
	}
	var in io.Reader = p.in
	if argument != "-" {
		f, err := os.Open(argument)
		if err != nil {
			return usagef("import: %w", err)
		}
		defer f.Close()
		in = f
	}
	defaults, err := p.defaultPreferences()
	if err != nil {
		return err
	}
	report, err := subscribers.Import(c.Context, in, subscribers.ImportOptions{
		Registry: p.store, Bulk: p.store, Keys: p.keys, Head: p.store.Head, Now: p.now,
		Defaults: defaults, Consent: c.String("consent"), DryRun: c.Bool("dry-run"),
	})
	if err != nil {
		return err
	}
	return p.sayImport(report, c.Bool("dry-run"))
}

func exportSubscribers(c *cli.Context, p *parts) error {
	return subscribers.Export(c.Context, p.out, p.store.All(c.Context))
}
