package sqlitedb_test

import (
	"context"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/enshi-daily/enshi/delivery"
	"github.com/enshi-daily/enshi/store/sqlitedb"
	"github.com/enshi-daily/enshi/subscribers"
)

// sendAll leases all of an edition and finishes it, the first as failed.
func sendAll(t *testing.T, db *sqlitedb.DB, w delivery.Work) {
	t.Helper()
	leased, err := db.Lease(t.Context(), w, 10_000, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	results := make([]delivery.Result, len(leased))
	for i, d := range leased {
		results[i] = delivery.Result{Delivery: d, State: delivery.Sent}
		if i == 0 {
			results[i].State = delivery.Failed
		}
	}
	if _, err := db.Turn(t.Context(), results, nil); err != nil {
		t.Fatal(err)
	}
}

func sweep(t *testing.T, db *sqlitedb.DB) {
	t.Helper()
	if _, err := db.Sweep(t.Context(), delivery.Resend); err != nil {
		t.Fatal(err)
	}
}

func listed(t *testing.T, db *sqlitedb.DB, edition string) (n int) {
	t.Helper()
	for _, err := range db.Deliveries(t.Context(), edition) {
		if err != nil {
			t.Fatal(err)
		}
		n++
	}
	return n
}

func TestOldDeliveriesAreForgottenAndStayCounted(t *testing.T) {
	const crowd = 510 // more than one step forgets
	c := new(clock)
	db := open(t, filepath.Join(t.TempDir(), "enshi.db"), c.now)
	for n := range crowd {
		save(t, db, reader(n))
	}
	e, err := db.Open(t.Context(), edition(1))
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range []func(context.Context) error{
		func(ctx context.Context) error { return db.PutLetter(ctx, e.ID, "letter", []byte("x")) },
		func(ctx context.Context) error { return planAll(ctx, db, e) },
		func(ctx context.Context) error { return db.Close(ctx, e.ID) },
	} {
		if err := step(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	sendAll(t, db, delivery.Work{Edition: e.ID, Group: "other"})
	sweep(t, db)
	const day = 24 * time.Hour
	for _, step := range []struct {
		after  time.Duration
		listed int
		letter error
	}{{29 * day, crowd, nil}, {2 * day, 1, nil}, {60 * day, 0, nil}, {276 * day, 0, delivery.ErrNotFound}} {
		c.advance(step.after)
		sweep(t, db)
		if n := listed(t, db, e.ID); n != step.listed {
			t.Errorf("%v later %d deliveries are listed, want %d", step.after, n, step.listed)
		}
		if _, err := db.Letter(t.Context(), e.ID, "letter"); !errors.Is(err, step.letter) {
			t.Errorf("%v later Letter = %v, want %v", step.after, err, step.letter)
		}
		counts, err := db.Counts(t.Context(), e.ID)
		want := delivery.Counts{delivery.Sent: crowd - 1, delivery.Failed: 1}
		if diff := cmp.Diff(want, counts); diff != "" || err != nil {
			t.Errorf("%v later Counts (-want +got):\n%s%v", step.after, diff, err)
		}
	}
}

func TestOldNoticesAreForgotten(t *testing.T) {
	c := new(clock)
	db := open(t, filepath.Join(t.TempDir(), "enshi.db"), c.now)
	for n := range 10 {
		if err := db.Save(t.Context(), reader(n), subscribers.NoticeAlready); err != nil {
			t.Fatal(err)
		}
	}
	sendAll(t, db, delivery.Work{Edition: delivery.EditionAlready})
	if err := db.Save(t.Context(), reader(11), subscribers.NoticeAlready); err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct {
		after  time.Duration
		listed int
	}{{6 * 24 * time.Hour, 11}, {25 * time.Hour, 1}} {
		c.advance(step.after)
		sweep(t, db)
		if n := listed(t, db, delivery.EditionAlready); n != step.listed {
			t.Errorf("%v later %d notices are listed, want %d", step.after, n, step.listed)
		}
	}
}
