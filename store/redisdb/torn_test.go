package redisdb_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/enshi-daily/enshi/delivery"
	"github.com/enshi-daily/enshi/internal/redistest"
	"github.com/enshi-daily/enshi/store/redisdb"
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

// TestFinishingSeesWhatALatePlannerQueued plans somebody before each step of the
// sweep that finishes the edition.
func TestFinishingSeesWhatALatePlannerQueued(t *testing.T) {
	server := redistest.Start(t)
	for step, more := 1, true; more; step++ {
		o := redisdb.Options{URL: server.URL(), Prefix: fmt.Sprintf("step%d:", step)}
		db, other := open(t, o), open(t, o)
		save(t, db, 0, 1)
		e := plan(t, db)
		check(t, "Finish", finish(t.Context(), db, results(leaseAll(t, db, time.Minute), delivery.Sent)))
		save(t, db, 1, 2)
		more = false
		hook := &between{left: step, do: func() error {
			more = true
			late := []delivery.Choice{{Subscriber: idOf(1), Version: 1, Letter: "l", Group: "qq"}}
			_, err := other.Plan(t.Context(), e, 1, late)
			return err
		}}
		db.Client().AddHook(hook)
		_, err := db.Sweep(t.Context(), delivery.Resend)
		check(t, "Sweep", err)
		hook.left = 0
		stored, err := db.Edition(t.Context(), e.ID)
		check(t, "Edition", err)
		if open := counts(t, db, e.ID).Open(); (stored.Stage == delivery.StageSending) != (open > 0) {
			t.Errorf("step %d: the edition is %s, and has %d open", step, stored.Stage, open)
		}
	}
}

// TestNothingOfAnEditionStaysForEver kills the sweep that finishes an edition
// before each of its steps: in the end there is nothing that does not run out.
func TestNothingOfAnEditionStaysForEver(t *testing.T) {
	server := redistest.Start(t)
	for step, more := 1, true; more; step++ {
		clock := newClock()
		prefix := fmt.Sprintf("step%d:", step)
		db := open(t, redisdb.Options{URL: server.URL(), Prefix: prefix, Now: clock.Now})
		save(t, db, 0, 3)
		e := plan(t, db)
		leased := leaseAll(t, db, time.Minute)
		check(t, "Finish", finish(t.Context(), db, results(leased[:2], delivery.Sent)))
		check(t, "Finish", finish(t.Context(), db, results(leased[2:], delivery.Failed)))
		more = false
		hook := &between{left: step, do: func() error {
			more = true
			return errCut
		}}
		db.Client().AddHook(hook)
		_, err := db.Sweep(t.Context(), delivery.Resend)
		hook.left = 0
		if more != (err != nil) {
			t.Fatalf("step %d: Sweep = %v", step, err)
		}
		for _, later := range []time.Duration{time.Minute, 3 * 24 * time.Hour, delivery.RecallFor} {
			clock.advance(later)
			_, err := db.Sweep(t.Context(), delivery.Resend)
			check(t, "Sweep", err)
		}
		for shard := range db.Parts() {
			for _, kind := range []string{"led", "cnt", "roll"} {
				key := fmt.Sprintf("%s{s%02d}:%s:%s", prefix, shard, kind, e.ID)
				left, err := db.Client().TTL(t.Context(), key).Result()
				check(t, "TTL", err)
				if left == -1 {
					t.Errorf("killed at step %d: %s stays for ever", step, key)
				}
			}
		}
	}
}

// TestLeaseEndsAtACancelledEdition: whoever cancelled it was killed before what
// waits was skipped.
func TestLeaseEndsAtACancelledEdition(t *testing.T) {
	db, _ := start(t)
	save(t, db, 0, 64)
	e := plan(t, db)
	hook := &between{left: 2, do: func() error { // it may be leased from, as far as the edition says
		check(t, "HSet", db.Client().HSet(t.Context(), "enshi:{c}:ed:"+e.ID, "stage", "cancelled").Err())
		for shard := range db.Parts() {
			check(t, "SAdd", db.Client().SAdd(t.Context(), fmt.Sprintf("enshi:{s%02d}:stopped", shard), e.ID).Err())
		}
		return nil
	}}
	work, _, err := db.Work(t.Context())
	check(t, "Work", err)
	db.Client().AddHook(hook)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	leased, err := db.Lease(ctx, work[0], 50, time.Minute)
	if err != nil || len(leased) > 0 {
		t.Errorf("Lease of what was cancelled meanwhile: %d, %v", len(leased), err)
	}
}
