package mailer

import (
	"net"
	"strconv"
	"time"

	"github.com/wneessen/go-mail/smtp"

	"github.com/enshi-daily/enshi/delivery"
)

// connection is a line to a relay, logged in. One goroutine uses it at a time.
//
// Its letters go around go-mail's own methods: those wait for an answer after
// every command, which over a network halves the rate, and copy every body byte
// by byte (the rules of this project's mail, measured).
type connection struct {
	client     *smtp.Client
	conn       net.Conn
	pipelining bool
	size, dsn  bool
	relay      *relay
	sent       int                    // letters so far
	carried    map[delivery.Group]int // of these, to each group
	idle       time.Time              // since when it waits
	retire     *time.Timer            // says goodbye when it has waited long enough
	buf        []byte                 // for composing, kept from letter to letter
}

func newConnection(client *smtp.Client, conn net.Conn) *connection {
	c := &connection{client: client, conn: conn}
	c.pipelining, _ = client.Extension("PIPELINING")
	c.size, _ = client.Extension("SIZE")
	c.dsn, _ = client.Extension("DSN")
	return c
}

// deadline bounds everything until the next call.
func (c *connection) deadline(d time.Duration) error { return c.client.UpdateDeadline(d) }

// chatty says whether the server has said more than it was asked: what it says
// next would be taken for the answer to something else.
func (c *connection) chatty() bool { return c.client.Text.R.Buffered() > 0 }

// cut breaks the line at once. Inside a body it is the only way out: QUIT would
// be part of the letter, or end it cut short.
func (c *connection) cut() { c.conn.Close() }

// step is one command and the answer that lets the next one follow.
type step struct {
	at     stage
	line   string
	expect int // the reply code, or its first digits (net/textproto)
}

// open starts a transaction up to the go-ahead for the body. Its error, at a
// stage, is the first refusal; ready says that the server waits for the next
// transaction all the same.
func (c *connection) open(e envelope) (at stage, ready bool, err error) {
	steps := [...]step{
		{atMail, "MAIL FROM:<" + e.from + ">", 250},
		{atRcpt, "RCPT TO:<" + e.to + ">", 25},
		{atData, "DATA", 354},
	}
	if c.size {
		steps[0].line += " SIZE=" + strconv.Itoa(len(e.bytes))
	}
	if c.dsn {
		// RFC 3461: tell us of failures alone, and do not send the letter back.
		steps[0].line += " RET=HDRS"
		steps[1].line += " NOTIFY=FAILURE"
	}
	if c.pipelining {
		return c.openAtOnce(steps[:])
	}
	for _, s := range steps {
		if err := c.write(s.line); err != nil {
			return s.at, false, err
		}
		if err := c.flush(); err != nil {
			return s.at, false, err
		}
		if _, err := c.read(s.expect); err != nil {
			return s.at, c.reset(err), err
		}
	}
	return "", true, nil
}

// openAtOnce writes all commands in one go (RFC 2920 §3.1) and reads every
// answer, whatever the first ones say.
func (c *connection) openAtOnce(steps []step) (at stage, ready bool, err error) {
	for _, s := range steps {
		if err := c.write(s.line); err != nil {
			return s.at, false, err
		}
	}
	if err := c.flush(); err != nil {
		return steps[0].at, false, err
	}
	waiting := false      // for a body
	var toRecipient error // what was said of the recipient
	for _, s := range steps {
		_, failed := c.read(s.expect)
		if failed != nil && !answered(failed) {
			if err == nil {
				at, err = s.at, failed
			}
			return at, false, err
		}
		if failed != nil && err == nil {
			at, err = s.at, failed
		}
		waiting = s.at == atData && failed == nil
		if s.at == atRcpt {
			toRecipient = failed
		}
	}
	if err == nil {
		return "", true, nil
	}
	if waiting && !usable(toRecipient) {
		return at, false, err // an empty body could reach somebody
	}
	if waiting {
		// The server took DATA although it refused the recipient: an empty
		// body ends it (RFC 2920 §3.1), for nobody.
		if err := c.dot(); err != nil {
			return at, false, err
		}
		if _, refusal := c.read(250); refusal != nil && !answered(refusal) {
			return at, false, err
		}
		return at, true, err
	}
	return at, c.reset(err), err
}

// reset takes a refused transaction back; false if the connection is of no more
// use.
func (c *connection) reset(refusal error) bool {
	if !usable(refusal) || c.write("RSET") != nil || c.flush() != nil {
		return false
	}
	_, err := c.read(250)
	return err == nil
}

// body puts a letter on the wire, all but the final dot.
func (c *connection) body(letter []byte) error {
	if _, err := c.client.Text.W.Write(letter); err != nil {
		return err
	}
	return c.flush()
}

// dot ends the letter: the step that cannot be called back.
func (c *connection) dot() error {
	if err := c.write("."); err != nil {
		return err
	}
	return c.flush()
}

func (c *connection) write(line string) error {
	if _, err := c.client.Text.W.WriteString(line); err != nil {
		return err
	}
	_, err := c.client.Text.W.WriteString("\r\n")
	return err
}

func (c *connection) flush() error { return c.client.Text.W.Flush() }

// read reads one reply of however many lines.
func (c *connection) read(expect int) (string, error) {
	_, words, err := c.client.Text.ReadResponse(expect)
	return words, err
}

// quit says goodbye and closes, without waiting for what the server says: every
// letter has its answer.
func (c *connection) quit() {
	if c.deadline(2*time.Second) == nil && c.write("QUIT") == nil {
		c.flush()
	}
	c.conn.Close()
}
