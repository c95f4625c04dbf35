package web

import (
	"context"
	"net"
	"net/http"
	"sync"
)

// connListener gives connections that can hold the beginning of an answer back.
type connListener struct {
	net.Listener
	heads *sync.Pool // of *[]byte
}

func (l connListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if tcp, ok := c.(*net.TCPConn); ok && err == nil {
		return &conn{TCPConn: tcp, heads: l.heads}, nil
	}
	return c, err
}

// conn lets the head of an answer and a long body leave in one piece. net/http
// would send four kilobytes, the size of its buffer, and then the rest: twice
// the work on either side.
//
// Only the goroutine that answers a request writes and calls hold and release.
type conn struct {
	*net.TCPConn
	heads   *sync.Pool
	holding bool
	head    *[]byte // of an answer that was begun, nil if nothing waits
}

// connKey finds the connection of a request in its context.
type connKey struct{}

// withConn is for http.Server.ConnContext.
func withConn(ctx context.Context, c net.Conn) context.Context {
	return context.WithValue(ctx, connKey{}, c)
}

// writeWhole sends a long body together with the head of its answer.
func writeWhole(ctx context.Context, w http.ResponseWriter, body []byte) error {
	c, ok := ctx.Value(connKey{}).(*conn)
	if !ok {
		_, err := w.Write(body)
		return err
	}
	c.holding = true
	_, err := w.Write(body)
	if e := c.release(); err == nil {
		err = e
	}
	return err
}

// Write keeps the first piece of an answer that is held back, and sends the
// second with it.
func (c *conn) Write(p []byte) (int, error) {
	switch {
	case !c.holding:
		return c.TCPConn.Write(p)
	case c.head == nil:
		c.head = c.heads.Get().(*[]byte)
		*c.head = append((*c.head)[:0], p...) // the caller uses p again
		return len(p), nil
	}
	before := int64(len(*c.head))
	n, err := c.pieces(*c.head, p)
	c.drop()
	return int(max(n-before, 0)), err
}

func (c *conn) pieces(list ...[]byte) (int64, error) {
	pieces := net.Buffers(list)
	return pieces.WriteTo(c.TCPConn)
}

// release sends what waits still, and holds nothing more back.
func (c *conn) release() error {
	c.holding = false
	if c.head == nil {
		return nil
	}
	_, err := c.TCPConn.Write(*c.head)
	c.drop()
	return err
}

func (c *conn) drop() {
	c.heads.Put(c.head)
	c.head = nil
	c.holding = false
}
