package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/enshi-daily/enshi/delivery"
)

func editionsCommand() *cli.Command {
	return &cli.Command{
		Name:  "editions",
		Usage: "list and show editions, pause, resume, cancel and repeat them",
		Subcommands: []*cli.Command{
			{Name: "list", Usage: "list the latest editions", Flags: []cli.Flag{
				&cli.IntFlag{Name: "limit", Value: 20, Usage: "look at the latest `N`"},
				&cli.BoolFlag{Name: "all", Usage: "also those in which nobody had anything pending"}}, Action: withStore(listEditions)},
			{Name: "show", ArgsUsage: "EDITION", Usage: "account for everybody in an edition", Flags: []cli.Flag{
				&cli.BoolFlag{Name: "missing", Usage: "name each delivery that is not sent"}}, Action: withStore(showEdition)},
			{Name: "pause", ArgsUsage: "EDITION", Usage: "stop sending an edition; what is in flight is finished", Flags: []cli.Flag{
				&cli.StringFlag{Name: "reason", Value: "by the operator", Usage: "`TEXT` shown to other operators"}}, Action: withStore(pauseEdition)},
			{Name: "resume", ArgsUsage: "EDITION", Usage: "go on with a paused edition", Action: withStore(resumeEdition)},
			retryCommand(),
			{Name: "settle", ArgsUsage: "EDITION", Usage: "let an edition end whose uncertain mails were held (mail.uncertain: hold), without sending them again", Action: withStore(settleEdition)},
			{Name: "cancel", ArgsUsage: "EDITION", Usage: "send nothing more of an edition; what is in flight is finished", Action: withStore(cancelEdition)},
		},
	}
}

// editionView is an edition as --json prints it.
type editionView struct {
	ID       string          `json:"id"`
	Cadence  string          `json:"cadence"`
	Mark     int64           `json:"mark"`
	Stage    delivery.Stage  `json:"stage"`
	Paused   string          `json:"paused,omitempty"`
	Opened   string          `json:"opened"`
	Finished string          `json:"finished,omitempty"`
	Planned  int             `json:"planned"`
	States   delivery.Counts `json:"states"`
	Brakes   []brakeView     `json:"brakes,omitempty"` // by editions show alone
}

func newEditionView(e delivery.Edition, c delivery.Counts) editionView {
	v := editionView{ID: e.ID, Cadence: string(e.Cadence), Mark: e.Mark, Stage: e.Stage, Paused: e.Paused,
		Opened: e.Opened.Format(time.RFC3339), Planned: c.Total(), States: c}
	if !e.Finished.IsZero() {
		v.Finished = e.Finished.Format(time.RFC3339)
	}
	return v
}

func listEditions(c *cli.Context, p *parts) error {
	editions, err := p.store.Editions(c.Context, c.Int("limit"))
	if err != nil {
		return fmt.Errorf("editions: %w", err)
	}
	encoder := json.NewEncoder(p.out)
	for _, e := range editions {
		counts, err := p.store.Counts(c.Context, e.ID)
		if err != nil {
			return fmt.Errorf("edition %s: %w", e.ID, err)
		}
		if counts.Total() == 0 && e.Stage != delivery.StagePlanning && !c.Bool("all") {
			continue
		}
		if p.json {
			if err := encoder.Encode(newEditionView(e, counts)); err != nil {
				return err
			}
			continue
		}
		fmt.Fprintf(p.out, "%-28s %-10s %s%s\n", e.ID, e.Stage, countsLine(counts), editionNote(e, counts))
	}
	return nil
}

// editionNote says what an edition waits for that only an operator can give.
func editionNote(e delivery.Edition, c delivery.Counts) string {
	switch n := c[delivery.Uncertain]; {
	case e.Paused != "":
		return ", paused: " + e.Paused
	case e.Stage == delivery.StageSending && c.Open() == 0 && n > 0:
		return fmt.Sprintf(", waits for your word on %d uncertain: editions retry %s --uncertain sends them again, editions settle %[2]s does not", n, e.ID)
	}
	return ""
}

func showEdition(c *cli.Context, p *parts) error {
	id, err := oneArgument(c, "the edition's ID, as editions list names it")
	if err != nil {
		return err
	}
	e, err := p.store.Edition(c.Context, id)
	if err != nil {
		return fmt.Errorf("edition %s: %w", id, err)
	}
	counts, err := p.store.Counts(c.Context, id)
	if err != nil {
		return fmt.Errorf("edition %s: %w", id, err)
	}
	var brakes []delivery.Brake
	if counts.Open() > 0 {
		if brakes, err = p.brakes(c.Context); err != nil {
			return err
		}
	}
	encoder := json.NewEncoder(p.out)
	if p.json {
		view := newEditionView(e, counts)
		for _, b := range brakes {
			view.Brakes = append(view.Brakes, newBrakeView(b))
		}
		if err := encoder.Encode(view); err != nil {
			return err
		}
	} else {
		fmt.Fprintf(p.out, "%s %s%s\nup to arrival %d, opened %s\n%s\n", e.ID, e.Stage, editionNote(e, counts), e.Mark,
			e.Opened.Format(time.RFC3339), countsLine(counts))
		for _, b := range brakes {
			p.result("%s", brakeLine(b))
		}
	}
	if !c.Bool("missing") {
		return nil
	}
	return p.showMissing(c.Context, encoder, id, counts)
}

// showMissing names everybody in an edition to whom nothing was sent, by ID:
// state, tries, and the server's last word or why it was skipped.
func (p *parts) showMissing(ctx context.Context, encoder *json.Encoder, id string, counts delivery.Counts) error {
	named, missing := 0, counts.Total()-counts[delivery.Sent]
	for d, err := range p.store.Deliveries(ctx, id, delivery.Queued, delivery.Sending, delivery.Retry,
		delivery.Rejected, delivery.Failed, delivery.Uncertain, delivery.Skipped) {
		if err != nil {
			return fmt.Errorf("edition %s: %w", id, err)
		}
		named++
		if p.json {
			err = encoder.Encode(newDeliveryView(d))
		} else {
			_, err = fmt.Fprintf(p.out, "%s  %-9s  %s\n", d.Subscriber, d.State, newDeliveryView(d).words())
		}
		if err != nil {
			return err
		}
	}
	if named < missing {
		p.result("%d more are counted and no longer on record by name", missing-named)
	}
	return nil
}

// deliveryView is a delivery as --json prints it.
type deliveryView struct {
	Edition    string         `json:"edition"`
	Subscriber string         `json:"subscriber"`
	Letter     string         `json:"letter,omitempty"`
	State      delivery.State `json:"state"`
	Skip       delivery.Skip  `json:"skip,omitempty"`
	Tries      int            `json:"tries"`
	Doubts     int            `json:"doubts,omitempty"`
	At         string         `json:"at,omitempty"` // of a retry: not before; else since when
	Reply      string         `json:"reply,omitempty"`
}

func newDeliveryView(d delivery.Delivery) deliveryView {
	v := deliveryView{Edition: d.Edition, Subscriber: string(d.Subscriber), Letter: d.Letter, State: d.State,
		Skip: d.Skip, Tries: d.Tries, Doubts: d.Doubts, Reply: d.Reply}
	if !d.At.IsZero() {
		v.At = d.At.Local().Format(time.RFC3339)
	}
	return v
}

// words say what there is beside the state.
func (v deliveryView) words() string {
	var words []string
	if v.Skip != "" {
		words = append(words, string(v.Skip))
	}
	if v.Tries > 0 {
		words = append(words, fmt.Sprintf("%d tries", v.Tries))
	}
	if v.Doubts > 0 {
		words = append(words, fmt.Sprintf("%d times in doubt", v.Doubts))
	}
	switch {
	case v.At == "":
	case v.State == delivery.Retry:
		words = append(words, "again at "+v.At)
	default:
		words = append(words, "at "+v.At)
	}
	if v.Reply != "" {
		words = append(words, v.Reply)
	}
	return strings.Join(words, ", ")
}

func pauseEdition(c *cli.Context, p *parts) error {
	id, err := oneArgument(c, "the edition's ID")
	if err != nil {
		return err
	}
	if err := p.store.Pause(c.Context, id, c.String("reason")); err != nil {
		return fmt.Errorf("pause edition %s: %w", id, err)
	}
	p.result("%s is paused", id)
	return nil
}

func resumeEdition(c *cli.Context, p *parts) error {
	id, err := oneArgument(c, "the edition's ID")
	if err != nil {
		return err
	}
	if err := p.store.Resume(c.Context, id); err != nil {
		return fmt.Errorf("resume edition %s: %w", id, err)
	}
	p.result("%s goes on with the next serve or send-digest", id)
	return nil
}
