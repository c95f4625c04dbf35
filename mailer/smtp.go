package mailer

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/enshi-daily/enshi/delivery"
)

// SMTPOptions are what an SMTP sender works with. URL, Composer and Now are
// needed.
type SMTPOptions struct {
	// smtp://[user:password@]host:port, or smtps://…; after a ? tls=mandatory,
	// opportunistic or none, weight=N, connections=N.
	Relays   []string
	Composer *Composer
	Now      func() time.Time
	Helo     string                   // name of this machine; of the system, or of the public address, if ""
	PerConn  int                      // messages a connection, default 100
	PerGroup func(delivery.Group) int // of these, messages to a group; 0, or nil, for no limit
	Timeout  time.Duration            // for everything up to the final dot, default 60 seconds
	Answer   time.Duration            // for the answer to the final dot, default 5 minutes
	Idle     time.Duration            // after which a connection is ended, default 30 seconds
	TLS      *tls.Config              // instead of the system's certificates; nil for those
}

// SMTP sends through relays (delivery.Sender): over as many connections as there
// are concurrent Sends, kept for the next ones. Where one relay fails, another
// takes over.
type SMTP struct {
	o       SMTPOptions
	relays  []*relay
	answers *interpreter

	mu    sync.Mutex
	turns choice
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
	if o.PerGroup == nil {
		o.PerGroup = func(delivery.Group) int { return 0 }
	}
	if o.Helo == "" {
		system, _ := os.Hostname() // without it the public address does
		o.Helo = greeting(system, o.Composer.o.Renderer.o.Public)
	}
	s := &SMTP{o: o, answers: newInterpreter(), turns: choice{make(map[*relay]int)}}
	for _, address := range o.Relays {
		r, err := newRelay(address, &o)
		if err != nil {
			return nil, err
		}
		if slices.ContainsFunc(s.relays, func(other *relay) bool { return other.name == r.name }) {
			return nil, fmt.Errorf("smtp address: relay %s is named twice", r.name)
		}
		s.relays = append(s.relays, r)
	}
	if len(s.relays) == 0 {
		return nil, errors.New("smtp: expected the address of a relay")
	}
	return s, nil
}

func setDefault(d *time.Duration, value time.Duration) {
	if *d <= 0 {
		*d = value
	}
}

// Relays implements delivery.Sender.
func (s *SMTP) Relays() []delivery.Relay {
	all := make([]delivery.Relay, len(s.relays))
	for i, r := range s.relays {
		all[i] = r.health.get()
		all[i].Name = r.name
	}
	return all
}

// Check connects to each relay, logs in and says goodbye: for an operator who
// asks whether they would take mail.
func (s *SMTP) Check(ctx context.Context) []delivery.Outcome {
	var all []delivery.Outcome
	for _, r := range s.relays {
		c, err := r.connect(ctx)
		if err == nil {
			c.quit()
		}
		all = append(all, s.answers.outcome(err, atDial, speech{relay: r.name, accepted: "ready"}))
	}
	return all
}

// Send implements delivery.Sender. begin is called once, after the body is on
// the wire; not at all if the relay refuses before. What one relay did not let
// come to the recipient, the next one may.
func (s *SMTP) Send(ctx context.Context, m delivery.Message, begin func(context.Context) error) delivery.Outcome {
	var failed []delivery.Outcome
	for _, r := range s.order(m.Relays) {
		o, at := s.sendBy(ctx, r, &m, begin)
		if tried := s.note(r, o, at); tried {
			return o
		}
		failed = append(failed, o)
	}
	if len(failed) == 0 {
		return s.answers.outcome(errNoRelay, atCompose, speech{address: m.Delivery.Address})
	}
	return nowhere(failed)
}

// note keeps what an outcome says of the relay. It says whether the letter was
// tried; if not, that was the relay's fault.
func (s *SMTP) note(r *relay, o delivery.Outcome, at stage) (tried bool) {
	switch {
	case o.Class == delivery.Delivered:
		r.health.worked(s.o.Now())
	case o.Class == delivery.Unreachable, o.Class == delivery.OurFault && (at == atDial || at == atMail || at == atRcpt):
		r.health.failed(s.o.Now(), o.Class, o.Reply)
		return false
	case o.Code == 421:
		r.health.hungUp(s.o.Now(), o.Reply)
	case o.Code != 0 && at != atMail:
		r.health.answered(s.o.Now())
	}
	return true
}

// sendBy tries one relay, and says how far that went.
func (s *SMTP) sendBy(ctx context.Context, r *relay, m *delivery.Message, begin func(context.Context) error) (delivery.Outcome, stage) {
	said := speech{relay: r.name, group: m.Delivery.Group, address: m.Delivery.Address}
	if err := r.enter(ctx); err != nil {
		return s.ended(ctx, err, atDial, said), atDial
	}
	defer r.leave()
	for {
		c, fresh, err := s.take(ctx, r, said.group)
		if err != nil {
			return s.ended(ctx, err, atDial, said), atDial
		}
		words, at, err := s.transact(ctx, c, m, begin)
		if !fresh && ctx.Err() == nil && s.worn(c, err, at, said.group) {
			continue
		}
		said.accepted = words
		return s.ended(ctx, err, at, said), at
	}
}

// worn says whether an error is about a used connection and not about the
// letter, which another one may take.
func (s *SMTP) worn(c *connection, err error, at stage, g delivery.Group) bool {
	switch {
	case at != atMail && at != atRcpt && at != atData:
		return false
	case at == atMail && hungUp(err), outOfStep(err):
		return true
	case s.answers.crowded(err, g):
		c.relay.learn(g, c.carried[g])
		return true
	}
	return false
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
		s.release(c, uncut() && ready && !s.answers.crowded(err, m.Delivery.Group))
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
	words, err = s.finish(c, m.Delivery.Group)
	return words, atDot, err
}

// finish writes the final dot and waits for what the server says.
func (s *SMTP) finish(c *connection, g delivery.Group) (string, error) {
	err := c.deadline(s.o.Answer)
	if err == nil {
		err = c.dot()
	}
	var words string
	if err == nil {
		words, err = c.read(250)
	}
	c.sent++
	c.carried[g]++
	s.release(c, err == nil || usable(err))
	return words, err
}
