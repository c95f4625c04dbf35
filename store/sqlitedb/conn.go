package sqlitedb

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"reflect"
)

// maxStatements bounds how many statements a connection keeps.
const maxStatements = 200

// conn is a connection to the file, for one transaction at a time, with the
// statements that it has prepared: parsing was a third of a short transaction.
// We speak to the driver ourselves. What database/sql adds, a goroutine, a parsed
// BEGIN and a parsed COMMIT for each transaction among it, was an eighth.
type conn struct {
	driver.Conn
	kept map[string]driver.Stmt
	args []driver.NamedValue // of the statement that is being begun
}

func newConn(c driver.Conn) *conn {
	return &conn{Conn: c, kept: make(map[string]driver.Stmt)}
}

// Close closes the connection with its statements.
func (c *conn) Close() error { return errors.Join(c.forget(), c.Conn.Close()) }

// trim lets go of the statements if they have become too many: queries that are
// put together as they are needed would never end.
func (c *conn) trim() error {
	if len(c.kept) <= maxStatements {
		return nil
	}
	return c.forget()
}

func (c *conn) forget() (err error) {
	for _, s := range c.kept {
		err = errors.Join(err, s.Close())
	}
	clear(c.kept)
	return err
}

func (c *conn) prepare(query string) (driver.Stmt, error) {
	if s, ok := c.kept[query]; ok {
		return s, nil
	}
	s, err := c.Prepare(query)
	if err == nil {
		c.kept[query] = s
	}
	return s, err
}

// exec carries out a statement and returns how many rows it changed. The end of
// ctx ends a wait for a lock.
func (c *conn) exec(ctx context.Context, query string, args ...any) (int64, error) {
	s, err := c.prepare(query)
	if err != nil {
		return 0, err
	}
	if err := c.bind(args); err != nil {
		return 0, err
	}
	result, err := s.(driver.StmtExecContext).ExecContext(ctx, c.args)
	c.unbind()
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

// query calls each for every row of a query.
func (c *conn) query(ctx context.Context, query string, args []any, each func(scan func(dest ...any) error) error) (err error) {
	s, err := c.prepare(query)
	if err != nil {
		return err
	}
	if err := c.bind(args); err != nil {
		return err
	}
	rows, err := s.(driver.StmtQueryContext).QueryContext(ctx, c.args)
	c.unbind()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	row := make([]driver.Value, len(rows.Columns()))
	scan := func(dest ...any) error { return scanRow(row, dest) }
	for {
		switch err := rows.Next(row); {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
		if err := each(scan); err != nil {
			return err
		}
	}
}

// bind makes c.args of args.
func (c *conn) bind(args []any) (err error) {
	c.args = c.args[:0]
	for i, arg := range args {
		value := driver.NamedValue{Ordinal: i + 1}
		if value.Value, err = driver.DefaultParameterConverter.ConvertValue(arg); err != nil {
			return fmt.Errorf("argument %d: %w", i+1, err)
		}
		c.args = append(c.args, value)
	}
	return nil
}

// unbind forgets what the driver has made a copy of: a fingerprint of a post
// among it is a part of the records of all.
func (c *conn) unbind() { clear(c.args) }

func scanRow(row []driver.Value, dest []any) error {
	if len(row) != len(dest) {
		return fmt.Errorf("%d columns for %d variables", len(row), len(dest))
	}
	for i := range row {
		if err := assign(dest[i], row[i]); err != nil {
			return fmt.Errorf("column %d: %w", i+1, err)
		}
	}
	return nil
}

// assign puts a column's value into the variable that dest points to, whose type
// is of the same kind. NULL is the zero value.
func assign(dest any, value driver.Value) error {
	to := reflect.ValueOf(dest).Elem()
	switch v := value.(type) {
	case nil:
		to.SetZero()
		return nil
	case int64:
		switch {
		case to.CanInt() && !to.OverflowInt(v):
			to.SetInt(v)
			return nil
		case to.CanUint() && v >= 0 && !to.OverflowUint(uint64(v)):
			to.SetUint(uint64(v))
			return nil
		case to.Kind() == reflect.Bool:
			to.SetBool(v != 0)
			return nil
		}
	case string:
		if to.Kind() == reflect.String {
			to.SetString(v)
			return nil
		}
	case []byte:
		if to.Kind() == reflect.Slice && to.Type().Elem().Kind() == reflect.Uint8 {
			to.SetBytes(v)
			return nil
		}
	}
	return fmt.Errorf("%v (%T) does not fit into %s", value, value, to.Type())
}
