package redisdb_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/enshi-daily/enshi/delivery"
	"github.com/enshi-daily/enshi/internal/redistest"
	"github.com/enshi-daily/enshi/store/redisdb"
	"github.com/enshi-daily/enshi/subscribers"
)

func TestCancelSkipsWhatWaitsAndFinishesWhatIsInFlight(t *testing.T) {
	db, clock := startAt(t)
	save(t, db, 0, 100)
	e := plan(t, db)
	leased := leaseAll(t, db, time.Minute)
	check(t, "Finish", finish(t.Context(), db, results(leased[60:], delivery.Queued)))
	permits, err := db.Turn(t.Context(), nil, leased[:30])
	check(t, "Begin", err)
	if permits[0] != delivery.Go {
		t.Fatalf("permit = %q", permits[0])
	}

	check(t, "Cancel", db.Cancel(t.Context(), e.ID))
	check(t, "Cancel again", db.Cancel(t.Context(), e.ID))
	want := delivery.Counts{delivery.Sending: 30, delivery.Skipped: 70}
	if diff := cmp.Diff(want, counts(t, db, e.ID)); diff != "" {
		t.Errorf("Counts after Cancel (-want +got):\n%s", diff)
	}
	if again := leaseAll(t, db, time.Minute); len(again) != 0 {
		t.Errorf("leased %d of a cancelled edition", len(again))
	}
	permits, err = db.Turn(t.Context(), nil, leased[30:31])
	check(t, "Begin", err)
	if permits[0] != delivery.Left {
		t.Errorf("permit of a leased one = %q, want %q", permits[0], delivery.Left)
	}

	retry := results(leased[:10], delivery.Retry)
	for i := range retry {
		retry[i].At = clock.Now().Add(time.Hour)
	}
	check(t, "Finish", finish(t.Context(), db, retry)) // is not tried again
	check(t, "Finish", finish(t.Context(), db, results(leased[10:20], delivery.Sent)))
	clock.advance(2 * time.Minute)
	swept, err := db.Sweep(t.Context(), delivery.Resend)
	check(t, "Sweep", err)
	if swept.Uncertain != 10 {
		t.Errorf("Swept = %+v, want 10 uncertain", swept)
	}
	want = delivery.Counts{delivery.Sent: 10, delivery.Skipped: 80, delivery.Uncertain: 10}
	if diff := cmp.Diff(want, counts(t, db, e.ID)); diff != "" {
		t.Errorf("Counts in the end (-want +got):\n%s", diff)
	}
	for d, err := range db.Deliveries(t.Context(), e.ID, delivery.Skipped) {
		check(t, "Deliveries", err)
		if d.Skip != delivery.SkipCancelled {
			t.Fatalf("Skip = %q, want %q", d.Skip, delivery.SkipCancelled)
		}
	}
}

func TestNothingIsPlannedOnceCancelled(t *testing.T) {
	db, _ := start(t)
	save(t, db, 0, 10)
	e, err := db.Open(t.Context(), daily())
	check(t, "Open", err)
	check(t, "Cancel", db.Cancel(t.Context(), e.ID))
	choice := []delivery.Choice{{Subscriber: idOf(3), Version: 1, Letter: "l", Group: "qq"}}
	if _, err := db.Plan(t.Context(), e, 3, choice); !errors.Is(err, delivery.ErrStage) {
		t.Errorf("Plan = %v, want ErrStage", err)
	}
	// A planner that had read the stage before: the mark in the shard stops it.
	check(t, "HSet", db.Client().HSet(t.Context(), "enshi:{c}:ed:"+e.ID, "stage", "planning").Err())
	if _, err := db.Plan(t.Context(), e, 3, choice); !errors.Is(err, delivery.ErrStage) {
		t.Errorf("Plan past the stage = %v, want ErrStage", err)
	}
	if err := db.Close(t.Context(), "none"); !errors.Is(err, delivery.ErrNotFound) {
		t.Errorf("Close = %v, want ErrNotFound", err)
	}
	if err := db.Cancel(t.Context(), "none"); !errors.Is(err, delivery.ErrNotFound) {
		t.Errorf("Cancel = %v, want ErrNotFound", err)
	}
}

func TestSweepCompletesACancelThatWasCutOff(t *testing.T) {
	db, _ := start(t)
	save(t, db, 0, 100)
	e := plan(t, db)
	check(t, "HSet", db.Client().HSet(t.Context(), "enshi:{c}:ed:"+e.ID, "stage", "cancelled").Err())
	_, err := db.Sweep(t.Context(), delivery.Resend)
	check(t, "Sweep", err)
	if got := counts(t, db, e.ID); got[delivery.Skipped] != 100 || got.Total() != 100 {
		t.Errorf("Counts = %v, want 100 skipped", got)
	}
	if n := db.Client().Exists(t.Context(), "enshi:{c}:open").Val(); n != 0 {
		t.Error("the edition is still open")
	}
}

// TestSweepOfACancelThatWasCutOffRequeuesNothing cuts it off before each of its
// steps: what is leased then has not been skipped yet.
func TestSweepOfACancelThatWasCutOffRequeuesNothing(t *testing.T) {
	server := redistest.Start(t)
	for step := 2; ; step++ { // after the stage
		clock := newClock()
		db := open(t, redisdb.Options{URL: server.URL(), Prefix: fmt.Sprintf("step%d:", step), Now: clock.Now})
		save(t, db, 0, 2)
		e := plan(t, db)
		leaseAll(t, db, time.Minute)
		hook := &between{left: step, do: func() error { return errCut }}
		db.Client().AddHook(hook)
		err := db.Cancel(t.Context(), e.ID)
		hook.left = 0
		clock.advance(2 * time.Minute)
		swept, failed := db.Sweep(t.Context(), delivery.Resend)
		check(t, "Sweep", failed)
		if swept.Requeued != 0 || swept.Uncertain != 0 {
			t.Errorf("cut off at step %d: Swept = %+v, want nothing requeued of a cancelled edition", step, swept)
		}
		if got := counts(t, db, e.ID); got[delivery.Skipped] != 2 || got.Total() != 2 {
			t.Errorf("cut off at step %d: Counts = %v, want 2 skipped", step, got)
		}
		if err == nil {
			return
		}
	}
}

// TestSweepGoesByTheGroupOfTheLease: a row of another one, which no step of ours
// makes, stops no sweep half way.
func TestSweepGoesByTheGroupOfTheLease(t *testing.T) {
	db, clock := startAt(t)
	save(t, db, 0, 64)
	e := plan(t, db)
	for _, d := range leaseAll(t, db, time.Minute) {
		shard, err := redisdb.ShardOf(d.Subscriber)
		check(t, "ShardOf", err)
		key := fmt.Sprintf("enshi:{s%02d}:led:%s", shard, e.ID)
		row, err := db.Client().HGet(t.Context(), key, string(d.Subscriber)).Result()
		check(t, "HGet", err)
		row = strings.Replace(row, "|"+string(d.Group)+"|", "|elsewhere|", 1)
		check(t, "HSet", db.Client().HSet(t.Context(), key, string(d.Subscriber), row).Err())
	}
	clock.advance(2 * time.Minute)
	swept, err := db.Sweep(t.Context(), delivery.Resend)
	check(t, "Sweep", err)
	if n := len(leaseAll(t, db, time.Minute)); n != 64 || swept.Requeued != 64 {
		t.Errorf("Swept = %+v, %d can be leased; want 64 of both", swept, n)
	}
}

func TestFinishedEditionsShrink(t *testing.T) {
	db, clock := startAt(t)
	save(t, db, 0, 100)
	e := plan(t, db)
	leased := leaseAll(t, db, time.Minute)
	check(t, "Finish", finish(t.Context(), db, results(leased[:90], delivery.Sent)))
	check(t, "Finish", finish(t.Context(), db, results(leased[90:], delivery.Failed)))
	swept, err := db.Sweep(t.Context(), delivery.Resend)
	check(t, "Sweep", err)
	if diff := cmp.Diff([]string{e.ID}, swept.Finished); diff != "" {
		t.Fatalf("Finished (-want +got):\n%s", diff)
	}
	listed := func() (n int) {
		for _, err := range db.Deliveries(t.Context(), e.ID) {
			check(t, "Deliveries", err)
			n++
		}
		return n
	}
	for _, step := range []struct {
		after time.Duration
		want  int
	}{{47 * time.Hour, 100}, {2 * time.Hour, 10}} {
		clock.advance(step.after)
		_, err := db.Sweep(t.Context(), delivery.Resend)
		check(t, "Sweep", err)
		if n := listed(); n != step.want {
			t.Errorf("%v later %d deliveries are listed, want %d", step.after, n, step.want)
		}
	}
	if got := counts(t, db, e.ID); got[delivery.Sent] != 90 || got[delivery.Failed] != 10 {
		t.Errorf("Counts = %v: they outlive the deliveries", got)
	}
	keys := func() (n int64) {
		for shard := range db.Parts() {
			for _, kind := range []string{"led", "roll"} {
				n += db.Client().Exists(t.Context(), fmt.Sprintf("enshi:{s%02d}:%s:%s", shard, kind, e.ID)).Val()
			}
		}
		return n
	}
	if keys() == 0 {
		t.Error("no ledger and no roll after two days")
	}
	clock.advance(89 * 24 * time.Hour)
	_, err = db.Sweep(t.Context(), delivery.Resend)
	check(t, "Sweep", err)
	if n := keys(); n != 0 {
		t.Errorf("%d ledgers and rolls after 91 days, want none", n)
	}
}

func TestOldNoticesGo(t *testing.T) {
	db, clock := startAt(t)
	for n := range 70 {
		check(t, "Save", db.Save(t.Context(), reader(n), subscribers.NoticeAlready))
	}
	leased := leaseAll(t, db, time.Minute)
	check(t, "Finish", finish(t.Context(), db, results(leased[:50], delivery.Sent)))
	clock.advance(6 * 24 * time.Hour)
	_, err := db.Sweep(t.Context(), delivery.Resend)
	check(t, "Sweep", err)
	want := delivery.Counts{delivery.Sent: 50, delivery.Queued: 20}
	if diff := cmp.Diff(want, counts(t, db, delivery.EditionAlready)); diff != "" {
		t.Errorf("Counts after six days (-want +got):\n%s", diff)
	}
	clock.advance(25 * time.Hour)
	_, err = db.Sweep(t.Context(), delivery.Resend)
	check(t, "Sweep", err)
	want = delivery.Counts{delivery.Queued: 20}
	if diff := cmp.Diff(want, counts(t, db, delivery.EditionAlready)); diff != "" {
		t.Errorf("Counts after a week (-want +got):\n%s", diff)
	}
}

func TestPausedNoticesWait(t *testing.T) {
	db, _ := start(t)
	check(t, "Save", db.Save(t.Context(), reader(1), subscribers.NoticeAlready))
	check(t, "Pause", db.Pause(t.Context(), delivery.EditionAlready, "the relay refuses the sender"))
	if n := len(leaseAll(t, db, time.Minute)); n != 0 {
		t.Errorf("leased %d paused notices", n)
	}
	check(t, "Resume", db.Resume(t.Context(), delivery.EditionAlready))
	if n := len(leaseAll(t, db, time.Minute)); n != 1 {
		t.Errorf("leased %d notices once resumed, want 1", n)
	}
}

func TestCancelledEditionsLeaveNoQueues(t *testing.T) {
	db, _ := start(t)
	save(t, db, 0, 600)
	e := plan(t, db)
	check(t, "Cancel", db.Cancel(t.Context(), e.ID))
	for shard := range 64 {
		keys := []string{fmt.Sprintf("enshi:{s%02d}:queues", shard)}
		for n := range 5 {
			for _, kind := range []string{"rdy", "new"} {
				keys = append(keys, fmt.Sprintf("enshi:{s%02d}:%s:%s:%s", shard, kind, e.ID, groupOf(n)))
			}
		}
		left, err := db.Client().Exists(t.Context(), keys...).Result()
		check(t, "Exists", err)
		if left > 0 {
			t.Errorf("shard %d has %d of %q left", shard, left, keys)
		}
	}
}
