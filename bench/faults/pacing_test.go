package faults

import (
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/enshi-daily/enshi/delivery"
	"github.com/enshi-daily/enshi/internal/smtptest"
	"github.com/enshi-daily/enshi/subscribers"
)

// gauge is a mail server's view of how much one provider is sent.
type gauge struct {
	domain string

	mu    sync.Mutex
	times []time.Time          // of every recipient
	way   map[string]time.Time // recipients whose message is on its way
	most  int                  // on their way at a time, those of killed processes apart
}

func (g *gauge) answer(step, arg string) *smtptest.Answer {
	if !strings.HasSuffix(arg, g.domain) || step != "RCPT" && step != smtptest.Dot {
		return nil
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if step == smtptest.Dot {
		delete(g.way, arg)
		return nil
	}
	now := time.Now()
	g.times, g.way[arg] = append(g.times, now), now
	flying := 0
	for _, since := range g.way {
		if now.Sub(since) < shortLease/2 {
			flying++
		}
	}
	g.most = max(g.most, flying)
	return nil
}

// TestBudgetsHoldThroughKills kills sending processes and starts others, while a
// provider may be sent ten a second and two at a time.
func TestBudgetsHoldThroughKills(t *testing.T) {
	const rate, burst, atOnce, senders = 10, 5, 2, 2
	eachStore(t, func(t *testing.T, store string) {
		s := newScene(t, setting{
			store: store, people: 300, lease: shortLease, cadence: subscribers.Instant,
			paced: true, mail: "providers: {qq: {per_minute: 600, burst: 5, connections: 2}, netease: {per_minute: 0}, gmail: {per_minute: 0, connections: 3}}",
		})
		g := &gauge{domain: "@qq.com", way: make(map[string]time.Time)}
		s.smtp.Reply(g.answer)
		s.post(3)
		s.serve("", "watch,plan")
		var running []*process
		for range senders {
			running = append(running, s.serve("", "send"))
		}
		for range 4 {
			time.Sleep(1200 * time.Millisecond) // something is sent between two kills
			running[0].kill()
			s.daemons = slices.DeleteFunc(s.daemons, func(p *process) bool { return p == running[0] })
			running = append(running[1:], s.serve("", "send"))
		}
		s.settle()
		s.stop()
		got := s.account()
		if got.states[delivery.Sent] != got.planned {
			t.Errorf("%+v, want everybody sent", got)
		}
		g.mu.Lock()
		defer g.mu.Unlock()
		// What was granted waits in a lane of a process at most as long as it takes
		// to send as many as may go at once.
		for i := range g.times {
			for j := i; j < len(g.times); j++ {
				allowed := float64(burst*(1+senders)+1) + rate*g.times[j].Sub(g.times[i]).Seconds()
				if n := j - i + 1; float64(n) > allowed {
					t.Fatalf("%d to %s within %s, want at most %.0f", n, g.domain, g.times[j].Sub(g.times[i]), allowed)
				}
			}
		}
		if g.most > atOnce {
			t.Errorf("%d to %s at a time, want at most %d", g.most, g.domain, atOnce)
		}
		t.Logf("%d to %s in %s, at most %d at a time", len(g.times), g.domain, g.times[len(g.times)-1].Sub(g.times[0]), g.most)
	})
}
