package sqlitedb

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"testing"
	"time"

	"github.com/enshi-daily/enshi/subscribers"
)

const insert = `INSERT INTO pace VALUES (?, 1)`

// has says whether a row that insert made is there.
func has(t *testing.T, db *DB, key string) (found bool) {
	t.Helper()
	err := db.read(t.Context(), "look", func(tx *tx) (err error) {
		found, err = tx.row(`SELECT 1 FROM pace WHERE grp = ?`, values(key), new(int))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestTransactions(t *testing.T) {
	errStep := errors.New("step failed")
	t.Run("a step that fails leaves nothing, and the next one works", func(t *testing.T) {
		db := newCrowd(t, 0)
		err := db.write(t.Context(), "fail", func(tx *tx) error {
			if _, err := tx.exec(insert, "a"); err != nil {
				return err
			}
			return errStep
		})
		if !errors.Is(err, errStep) || has(t, db, "a") {
			t.Errorf("write = %v, and its row is there: %v", err, has(t, db, "a"))
		}
		err = db.write(t.Context(), "insert", func(tx *tx) error { _, err := tx.exec(insert, "b"); return err })
		if err != nil || !has(t, db, "b") {
			t.Errorf("the next write = %v, and its row is there: %v", err, has(t, db, "b"))
		}
	})
	t.Run("a step that panics leaves nothing, and the next one works", func(t *testing.T) {
		db := newCrowd(t, 0)
		func() {
			defer func() { _ = recover() }()
			_ = db.write(t.Context(), "panic", func(tx *tx) error {
				if _, err := tx.exec(insert, "a"); err != nil {
					return err
				}
				panic("in a step")
			})
		}()
		err := db.write(t.Context(), "insert", func(tx *tx) error { _, err := tx.exec(insert, "b"); return err })
		if err != nil || has(t, db, "a") || !has(t, db, "b") {
			t.Errorf("the next write = %v; rows of the first: %v, of the next: %v", err, has(t, db, "a"), has(t, db, "b"))
		}
	})
}

func TestConnections(t *testing.T) {
	t.Run("a reading cannot write", func(t *testing.T) {
		db := newCrowd(t, 0)
		err := db.read(t.Context(), "write", func(tx *tx) error { _, err := tx.exec(insert, "a"); return err })
		if err == nil {
			t.Error("a reading wrote")
		}
	})
	t.Run("who waits for the writer stops with its context", func(t *testing.T) {
		db := newCrowd(t, 0)
		ctx, cancel := context.WithCancel(t.Context())
		err := db.write(t.Context(), "hold", func(*tx) error {
			cancel()
			return db.write(ctx, "wait", func(*tx) error { return nil })
		})
		if !errors.Is(err, context.Canceled) {
			t.Errorf("write = %v, want %v", err, context.Canceled)
		}
	})
	t.Run("a context that ends while a transaction begins leaves none under way", func(t *testing.T) {
		db := newCrowd(t, 0)
		other, err := Open(Options{Path: db.path})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = other.Shutdown() })
		for i := range 3000 {
			ctx, cancel := context.WithCancel(t.Context())
			ended := time.AfterFunc(time.Duration(rand.IntN(60))*time.Microsecond, cancel)
			_ = db.write(ctx, "nothing", func(*tx) error { return nil })
			ended.Stop()
			cancel()
			if i%100 > 0 {
				continue
			}
			for _, one := range []*DB{db, other} {
				if err := one.write(t.Context(), "nothing", func(*tx) error { return nil }); err != nil {
					t.Fatalf("after %d ends: %v", i, err)
				}
			}
		}
	})
	t.Run("a store that was closed says so", func(t *testing.T) {
		db := newCrowd(t, 1)
		if err := db.Shutdown(); err != nil {
			t.Fatal(err)
		}
		if _, err := db.Count(t.Context()); !errors.Is(err, errClosed) {
			t.Errorf("Count = %v, want %v", err, errClosed)
		}
	})
	t.Run("statements that no one can list are let go of", func(t *testing.T) {
		db := newCrowd(t, 0)
		for i := range 3 * maxStatements {
			err := db.write(t.Context(), "select", func(tx *tx) error {
				_, err := tx.row(fmt.Sprintf("SELECT %d", i), nil, new(int))
				if kept := len(tx.conn.kept); kept > maxStatements+5 {
					t.Fatalf("%d statements are kept", kept)
				}
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
		}
	})
}

func TestAssign(t *testing.T) {
	var (
		state   subscribers.State = "before"
		small   uint8
		number  int32
		claim   bool
		content []byte
	)
	tests := []struct {
		dest  any
		value any
		want  any // nil if it does not fit
	}{
		{&state, "active", subscribers.State("active")},
		{&state, nil, subscribers.State("")},
		{&state, int64(1), nil},
		{&small, int64(255), uint8(255)},
		{&small, int64(256), nil},
		{&small, int64(-1), nil},
		{&number, int64(-5), int32(-5)},
		{&number, int64(1 << 40), nil},
		{&number, "5", nil},
		{&claim, int64(1), true},
		{&content, []byte("a"), []byte("a")},
		{&content, "a", nil},
		{&number, 1.5, nil},
	}
	for _, test := range tests {
		t.Run(fmt.Sprintf("%T from %v (%T)", test.dest, test.value, test.value), func(t *testing.T) {
			err := assign(test.dest, test.value)
			if (err == nil) != (test.want != nil) {
				t.Fatalf("assign = %v", err)
			}
			if has := reflect.ValueOf(test.dest).Elem().Interface(); err == nil && !reflect.DeepEqual(has, test.want) {
				t.Errorf("has %v, want %v", has, test.want)
			}
		})
	}
}
