package sqlitedb

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"time"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

//go:embed schema/*.sql
var schema embed.FS

// applicationID marks the file as a store of ours ("ensh" in ASCII).
const applicationID = 0x656e7368

// errForeign says that the file belongs to another program.
var errForeign = errors.New("the file is a database of another program: name another file")

// primeAgain is how soon prime tries again.
const primeAgain = 10 * time.Millisecond

// prime connects for the first time and migrates. Unlike anywhere else SQLite
// does not wait for others who put a file into WAL mode, or leave it, at the same
// moment: that is for us to do.
func (db *DB) prime(ctx context.Context) (err error) {
	for range busyTimeout / primeAgain {
		var driver *sqlite.Error
		err = db.migrate(ctx)
		if !errors.As(err, &driver) || driver.Code()&0xff != sqlite3.SQLITE_BUSY {
			return err
		}
		time.Sleep(primeAgain)
	}
	return err
}

// migrate carries out the schema's steps that the store has not seen yet, one
// transaction each, in the order of their names. Processes that start at once
// do it one after the other.
func (db *DB) migrate(ctx context.Context) error {
	steps, err := schema.ReadDir("schema")
	if err != nil {
		return err
	}
	for i, step := range steps {
		script, err := schema.ReadFile("schema/" + step.Name())
		if err != nil {
			return err
		}
		err = db.transact(ctx, db.writer, func(t *tx) error {
			version, err := t.version()
			if err != nil {
				return err
			}
			if version > len(steps) {
				return fmt.Errorf("a newer enshi wrote it (schema %d, this one knows up to %d): "+
					"use that version, or restore a backup from before", version, len(steps))
			}
			if version > i {
				return nil
			}
			if _, err := t.exec(string(script)); err != nil {
				return fmt.Errorf("%s: %w", step.Name(), err)
			}
			_, err = t.exec(fmt.Sprintf("PRAGMA user_version = %d", i+1))
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// version returns the number of steps that the store has seen, and marks an
// empty file as ours.
func (t *tx) version() (int, error) {
	var version, application, tables int
	for pragma, dest := range map[string]*int{
		"PRAGMA user_version": &version, "PRAGMA application_id": &application,
		"SELECT count(*) FROM sqlite_master": &tables,
	} {
		if _, err := t.row(pragma, nil, dest); err != nil {
			return 0, err
		}
	}
	switch {
	case application == applicationID:
		return version, nil
	case application != 0 || version != 0 || tables != 0:
		return 0, errForeign
	}
	_, err := t.exec(fmt.Sprintf("PRAGMA application_id = %d", applicationID))
	return 0, err
}
