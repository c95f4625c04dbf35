package sqlitedb

import (
	"fmt"
	"strings"
	"testing"

	"github.com/enshi-daily/enshi/delivery"
	"github.com/enshi-daily/enshi/subscribers"
)

// limitPages lets the file grow to so many pages, as a full disk would.
func (db *DB) limitPages(t *testing.T, pages int) {
	t.Helper()
	// The one connection of the writer is the one that the limit holds for.
	err := db.write(t.Context(), "limit pages", func(tx *tx) error {
		_, err := tx.exec(fmt.Sprintf("PRAGMA max_page_count = %d", pages))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestFullDiskLeavesEverythingAsItWas(t *testing.T) {
	const crowd, batch = 2000, 100
	db := newCrowd(t, crowd)
	ctx := t.Context()
	e, err := db.Open(ctx, delivery.Edition{ID: "daily-20261124-1", Cadence: subscribers.Daily, Mark: 1})
	if err != nil {
		t.Fatal(err)
	}
	var size int
	err = db.write(ctx, "count pages", func(tx *tx) error {
		_, err := tx.row("PRAGMA page_count", nil, &size)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	db.limitPages(t, size+12)
	planned, failed := planUntil(t, db, e, batch)
	if failed == nil {
		t.Fatal("the file never became full")
	}
	for _, want := range []string{db.path, "the disk is full, nothing was changed"} {
		if !strings.Contains(failed.Error(), want) {
			t.Errorf("Plan = %v, want %q in it", failed, want)
		}
	}
	checkPlanned(t, db, e, planned)

	db.limitPages(t, 1<<30)
	more, failed := planUntil(t, db, e, batch)
	if failed != nil || planned+more != crowd {
		t.Fatalf("with space again: %d planned, %v; want %d", planned+more, failed, crowd)
	}
	checkPlanned(t, db, e, crowd)
}

// planUntil plans batches until nobody is left, or one fails.
func planUntil(t *testing.T, db *DB, e delivery.Edition, batch int) (queued int, failed error) {
	t.Helper()
	for {
		found, err := db.Candidates(t.Context(), e, 0, "", batch)
		if err != nil {
			t.Fatal(err)
		}
		if len(found) == 0 {
			return queued, nil
		}
		choices := make([]delivery.Choice, len(found))
		for i, c := range found {
			choices[i] = delivery.Choice{
				Subscriber: c.Subscriber.ID, Version: c.Subscriber.Version, Cursor: c.Subscriber.Cursor, Letter: "letter",
			}
		}
		planned, err := db.Plan(t.Context(), e, 0, choices)
		if err != nil {
			if planned != (delivery.Planned{}) {
				t.Errorf("a failed Plan says %v", planned)
			}
			return queued, err
		}
		queued += planned.Queued
	}
}

// checkPlanned demands that exactly n people are planned: cursor at the mark
// and one delivery, or neither.
func checkPlanned(t *testing.T, db *DB, e delivery.Edition, n int) {
	t.Helper()
	has := make(map[subscribers.ID]bool)
	for d, err := range db.Deliveries(t.Context(), e.ID) {
		if err != nil {
			t.Fatal(err)
		}
		has[d.Subscriber] = true
	}
	for s, err := range db.All(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		if has[s.ID] != (s.Cursor >= e.Mark) {
			t.Fatalf("%s has a delivery: %v, but cursor %d", s.ID, has[s.ID], s.Cursor)
		}
	}
	counts, err := db.Counts(t.Context(), e.ID)
	if err != nil {
		t.Fatal(err)
	}
	if len(has) != n || counts[delivery.Queued] != n || counts.Total() != n {
		t.Fatalf("%d deliveries, Counts %v; want %d queued", len(has), counts, n)
	}
}
