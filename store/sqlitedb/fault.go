package sqlitedb

import (
	"errors"
	"fmt"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// fault puts the file's name, what was asked of it and what to do into an
// error. Errors of the contracts come through it recognisable.
func (db *DB) fault(op string, err error) error {
	if err == nil {
		return nil
	}
	var driver *sqlite.Error
	if !errors.As(err, &driver) {
		return fmt.Errorf("store %s: %s: %w", db.path, op, err)
	}
	hint := advice(driver.Code() & 0xff)
	if hint == "" {
		return fmt.Errorf("store %s: %s: %w", db.path, op, err)
	}
	return fmt.Errorf("store %s: %s: %s: %w", db.path, op, hint, err)
}

// advice says what an operator can do about a primary result code of SQLite.
func advice(code int) string {
	switch code {
	case sqlite3.SQLITE_FULL:
		return "the disk is full, nothing was changed; free some space"
	case sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB:
		return "the file is damaged or no store; stop enshi and restore a backup"
	case sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM:
		return "the file cannot be written; check owner and rights of it and its directory"
	case sqlite3.SQLITE_BUSY:
		return fmt.Sprintf("another process has held the file's lock for more than %v: if it is stopped (T in ps), let it go on with kill -CONT or end it; nothing is lost meanwhile", busyTimeout)
	case sqlite3.SQLITE_IOERR:
		return "the disk reports an error; check it and the system's log"
	}
	return ""
}
