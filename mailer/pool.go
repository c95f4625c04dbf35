package mailer

import (
	"context"
	"errors"
	"os"
)

// take returns a connection that waits, the latest used first, or a fresh one.
func (s *SMTP) take(ctx context.Context) (c *connection, fresh bool, err error) {
	if err := ctx.Err(); err != nil {
		return nil, true, err
	}
	for {
		s.mu.Lock()
		n := len(s.idle)
		if n == 0 {
			s.mu.Unlock()
			break
		}
		c := s.idle[n-1]
		s.idle = s.idle[:n-1]
		s.mu.Unlock()
		if s.o.Now().Sub(c.idle) < s.o.Idle {
			return c, false, nil
		}
		c.cut()
	}
	c, err = s.relay.connect(ctx)
	return c, true, err
}

// release puts a connection that is ready for it back for the next letter, says
// goodbye if it has carried enough, and cuts one that is not ready.
func (s *SMTP) release(c *connection, ready bool) {
	if !ready {
		c.cut()
		return
	}
	if c.sent >= s.o.PerConn {
		c.quit()
		return
	}
	c.idle = s.o.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.idle = append(s.idle, c)
}

// Close ends the connections that wait. The sender can be used again.
func (s *SMTP) Close() error {
	s.mu.Lock()
	idle := s.idle
	s.idle = nil
	s.mu.Unlock()
	for _, c := range idle {
		c.quit()
	}
	return nil
}

// answered says whether an error is something that the server said.
func answered(err error) bool {
	var reply *errReply
	return errors.As(err, &reply)
}

// hungUp says whether a server had closed a connection that waited: that says
// nothing of the letter which met it.
func hungUp(err error) bool {
	var reply *errReply
	if errors.As(err, &reply) {
		return reply.Code == 421
	}
	return err != nil && !errors.Is(err, os.ErrDeadlineExceeded)
}

// usable says whether a connection can carry on after a refusal. 421 announces
// its end, and 503 that the two sides disagree on where they are.
func usable(err error) bool {
	var reply *errReply
	return errors.As(err, &reply) && reply.Code != 421 && reply.Code != 503 && reply.Code >= 400
}
