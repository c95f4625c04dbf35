package smtptest

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"strings"
)

// errOver ends a session.
var errOver = errors.New("session over")

// session is one connection.
type session struct {
	server *Server
	wire   net.Conn
	in     *bufio.Reader
	out    *bufio.Writer
	secure bool
	user   string

	from, params, to string
	inMail           bool
}

func (c *session) run(wire net.Conn) {
	c.attach(wire)
	defer c.server.progress(c, nil)
	if c.step(Connect, "", 220, "smtptest ready") != nil {
		c.out.Flush()
		return
	}
	for {
		if c.out.Flush() != nil {
			return
		}
		line, err := c.in.ReadString('\n')
		if err != nil {
			return
		}
		if c.command(strings.TrimRight(line, "\r\n")) != nil {
			c.out.Flush()
			return
		}
	}
}

func (c *session) attach(wire net.Conn) {
	c.wire, c.in, c.out = wire, bufio.NewReader(wire), bufio.NewWriter(wire)
}

// step answers a step: as the test wants it, else with code and text. A refusal
// is returned as refused, so that the command has no effect.
func (c *session) step(name, arg string, code int, text string) error {
	// Earlier answers must not wait for this one.
	if c.out.Flush() != nil {
		return errOver
	}
	a := c.server.ask(name, arg)
	if a.Drop {
		return errOver
	}
	if a.Code != 0 {
		code, text = a.Code, a.Text
	}
	c.say(code, text)
	switch {
	case code == 421, a.Hangup:
		return errOver
	case code >= 400:
		return errRefused
	}
	return nil
}

var errRefused = errors.New("refused")

func (c *session) say(code int, text string) {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		mark := "-"
		if i == len(lines)-1 {
			mark = " "
		}
		fmt.Fprintf(c.out, "%d%s%s\r\n", code, mark, line)
	}
}

// command carries out one line; errOver ends the session.
func (c *session) command(line string) error {
	verb, arg, _ := strings.Cut(line, " ")
	err := c.carryOut(strings.ToUpper(verb), strings.TrimSpace(arg))
	if errors.Is(err, errRefused) {
		return nil
	}
	return err
}

func (c *session) carryOut(verb, arg string) error {
	switch verb {
	case "EHLO":
		return c.step(verb, arg, 250, c.extensions())
	case "HELO", "NOOP":
		return c.step(verb, arg, 250, "ok")
	case "STARTTLS":
		return c.startTLS()
	case "AUTH":
		return c.auth(arg)
	case "MAIL":
		return c.mail(arg)
	case "RCPT":
		return c.rcpt(arg)
	case "DATA":
		return c.data()
	case "RSET":
		c.reset()
		return c.step(verb, arg, 250, "ok")
	case "QUIT":
		if err := c.step(verb, arg, 221, "bye"); err != nil {
			return err
		}
		return errOver
	}
	c.say(500, "5.5.1 unknown command")
	return nil
}

func (c *session) extensions() string {
	list := []string{"smtptest", "8BITMIME", "ENHANCEDSTATUSCODES", "SIZE 10000000"}
	if !c.server.o.NoPipelining {
		list = append(list, "PIPELINING")
	}
	if !c.server.o.NoDSN {
		list = append(list, "DSN")
	}
	if c.server.o.StartTLS && !c.secure {
		list = append(list, "STARTTLS")
	}
	if c.server.o.User != "" {
		list = append(list, "AUTH PLAIN")
	}
	return strings.Join(list, "\n")
}

func (c *session) startTLS() error {
	if !c.server.o.StartTLS || c.secure {
		c.say(503, "5.5.1 no TLS here")
		return nil
	}
	if err := c.step("STARTTLS", "", 220, "go ahead"); err != nil {
		return err
	}
	if c.out.Flush() != nil {
		return errOver
	}
	c.secure = true
	c.attach(tls.Server(c.wire, c.server.tls))
	return nil
}

func (c *session) auth(arg string) error {
	_, initial, _ := strings.Cut(arg, " ")
	raw, err := base64.StdEncoding.DecodeString(initial)
	fields := bytes.Split(raw, []byte{0})
	code, text := 535, "5.7.8 wrong user or password"
	if err == nil && len(fields) == 3 && string(fields[1]) == c.server.o.User && string(fields[2]) == c.server.o.Password {
		code, text = 235, "2.7.0 welcome"
	}
	if err := c.step("AUTH", "", code, text); err != nil {
		return err
	}
	c.user = c.server.o.User
	return nil
}

func (c *session) mail(arg string) error {
	path, params := path(arg)
	switch {
	case c.server.o.User != "" && c.user == "":
		c.say(530, "5.7.0 log in first")
		return nil
	case c.inMail:
		c.say(503, "5.5.1 nested MAIL")
		return nil
	}
	if err := c.step("MAIL", path, 250, "2.1.0 ok"); err != nil {
		return err
	}
	c.from, c.params, c.inMail = path, params, true
	return nil
}

func (c *session) rcpt(arg string) error {
	path, _ := path(arg)
	if !c.inMail {
		c.say(503, "5.5.1 MAIL first")
		return nil
	}
	if err := c.step("RCPT", path, 250, "2.1.5 ok"); err != nil {
		return err
	}
	c.to = path
	return nil
}

// path takes an address out of FROM:<…> or TO:<…>.
func path(arg string) (address, params string) {
	_, rest, _ := strings.Cut(arg, "<")
	address, params, _ = strings.Cut(rest, ">")
	return address, strings.TrimSpace(params)
}

func (c *session) data() error {
	if c.to == "" {
		c.say(554, "5.5.1 no valid recipients")
		return nil
	}
	if err := c.step("DATA", "", 354, "go ahead"); err != nil {
		return err
	}
	if c.out.Flush() != nil {
		return errOver
	}
	body, err := c.body()
	c.server.progress(c, nil)
	if err != nil {
		return errOver
	}
	return c.dot(body)
}

// body reads up to the final dot (RFC 5321 §4.5.2).
func (c *session) body() ([]byte, error) {
	var body []byte
	for {
		line, err := c.in.ReadSlice('\n')
		if err != nil {
			return nil, err
		}
		if string(line) == ".\r\n" {
			return body, nil
		}
		first := body == nil
		body = append(body, bytes.TrimPrefix(line, []byte("."))...)
		c.server.progress(c, body)
		if first {
			if c.server.ask(Body, c.to).Drop {
				return nil, errOver
			}
		}
	}
}

func (c *session) dot(body []byte) error {
	m := Message{From: c.from, Params: c.params, To: c.to, Data: body, TLS: c.secure, User: c.user}
	c.reset()
	a := c.server.ask(Dot, m.To)
	if a.Code == 0 {
		a.Code, a.Text = 250, "2.0.0 queued"
	}
	if a.Code < 300 {
		c.server.keep(m)
	}
	if a.Drop {
		return errOver
	}
	c.say(a.Code, a.Text)
	if a.Code == 421 || a.Hangup {
		return errOver
	}
	return nil
}

func (c *session) reset() { c.from, c.params, c.to, c.inMail = "", "", "", false }
