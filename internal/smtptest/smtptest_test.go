package smtptest_test

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"strings"
	"testing"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
	"github.com/google/go-cmp/cmp"

	"github.com/enshi-daily/enshi/internal/smtptest"
)

const mail = "Subject: x\r\n\r\n.dot first\r\n"

// dial speaks to the server with somebody else's client.
func dial(t *testing.T, s *smtptest.Server) *smtp.Client {
	t.Helper()
	c, err := smtp.Dial(s.Addr())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func TestServerKeepsWhatItIsSent(t *testing.T) {
	s := smtptest.Start(t)
	c := dial(t, s)
	if err := c.SendMail("a@example.org", []string{"b@example.net"}, strings.NewReader(mail)); err != nil {
		t.Fatal(err)
	}
	want := []smtptest.Message{{From: "a@example.org", To: "b@example.net", Params: "BODY=8BITMIME", Data: []byte(mail)}}
	if diff := cmp.Diff(want, s.Messages()); diff != "" {
		t.Errorf("Messages() differ (-want +got):\n%s", diff)
	}
	if err := c.Quit(); err != nil {
		t.Errorf("QUIT: %v", err)
	}
	if s.Accepted() != 1 || s.Steps("RCPT") != 1 {
		t.Errorf("Accepted() = %d, Steps(RCPT) = %d, want 1, 1", s.Accepted(), s.Steps("RCPT"))
	}
}

func TestServerRefusesWhereTheTestWants(t *testing.T) {
	for _, step := range []string{"EHLO", "MAIL", "RCPT", "DATA", smtptest.Dot} {
		t.Run(step, func(t *testing.T) {
			s := smtptest.Start(t)
			s.Reply(func(at, _ string) *smtptest.Answer {
				if at != step && at != "HELO" {
					return nil
				}
				return &smtptest.Answer{Code: 550, Text: "5.1.1 no"}
			})
			err := dial(t, s).SendMail("a@example.org", []string{"b@example.net"}, strings.NewReader(mail))
			var refused *smtp.SMTPError
			if !errors.As(err, &refused) || refused.Code != 550 {
				t.Errorf("SendMail = %v, want a 550", err)
			}
			if n := len(s.Messages()); n != 0 {
				t.Errorf("the server kept %d messages, want none", n)
			}
		})
	}
}

func TestServerDropsWhereTheTestWants(t *testing.T) {
	for step, kept := range map[string]int{"MAIL": 0, "DATA": 0, smtptest.Body: 0, smtptest.Dot: 1} {
		t.Run(step, func(t *testing.T) {
			s := smtptest.Start(t)
			s.Reply(func(at, _ string) *smtptest.Answer { return &smtptest.Answer{Drop: at == step} })
			err := dial(t, s).SendMail("a@example.org", []string{"b@example.net"}, strings.NewReader(mail))
			if err == nil {
				t.Error("SendMail succeeded over a dropped connection")
			}
			if n := len(s.Messages()); n != kept {
				t.Errorf("the server kept %d messages, want %d", n, kept)
			}
		})
	}
}

func TestServerSpeaksTLSAndWantsALogin(t *testing.T) {
	s := smtptest.StartWith(t, smtptest.Options{StartTLS: true, User: "u", Password: "p"})
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(s.Roots()) {
		t.Fatal("Roots() is no certificate")
	}
	c, err := smtp.DialStartTLS(s.Addr(), &tls.Config{RootCAs: roots, ServerName: "127.0.0.1"})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.Mail("a@example.org", nil); err == nil {
		t.Error("MAIL without a login was accepted")
	}
	if err := c.Auth(sasl.NewPlainClient("", "u", "wrong")); err == nil {
		t.Error("a wrong password was accepted")
	}
	if err := c.Auth(sasl.NewPlainClient("", "u", "p")); err != nil {
		t.Fatal(err)
	}
	if err := c.SendMail("a@example.org", []string{"b@example.net"}, strings.NewReader(mail)); err != nil {
		t.Fatal(err)
	}
	if m := s.Messages()[0]; !m.TLS || m.User != "u" {
		t.Errorf("message over TLS %v by %q, want true by u", m.TLS, m.User)
	}
}

func TestServerHoldsAnAnswerBack(t *testing.T) {
	s := smtptest.Start(t)
	hold := make(chan struct{})
	s.Reply(func(at, _ string) *smtptest.Answer {
		if at != smtptest.Body {
			return nil
		}
		return &smtptest.Answer{Wait: hold}
	})
	c := dial(t, s)
	done := make(chan error, 1)
	go func() {
		done <- c.SendMail("a@example.org", []string{"b@example.net"}, strings.NewReader(mail))
	}()
	for s.Steps(smtptest.Body) == 0 {
		select {
		case err := <-done:
			t.Fatalf("SendMail ended before the answer: %v", err)
		default:
		}
	}
	if p := s.Partial(); len(p) != 1 || string(p[0]) != "Subject: x\r\n" {
		t.Errorf("Partial() = %q, want the first line", p)
	}
	close(hold)
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestServerStartsAgain(t *testing.T) {
	s := smtptest.Start(t)
	addr, c := s.Addr(), dial(t, s)
	s.Close()
	if err := c.Noop(); err == nil {
		t.Error("a connection outlived the server")
	}
	if conn, err := net.Dial("tcp", addr); err == nil {
		conn.Close()
		t.Error("a closed server takes connections")
	}
	s.Restart(t)
	if s.Addr() != addr {
		t.Errorf("it is at %s, was at %s", s.Addr(), addr)
	}
	if err := dial(t, s).SendMail("a@example.org", []string{"b@example.net"}, strings.NewReader(mail)); err != nil {
		t.Error(err)
	}
	if n := len(s.Messages()); n != 1 {
		t.Errorf("%d messages, want 1", n)
	}
}
