package mailer

import (
	"context"
	"crypto/tls"
	"errors"
	"sync"
	"time"

	"github.com/enshi-daily/enshi/delivery"
)

// SMTPOptions are what an SMTP sender works with. URL, Composer and Now are
// needed.
type SMTPOptions struct {
	URL      string // smtp://[user:password@]host:port[?tls=mandatory|opportunistic|none], or smtps://…
	Composer *Composer
	Now      func() time.Time
	Helo     string        // name of this machine; what the system says if ""
	PerConn  int           // messages a connection, default 100
	Timeout  time.Duration // for everything up to the final dot, default 60 seconds
	Answer   time.Duration // for the answer to the final dot, default 5 minutes
	Idle     time.Duration // after which a connection is not used again, default 30 seconds
	TLS      *tls.Config   // instead of the system's certificates; nil for those
}

// SMTP sends through one relay (delivery.Sender): as many connections as there
// are concurrent Sends, kept for the next ones.
type SMTP struct {
	o       SMTPOptions
	relay   *relay
	answers *interpreter

	mu   sync.Mutex
	idle []*connection
}

var _ delivery.Sender = (*SMTP)(nil)

// NewSMTP checks the options. It does not connect.
func NewSMTP(o SMTPOptions) (*SMTP, error) {
	if o.Composer == nil || o.Now == nil {
		return nil, errors.New("smtp: composer and clock are needed")
	}
	if o.PerConn <= 0 {
		o.PerConn = 100
	}
	setDefault(&o.Timeout, time.Minute)
	setDefault(&o.Answer, 5*time.Minute)
	setDefault(&o.Idle, 30*time.Second)
	r, err := newRelay(&o)
	if err != nil {
		return nil, err
	}
	return &SMTP{o: o, relay: r, answers: newInterpreter()}, nil
}

func setDefault(d *time.Duration, value time.Duration) {
	if *d <= 0 {
		*d = value
	}
}

// Relays implements delivery.Sender.
func (s *SMTP) Relays() []string { return []string{s.relay.name} }

// Check connects, logs in and says goodbye: for an operator who asks whether
// the relay would take mail.
func (s *SMTP) Check(ctx context.Context) delivery.Outcome {
	c, err := s.relay.connect(ctx)
	if err == nil {
		c.quit()
	}
	return s.answers.outcome(err, atDial, speech{relay: s.relay.name, accepted: "ready"})
}

// Send implements delivery.Sender. begin is called once, after the body is on
// the wire; not at all if the relay refuses before.
func (s *SMTP) Send(ctx context.Context, m delivery.Message, begin func(context.Context) error) delivery.Outcome {
	said := speech{relay: s.relay.name, group: m.Delivery.Group, address: m.Delivery.Address}
	for {
		c, fresh, err := s.take(ctx)
		if err != nil {
			return s.ended(ctx, err, atDial, said)
		}
		words, at, err := s.transact(ctx, c, &m, begin)
		if !fresh && at == atMail && hungUp(err) && ctx.Err() == nil {
			continue
		}
		said.accepted = words
		return s.ended(ctx, err, at, said)
	}
}

// ended words an outcome. What a cancel broke off before begin is Stopped,
// whatever the network called it.
func (s *SMTP) ended(ctx context.Context, err error, at stage, said speech) delivery.Outcome {
	if err != nil && at != atDot && at != atBegin && at != atCompose && !answered(err) && ctx.Err() != nil {
		err = context.Cause(ctx)
		o := s.answers.outcome(err, at, said)
		o.Class = delivery.Stopped
		return o
	}
	return s.answers.outcome(err, at, said)
}

// transact sends one letter over a connection, and then keeps, closes or cuts
// that.
func (s *SMTP) transact(ctx context.Context, c *connection, m *delivery.Message, begin func(context.Context) error) (words string, at stage, err error) {
	uncut := context.AfterFunc(ctx, c.cut)
	defer uncut()
	e, err := s.o.Composer.compose(c.buf[:0], m)
	if err != nil {
		s.release(c, uncut())
		return "", atCompose, err
	}
	c.buf = e.bytes
	if err := c.deadline(s.o.Timeout); err != nil {
		c.cut()
		return "", atMail, err
	}
	at, ready, err := c.open(e)
	if err != nil {
		s.release(c, uncut() && ready)
		return "", at, err
	}
	if err := c.body(e.bytes); err != nil {
		c.cut()
		return "", atBody, err
	}
	// From here on ctx must not break the line: the letter may be delivered.
	if !uncut() {
		return "", atBody, context.Cause(ctx)
	}
	if err := begin(ctx); err != nil {
		c.cut()
		return "", atBegin, err
	}
	words, err = s.finish(c)
	return words, atDot, err
}

// finish writes the final dot and waits for what the server says.
func (s *SMTP) finish(c *connection) (string, error) {
	err := c.deadline(s.o.Answer)
	if err == nil {
		err = c.dot()
	}
	var words string
	if err == nil {
		words, err = c.read(250)
	}
	c.sent++
	s.release(c, err == nil || usable(err))
	return words, err
}
