package mailer_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/enshi-daily/enshi/delivery"
	"github.com/enshi-daily/enshi/internal/smtptest"
	"github.com/enshi-daily/enshi/mailer"
	"github.com/enshi-daily/enshi/subscribers"
)

func newSMTP(tb testing.TB, url string, change ...func(*mailer.SMTPOptions)) *mailer.SMTP {
	tb.Helper()
	o := mailer.SMTPOptions{Relays: []string{url}, Now: time.Now, Helo: "client.example.org"}
	for _, f := range change {
		f(&o)
	}
	if o.Composer == nil {
		o.Composer = newComposer(tb)
	}
	s, err := mailer.NewSMTP(o)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := s.Close(); err != nil {
			tb.Error(err)
		}
	})
	return s
}

func permit(context.Context) error { return nil }

// both runs a test with and without PIPELINING.
func both(t *testing.T, f func(t *testing.T, o smtptest.Options)) {
	for _, o := range []smtptest.Options{{}, {NoPipelining: true, NoDSN: true}} {
		t.Run(fmt.Sprintf("pipelining %v", !o.NoPipelining), func(t *testing.T) { f(t, o) })
	}
}

func TestLetterArrivesAsComposed(t *testing.T) {
	both(t, func(t *testing.T, o smtptest.Options) {
		server := smtptest.StartWith(t, o)
		s, m := newSMTP(t, server.URL()), newMessage(t)
		out := s.Send(t.Context(), m, permit)
		want := delivery.Outcome{Class: delivery.Delivered, Code: 250, Reply: server.Addr() + ": 250 2.0.0 queued", Relay: server.Addr()}
		if out != want {
			t.Errorf("Send = %+v, want %+v", out, want)
		}
		got := server.Messages()
		if len(got) != 1 {
			t.Fatalf("the server has %d messages, want 1", len(got))
		}
		if eml := compose(t, newComposer(t), m); !bytes.Equal(got[0].Data, eml) {
			t.Errorf("the server has other bytes than were composed: %d, want %d", len(got[0].Data), len(eml))
		}
		if path := newComposer(t).Tokens().ReturnPath(m.Delivery.Subscriber); got[0].From != path || got[0].To != "reader@example.net" {
			t.Errorf("envelope from %s to %s, want from %s", got[0].From, got[0].To, path)
		}
		if dsn := strings.Contains(got[0].Params, "RET=HDRS"); dsn == o.NoDSN || !strings.Contains(got[0].Params, fmt.Sprintf("SIZE=%d", len(got[0].Data))) {
			t.Errorf("MAIL had the parameters %q", got[0].Params)
		}
	})
}

func TestBeginComesBetweenBodyAndDot(t *testing.T) {
	both(t, func(t *testing.T, o smtptest.Options) {
		server := smtptest.StartWith(t, o)
		s, m := newSMTP(t, server.URL()), newMessage(t)
		eml := compose(t, newComposer(t), m)
		began := 0
		out := s.Send(t.Context(), m, func(context.Context) error {
			began++
			waitFor(t, "the body's last line", func() bool {
				p := server.Partial()
				return len(p) == 1 && bytes.Equal(p[0], eml)
			})
			if n := server.Steps(smtptest.Dot); n != 0 {
				t.Errorf("the final dot was sent before begin")
			}
			return nil
		})
		if out.Class != delivery.Delivered || began != 1 {
			t.Errorf("Send = %+v after %d calls of begin", out, began)
		}
	})
}

func waitFor(t *testing.T, what string, ok func() bool) {
	t.Helper()
	deadline := time.After(10 * time.Second)
	again := time.NewTicker(time.Millisecond)
	defer again.Stop()
	for !ok() {
		select {
		case <-again.C:
		case <-deadline:
			t.Fatalf("waited in vain for %s", what)
		}
	}
}

func TestWithoutPermissionNothingIsDelivered(t *testing.T) {
	both(t, func(t *testing.T, o smtptest.Options) {
		server := smtptest.StartWith(t, o)
		s := newSMTP(t, server.URL())
		out := s.Send(t.Context(), newMessage(t), func(context.Context) error { return errors.New("lease lost") })
		if out.Class != delivery.NotPermitted || !strings.Contains(out.Reply, "lease lost") {
			t.Errorf("Send = %+v, want not begun", out)
		}
		waitFor(t, "the connection's end", func() bool { now, _ := server.Open(); return now == 0 })
		if len(server.Messages()) != 0 || server.Steps("QUIT") != 0 {
			t.Errorf("the server has %d messages and saw QUIT %d times: the line was not cut", len(server.Messages()), server.Steps("QUIT"))
		}
		if out := s.Send(t.Context(), newMessage(t), permit); out.Class != delivery.Delivered {
			t.Errorf("the next Send = %+v", out)
		}
	})
}

func TestCancelBeforeBeginStops(t *testing.T) {
	for _, step := range []string{smtptest.Connect, "EHLO", "MAIL", "RCPT", "DATA"} {
		t.Run(step, func(t *testing.T) {
			server := smtptest.StartWith(t, smtptest.Options{NoPipelining: true})
			ctx, cancel := context.WithCancel(t.Context())
			server.Reply(func(at, _ string) *smtptest.Answer {
				if at != step {
					return nil
				}
				cancel()
				return &smtptest.Answer{Wait: make(chan struct{})}
			})
			out := newSMTP(t, server.URL()).Send(ctx, newMessage(t), func(context.Context) error {
				t.Error("begin was called")
				return nil
			})
			if out.Class != delivery.Stopped {
				t.Errorf("Send = %+v, want stopped", out)
			}
		})
	}
	t.Run("before all", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if out := newSMTP(t, smtptest.Start(t).URL()).Send(ctx, newMessage(t), permit); out.Class != delivery.Stopped {
			t.Errorf("Send = %+v, want stopped", out)
		}
	})
}

func TestCancelAfterBeginWaitsForTheAnswer(t *testing.T) {
	server := smtptest.Start(t)
	ctx, cancel := context.WithCancel(t.Context())
	out := newSMTP(t, server.URL()).Send(ctx, newMessage(t), func(context.Context) error { cancel(); return nil })
	if out.Class != delivery.Delivered || len(server.Messages()) != 1 {
		t.Errorf("Send = %+v with %d messages, want delivered", out, len(server.Messages()))
	}
}

func TestSilentServersAreGivenUp(t *testing.T) {
	for step, want := range map[string]delivery.Class{
		smtptest.Connect: delivery.Unreachable, "EHLO": delivery.Unreachable, "MAIL": delivery.Temporary, "RCPT": delivery.Temporary,
		"DATA": delivery.Temporary, smtptest.Dot: delivery.InDoubt,
	} {
		t.Run(step, func(t *testing.T) {
			server := smtptest.Start(t)
			server.Reply(func(at, _ string) *smtptest.Answer {
				if at != step {
					return nil
				}
				return &smtptest.Answer{Wait: make(chan struct{})}
			})
			s := newSMTP(t, server.URL(), func(o *mailer.SMTPOptions) { o.Timeout, o.Answer = 100*time.Millisecond, 100*time.Millisecond })
			if out := s.Send(t.Context(), newMessage(t), permit); out.Class != want {
				t.Errorf("Send = %+v, want %s", out, want)
			}
		})
	}
}

func TestConnectionsAreUsedAgain(t *testing.T) {
	both(t, func(t *testing.T, o smtptest.Options) {
		server := smtptest.StartWith(t, o)
		server.Reply(func(at, arg string) *smtptest.Answer {
			if at == "RCPT" && strings.HasPrefix(arg, "bad") {
				return &smtptest.Answer{Code: 550, Text: "5.1.1 no such user"}
			}
			return nil
		})
		s := newSMTP(t, server.URL(), func(o *mailer.SMTPOptions) { o.PerConn = 10 })
		rendered := newMessage(t).Rendered
		for i := range 24 {
			address, want := "good@example.net", delivery.Delivered
			if i%5 == 4 {
				address, want = "bad@example.net", delivery.BadAddress
			}
			if out := s.Send(t.Context(), messageWith(t, rendered, subscribers.Address(address)), permit); out.Class != want {
				t.Fatalf("Send %d = %+v, want %s", i, out, want)
			}
		}
		if n := len(server.Messages()); n != 20 {
			t.Errorf("the server has %d messages, want 20", n)
		}
		if n := server.Accepted(); n != 2 {
			t.Errorf("%d connections for 20 letters at 10 each, want 2", n)
		}
	})
}

func TestServerThatHungUpMeanwhileCostsNothing(t *testing.T) {
	server := smtptest.Start(t)
	s := newSMTP(t, server.URL())
	if out := s.Send(t.Context(), newMessage(t), permit); out.Class != delivery.Delivered {
		t.Fatalf("Send = %+v", out)
	}
	var mails atomic.Int32
	server.Reply(func(at, _ string) *smtptest.Answer {
		if at == "MAIL" && mails.Add(1) == 1 {
			return &smtptest.Answer{Drop: true}
		}
		return nil
	})
	if out := s.Send(t.Context(), newMessage(t), permit); out.Class != delivery.Delivered {
		t.Errorf("Send over a dead connection = %+v, want delivered over another", out)
	}
	if n := server.Accepted(); n != 2 {
		t.Errorf("%d connections, want 2", n)
	}
}

func TestOldConnectionsAreNotUsedAgain(t *testing.T) {
	server := smtptest.Start(t)
	now := time.Now()
	s := newSMTP(t, server.URL(), func(o *mailer.SMTPOptions) { o.Now = func() time.Time { return now } })
	for range 2 {
		if out := s.Send(t.Context(), newMessage(t), permit); out.Class != delivery.Delivered {
			t.Fatalf("Send = %+v", out)
		}
		now = now.Add(time.Minute)
	}
	if n := server.Accepted(); n != 2 {
		t.Errorf("%d connections, want 2", n)
	}
}

func TestIdleConnectionsSayGoodbye(t *testing.T) {
	server := smtptest.Start(t)
	s := newSMTP(t, server.URL(), func(o *mailer.SMTPOptions) { o.Idle = 50 * time.Millisecond })
	for range 3 {
		if out := s.Send(t.Context(), newMessage(t), permit); out.Class != delivery.Delivered {
			t.Fatalf("Send = %+v", out)
		}
	}
	waitFor(t, "the connection's end", func() bool { now, _ := server.Open(); return now == 0 })
	if quit, accepted := server.Steps("QUIT"), server.Accepted(); quit != accepted {
		t.Errorf("%d of %d connections said QUIT", quit, accepted)
	}
}

func TestManySendsAtOnce(t *testing.T) {
	both(t, func(t *testing.T, o smtptest.Options) {
		server := smtptest.StartWith(t, o)
		s, rendered := newSMTP(t, server.URL()), newMessage(t).Rendered
		var wg sync.WaitGroup
		for i := range 100 {
			wg.Go(func() {
				address := subscribers.Address(fmt.Sprintf("reader%d@example.net", i))
				if out := s.Send(t.Context(), messageWith(t, rendered, address), permit); out.Class != delivery.Delivered {
					t.Errorf("Send to %d = %+v", i, out)
				}
			})
		}
		wg.Wait()
		got := make(map[string]int)
		for _, m := range server.Messages() {
			got[m.To]++
			if !bytes.Contains(m.Data, []byte("\r\nTo: <"+m.To+">\r\n")) {
				t.Errorf("a message to %s has another To header", m.To)
			}
		}
		if len(got) != 100 || len(server.Messages()) != 100 {
			t.Errorf("%d messages to %d people, want 100 to 100", len(server.Messages()), len(got))
		}
	})
}

func TestTLSAndLogin(t *testing.T) {
	for _, o := range []smtptest.Options{
		{StartTLS: true}, {TLS: true}, {User: "u", Password: "p"}, {StartTLS: true, User: "u", Password: "p"}, {TLS: true, User: "u", Password: "p"},
	} {
		t.Run(fmt.Sprintf("%+v", o), func(t *testing.T) {
			server := smtptest.StartWith(t, o)
			roots := x509.NewCertPool()
			roots.AppendCertsFromPEM(server.Roots())
			s := newSMTP(t, server.URL(), func(so *mailer.SMTPOptions) { so.TLS = &tls.Config{RootCAs: roots} })
			if out := s.Send(t.Context(), newMessage(t), permit); out.Class != delivery.Delivered {
				t.Fatalf("Send = %+v", out)
			}
			if m := server.Messages()[0]; m.TLS != (o.TLS || o.StartTLS) || m.User != o.User {
				t.Errorf("the message came with TLS %v by %q", m.TLS, m.User)
			}
		})
	}
}

func TestRelayAtAnIPv6Address(t *testing.T) {
	listener, err := net.Listen("tcp", "[::1]:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	go func() {
		if conn, err := listener.Accept(); err == nil {
			fmt.Fprint(conn, "220 x\r\n250 x\r\n")
			conn.Close()
		}
	}()
	out := newSMTP(t, "smtp://"+listener.Addr().String()).Check(t.Context())[0]
	if out.Class != delivery.Delivered {
		t.Errorf("Check = %+v, want a relay that is ready", out)
	}
}

// Relays refuse a greeting by half a name (RFC 5321 §4.1.4), such as a
// container has.
func TestGreetingIsAFullName(t *testing.T) {
	for _, tt := range []struct{ system, public, want string }{
		{"mx1.example.net", "https://news.example.org/enshi", "mx1.example.net"},
		{"3f2a1b77c0de", "https://news.example.org/enshi", "news.example.org"},
		{"host.localdomain", "https://news.example.org:8443", "news.example.org"},
		{"laptop.local", "https://news.example.org", "news.example.org"},
		{"3f2a1b77c0de", "http://127.0.0.1:8080", "[127.0.0.1]"},
		{"3f2a1b77c0de", "http://[::1]:8080", "[IPv6:::1]"},
		{"", "http://localhost:8080", "localhost"},
	} {
		if got := mailer.Greeting(tt.system, tt.public); got != tt.want {
			t.Errorf("the greeting of %q at %s is %q, want %q", tt.system, tt.public, got, tt.want)
		}
	}
	server := smtptest.Start(t)
	var name string
	server.Reply(func(step, arg string) *smtptest.Answer {
		if step == "EHLO" {
			name = arg
		}
		return nil
	})
	newSMTP(t, server.URL(), func(o *mailer.SMTPOptions) { o.Helo = "" }).Check(t.Context())
	server.Close()
	if !strings.Contains(name, ".") {
		t.Errorf("the server was greeted by %q, want a full name", name)
	}
}
