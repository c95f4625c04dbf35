package delivery

import (
	"context"
	"encoding/json"
	"fmt"
	"time"
)

// Pacer is what all processes must agree on so that no provider is sent more
// than its budget: it lives in the store, and outlives restarts. Every method is
// atomic; deadlines are by the store's clock.
type Pacer interface {
	// Take asks for up to n messages to a group now: how many are granted
	// (0 to n), and if fewer than n how long to wait before asking again.
	Take(ctx context.Context, g Group, b Budget, n int) (granted int, wait time.Duration, err error)
	// GiveBack returns n messages that were granted under the same budget and
	// not used. Without it they are lost, which errs on the slow side.
	GiveBack(ctx context.Context, g Group, b Budget, n int) error
	// Occupy changes how many of a group's places a holder has to s.Want, or to
	// as many as the others leave of s.Most, and keeps them for s.TTL from now:
	// calling it again renews them, and what a dead holder had comes back.
	Occupy(ctx context.Context, s Share) (held int, err error)
	// Brakes lists what SetBrake keeps, in no order.
	Brakes(ctx context.Context) ([]Brake, error)
	// SetBrake keeps b under its relay and group if what is kept there has its
	// Version (nothing: 0), which then rises; a brake that is Off is forgotten.
	// false: another process was first, read again.
	SetBrake(ctx context.Context, b Brake) (bool, error)
}

// Share is a holder's part in the places that a group has for messages on their
// way at a time.
type Share struct {
	Group  Group
	Holder string // a process; nobody else has its name
	Want   int    // 0 gives all of them up
	Most   int    // places in all
	TTL    time.Duration
}

// EncodeBrake writes a brake as stores keep it, without what names it there.
func EncodeBrake(b Brake) (string, error) {
	data, err := json.Marshal(b)
	if err != nil {
		return "", fmt.Errorf("brake of %s at %s: %w", b.Group, b.Relay, err)
	}
	return string(data), nil
}

// DecodeBrake reads what EncodeBrake wrote, kept under a relay and a group.
func DecodeBrake(relay string, g Group, data string) (Brake, error) {
	b := Brake{Relay: relay, Group: g}
	if err := json.Unmarshal([]byte(data), &b); err != nil {
		return b, fmt.Errorf("brake of %s at %s: %w", g, relay, err)
	}
	return b, nil
}
