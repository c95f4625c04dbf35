package mailer_test

import (
	"bufio"
	"net"
	"strings"
	"sync"
	"testing"

	"github.com/enshi-daily/enshi/mailer"
)

// oddServer answers commands as smtptest, which keeps to the protocol, would
// not.
type oddServer struct {
	answer func(conn net.Conn, verb string) // writes the answer to a command; "." is the final dot
	addr   string

	mu    sync.Mutex
	heard []string
}

func startOdd(t *testing.T, answer func(conn net.Conn, verb string)) *oddServer {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &oddServer{answer: answer, addr: listener.Addr().String()}
	var all sync.WaitGroup
	all.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			all.Go(func() { s.serve(conn) })
		}
	})
	t.Cleanup(func() {
		listener.Close()
		all.Wait()
	})
	return s
}

func (s *oddServer) serve(conn net.Conn) {
	defer conn.Close()
	conn.Write([]byte("220 odd\r\n"))
	body := false
	for in := bufio.NewScanner(conn); in.Scan(); {
		verb, _, _ := strings.Cut(in.Text(), " ")
		if body && verb != "." {
			continue
		}
		body = verb == "DATA"
		s.mu.Lock()
		s.heard = append(s.heard, verb)
		s.mu.Unlock()
		if verb == "EHLO" {
			conn.Write([]byte("250-odd\r\n250 PIPELINING\r\n"))
			continue
		}
		s.answer(conn, verb)
	}
}

func (s *oddServer) count(verb string) (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, v := range s.heard {
		if v == verb {
			n++
		}
	}
	return n
}

// usual is what a server says that takes everything.
func usual(verb string) string {
	if verb == "DATA" {
		return "354 go ahead\r\n"
	}
	return "250 ok\r\n"
}

func TestAnswersComeByteByByte(t *testing.T) {
	s := startOdd(t, func(conn net.Conn, verb string) {
		for _, b := range []byte("250-first\r\n250-\r\n" + usual(verb)) {
			if verb == "DATA" {
				conn.Write([]byte(usual(verb)))
				return
			}
			conn.Write([]byte{b})
		}
	})
	sendMany(t, newSMTP(t, "smtp://"+s.addr), 3, sent)
}

// An empty body must never reach somebody whose server took the recipient.
func TestRecipientWhoWasTakenGetsNoEmptyLetter(t *testing.T) {
	for name, answers := range map[string]map[string]string{
		"after a refused sender": {"MAIL": "451 4.3.0 later\r\n"},
		"with an odd answer":     {"RCPT": "350 well\r\n"},
	} {
		t.Run(name, func(t *testing.T) {
			s := startOdd(t, func(conn net.Conn, verb string) {
				if a, ok := answers[verb]; ok {
					conn.Write([]byte(a))
					return
				}
				conn.Write([]byte(usual(verb)))
			})
			sendMany(t, newSMTP(t, "smtp://"+s.addr), 1, later)
			if n := s.count("."); n != 0 {
				t.Errorf("the server got %d final dots, want none", n)
			}
		})
	}
}

// A server that says more than it was asked costs no letter its attempt.
func TestAnswersTooManySpoilNoLetter(t *testing.T) {
	for name, more := range map[string]map[string]string{
		"with the answer":           {".": "250 ok\r\n250 once more\r\n"},
		"a refusal with the answer": {".": "250 ok\r\n500 what\r\n"},
		"before the next one":       {"MAIL": "250 once more\r\n250 ok\r\n"},
	} {
		t.Run(name, func(t *testing.T) {
			var mu sync.Mutex
			carried := make(map[net.Conn]int)
			s := startOdd(t, func(conn net.Conn, verb string) {
				mu.Lock()
				defer mu.Unlock()
				answer, odd := more[verb]
				if !odd || verb == "MAIL" && carried[conn] == 0 {
					answer = usual(verb)
				}
				if verb == "." {
					carried[conn]++
				}
				conn.Write([]byte(answer))
			})
			sendMany(t, newSMTP(t, "smtp://"+s.addr), 4, sent)
			if n := s.count("."); n != 4 {
				t.Errorf("the server got %d letters, want 4", n)
			}
		})
	}
}

// Servers that take ten letters a connection say so in many ways.
func TestServersThatCloseAfterTenLettersGetThemAll(t *testing.T) {
	for name, eleventh := range map[string]string{"421 at MAIL": "421 4.7.0 too many\r\n", "a closed line": ""} {
		t.Run(name, func(t *testing.T) {
			var mu sync.Mutex
			carried := make(map[net.Conn]int)
			s := startOdd(t, func(conn net.Conn, verb string) {
				mu.Lock()
				defer mu.Unlock()
				if verb == "." {
					carried[conn]++
				}
				if verb == "MAIL" && carried[conn] == 10 {
					conn.Write([]byte(eleventh))
					conn.Close()
					return
				}
				conn.Write([]byte(usual(verb)))
			})
			sendMany(t, newSMTP(t, "smtp://"+s.addr, func(o *mailer.SMTPOptions) { o.PerConn = 100 }), 35, sent)
			if n := s.count("."); n != 35 {
				t.Errorf("the server got %d letters, want 35", n)
			}
		})
	}
}
