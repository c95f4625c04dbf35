package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/enshi-daily/enshi/delivery"
	"github.com/enshi-daily/enshi/subscribers"
)

func sendDigestCommand() *cli.Command {
	return &cli.Command{
		Name:  "send-digest",
		Usage: "plan and send what is due; running it twice sends nothing twice",
		Flags: append(identityFlags(),
			&cli.StringFlag{Name: "cadence", Usage: "run `CADENCE` (instant, daily or weekly) now, instead of what is due by the calendar"},
			&cli.BoolFlag{Name: "dry-run", Usage: "say who would get which posts, and change nothing"},
			&cli.BoolFlag{Name: "wait", Usage: "wait for deliveries that are tried again later"},
			&cli.IntFlag{Name: "backfill", Usage: "let the newest `N` posts of a new store arrive"},
			settleFlag(), acceptLossFlag(),
		),
		Action: withParts(sendDigest),
	}
}

func parseCadence(s string) (subscribers.Cadence, error) {
	for _, c := range subscribers.Cadences {
		if string(c) == s {
			return c, nil
		}
	}
	return "", usagef("cadence %q: expected instant, daily or weekly", s)
}

func sendDigest(c *cli.Context, p *parts) error {
	ctx := c.Context
	p.origin = originOf(c, p.publicDir())
	cadences := subscribers.Cadences[:]
	if c.IsSet("cadence") {
		one, err := parseCadence(c.String("cadence"))
		if err != nil {
			return err
		}
		cadences = []subscribers.Cadence{one}
	}
	if c.Bool("dry-run") {
		return dryRun(ctx, p, cadences, c.Int("backfill"))
	}
	sender, err := p.newSender(ctx) // a relay that must not be used is refused before anything changes
	if err != nil {
		return err
	}
	bad, err := arrive(ctx, p, c.Int("backfill"))
	if err != nil {
		return err
	}
	planner, err := p.newPlanner(ctx)
	if err != nil {
		return err
	}
	reports, err := planCadences(ctx, planner, cadences, c.IsSet("cadence"))
	if err != nil {
		return err
	}
	if reports, err = p.withOpen(ctx, reports); err != nil {
		return err
	}
	sendErr := p.sendAll(ctx, sender, reports, c.Bool("wait"))
	summary, err := p.summarise(context.WithoutCancel(ctx), reports)
	if err := errors.Join(sendErr, err); err != nil {
		return err
	}
	if bad > 0 {
		return fmt.Errorf("%d posts: %w", bad, errPart)
	}
	return summary
}

// arrive reads the site so that new posts reach the arrival log, unless a
// daemon does that already.
func arrive(ctx context.Context, p *parts, backfill int) (bad int, err error) {
	archive, err := p.openArchive(ctx)
	if err != nil {
		return 0, err
	}
	defer archive.watch.release(context.WithoutCancel(ctx))
	r, err := archive.settle(ctx, scanOptions{record: true, backfill: backfill}, p.cfg.Settle, func(n int) {
		fmt.Fprintf(p.err, "waiting: %d new posts have not been left alone for %s yet (--settle 0 skips this)\n", n, p.cfg.Settle)
	})
	if err != nil {
		return 0, err
	}
	bad = printDiagnostics(p.err, r.diagnostics)
	p.checkSeed()
	p.sayVanished(r.vanished)
	if !r.watching {
		p.say("another process watches the site: sending what it has let arrive")
	}
	for _, held := range r.taken.Held {
		p.say("held, not mailed: %s: %s", held.Path, held.Reason)
	}
	if len(r.taken.Arrived) > 0 {
		p.say("%d new posts", len(r.taken.Arrived))
	}
	return bad, nil
}

// planCadences plans each cadence now, or only what the calendar says.
func planCadences(ctx context.Context, planner *delivery.Planner, cadences []subscribers.Cadence, now bool) ([]delivery.Report, error) {
	var reports []delivery.Report
	for _, cadence := range cadences {
		var r delivery.Report
		var ok bool
		var err error
		if now || cadence == subscribers.Instant {
			r, ok, err = planner.Plan(ctx, cadence)
		} else {
			r, ok, err = planner.Scheduled(ctx, cadence)
		}
		if err != nil {
			return reports, err
		}
		if ok {
			reports = append(reports, r)
		}
	}
	return reports, nil
}

// openLately is among how many editions those that still have mail to go out
// are looked for.
const openLately = 50

// withOpen adds the editions that earlier runs left on their way, so that the
// summary accounts for them too. Paused ones wait for their operator.
func (p *parts) withOpen(ctx context.Context, reports []delivery.Report) ([]delivery.Report, error) {
	editions, err := p.store.Editions(ctx, openLately)
	if err != nil {
		return nil, fmt.Errorf("editions: %w", err)
	}
	for _, e := range editions {
		known := slices.ContainsFunc(reports, func(r delivery.Report) bool { return r.Edition.ID == e.ID })
		if e.Stage == delivery.StageSending && e.Paused == "" && !known {
			reports = append(reports, delivery.Report{Edition: e})
		}
	}
	return reports, nil
}

// sendAll sends whatever waits until the editions have nothing left that can go
// now. A daemon may be sending at the same time: what it holds is waited for.
func (p *parts) sendAll(ctx context.Context, sender delivery.Sender, reports []delivery.Report, wait bool) error {
	worker, sweeper := p.newWorker(sender), p.newSweeper()
	for {
		if err := worker.Drain(ctx); err != nil {
			return err
		}
		if err := sweeper.Sweep(ctx); err != nil {
			return fmt.Errorf("sweep the ledger: %w", err)
		}
		open, err := p.open(ctx, reports, wait)
		if err != nil || !open || ctx.Err() != nil {
			return err
		}
		select {
		case <-ctx.Done():
		case <-time.After(500 * time.Millisecond):
		}
	}
}

// open says whether one of the editions still has deliveries on their way.
func (p *parts) open(ctx context.Context, reports []delivery.Report, retries bool) (bool, error) {
	for _, r := range reports {
		edition, err := p.store.Edition(ctx, r.Edition.ID)
		if err != nil {
			return false, fmt.Errorf("edition %s: %w", r.Edition.ID, err)
		}
		if edition.Paused != "" {
			continue
		}
		counts, err := p.store.Counts(ctx, r.Edition.ID)
		if err != nil {
			return false, fmt.Errorf("edition %s: %w", r.Edition.ID, err)
		}
		if counts[delivery.Queued]+counts[delivery.Sending] > 0 || retries && counts[delivery.Retry] > 0 {
			return true, nil
		}
	}
	return false, nil
}

// summarise accounts for everybody in the editions. The result is errPart if
// something was not sent, another error if an edition was paused.
func (p *parts) summarise(ctx context.Context, reports []delivery.Report) (part, err error) {
	type line struct {
		Edition string          `json:"edition"`
		Letters int             `json:"letters"`
		Planned int             `json:"planned"`
		States  delivery.Counts `json:"states"`
		Paused  string          `json:"paused,omitempty"`
	}
	lines := make([]line, 0, len(reports))
	planned := 0
	var paused error // more than part: the fault is on our side, and nothing goes on by itself
	for _, r := range reports {
		edition, err := p.store.Edition(ctx, r.Edition.ID)
		if err != nil {
			return nil, fmt.Errorf("edition %s: %w", r.Edition.ID, err)
		}
		counts, err := p.store.Counts(ctx, r.Edition.ID)
		if err != nil {
			return nil, fmt.Errorf("edition %s: %w", r.Edition.ID, err)
		}
		planned += counts.Total()
		if counts.Total() == 0 {
			continue
		}
		lines = append(lines, line{r.Edition.ID, r.Letters, counts.Total(), counts, edition.Paused})
		if edition.Paused != "" {
			paused = fmt.Errorf("edition %s is paused: %s: mend that, then run enshi editions resume %[1]s and send-digest again", r.Edition.ID, edition.Paused)
		}
		if counts[delivery.Sent]+counts[delivery.Skipped] < counts.Total() {
			part = fmt.Errorf("edition %s: %w", r.Edition.ID, errPart)
		}
	}
	if paused != nil {
		part = paused
	}
	if p.json {
		return part, json.NewEncoder(p.out).Encode(map[string]any{"editions": lines, "note": p.outboxNote()})
	}
	if planned == 0 {
		p.result("nothing to send")
		return part, nil
	}
	for _, l := range lines {
		p.result("%s: %s", l.Edition, countsLine(l.States))
	}
	if note := p.outboxNote(); note != "" {
		p.say("%s", note)
	}
	return part, nil
}

// countsLine reads "120 planned = 118 sent + 2 retry".
func countsLine(c delivery.Counts) string {
	line := fmt.Sprintf("%d planned", c.Total())
	sign := " = "
	for _, state := range delivery.States {
		if c[state] > 0 {
			line += fmt.Sprintf("%s%d %s", sign, c[state], state)
			sign = " + "
		}
	}
	return line
}
