package sqlitedb_test

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/enshi-daily/enshi/delivery"
)

// TestPaceWhenTheClockIsSetBack stops no group for longer than its bucket takes.
func TestPaceWhenTheClockIsSetBack(t *testing.T) {
	c := new(clock)
	db := open(t, filepath.Join(t.TempDir(), "enshi.db"), c.now)
	budget := delivery.Budget{PerMinute: 60, Burst: 5}
	for range 2 {
		if _, _, err := db.Take(t.Context(), "qq", budget, 5); err != nil {
			t.Fatal(err)
		}
	}
	c.advance(-3 * time.Hour)
	if granted, wait, err := db.Take(t.Context(), "qq", budget, 1); err != nil || granted != 0 || wait <= 0 || wait > 2*time.Second {
		t.Errorf("Take = %d, wait %v, %v, want to wait about a second", granted, wait, err)
	}
	c.advance(2 * time.Second)
	if granted, _, err := db.Take(t.Context(), "qq", budget, 5); err != nil || granted == 0 {
		t.Errorf("Take two seconds later = %d, %v", granted, err)
	}
}
