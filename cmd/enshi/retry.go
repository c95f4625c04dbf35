package main

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/urfave/cli/v2"

	"github.com/enshi-daily/enshi/delivery"
)

func retryCommand() *cli.Command {
	return &cli.Command{
		Name: "retry", ArgsUsage: "EDITION", Usage: "send again what an edition did not bring to its end; nothing else ever does",
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "failed", Usage: "those that were given up; meant if no flag is given"},
			&cli.BoolFlag{Name: "rejected", Usage: "those whose address was refused, if it is in use again"},
			&cli.BoolFlag{Name: "uncertain", Usage: "those that may have arrived: some of them get the letter twice"},
		},
		Action: withStore(retryEdition),
	}
}

// repeated are the states that can be tried again, as their flags are named.
var repeated = [...]delivery.State{delivery.Failed, delivery.Rejected, delivery.Uncertain}

// retryEdition queues deliveries again, and says before how many that are and
// what may come of it.
func retryEdition(c *cli.Context, p *parts) error {
	id, err := oneArgument(c, "the edition's ID")
	if err != nil {
		return err
	}
	if _, err := p.store.Edition(c.Context, id); err != nil {
		return fmt.Errorf("edition %s: %w", id, err)
	}
	counts, err := p.store.Counts(c.Context, id)
	if err != nil {
		return fmt.Errorf("edition %s: %w", id, err)
	}
	states := statesOf(c)
	if n := counts[delivery.Uncertain]; n > 0 && c.Bool("uncertain") {
		p.say("%d are uncertain: who has the letter already gets it a second time, with the same Message-ID, by which mail programs can tell", n)
	}
	queued, left := make(map[delivery.State]int), 0
	for _, state := range states {
		done, err := p.store.Again(c.Context, id, state)
		if err != nil {
			return stageError(id, "was cancelled: nothing of it is sent again", err)
		}
		queued[state] = done.Queued
		left += done.Left
	}
	return p.sayRetried(id, states, queued, left)
}

func statesOf(c *cli.Context) []delivery.State {
	var states []delivery.State
	for _, s := range repeated {
		if c.Bool(string(s)) {
			states = append(states, s)
		}
	}
	if states == nil {
		states = []delivery.State{delivery.Failed}
	}
	return states
}

func (p *parts) sayRetried(id string, states []delivery.State, queued map[delivery.State]int, left int) error {
	if p.json {
		return json.NewEncoder(p.out).Encode(map[string]any{"edition": id, "queued": queued, "left": left})
	}
	total, line, sign := 0, "", ": "
	for _, s := range states {
		total += queued[s]
		line += fmt.Sprintf("%s%d %s", sign, queued[s], s)
		sign = ", "
	}
	p.result("%s: %d queued again%s", id, total, line)
	if left > 0 {
		p.result("%d stay as they are: their subscribers left, or their addresses are suppressed", left)
	}
	if total > 0 {
		p.say("they go out with serve or the next send-digest")
	}
	return nil
}

// stageError says why an edition's stage does not allow what was asked for.
func stageError(id, why string, err error) error {
	if errors.Is(err, delivery.ErrStage) {
		return fmt.Errorf("edition %s %s", id, why)
	}
	return fmt.Errorf("edition %s: %w", id, err)
}

// cancelEdition ends an edition and accounts for everybody in it.
func cancelEdition(c *cli.Context, p *parts) error {
	id, err := oneArgument(c, "the edition's ID")
	if err != nil {
		return err
	}
	before, err := p.store.Edition(c.Context, id)
	if err != nil {
		return fmt.Errorf("edition %s: %w", id, err)
	}
	if err := p.store.Cancel(c.Context, id); err != nil {
		return stageError(id, "is finished: there is nothing to cancel", err)
	}
	counts, err := p.store.Counts(c.Context, id)
	if err != nil {
		return fmt.Errorf("edition %s: %w", id, err)
	}
	if p.json {
		e, err := p.store.Edition(c.Context, id)
		if err != nil {
			return fmt.Errorf("edition %s: %w", id, err)
		}
		return json.NewEncoder(p.out).Encode(newEditionView(e, counts))
	}
	p.result("%s is cancelled: %s", id, countsLine(counts))
	if n := counts[delivery.Sending]; n > 0 {
		p.result("%d are in flight and are finished", n)
	}
	if counts[delivery.Skipped] > 0 {
		p.say("who was skipped does not get these posts by a later digest either")
	}
	if before.Stage == delivery.StagePlanning {
		p.say("it was not planned to the end: everybody else gets these posts with the next one")
	}
	return nil
}

// settleEdition ends an edition whose uncertain deliveries were held for the
// operator's decision: they are not sent again.
func settleEdition(c *cli.Context, p *parts) error {
	id, err := oneArgument(c, "the edition's ID")
	if err != nil {
		return err
	}
	if err := p.store.Settle(c.Context, id); err != nil {
		return stageError(id, "has mails on their way, or was cancelled: there is nothing to settle yet", err)
	}
	counts, err := p.store.Counts(c.Context, id)
	if err != nil {
		return fmt.Errorf("edition %s: %w", id, err)
	}
	p.result("%s is finished: %s", id, countsLine(counts))
	return nil
}
