package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/enshi-daily/enshi/delivery"
)

// heldGroup is a provider group that no relay may send to now: its provider
// asked for a pause.
type heldGroup struct {
	Group   delivery.Group `json:"group"`
	Waiting int            `json:"waiting"` // at least: a long queue is not counted to its end
	Until   string         `json:"until"`   // then one mail tries
	Reason  string         `json:"reason"`
}

// heldGroups sorts what could go now into groups that wait for their provider and the
// number of all others.
func (p *parts) heldGroups(ctx context.Context, relays []delivery.Relay, work []delivery.Work) (held []heldGroup, free int, err error) {
	brakes, err := p.store.Brakes(ctx)
	if err != nil {
		return nil, 0, fmt.Errorf("pauses that providers asked for: %w", err)
	}
	waiting := make(map[delivery.Group]int)
	for _, w := range work {
		waiting[w.Group] += w.Ready
	}
	for group, n := range waiting {
		if n == 0 {
			continue
		}
		b, shut := shutAt(brakes, relays, group)
		if !shut {
			free += n
			continue
		}
		held = append(held, heldGroup{group, n, b.Until.Local().Format(time.RFC3339), b.Reason})
	}
	slices.SortFunc(held, func(a, b heldGroup) int { return cmp.Compare(a.Group, b.Group) })
	return held, free, nil
}

// shutAt is the group's brake that opens first, if none of the relays may send
// to it before, or fails.
func shutAt(brakes []delivery.Brake, relays []delivery.Relay, g delivery.Group) (first delivery.Brake, shut bool) {
	for _, r := range relays {
		i := slices.IndexFunc(brakes, func(b delivery.Brake) bool { return b.Relay == r.Name && b.Group == g && b.Shut() })
		switch {
		case i < 0 && r.Works():
			return delivery.Brake{}, false
		case i >= 0 && (!shut || brakes[i].Until.Before(first.Until)):
			first, shut = brakes[i], true
		}
	}
	return first, shut
}

// brakeView is a brake as --json prints it.
type brakeView struct {
	Relay  string              `json:"relay"`
	Group  delivery.Group      `json:"group,omitempty"` // "" if the relay itself fails
	Stage  delivery.BrakeStage `json:"stage"`
	Level  int                 `json:"level"`
	Until  string              `json:"until"`
	Reason string              `json:"reason"`
}

// brakes are the relays that fail and the providers that get less than usual.
func (p *parts) brakes(ctx context.Context) ([]delivery.Brake, error) {
	all, err := p.store.Brakes(ctx)
	if err != nil {
		return nil, fmt.Errorf("pauses that providers asked for: %w", err)
	}
	all = delivery.Standing(all, p.now())
	slices.SortFunc(all, func(a, b delivery.Brake) int {
		return cmp.Or(cmp.Compare(a.Relay, b.Relay), cmp.Compare(a.Group, b.Group))
	})
	return all, nil
}

func newBrakeView(b delivery.Brake) brakeView {
	group := b.Group
	if b.OfRelay() {
		group = ""
	}
	return brakeView{b.Relay, group, b.Stage, b.Level, b.Until.Local().Format(time.RFC3339), b.Reason}
}

func brakeLine(b delivery.Brake) string {
	until := b.Until.Local().Format(time.RFC3339)
	switch {
	case b.OfRelay():
		return fmt.Sprintf("relay %s does not take mail, tried again at %s: %s", b.Relay, until, b.Reason)
	case b.Stage == delivery.Pausing:
		return fmt.Sprintf("%s by %s: paused until %s, then one mail tries (asked %d times): %s", b.Group, b.Relay, until, b.Level, b.Reason)
	case b.Stage == delivery.Probing:
		return fmt.Sprintf("%s by %s: one mail tries whether the pause is over (asked %d times): %s", b.Group, b.Relay, b.Level, b.Reason)
	}
	return fmt.Sprintf("%s by %s: at a lower rate, halved %d times, twice as fast from %s on: %s", b.Group, b.Relay, b.Level, until, b.Reason)
}
