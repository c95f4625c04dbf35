package mailer_test

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/enshi-daily/enshi/delivery"
	"github.com/enshi-daily/enshi/internal/smtptest"
	"github.com/enshi-daily/enshi/mailer"
	"github.com/enshi-daily/enshi/subscribers"
)

// relays starts so many servers and a sender that shares letters out among them.
func relays(t *testing.T, n int, query func(i int) string, change ...func(*mailer.SMTPOptions)) (*mailer.SMTP, []*smtptest.Server) {
	t.Helper()
	var urls []string
	var servers []*smtptest.Server
	for i := range n {
		servers = append(servers, smtptest.Start(t))
		urls = append(urls, servers[i].URL()+query(i))
	}
	change = append(change, func(o *mailer.SMTPOptions) { o.Relays = urls })
	return newSMTP(t, "", change...), servers
}

func plain(int) string { return "" }

// sendMany sends letters one after the other and demands a class of each.
func sendMany(t *testing.T, s *mailer.SMTP, n int, want delivery.Class) {
	t.Helper()
	rendered := newMessage(t).Rendered
	for i := range n {
		m := messageWith(t, rendered, subscribers.Address(fmt.Sprintf("reader%d@example.net", i)))
		if out := s.Send(t.Context(), m, permit); out.Class != want {
			t.Fatalf("letter %d: %+v, want %s", i, out, want)
		}
	}
}

func answering(step string, code int, text string) func(string, string) *smtptest.Answer {
	return func(at, _ string) *smtptest.Answer {
		if at == step {
			return &smtptest.Answer{Code: code, Text: text}
		}
		return nil
	}
}

func TestRelaysShareByWeight(t *testing.T) {
	s, servers := relays(t, 3, func(i int) string { return fmt.Sprintf("?weight=%d", []int{5, 3, 2}[i]) })
	sendMany(t, s, 40, sent)
	for i, want := range []int{20, 12, 8} {
		if got := len(servers[i].Messages()); got != want {
			t.Errorf("relay %d of weight %d got %d letters, want %d", i, want/4, got, want)
		}
	}
}

func TestOtherRelaysTakeOver(t *testing.T) {
	for name, fail := range map[string]func(*smtptest.Server){
		"it is gone":                        func(s *smtptest.Server) { s.Close() },
		"it is busy":                        func(s *smtptest.Server) { s.Reply(answering(smtptest.Connect, 421, "busy")) },
		"it does not want us":               func(s *smtptest.Server) { s.Reply(answering("MAIL", 550, "5.7.1 sender not yours")) },
		"it relays for others only":         func(s *smtptest.Server) { s.Reply(answering("RCPT", 554, "5.7.1 Relay access denied")) },
		"it closes on every letter's begin": func(s *smtptest.Server) { s.Reply(answering("MAIL", 421, "4.3.2 closing")) },
	} {
		t.Run(name, func(t *testing.T) {
			s, servers := relays(t, 2, plain)
			fail(servers[0])
			sendMany(t, s, 10, sent)
			if n := len(servers[1].Messages()); n != 10 {
				t.Errorf("the relay that works has %d letters, want 10", n)
			}
			health := s.Relays()
			if health[0].Works() || !health[1].Works() || health[0].Reply == "" || health[0].Until.IsZero() {
				t.Errorf("Relays = %+v, want the first failing and its word", health)
			}
			if n := servers[0].Steps(smtptest.Connect); n > 1 {
				t.Errorf("the relay that fails was asked %d times, want once", n)
			}
		})
	}
}

func TestWrongPasswordAtOneRelayIsNoFaultOfTheLetter(t *testing.T) {
	open, locked := smtptest.Start(t), smtptest.StartWith(t, smtptest.Options{User: "u", Password: "right"})
	wrong := strings.Replace(locked.URL(), "right", "mistaken", 1)
	s := newSMTP(t, "", func(o *mailer.SMTPOptions) { o.Relays = []string{wrong, open.URL()} })
	sendMany(t, s, 5, sent)
	if r := s.Relays()[0]; r.Fault != ours || strings.Contains(r.Reply, "mistaken") {
		t.Errorf("Relays[0] = %+v, want our fault", r)
	}
	open.Close()
	out := s.Send(t.Context(), newMessage(t), permit)
	if out.Class != nowhere {
		t.Errorf("Send with the other one gone = %+v, want it to wait: that one may come back by itself", out)
	}
	alone := newSMTP(t, wrong)
	if out := alone.Send(t.Context(), newMessage(t), permit); out.Class != ours {
		t.Errorf("Send with the wrong password alone = %+v, want our fault", out)
	}
}

func TestRelayThatFailsIsAskedAgainLater(t *testing.T) {
	now := time.Now()
	s, servers := relays(t, 2, plain, func(o *mailer.SMTPOptions) { o.Now = func() time.Time { return now } })
	servers[0].Reply(answering(smtptest.Connect, 421, "busy"))
	var asked []int
	for range 40 {
		before := servers[0].Steps(smtptest.Connect)
		sendMany(t, s, 1, sent)
		if servers[0].Steps(smtptest.Connect) > before {
			asked = append(asked, int(now.Sub(s.Relays()[0].Since).Seconds()))
		}
		now = now.Add(2 * time.Second)
	}
	if len(asked) != 5 { // at 0, 5, 15, 35 and 75 seconds, about
		t.Errorf("asked after %v seconds, want longer waits each time", asked)
	}
	servers[0].Reply(nil)
	now = now.Add(5 * time.Minute)
	sendMany(t, s, 4, sent)
	if !s.Relays()[0].Works() || len(servers[0].Messages()) < 2 {
		t.Errorf("Relays = %+v: the first takes mail again and was not used", s.Relays())
	}
}

// A letter tries one relay whose time has come: the other is the next letter's.
func TestRelaysThatComeBackTogetherAreBothTried(t *testing.T) {
	now := time.Now()
	s, servers := relays(t, 2, plain, func(o *mailer.SMTPOptions) { o.Now = func() time.Time { return now } })
	for _, server := range servers {
		server.Reply(answering(smtptest.Connect, 421, "busy"))
	}
	sendMany(t, s, 1, nowhere)
	for _, server := range servers {
		server.Reply(nil)
	}
	now = now.Add(time.Minute)
	sendMany(t, s, 2, sent)
	if n := len(servers[1].Messages()); n != 1 {
		t.Errorf("the second relay has %d of the two letters, want one: %+v", n, s.Relays())
	}
}

func TestAnswering421ToAllIsNoRelay(t *testing.T) {
	s, servers := relays(t, 2, plain)
	servers[0].Reply(answering("RCPT", 421, "4.7.0 closing"))
	rendered, later := newMessage(t).Rendered, 0
	for range 20 {
		if out := s.Send(t.Context(), messageWith(t, rendered, "reader@example.net"), permit); out.Class == delivery.Temporary {
			later++
		}
	}
	if later != 3 || s.Relays()[0].Works() {
		t.Errorf("%d letters met 421, want 3 and then the other relay: %+v", later, s.Relays()[0])
	}
}

func TestRelayHasNoMoreConnectionsThanItMay(t *testing.T) {
	s, servers := relays(t, 2, func(i int) string { return []string{"?connections=2", "?connections=3"}[i] })
	rendered := newMessage(t).Rendered
	var all sync.WaitGroup
	for i := range 60 {
		all.Go(func() {
			m := messageWith(t, rendered, subscribers.Address(fmt.Sprintf("reader%d@example.net", i)))
			if out := s.Send(context.Background(), m, permit); out.Class != sent {
				t.Errorf("Send = %+v", out)
			}
		})
	}
	all.Wait()
	for i, want := range []int{2, 3} {
		if _, most := servers[i].Open(); most > want || most == 0 {
			t.Errorf("relay %d had %d connections at a time, want 1 to %d", i, most, want)
		}
	}
}

func TestLettersChooseAmongRelays(t *testing.T) {
	s, servers := relays(t, 3, plain)
	m := newMessage(t)
	for range 6 {
		m.Relays = []string{servers[1].Addr(), servers[2].Addr()}
		if out := s.Send(t.Context(), m, permit); out.Class != sent || out.Relay == servers[0].Addr() {
			t.Errorf("Send = %+v", out)
		}
	}
	if a, b := len(servers[1].Messages()), len(servers[2].Messages()); a != 3 || b != 3 || len(servers[0].Messages()) != 0 {
		t.Errorf("the two have %d and %d letters, want 3 each", a, b)
	}
}

func TestProvidersAskForPauses(t *testing.T) {
	for _, row := range []struct {
		answers
		pause time.Duration
	}{
		{answers{"RCPT", 550, "Domain frequency limited", "reader@qq.com", later}, 10 * time.Minute},
		{answers{"MAIL", 421, "HL:IFC 163 smtp1", "reader@163.com", later}, 15 * time.Minute},
		{answers{smtptest.Dot, 451, "MI:SFQ 163 smtp1", "reader@163.com", later}, 15 * time.Minute},
		{answers{"MAIL", 554, "MI:STC 163 smtp1", "reader@163.com", later}, time.Hour},
		{answers{"MAIL", 451, "RP:QRC 163 smtp1", "reader@163.com", later}, 15 * time.Minute},
		{answers{smtptest.Dot, 550, "5.7.28 unusual rate", "reader@gmail.com", later}, 10 * time.Minute},
		{answers{smtptest.Dot, 554, "DT:RBL 163 smtp1", "reader@163.com", later}, time.Hour},
		{answers{"RCPT", 550, "5.7.708 traffic not accepted from this IP", "reader@outlook.com", later}, time.Hour},
		{answers{smtptest.Dot, 421, "4.7.28 unusual rate", "reader@gmail.com", later}, 10 * time.Minute},
		{answers{"MAIL", 451, "4.7.650 temporarily rate limited due to IP reputation (S775)", "reader@outlook.com", later}, 10 * time.Minute},
		{answers{"MAIL", 421, "4.7.0 [TSS04] Messages temporarily deferred", "reader@yahoo.com", later}, 15 * time.Minute},
		{answers{"RCPT", 550, "Domain frequency limited", "reader@example.net", later}, 0},
		{answers{"RCPT", 550, "Mailbox not found", "reader@qq.com", bad}, 0},
		{answers{smtptest.Connect, 421, "HL:REP 163 smtp1", "reader@163.com", nowhere}, 0}, // of the relay
	} {
		server := smtptest.Start(t)
		server.Reply(answering(row.step, row.code, row.text))
		out := newSMTP(t, server.URL()).Send(t.Context(), messageWith(t, newMessage(t).Rendered, row.address), permit)
		if out.Class != row.want || out.Pause != row.pause || (out.Relay == "") != (row.want == nowhere) {
			t.Errorf("%s %d %s to %s = %+v, want %s and a pause of %s", row.step, row.code, row.text, row.address, out, row.want, row.pause)
		}
	}
}

// TestCrowdedConnectionCostsNoAttempt has a provider that wants three letters a
// connection: the next connection takes the fourth, and from then on nobody
// needs to be told.
func TestCrowdedConnectionCostsNoAttempt(t *testing.T) {
	both(t, func(t *testing.T, o smtptest.Options) {
		server := smtptest.StartWith(t, o)
		var mu sync.Mutex
		carried, told := 0, 0
		server.Reply(func(step, _ string) *smtptest.Answer {
			mu.Lock()
			defer mu.Unlock()
			switch step {
			case smtptest.Connect:
				carried = 0
			case smtptest.Dot:
				carried++
			case "MAIL":
				if carried >= 3 {
					told++
					return &smtptest.Answer{Code: 450, Text: "MI:DMC 163 smtp1"}
				}
			}
			return nil
		})
		s, rendered := newSMTP(t, server.URL()), newMessage(t).Rendered
		for range 12 {
			if out := s.Send(t.Context(), messageWith(t, rendered, "reader@163.com"), permit); out.Class != sent {
				t.Fatalf("Send = %+v", out)
			}
		}
		if told != 1 || server.Steps(smtptest.Connect) != 4 {
			t.Errorf("told %d times over %d connections, want once, and 4", told, server.Steps(smtptest.Connect))
		}
	})
}

func TestConnectionCarriesWhatAGroupMay(t *testing.T) {
	server := smtptest.Start(t)
	s := newSMTP(t, server.URL(), func(o *mailer.SMTPOptions) {
		o.PerConn, o.PerGroup = 100, func(g delivery.Group) int { return map[delivery.Group]int{mailer.QQ: 5}[g] }
	})
	rendered := newMessage(t).Rendered
	for i := range 20 {
		address := subscribers.Address("reader@qq.com")
		if i%2 == 1 {
			address = "reader@example.net"
		}
		if out := s.Send(t.Context(), messageWith(t, rendered, address), permit); out.Class != sent {
			t.Fatalf("Send = %+v", out)
		}
	}
	if n, most := server.Open(); server.Steps(smtptest.Connect) != 2 || most > 2 {
		t.Errorf("%d connections, %d open, at most %d: want 2 for 10 letters to a group that takes 5 over one", server.Steps(smtptest.Connect), n, most)
	}
}

// Letters that find a relay failing at the same moment find it once.
func TestRelayThatFailsManyAtOnceIsAskedAgainSoon(t *testing.T) {
	now := time.Now()
	s, servers := relays(t, 1, plain, func(o *mailer.SMTPOptions) { o.Now = func() time.Time { return now } })
	const letters = 8
	var connected, all sync.WaitGroup
	connected.Add(letters)
	servers[0].Reply(func(at, _ string) *smtptest.Answer {
		if at != smtptest.Connect {
			return nil
		}
		connected.Done()
		connected.Wait()
		return &smtptest.Answer{Code: 421, Text: "busy"}
	})
	rendered := newMessage(t).Rendered
	for range letters {
		all.Go(func() {
			if out := s.Send(context.Background(), messageWith(t, rendered, "reader@example.net"), permit); out.Class != nowhere {
				t.Errorf("Send = %+v, want it to find nobody", out)
			}
		})
	}
	all.Wait()
	if r := s.Relays()[0]; r.Failures != 1 || r.Until.After(now.Add(10*time.Second)) {
		t.Errorf("Relays[0] = %+v, want one failure, and another try soon after %v", r, now)
	}
}

// Whoever refuses a reader takes letters again.
func TestRelayThatRefusesAReaderIsBack(t *testing.T) {
	for name, answer := range map[string]string{"for good": "550 5.1.1 no such user", "for now": "450 4.2.0 greylisted"} {
		t.Run(name, func(t *testing.T) {
			now := time.Now()
			s, servers := relays(t, 2, plain, func(o *mailer.SMTPOptions) { o.Now = func() time.Time { return now } })
			servers[0].Reply(answering(smtptest.Connect, 421, "busy"))
			sendMany(t, s, 1, sent)
			code, _ := strconv.Atoi(answer[:3])
			servers[0].Reply(answering("RCPT", code, answer[4:]))
			now = now.Add(time.Minute)
			out := s.Send(t.Context(), newMessage(t), permit)
			if r := s.Relays()[0]; out.Code != code || !r.Works() || r.Sent != 0 {
				t.Errorf("Relays[0] after %+v = %+v, want one that works and has taken nothing", out, r)
			}
		})
	}
}
