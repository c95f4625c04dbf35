package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/enshi-daily/enshi/config"
	"github.com/enshi-daily/enshi/delivery"
	"github.com/enshi-daily/enshi/digest"
	"github.com/enshi-daily/enshi/posts"
	"github.com/enshi-daily/enshi/subscribers"
)

func explainCommand() *cli.Command {
	return &cli.Command{
		Name: "explain", ArgsUsage: "ADDRESS|ID", Usage: "why one person gets, or does not get, what",
		Action: withParts(explain),
	}
}

// explanation is all that bears on what one person gets.
type explanation struct {
	Known      bool            `json:"known"`
	ID         subscribers.ID  `json:"id"`
	Address    string          `json:"address,omitempty"`
	State      string          `json:"state,omitempty"`
	Since      string          `json:"since,omitempty"`
	Consent    string          `json:"consent,omitempty"`
	Suppressed bool            `json:"suppressed"` // only the person can change that
	Topics     []posts.Topic   `json:"topics,omitempty"`
	Cadence    string          `json:"cadence,omitempty"`
	Language   string          `json:"language,omitempty"`
	NextRun    string          `json:"next_run,omitempty"` // of daily and weekly
	Cursor     int64           `json:"cursor"`             // served up to this arrival
	Head       int64           `json:"head"`               // of the arrival log
	Pending    []pendingPost   `json:"pending"`
	Passed     []passedPost    `json:"passed"`      // arrived after the cursor, and not for this person
	Corrected  []correctedPost `json:"corrections"` // that the next digest tells of
	Held       int             `json:"held"`        // posts that a guard keeps from everybody
	Deliveries []explainedMail `json:"deliveries"`
	Now        string          `json:"now"` // what would happen now
}

type pendingPost struct {
	Number int64       `json:"number"`
	Title  string      `json:"title"`
	Date   string      `json:"date"`
	Topic  posts.Topic `json:"topic"` // the one of the person's that it belongs to
}

type correctedPost struct {
	Number     int64  `json:"number"`
	Title      string `json:"title"`
	Correction string `json:"correction"`
}

type passedPost struct {
	Number int64         `json:"number"`
	Title  string        `json:"title"`
	Topics []posts.Topic `json:"topics"`
	Why    string        `json:"why"`
}

type explainedMail struct {
	deliveryView
	Paused string `json:"paused,omitempty"` // the edition, and why
	Rule   string `json:"rule,omitempty"`   // of mail.providers, by which it waits for its retry
}

// explainedEditions is in how many editions these are looked for.
const explainedEditions = 50

// explainedMails is how many deliveries are told of, latest first.
const explainedMails = 10

func explain(c *cli.Context, p *parts) error {
	argument, err := oneArgument(c, "the address or ID")
	if err != nil {
		return err
	}
	if err := p.openStore(c.Context); err != nil {
		return err
	}
	e, err := p.explain(c.Context, argument)
	if err != nil {
		return err
	}
	if p.json {
		return json.NewEncoder(p.out).Encode(e)
	}
	return e.print(p.out)
}

// explain gathers what there is about the one person with an address or ID.
func (p *parts) explain(ctx context.Context, argument string) (*explanation, error) {
	s, err := p.findSubscriber(ctx, argument)
	if errors.Is(err, subscribers.ErrNotFound) {
		e := &explanation{Address: argument, Pending: []pendingPost{}, Passed: []passedPost{}, Corrected: []correctedPost{}, Deliveries: []explainedMail{}}
		e.Now = "nothing: nobody signed up with it, or the sign-up was not confirmed in time and was purged"
		return e, nil
	}
	if err != nil {
		return nil, err
	}
	e := newExplanation(s)
	schedule, err := p.schedule()
	if err != nil {
		return nil, err
	}
	editions, err := p.store.Editions(ctx, explainedEditions)
	if err != nil {
		return nil, fmt.Errorf("editions: %w", err)
	}
	if err := e.addPosts(ctx, p.store, s); err != nil {
		return nil, err
	}
	if err := e.addHeld(ctx, p.store); err != nil {
		return nil, err
	}
	if err := e.addCorrections(ctx, p, s); err != nil {
		return nil, err
	}
	if err := e.addMails(ctx, p, editions); err != nil {
		return nil, err
	}
	ran := func(c subscribers.Cadence, slot time.Time) (bool, error) { return delivery.Ran(ctx, p.store, c, slot) }
	return e, e.foresee(s, schedule, ran, p.now())
}

func newExplanation(s subscribers.Subscriber) *explanation {
	e := &explanation{
		Known: true, ID: s.ID, Address: string(s.Address), State: string(s.State), Since: rfc3339(s.Changed), Consent: s.Consent,
		Topics: s.Topics, Cadence: string(s.Cadence), Language: string(s.Language), Cursor: s.Cursor,
		Pending: []pendingPost{}, Passed: []passedPost{}, Corrected: []correctedPost{}, Deliveries: []explainedMail{},
	}
	e.Suppressed = s.State == subscribers.Bounced || s.State == subscribers.Complained || s.State == subscribers.Erased
	return e
}

func rfc3339(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Format(time.RFC3339)
}

// addPosts sorts what arrived after the cursor into what is pending and what is
// not for this person.
func (e *explanation) addPosts(ctx context.Context, log digest.Log, s subscribers.Subscriber) error {
	head, err := log.Head(ctx)
	if err != nil {
		return fmt.Errorf("arrival log: %w", err)
	}
	e.Head = head
	if s.State != subscribers.Active {
		return nil // nothing is pending for somebody who gets nothing
	}
	arrived, err := log.Since(ctx, s.Cursor, head)
	if err != nil {
		return fmt.Errorf("arrival log after %d: %w", s.Cursor, err)
	}
	pending := make(map[int64]bool)
	for _, entry := range digest.Pending(arrived, s.Cursor, s.Topics) {
		pending[entry.Number] = true
		e.Pending = append(e.Pending, pendingPost{entry.Number, entry.Title, entry.Date.Format(time.DateOnly), matched(&entry, s.Topics)})
	}
	for i := range arrived {
		entry := &arrived[i]
		if pending[entry.Number] {
			continue
		}
		why := "none of its topics is followed"
		if entry.Withdrawn {
			why = "it was withdrawn"
		}
		e.Passed = append(e.Passed, passedPost{entry.Number, entry.Title, entry.Topics, why})
	}
	return nil
}

// matched is the first of somebody's topics that a post belongs to.
func matched(entry *digest.Entry, topics []posts.Topic) posts.Topic {
	for _, t := range topics {
		if entry.In([]posts.Topic{t}) {
			return t
		}
	}
	return ""
}

func (e *explanation) addHeld(ctx context.Context, identities posts.Identities) error {
	all, err := identities.Identities(ctx)
	if err != nil {
		return fmt.Errorf("identities: %w", err)
	}
	for i := range all {
		if all[i].Standing == posts.Held {
			e.Held++
		}
	}
	return nil
}

func (e *explanation) addCorrections(ctx context.Context, p *parts, s subscribers.Subscriber) error {
	if s.State != subscribers.Active {
		return nil
	}
	planner, err := p.newPlanner(ctx)
	if err != nil {
		return err
	}
	due, err := planner.Corrections(ctx, s)
	for i := range due {
		e.Corrected = append(e.Corrected, correctedPost{due[i].Number, due[i].Title, due[i].Correction})
	}
	return err
}

// addMails adds what the latest editions, and the notices, have for the person;
// of mails that were sent long ago no more than that.
func (e *explanation) addMails(ctx context.Context, p *parts, editions []delivery.Edition) error {
	paused, opened := make(map[string]string), make(map[string]time.Time)
	names := []string{delivery.EditionConfirm, delivery.EditionAlready}
	for _, edition := range editions {
		names = append(names, edition.ID)
		paused[edition.ID], opened[edition.ID] = edition.Paused, edition.Opened
	}
	found, err := p.store.DeliveriesTo(ctx, e.ID, names...)
	if err != nil {
		return fmt.Errorf("deliveries: %w", err)
	}
	reached, err := p.store.Reached(ctx, []subscribers.ID{e.ID}, names...)
	if err != nil {
		return fmt.Errorf("deliveries: %w", err)
	}
	for i, r := range reached[0] {
		known := slices.ContainsFunc(found, func(d delivery.Delivery) bool { return d.Edition == names[i] })
		if r.State != "" && !known {
			found = append(found, delivery.Delivery{Edition: names[i], Subscriber: e.ID, Letter: r.Letter, State: r.State, Created: opened[names[i]]})
		}
	}
	slices.SortStableFunc(found, func(a, b delivery.Delivery) int { return b.Created.Compare(a.Created) })
	for _, d := range found[:min(len(found), explainedMails)] {
		e.Deliveries = append(e.Deliveries, explainedMail{newDeliveryView(d), paused[d.Edition], p.ruleFor(d)})
	}
	return nil
}

// ruleFor is the line of the profile by which a mail waits; "" if there is none.
func (p *parts) ruleFor(d delivery.Delivery) string {
	rule := p.providers().Deferral(d.Group, d.Reply)
	if d.State != delivery.Retry || rule.Answer == "" {
		return ""
	}
	return config.Retry(rule).String()
}
