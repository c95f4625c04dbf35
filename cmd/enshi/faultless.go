//go:build !failpoints

package main

import (
	"time"

	"github.com/enshi-daily/enshi/delivery"
)

// A program as it is shipped has no fail points: failpoints.go, behind the build
// tag of that name, says what these would put in between.

// watchTTL is how long the right to write identities and arrivals outlives a
// process that died with it.
const watchTTL = 30 * time.Second

// planBatch is how many people a step of planning has; 0 for the usual number.
const planBatch = 0

// faultyOpening is what a store is opened with: no point, and its own clock.
func faultyOpening() (point delivery.Point, now func() time.Time, err error) { return nil, nil, nil }

func faultyStore(l ledger) (ledger, error) { return l, nil }

func faultySender(s delivery.Sender) (delivery.Sender, error) { return s, nil }
