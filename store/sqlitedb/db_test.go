package sqlitedb_test

import (
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/enshi-daily/enshi/store/sqlitedb"
	"github.com/enshi-daily/enshi/store/storetest"
)

// clock is a clock that a test moves.
type clock struct{ passed atomic.Int64 }

func (c *clock) now() time.Time {
	return time.Date(2027, 1, 2, 3, 4, 5, 678_000_000, time.UTC).Add(time.Duration(c.passed.Load()))
}

func (c *clock) advance(d time.Duration) { c.passed.Add(int64(d)) }

// open opens a store that ends with the test.
func open(tb testing.TB, path string, now func() time.Time) *sqlitedb.DB {
	tb.Helper()
	db, err := sqlitedb.Open(sqlitedb.Options{Path: path, Now: now})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		db.CheckRows(tb)
		if err := db.Shutdown(); err != nil {
			tb.Error(err)
		}
	})
	return db
}

func TestContracts(t *testing.T) {
	storetest.Run(t, func(t *testing.T) storetest.Harness {
		path, c := filepath.Join(t.TempDir(), "enshi.db"), new(clock)
		return storetest.Harness{
			Store: open(t, path, c.now), Second: open(t, path, c.now), Advance: c.advance, Now: c.now,
			Open: func() storetest.Store { return open(t, path, c.now) },
		}
	})
}

func TestRetention(t *testing.T) {
	storetest.RunRetention(t, func(t *testing.T) storetest.Harness {
		path, c := filepath.Join(t.TempDir(), "enshi.db"), new(clock)
		first := open(t, path, c.now)
		return storetest.Harness{
			Store: first, Second: open(t, path, c.now), Advance: c.advance, Now: c.now,
			Spoil: func(edition string) { first.SpoilRolls(t, edition) },
		}
	})
}

func TestErrata(t *testing.T) {
	storetest.RunErrata(t, 15, func(t *testing.T) storetest.Harness {
		path, c := filepath.Join(t.TempDir(), "enshi.db"), new(clock)
		return storetest.Harness{
			Store: open(t, path, c.now), Second: open(t, path, c.now), Advance: c.advance, Now: c.now,
		}
	})
}
