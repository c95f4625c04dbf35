package sqlitedb

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/enshi-daily/enshi/delivery"
	"github.com/enshi-daily/enshi/digest"
	"github.com/enshi-daily/enshi/posts"
	"github.com/enshi-daily/enshi/subscribers"
)

var (
	_ posts.Identities     = (*DB)(nil)
	_ posts.Decisions      = (*DB)(nil)
	_ digest.Log           = (*DB)(nil)
	_ subscribers.Registry = (*DB)(nil)
	_ subscribers.Bulk     = (*DB)(nil)
	_ subscribers.Limits   = (*DB)(nil)
	_ delivery.Planning    = (*DB)(nil)
	_ delivery.Editions    = (*DB)(nil)
	_ delivery.Letters     = (*DB)(nil)
	_ delivery.Recall      = (*DB)(nil)
	_ delivery.Control     = (*DB)(nil)
	_ delivery.Queue       = (*DB)(nil)
	_ delivery.Pacer       = (*DB)(nil)
	_ delivery.Epochs      = (*DB)(nil)
)

// Options say where the store is.
type Options struct {
	Path string           // of the file; made, with its directory, if missing
	Now  func() time.Time // the store's clock, time.Now by default

	// Point, for tests, is called around what forgets old deliveries ("trim",
	// "fold").
	Point delivery.Point
}

// DB is a store in one file. It is safe for concurrent use.
type DB struct {
	path    string
	now     func() time.Time
	point   delivery.Point
	writer  *pool // one connection: its transactions queue up here, not at the file's lock
	reader  *pool
	aged    atomic.Int64 // when age last looked
	rolls   delivery.RollCache
	tenure  atomic.Pointer[delivery.Tenure]
	letters letterBox
}

// readers is how many reads a process does at a time.
const readers = 4

// Open opens the store, makes it if it is missing, and brings its schema up to
// date. It refuses a file on a network file system, a file that is no store, and
// a store of a newer version.
func Open(o Options) (*DB, error) {
	path, err := filepath.Abs(o.Path)
	if err != nil {
		return nil, fmt.Errorf("store %s: %w", o.Path, err)
	}
	if err := prepare(path); err != nil {
		return nil, fmt.Errorf("store %s: %w", path, err)
	}
	db := &DB{path: path, now: o.Now, point: o.Point}
	if db.now == nil {
		db.now = time.Now
	}
	if db.writer, err = connect(path, "BEGIN IMMEDIATE", 1, "foreign_keys(1)", "journal_mode(WAL)"); err != nil {
		return nil, db.fault("open", err)
	}
	if err := db.prime(context.Background()); err != nil {
		return nil, errors.Join(db.fault("open", err), db.writer.close())
	}
	if db.reader, err = connect(path, "BEGIN", readers, "query_only(1)"); err != nil {
		return nil, errors.Join(db.fault("open", err), db.writer.close())
	}
	tenure, err := db.Tenure(context.Background())
	if err != nil {
		return nil, errors.Join(err, db.Shutdown())
	}
	db.tenure.Store(&tenure)
	return db, nil
}

// Shutdown closes the file. It is not named Close, which ends the planning of an
// edition.
func (db *DB) Shutdown() error {
	return db.fault("close", errors.Join(db.reader.close(), db.writer.close()))
}

// tx is a transaction under way, or a reading of one moment.
type tx struct {
	ctx  context.Context // never ends
	conn *conn
	now  time.Time
}

// write runs step as one transaction: all of it happens, or nothing. step sees
// the time at which the transaction began, not the one at which it was asked for.
// A process of an older epoch may not write.
func (db *DB) write(ctx context.Context, op string, step func(*tx) error) error {
	return db.fault(op, db.transact(ctx, db.writer, func(t *tx) error {
		if err := db.current(t); err != nil {
			return err
		}
		return step(t)
	}))
}

// read runs step on what the store is at one moment.
func (db *DB) read(ctx context.Context, op string, step func(*tx) error) error {
	return db.fault(op, db.transact(ctx, db.reader, step))
}

func (db *DB) transact(ctx context.Context, p *pool, step func(*tx) error) error {
	return p.transact(ctx, func(c *conn) error {
		return step(&tx{ctx: context.WithoutCancel(ctx), conn: c, now: db.now()})
	})
}

// exec carries out a statement and returns how many rows it changed.
func (t *tx) exec(query string, args ...any) (int64, error) {
	return t.conn.exec(t.ctx, query, args...)
}

// row reads the first row into dest; false if there is none.
func (t *tx) row(query string, args []any, dest ...any) (found bool, err error) {
	err = t.rows(query, args, func(scan func(...any) error) error {
		if found {
			return nil
		}
		found = true
		return scan(dest...)
	})
	return found && err == nil, err
}

// rows calls each for every row of a query.
func (t *tx) rows(query string, args []any, each func(scan func(dest ...any) error) error) error {
	return t.conn.query(t.ctx, query, args, each)
}

// values are the arguments of a query.
func values(args ...any) []any { return args }

// seconds is how a moment is stored: 0 for the zero time.
func seconds(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.Unix()
}

// moment is the opposite of seconds.
func moment(seconds int64) time.Time {
	if seconds == 0 {
		return time.Time{}
	}
	return time.Unix(seconds, 0).UTC()
}
