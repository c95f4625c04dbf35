package main

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/enshi-daily/enshi/delivery"
)

// account accounts for everybody that a run of send-digest had to do with:
// planned = sent + rejected + failed + uncertain + skipped + waiting.
type account struct {
	Editions []editionAccount `json:"editions"`
	Notices  groupAccount     `json:"notices"` // confirmations and other mails that belong to no edition
	Waiting  int              `json:"waiting"`
	NextTry  string           `json:"next_try,omitempty"` // of what waits for another attempt
	// Held are the groups whose providers asked for a pause.
	Held []heldGroup `json:"held,omitempty"`
	// Unaccounted is planned less all of these: never anything but 0.
	Unaccounted int    `json:"unaccounted"`
	Note        string `json:"note,omitempty"`

	free int // could go now, and nothing holds it
}

// groupAccount accounts for mails that belong together.
type groupAccount struct {
	Planned int             `json:"planned"`
	Waiting int             `json:"waiting"` // of the states: queued, sending and retry
	States  delivery.Counts `json:"states"`
}

type editionAccount struct {
	Edition string         `json:"edition"`
	Stage   delivery.Stage `json:"stage"`
	Paused  string         `json:"paused,omitempty"`
	Letters int            `json:"letters"` // that this run wrote
	groupAccount
}

func newGroupAccount(c delivery.Counts) groupAccount {
	return groupAccount{Planned: c.Total(), Waiting: c.Open(), States: c}
}

// settled is how many are at an end.
func (g groupAccount) settled() int {
	n := 0
	for _, state := range []delivery.State{delivery.Sent, delivery.Rejected, delivery.Failed, delivery.Uncertain, delivery.Skipped} {
		n += g.States[state]
	}
	return n
}

// missed says whether somebody did not get what was meant for them.
func (g groupAccount) missed() bool {
	return g.States[delivery.Sent]+g.States[delivery.Skipped] < g.Planned
}

// account reads the ledger.
func (d *dispatch) account(ctx context.Context) (account, error) {
	a := account{Editions: []editionAccount{}, Note: d.outboxNote()}
	for _, r := range d.reports {
		e, err := d.store.Edition(ctx, r.Edition.ID)
		if err != nil {
			return a, fmt.Errorf("edition %s: %w", r.Edition.ID, err)
		}
		counts, err := d.store.Counts(ctx, e.ID)
		if err != nil {
			return a, fmt.Errorf("edition %s: %w", e.ID, err)
		}
		a.Editions = append(a.Editions, editionAccount{e.ID, e.Stage, e.Paused, r.Letters, newGroupAccount(counts)})
	}
	counts, err := d.noticeCounts(ctx)
	if err != nil {
		return a, err
	}
	a.Notices = newGroupAccount(since(d.before, counts))
	a.add(a.Notices)
	for i := range a.Editions {
		a.add(a.Editions[i].groupAccount)
	}
	work, wake, err := d.store.Work(ctx)
	if err != nil {
		return a, fmt.Errorf("ledger: %w", err)
	}
	if a.Held, a.free, err = d.heldGroups(ctx, d.sender.Relays(), work); err != nil {
		return a, err
	}
	if wake > 0 && a.retries() > 0 {
		a.NextTry = d.now().Add(wake).Format(time.RFC3339)
	}
	return a, nil
}

func (a *account) add(g groupAccount) {
	a.Waiting += g.Waiting
	a.Unaccounted += g.Planned - g.settled() - g.Waiting
}

// retries is how many wait for another attempt.
func (a *account) retries() int {
	n := a.Notices.States[delivery.Retry]
	for i := range a.Editions {
		if a.Editions[i].Paused == "" {
			n += a.Editions[i].States[delivery.Retry]
		}
	}
	return n
}

// inHand is how many could go out now, or are on their way.
func (a *account) inHand() int {
	n := a.Notices.Waiting
	for i := range a.Editions {
		if a.Editions[i].Paused == "" {
			n += a.Editions[i].Waiting
		}
	}
	return n - a.retries()
}

// onlyHeld says whether nothing is on its way and all that could go waits for a
// provider.
func (a *account) onlyHeld() bool {
	sending := a.Notices.States[delivery.Sending]
	for i := range a.Editions {
		sending += a.Editions[i].States[delivery.Sending]
	}
	return len(a.Held) > 0 && a.free == 0 && sending == 0
}

// planned is how many mails there are in all.
func (a *account) planned() int {
	n := a.Notices.Planned
	for i := range a.Editions {
		n += a.Editions[i].Planned
	}
	return n
}

// noticeCounts are the counts of both kinds of notices.
func (p *parts) noticeCounts(ctx context.Context) (delivery.Counts, error) {
	sum := make(delivery.Counts)
	for _, kind := range []string{delivery.EditionConfirm, delivery.EditionAlready} {
		counts, err := p.store.Counts(ctx, kind)
		if err != nil {
			return nil, fmt.Errorf("notices: %w", err)
		}
		for state, n := range counts {
			sum[state] += n
		}
	}
	return sum, nil
}

// since are the notices that came to an end after before was counted, and those
// that wait.
func since(before, now delivery.Counts) delivery.Counts {
	c := make(delivery.Counts)
	for state, n := range now {
		if state != delivery.Queued && state != delivery.Sending && state != delivery.Retry {
			n -= before[state] // below 0 if old ones were forgotten, or asked for again
		}
		if n > 0 {
			c[state] = n
		}
	}
	return c
}

// print writes the account down, in one object or a line an edition.
func (d *dispatch) print(a account) error {
	shown := a.Editions[:0:0]
	for _, e := range a.Editions {
		if e.Planned > 0 { // nobody had anything pending in the others
			shown = append(shown, e)
		}
	}
	a.Editions = shown
	if d.json {
		if a.Editions == nil {
			a.Editions = []editionAccount{}
		}
		return json.NewEncoder(d.out).Encode(a)
	}
	if a.planned() == 0 {
		d.result("nothing to send")
		return nil
	}
	for _, e := range a.Editions {
		line := e.Edition + ": " + countsLine(e.States)
		if e.Stage == delivery.StagePlanning {
			line += ", not planned to the end"
		}
		d.result("%s", line+editionNote(delivery.Edition{ID: e.Edition, Stage: e.Stage, Paused: e.Paused}, e.States))
	}
	if a.Notices.Planned > 0 {
		d.result("notices: %s", countsLine(a.Notices.States))
	}
	for _, h := range a.Held {
		d.result("%s: %d or more wait until %s, as the provider asked, for serve or the next send-digest (--wait stays for it): %s", h.Group, h.Waiting, h.Until, h.Reason)
	}
	if a.NextTry != "" {
		d.result("%d wait for another attempt, the next at %s, by serve or the next send-digest (--wait stays for it)", a.retries(), a.NextTry)
	}
	if a.Note != "" {
		d.say("%s", a.Note)
	}
	return nil
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
