package sqlitedb

import (
	"context"
	"database/sql/driver"
	"errors"
	"sync"

	"modernc.org/sqlite"
)

var errClosed = errors.New("it was closed")

// pool is some connections to the file, each made when it is needed first.
type pool struct {
	driver driver.Connector
	begin  string     // how a transaction begins
	free   chan *conn // nil for one that is not made yet
	closed chan struct{}
	once   sync.Once
}

func newPool(name, begin string, connections int) (*pool, error) {
	connector, err := sqlite.NewConnector(name)
	if err != nil {
		return nil, err
	}
	p := &pool{driver: connector, begin: begin, free: make(chan *conn, connections), closed: make(chan struct{})}
	for range connections {
		p.free <- nil
	}
	return p, nil
}

// take waits for a connection, until ctx ends.
func (p *pool) take(ctx context.Context) (*conn, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	select {
	case c := <-p.free:
		if c != nil {
			return c, nil
		}
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-p.closed:
		return nil, errClosed
	}
	made, err := p.driver.Connect(ctx)
	if err != nil {
		p.free <- nil
		return nil, err
	}
	return newConn(made), nil
}

// transact runs step as one transaction, or sees to it that nothing of it
// happened.
func (p *pool) transact(ctx context.Context, step func(*conn) error) (err error) {
	c, err := p.take(ctx)
	if err != nil {
		return err
	}
	sound := false // as long as a transaction may be under way
	defer func() { err = errors.Join(err, p.put(c, sound)) }()
	if _, err := c.exec(ctx, p.begin); err != nil {
		sound = ctx.Err() == nil // otherwise it may have begun all the same
		return err
	}
	// Only BEGIN waits for other processes. A context that could end would cost a
	// goroutine for each statement.
	ctx = context.WithoutCancel(ctx)
	if err := step(c); err != nil {
		_, undone := c.exec(ctx, "ROLLBACK")
		sound = undone == nil // otherwise SQLite did it by itself, or could not
		return err
	}
	_, err = c.exec(ctx, "COMMIT")
	sound = err == nil
	return err
}

// put gives a connection back. One that may be in the middle of a transaction is
// closed, which ends that.
func (p *pool) put(c *conn, sound bool) (err error) {
	if sound {
		err = c.trim()
	} else {
		err, c = c.Close(), nil
	}
	p.free <- c
	return err
}

// close waits for the transactions under way and closes the connections.
func (p *pool) close() (err error) {
	p.once.Do(func() {
		close(p.closed)
		for range cap(p.free) {
			if c := <-p.free; c != nil {
				err = errors.Join(err, c.Close())
			}
		}
	})
	return err
}
