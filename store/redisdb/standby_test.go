package redisdb_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/enshi-daily/enshi/delivery"
	"github.com/enshi-daily/enshi/internal/redistest"
	"github.com/enshi-daily/enshi/posts"
	"github.com/enshi-daily/enshi/store/redisdb"
	"github.com/enshi-daily/enshi/subscribers"
)

// TestUnconfirmedStepsAreNoSteps freezes the only replica: nothing may begin that
// could be forgotten, and leases, which may, go on.
func TestUnconfirmedStepsAreNoSteps(t *testing.T) {
	s := redistest.StartSentinels(t)
	db := open(t, redisdb.Options{URL: s.URL()})
	save(t, db, 0, 64)
	e := plan(t, db)
	replica := s.Follower(s.AwaitMaster(""))
	replica.Freeze()
	leased := leaseAll(t, db, time.Minute)
	if len(leased) != 64 {
		t.Fatalf("leased %d, want 64", len(leased))
	}
	if _, err := db.Turn(t.Context(), nil, leased[:1]); err == nil || !strings.Contains(err.Error(), "no replica has confirmed it within 1s") {
		t.Errorf("Turn = %v, want that no replica has confirmed it", err)
	}
	replica.Thaw()
	await(t, "the replica answers", func() bool {
		_, err := db.Turn(t.Context(), nil, leased[:1])
		return err == nil
	})
	check(t, "Turn", finish(t.Context(), db, results(leased[:1], delivery.Sent)))

	replica.Kill() // or has it taken the place?
	if err := finish(t.Context(), db, results(leased[1:2], delivery.Sent)); err == nil || !strings.Contains(err.Error(), "no replica has confirmed it") {
		t.Errorf("Turn of a master that lost its replica = %v, want that no replica has confirmed it", err)
	}
	if got := counts(t, db, e.ID); got[delivery.Sent] == 0 {
		t.Errorf("Counts = %v, want some sent", got)
	}
}

// TestOpenCompletesAnEpoch leaves shards that have not heard of an epoch, as a
// Raise does that is cut off.
func TestOpenCompletesAnEpoch(t *testing.T) {
	old, server := start(t)
	raised := open(t, redisdb.Options{URL: server.URL()})
	_, err := raised.Raise(t.Context(), "")
	check(t, "Raise", err)
	keys := make([]string, 64)
	for shard := range keys {
		keys[shard] = fmt.Sprintf("enshi:{s%02d}:epoch", shard)
	}
	n, err := old.Client().Del(t.Context(), keys...).Result()
	check(t, "Del", err)
	if n != 64 {
		t.Fatalf("%d shards have heard of the epoch, want 64", n)
	}
	check(t, "Save by a process of the old epoch, to a shard that has not heard", old.Save(t.Context(), reader(1), subscribers.NoNotice))
	open(t, redisdb.Options{URL: server.URL()})
	for n := 2; n < 66; n++ {
		if err := old.Save(t.Context(), reader(n), subscribers.NoNotice); !errors.Is(err, delivery.ErrOldEpoch) {
			t.Errorf("Save = %v, want ErrOldEpoch", err)
		}
	}
	if _, err := old.AcquireWatch(t.Context(), "old", time.Minute); !errors.Is(err, delivery.ErrOldEpoch) || errors.Is(err, posts.ErrFenced) {
		t.Errorf("AcquireWatch = %v, want ErrOldEpoch", err)
	}
}

// TestPaceWhenTheClockIsSetBack stops no group for longer than its bucket takes.
func TestPaceWhenTheClockIsSetBack(t *testing.T) {
	db, clock := startAt(t)
	budget := delivery.Budget{PerMinute: 60, Burst: 5}
	for range 2 {
		if _, _, err := db.Take(t.Context(), "qq", budget, 5); err != nil {
			t.Fatal(err)
		}
	}
	clock.advance(-3 * time.Hour)
	granted, wait, err := db.Take(t.Context(), "qq", budget, 1)
	check(t, "Take", err)
	if granted != 0 || wait <= 0 || wait > 2*time.Second {
		t.Errorf("Take = %d, wait %v, want to wait about a second", granted, wait)
	}
	clock.advance(2 * time.Second)
	if granted, _, err := db.Take(t.Context(), "qq", budget, 5); err != nil || granted == 0 {
		t.Errorf("Take two seconds later = %d, %v", granted, err)
	}
}
