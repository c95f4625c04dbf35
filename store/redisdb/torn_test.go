package redisdb_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/enshi-daily/enshi/delivery"
)

// TestResultOfAnotherGroupTearsNothing: of a batch that names a group in which a
// delivery does not wait, all else is recorded, and counted.
func TestResultOfAnotherGroupTearsNothing(t *testing.T) {
	db, _ := start(t)
	for n := range 5 {
		save(t, db, 64*n, 64*n+1) // all of one shard
	}
	e := plan(t, db)
	leased := leaseAll(t, db, time.Minute)
	done := results(leased, delivery.Sent)
	done[2].State, done[2].Delivery.Group = delivery.Queued, "elsewhere"
	if err := finish(t.Context(), db, done); err == nil {
		t.Error("a result that names another group is no error")
	}
	want := delivery.Counts{delivery.Sent: 4, delivery.Queued: 1}
	if diff := cmp.Diff(want, counts(t, db, e.ID)); diff != "" {
		t.Errorf("Counts (-want +got):\n%s", diff)
	}
	done[2].Delivery.Group = leased[2].Group
	check(t, "Finish", finish(t.Context(), db, done))
	if again := leaseAll(t, db, time.Minute); len(again) != 1 || again[0].Subscriber != leased[2].Subscriber {
		t.Errorf("leased %v again, want the one that was given back", again)
	}
}
