package main

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/enshi-daily/enshi/delivery"
)

func storeCommand() *cli.Command {
	return &cli.Command{
		Name:  "store",
		Usage: "see which processes may send from the store, and end that",
		Subcommands: []*cli.Command{
			{Name: "show", Usage: "say which epoch the store is in, and whether it is retired", Action: withStore(showStore)},
			{Name: "fence", Usage: "let no process go on that has the store open now: after a restore, or when one was left behind", Action: withStore(raiseEpoch(always("")))},
			{Name: "retire", Usage: "let nothing be sent from the store any more: it was copied elsewhere", Flags: []cli.Flag{
				&cli.StringFlag{Name: "reason", Value: "by the operator", Usage: "`TEXT` that says where it went"}}, Action: withStore(raiseEpoch(func(c *cli.Context) string { return c.String("reason") }))},
			{Name: "revive", Usage: "let a retired store be sent from again", Action: withStore(raiseEpoch(always("")))},
		},
	}
}

func always(s string) func(*cli.Context) string { return func(*cli.Context) string { return s } }

// raiseEpoch begins a new epoch, in which the store is retired if there is a
// reason.
func raiseEpoch(reason func(*cli.Context) string) func(*cli.Context, *parts) error {
	return func(c *cli.Context, p *parts) error {
		if c.Command.Name == "fence" && p.tenure.Retired != "" {
			return refusef("the store is retired (%s): enshi store revive lets it be sent from again, and fences, too", p.tenure.Retired)
		}
		tenure, err := p.store.Raise(c.Context, reason(c))
		if err != nil {
			return fmt.Errorf("new epoch: %w", err)
		}
		p.tenure = tenure
		return showStore(c, p)
	}
}

func showStore(_ *cli.Context, p *parts) error {
	t := p.tenure
	if p.json {
		return json.NewEncoder(p.out).Encode(map[string]any{"epoch": t.Epoch, "retired": t.Retired})
	}
	state := "in use"
	if t.Retired != "" {
		state = "retired: " + t.Retired
	}
	_, err := fmt.Fprintf(p.out, "epoch %d, %s\n", t.Epoch, state)
	return err
}

// heedEpoch ends the daemon when the store begins another epoch. What writes is
// fenced by the store itself, at once.
func (d *daemon) heedEpoch(ctx context.Context) error {
	if err := d.openStore(ctx); err != nil {
		return err
	}
	tick := time.NewTicker(heedEvery)
	defer tick.Stop()
	for {
		// A store that is away is said by those who need it.
		now, err := d.store.Tenure(ctx)
		switch {
		case err != nil || now == d.tenure:
		case now.Retired != "":
			return fmt.Errorf("store: %w: %s", delivery.ErrRetired, now.Retired)
		default:
			return fmt.Errorf("store: epoch %d, opened in %d: %w", now.Epoch, d.tenure.Epoch, delivery.ErrOldEpoch)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}
