package mailer

import (
	"context"
	"errors"
	"os"
	"slices"
	"time"

	"github.com/enshi-daily/enshi/delivery"
)

// take returns a connection that waits, the latest used first, or a fresh one.
// One that has carried enough for the group is left to others.
func (s *SMTP) take(ctx context.Context, r *relay, g delivery.Group) (c *connection, fresh bool, err error) {
	if err := ctx.Err(); err != nil {
		return nil, true, err
	}
	most := r.perGroup(g, s.o.PerGroup(g))
	for {
		c := r.pick(func(c *connection) bool { return most == 0 || c.carried[g] < most })
		if c == nil {
			break
		}
		if s.o.Now().Sub(c.idle) < s.o.Idle {
			return c, false, nil
		}
		c.cut()
	}
	// One that waits and does not fit makes place: there are as many
	// connections as concurrent Sends.
	if c := r.pick(func(*connection) bool { return true }); c != nil {
		c.quit()
	}
	if c, err = r.connect(ctx); c != nil {
		c.relay, c.carried = r, make(map[delivery.Group]int)
	}
	return c, true, err
}

// pick takes the latest used connection that fits, nil if there is none.
func (r *relay) pick(fits func(*connection) bool) *connection {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := len(r.idle) - 1; i >= 0; i-- {
		if c := r.idle[i]; fits(c) {
			r.idle = slices.Delete(r.idle, i, i+1)
			c.retire.Stop()
			return c
		}
	}
	return nil
}

// perGroup is how many letters to a group a connection carries: as many as are
// configured, and no more than its answers allowed; 0 for no limit.
func (r *relay) perGroup(g delivery.Group, configured int) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	if least := r.least[g]; least > 0 && (configured == 0 || least < configured) {
		return least
	}
	return configured
}

// learn keeps how many letters to a group a connection had carried when that was
// too much.
func (r *relay) learn(g delivery.Group, carried int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.least[g] = max(carried, 1)
}

// release puts a connection that is ready for it back for the next letter, says
// goodbye if it has carried enough, and cuts one that is not ready.
func (s *SMTP) release(c *connection, ready bool) {
	if !ready || c.chatty() {
		c.cut()
		return
	}
	if c.sent >= s.o.PerConn {
		c.quit()
		return
	}
	c.idle = s.o.Now()
	r := c.relay
	r.mu.Lock()
	defer r.mu.Unlock()
	r.idle = append(r.idle, c)
	c.retire = time.AfterFunc(s.o.Idle, func() {
		if r.pick(func(other *connection) bool { return other == c }) != nil {
			c.quit()
		}
	})
}

// Close ends the connections that wait. The sender can be used again.
func (s *SMTP) Close() error {
	for _, r := range s.relays {
		r.mu.Lock()
		idle := r.idle
		r.idle = nil
		r.mu.Unlock()
		for _, c := range idle {
			c.quit()
		}
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

// outOfStep says whether an answer is one to something else, because the server
// has said more than it was asked.
func outOfStep(err error) bool {
	var reply *errReply
	return errors.As(err, &reply) && reply.Code < 400
}

// usable says whether a connection can carry on after a refusal. 421 announces
// its end, and 503 that the two sides disagree on where they are.
func usable(err error) bool {
	var reply *errReply
	return errors.As(err, &reply) && reply.Code != 421 && reply.Code != 503 && reply.Code >= 400
}
