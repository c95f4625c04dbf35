package faults

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/enshi-daily/enshi/delivery"
	"github.com/enshi-daily/enshi/internal/smtptest"
	"github.com/enshi-daily/enshi/subscribers"
)

// moody is a mail server that does all that servers do: it refuses some for good
// and some for now, hangs up at every step, stalls, and takes no more than so
// many messages a connection.
type moody struct {
	mu       sync.Mutex
	seen     map[string]int // how often an address came to RCPT
	messages int
	drops    int // connections that broke behind the final dot
	broken   int // and within a body, of which the client may have sent the dot already
	refused  int // addresses refused for good
}

// answer is what the server does at a step.
func (m *moody) answer(step, arg string) *smtptest.Answer {
	m.mu.Lock()
	defer m.mu.Unlock()
	switch step {
	case "MAIL":
		if m.messages++; m.messages%10 == 0 {
			return &smtptest.Answer{Code: 421, Text: "4.7.0 that was enough for one connection"}
		}
	case "RCPT":
		m.seen[arg]++
		return m.recipient(arg, m.seen[arg])
	case smtptest.Body:
		if hash(arg)%29 == 0 && m.seen[arg] == 1 {
			m.broken++
			return &smtptest.Answer{Drop: true}
		}
	case smtptest.Dot:
		return m.dot(arg)
	}
	return nil
}

func (m *moody) recipient(address string, time int) *smtptest.Answer {
	switch kind := hash(address) % 23; {
	case kind == 1 && time == 1:
		return &smtptest.Answer{Code: 451, Text: "4.7.1 greylisted, come again"}
	case kind == 2 && time <= 2:
		return &smtptest.Answer{Code: 452, Text: "4.3.1 no space"}
	case kind == 3 && time == 1:
		return &smtptest.Answer{Code: 421, Text: "4.3.2 shutting down"}
	case kind == 4 && time == 1:
		return &smtptest.Answer{Drop: true}
	case kind == 5 && strings.HasPrefix(domainOf(address), "example."):
		m.refused++
		return &smtptest.Answer{Code: 550, Text: "5.1.1 no such user here"}
	}
	return nil
}

// dot stalls at some longer than a lease lasts, and at some hangs up although it
// has kept the message.
func (m *moody) dot(address string) *smtptest.Answer {
	switch kind := hash(address) % 31; {
	case kind == 1 && m.drops < 10 && m.seen[address] < 100:
		m.drops++
		m.seen[address] = 100
		return &smtptest.Answer{Drop: true}
	case kind == 2 && m.seen["stalled"] == 0:
		m.seen["stalled"]++
		late := make(chan struct{})
		time.AfterFunc(2*shortLease, func() { close(late) })
		return &smtptest.Answer{Wait: late}
	}
	return nil
}

// hash is a number of an address.
func hash(address string) (n int) {
	for _, c := range []byte(address) {
		n = (n*31 + int(c)) % 100_003
	}
	return n
}

func domainOf(address string) string {
	_, domain, _ := strings.Cut(address, "@")
	return domain
}

// TestMoodyRelay sends through it to the end: whoever was refused for good is
// rejected, everybody else has the mail, and in doubt is what was cut off behind
// its final dot, and nothing else.
func TestMoodyRelay(t *testing.T) {
	eachStore(t, func(t *testing.T, store string) {
		s := newScene(t, setting{store: store, people: crowd, lease: shortLease, cadence: subscribers.Instant})
		m := &moody{seen: make(map[string]int)}
		s.smtp.Reply(m.answer)
		s.post(3)
		s.serve("", "watch,plan,send")
		s.serve("", "send")
		s.settle()
		s.stop()
		got := s.account()
		t.Logf("%d dropped behind the dot, %d refused: %v", m.drops, m.refused, got)
		if got.copies != m.drops || got.doubts < m.drops || got.doubts > m.drops+m.broken {
			t.Errorf("%d in doubt, %d copies; want a copy of each that was dropped behind the final dot, and at most the %d broken bodies in doubt beside them",
				got.doubts, got.copies, m.broken)
		}
		if got.states[delivery.Rejected] != m.refused || got.states[delivery.Sent] != got.planned-m.refused {
			t.Errorf("%v; want %d rejected, all others sent", got, m.refused)
		}
		if m.drops == 0 || m.refused == 0 {
			t.Error("the server was in too good a mood")
		}
	})
}

// TestRelayClosesAfterTen has a server that says goodbye after ten messages of a
// connection, in each of the ways that servers do it: that is no attempt of the
// message that meets it.
func TestRelayClosesAfterTen(t *testing.T) {
	for name, goodbye := range map[string]struct {
		step   string
		answer smtptest.Answer
	}{
		"421 to the next":       {"MAIL", smtptest.Answer{Code: 421, Text: "4.7.0 that was enough"}},
		"no answer to the next": {"MAIL", smtptest.Answer{Drop: true}},
		"at once":               {smtptest.Dot, smtptest.Answer{Code: 250, Text: "2.0.0 queued", Hangup: true}},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScene(t, setting{store: "sqlite", people: 300, cadence: subscribers.Instant})
			var mu sync.Mutex
			messages, goodbyes := 0, 0
			s.smtp.Reply(func(step, _ string) *smtptest.Answer {
				mu.Lock()
				defer mu.Unlock()
				if step == smtptest.Dot {
					messages++
				}
				// All connections together: one message more is let through for each
				// goodbye, or a connection could be greeted with one.
				if step != goodbye.step || messages/10 <= goodbyes {
					return nil
				}
				goodbyes++
				return &goodbye.answer
			})
			s.post(3)
			s.serve("", "watch,plan,send")
			s.settle()
			s.stop()
			got := s.account()
			if got.copies != 0 || got.doubts != 0 || got.states[delivery.Sent] != got.planned {
				t.Errorf("%+v, want everybody sent once, without a doubt", got)
			}
			if n := s.smtp.Steps("RCPT"); n != got.planned || goodbyes < got.planned/20 {
				t.Errorf("%d attempts of %d mails, %d goodbyes: want one each, and a goodbye after every ten", n, got.planned, goodbyes)
			}
		})
	}
}
