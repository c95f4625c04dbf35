// Package smtptest is an SMTP server under a test's control: it listens on a
// free port of 127.0.0.1, keeps what it is sent, and can refuse, delay or drop
// the connection at every step of the dialogue.
//
// It speaks the protocol itself, because a finished server library offers no
// place between the body's bytes and the final dot, and cannot hide PIPELINING.
package smtptest

import (
	"bytes"
	"crypto/tls"
	"net"
	"slices"
	"sync"
	"testing"
)

// The steps at which a test may answer instead of the server, beside the
// commands EHLO, HELO, STARTTLS, AUTH, MAIL, RCPT, DATA, RSET, NOOP, QUIT.
const (
	Connect = "CONNECT" // the greeting; no argument
	Body    = "BODY"    // the first line of a body has come in; the argument is the recipient
	Dot     = "DOT"     // the final dot has come in; the argument is the recipient
)

// Answer is what the server does at a step instead of what it would do.
type Answer struct {
	Code int    // 0 for the usual answer
	Text string // lines separated by \n
	// Drop closes the connection instead of answering. At Dot the message is
	// kept all the same: the server had accepted it when the line broke.
	Drop bool
	// Hangup closes the connection after the answer.
	Hangup bool
	// Wait holds the answer back until it is closed; nil for no wait.
	Wait <-chan struct{}
}

// Message is one mail that the server accepted.
type Message struct {
	From, To string // envelope, without brackets
	Params   string // what followed the sender in MAIL
	Data     []byte // as it was sent, dots unstuffed, lines ended by CRLF
	TLS      bool
	User     string // who had logged in
}

// Options change what the server offers.
type Options struct {
	NoPipelining bool
	NoDSN        bool
	StartTLS     bool // offer STARTTLS
	TLS          bool // speak TLS from the first byte
	User         string
	Password     string // with User: offer AUTH and want it before MAIL
	// Each is given every message that is accepted, in order, before the client
	// hears of it; Messages keeps none then.
	Each func(Message)
}

// Server is a running server. It stops with its test.
type Server struct {
	o        Options
	listener net.Listener
	tls      *tls.Config
	roots    []byte
	done     chan struct{} // closed when the server stops

	mu       sync.Mutex
	reply    func(step, arg string) *Answer
	messages []Message
	partial  map[*session][]byte
	accepted int
	open     int
	most     int
	steps    map[string]int
	conns    map[net.Conn]bool
	running  sync.WaitGroup
}

// Start starts a server that accepts everything.
func Start(tb testing.TB) *Server {
	tb.Helper()
	return StartWith(tb, Options{})
}

// StartWith starts a server with options.
func StartWith(tb testing.TB, o Options) *Server {
	tb.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatalf("smtptest: %v", err)
	}
	s := &Server{
		o: o, listener: listener, partial: make(map[*session][]byte),
		steps: make(map[string]int), conns: make(map[net.Conn]bool), done: make(chan struct{}),
	}
	if o.StartTLS || o.TLS {
		if s.tls, s.roots, err = selfSigned(); err != nil {
			tb.Fatalf("smtptest: %v", err)
		}
	}
	s.running.Go(s.serve)
	tb.Cleanup(s.Close)
	return s
}

// Restart starts a server that was closed again, at the same address.
func (s *Server) Restart(tb testing.TB) {
	tb.Helper()
	listener, err := net.Listen("tcp", s.Addr())
	if err != nil {
		tb.Fatalf("smtptest: %v", err)
	}
	s.mu.Lock()
	s.listener, s.done = listener, make(chan struct{})
	s.mu.Unlock()
	s.running.Go(s.serve)
}

// Close stops the server, drops every connection and ends every wait.
func (s *Server) Close() {
	s.mu.Lock()
	if s.stopped() {
		s.mu.Unlock()
		return
	}
	close(s.done)
	for conn := range s.conns {
		conn.Close()
	}
	s.mu.Unlock()
	s.listener.Close()
	s.running.Wait()
}

func (s *Server) stopped() bool {
	select {
	case <-s.done:
		return true
	default:
		return false
	}
}

// Addr is the server's host and port.
func (s *Server) Addr() string { return s.listener.Addr().String() }

// URL is the server's address as the program takes it, with the user and
// password that it wants.
func (s *Server) URL() string {
	scheme, user := "smtp://", ""
	if s.o.TLS {
		scheme = "smtps://"
	}
	if s.o.User != "" {
		user = s.o.User + ":" + s.o.Password + "@"
	}
	return scheme + user + s.Addr()
}

// Roots is the server's certificate in PEM.
func (s *Server) Roots() []byte { return s.roots }

// Reply lets f answer. It is called at every step, from several goroutines,
// with the command and its argument (an address without brackets for MAIL and
// RCPT); nil leaves the answer to the server.
func (s *Server) Reply(f func(step, arg string) *Answer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reply = f
}

// Messages returns what was accepted so far, in order of acceptance.
func (s *Server) Messages() []Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.messages)
}

// Partial returns what has come in of bodies that lack their final dot.
func (s *Server) Partial() [][]byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	var bodies [][]byte
	for _, b := range s.partial {
		bodies = append(bodies, bytes.Clone(b))
	}
	return bodies
}

// Accepted is how many connections there were.
func (s *Server) Accepted() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.accepted
}

// Open is how many connections there are, and how many there were at most at a
// time.
func (s *Server) Open() (now, most int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.open, s.most
}

// Steps is how often a step was reached.
func (s *Server) Steps(step string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.steps[step]
}

func (s *Server) serve() {
	for {
		conn, err := s.listener.Accept()
		if err != nil {
			return
		}
		if !s.enter(conn) {
			conn.Close()
			return
		}
		s.running.Go(func() {
			defer s.leave(conn)
			wire := conn
			if s.o.TLS {
				wire = tls.Server(conn, s.tls)
			}
			(&session{server: s, secure: s.o.TLS}).run(wire)
			conn.Close()
		})
	}
}

func (s *Server) enter(conn net.Conn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopped() {
		return false
	}
	s.conns[conn] = true
	s.accepted++
	s.open++
	s.most = max(s.most, s.open)
	return true
}

func (s *Server) leave(conn net.Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.conns, conn)
	s.open--
}

// ask is what the test wants at a step, after the wait that it wants.
func (s *Server) ask(step, arg string) Answer {
	s.mu.Lock()
	s.steps[step]++
	f := s.reply
	s.mu.Unlock()
	if f == nil {
		return Answer{}
	}
	a := f(step, arg)
	if a == nil {
		return Answer{}
	}
	if a.Wait != nil {
		select {
		case <-a.Wait:
		case <-s.done:
			return Answer{Drop: true}
		}
	}
	return *a
}

func (s *Server) keep(m Message) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.o.Each != nil {
		s.o.Each(m)
		return
	}
	s.messages = append(s.messages, m)
}

// progress records what has come in of a body; nil once it is over.
func (s *Server) progress(of *session, body []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if body == nil {
		delete(s.partial, of)
		return
	}
	s.partial[of] = body
}
