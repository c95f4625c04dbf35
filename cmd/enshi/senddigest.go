package main

import (
	"context"
	"errors"
	"fmt"
	"slices"

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
			&cli.StringFlag{Name: "eml", Usage: "write each letter that would be sent into `DIR`, for nobody's eyes but yours, and change nothing"},
			&cli.StringFlag{Name: "to", Usage: "send what --as would get to `ADDRESS`, as a test, and change nothing"},
			&cli.StringFlag{Name: "as", Usage: "with --to: the address or ID of `SUBSCRIBER`"},
			&cli.BoolFlag{Name: "wait", Usage: "stay until deliveries that are tried again later are done, too"},
			&cli.BoolFlag{Name: "resume", Usage: "go on with editions that a killed process or a pause left, and open none"},
			&cli.IntFlag{Name: "backfill", Usage: "let the newest `N` posts of a new store arrive"},
			&cli.BoolFlag{Name: "accept-many", Usage: "let new posts arrive that are held for being more than limits.new_posts at once"},
			&cli.BoolFlag{Name: "accept-late", Usage: "send what is due although it is later than digest.max_lateness_daily or _weekly allow"},
			&cli.BoolFlag{Name: "accept-old", Usage: "let new posts arrive that are held for being dated longer ago than limits.post_age"},
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

// request is what the flags of send-digest ask for.
type request struct {
	cadence subscribers.Cadence // "" for what is due by the calendar
	dry     bool
	eml     string
	to, as  string
	wait    bool
	resume  bool
	admission
}

func parseRequest(c *cli.Context) (r request, err error) {
	r = request{
		dry: c.Bool("dry-run") || c.IsSet("eml"), eml: c.String("eml"), to: c.String("to"), as: c.String("as"),
		wait: c.Bool("wait"), resume: c.Bool("resume"),
		admission: admission{backfill: c.Int("backfill"), acceptMany: c.Bool("accept-many"), acceptOld: c.Bool("accept-old")},
	}
	if c.IsSet("cadence") {
		if r.cadence, err = parseCadence(c.String("cadence")); err != nil {
			return r, err
		}
	}
	switch {
	case c.NArg() > 0:
		return r, usagef("send-digest: %q: expected flags alone", c.Args().First())
	case c.IsSet("eml") && r.eml == "":
		return r, usagef("--eml: expected a directory")
	case r.backfill < 0:
		return r, usagef("--backfill %d: expected a number from 0", r.backfill)
	case c.IsSet("to") != c.IsSet("as"):
		return r, usagef("--to and --as go together: send what --as SUBSCRIBER would get to --to ADDRESS")
	case r.to != "" && (r.dry || r.resume || r.wait):
		return r, usagef("--to sends one test mail: not with --dry-run, --eml, --resume or --wait")
	case r.resume && (r.dry || r.cadence != "" || r.asks()):
		return r, usagef("--resume plans nothing new: not with --cadence, --dry-run, --eml, --backfill, --accept-many or --accept-old")
	case r.dry && r.wait:
		return r, usagef("--wait has nothing to wait for with --dry-run or --eml")
	}
	return r, nil
}

// cadences are those to run.
func (r request) cadences() []subscribers.Cadence {
	if r.cadence != "" {
		return []subscribers.Cadence{r.cadence}
	}
	return subscribers.Cadences[:]
}

func sendDigest(c *cli.Context, p *parts) error {
	r, err := parseRequest(c)
	if err != nil {
		return err
	}
	onceMemory().tune(0)
	p.origin, p.acceptLate = originOf(c, p.publicDir()), c.Bool("accept-late")
	switch {
	case r.dry:
		return dryRun(c.Context, p, r)
	case r.to != "":
		return testSend(c.Context, p, r)
	}
	sender, err := p.newSender(c.Context) // a way out that must not be used is refused before anything changes
	if err != nil {
		return err
	}
	d := &dispatch{parts: p, request: r, sender: sender, held: make(map[string]bool)}
	if d.before, err = p.noticeCounts(c.Context); err != nil {
		return err
	}
	if err := d.plan(c.Context); err != nil {
		return d.interrupted(c.Context, err)
	}
	err = d.interrupted(c.Context, d.send(c.Context))
	d.tellOperator(c.Context)
	return worse(err, d.conclude(context.WithoutCancel(c.Context)))
}

// interrupted tells an end by a signal from one by a fault: what was not done
// waits, whole.
func (d *dispatch) interrupted(ctx context.Context, err error) error {
	if err == nil || ctx.Err() == nil {
		return err
	}
	d.log.Warn("interrupted: what is left waits for serve or send-digest --resume")
	return fmt.Errorf("interrupted: %w", errPart)
}

// worse returns the error that decides: what was done in part is nothing beside
// a failure.
func worse(a, b error) error {
	switch {
	case a == nil || b != nil && errors.Is(a, errPart):
		return b
	case b == nil || errors.Is(b, errPart):
		return a
	}
	return errors.Join(a, b)
}

// dispatch is a run of send-digest that sends.
type dispatch struct {
	*parts
	request
	sender  delivery.Sender
	before  delivery.Counts // of notices, when it began
	reports []delivery.Report
	held    map[string]bool // editions that were paused when it began
	bad     int             // posts that could not be read
}

// plan plans what is asked for and adds what earlier runs left on its way.
func (d *dispatch) plan(ctx context.Context) error {
	if !d.resume {
		var err error
		if d.bad, err = arrive(ctx, d.parts, d.admission); err != nil {
			return err
		}
	}
	planner, err := d.newPlanner(ctx)
	if err != nil {
		return err
	}
	stop := d.watch(ctx, d.planning())
	defer stop()
	if !d.resume {
		if err := d.planCadences(ctx, planner); err != nil {
			return err
		}
	}
	return d.addOpen(ctx, planner)
}

// arrive reads the site so that new posts reach the arrival log, unless a
// daemon does that already.
func arrive(ctx context.Context, p *parts, a admission) (bad int, err error) {
	archive, err := p.openArchive(ctx)
	if err != nil {
		return 0, err
	}
	defer archive.watch.release(context.WithoutCancel(ctx))
	r, err := archive.settle(ctx, scanOptions{record: true, admission: a}, p.cfg.Settle, func(n int) {
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
		if a.asks() {
			p.say("and it alone lets posts arrive: enshi posts release lets held ones go")
		}
	}
	p.sayHeld("held, not mailed", r.taken.Held)
	if len(r.taken.Arrived) > 0 {
		p.say("%d new posts", len(r.taken.Arrived))
	}
	return bad, nil
}

// planCadences plans the cadence that was named, now, or what the calendar
// says.
func (d *dispatch) planCadences(ctx context.Context, planner *delivery.Planner) error {
	for _, cadence := range d.cadences() {
		run := planner.Scheduled
		if d.cadence != "" || cadence == subscribers.Instant {
			run = planner.Plan
		}
		r, ok, err := run(ctx, cadence)
		if err != nil {
			return err
		}
		if r.Folded != nil {
			d.say("%s; --accept-late sends it now", r.Folded)
		}
		if ok {
			d.reports = append(d.reports, r)
		}
	}
	return nil
}

// openLately is among how many editions those that still have mail to go out
// are looked for. What is tried again for three days has many instant ones after it.
const openLately = 1000

// addOpen adds the editions that earlier runs left on their way, oldest first,
// so that the summary accounts for everybody in them. With --resume it lets the
// paused ones go on, and plans those to the end whose planner was killed.
func (d *dispatch) addOpen(ctx context.Context, planner *delivery.Planner) error {
	editions, err := d.store.Editions(ctx, openLately)
	if err != nil {
		return fmt.Errorf("editions: %w", err)
	}
	for _, e := range slices.Backward(editions) {
		if e.Stage != delivery.StagePlanning && e.Stage != delivery.StageSending {
			continue
		}
		if e.Paused != "" && d.resume {
			if err := d.store.Resume(ctx, e.ID); err != nil {
				return fmt.Errorf("resume edition %s: %w", e.ID, err)
			}
			d.say("%s goes on; it was paused: %s", e.ID, e.Paused)
		}
		d.held[e.ID] = e.Paused != "" && !d.resume
		if slices.ContainsFunc(d.reports, func(r delivery.Report) bool { return r.Edition.ID == e.ID }) {
			continue
		}
		r := delivery.Report{Edition: e}
		if d.resume {
			if r, err = planner.GoOn(ctx, e); err != nil {
				return err
			}
		}
		d.reports = append(d.reports, r)
	}
	return nil
}
