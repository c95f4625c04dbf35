package faults

import (
	"io"
	"math/rand/v2"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/enshi-daily/enshi/internal/redistest"
	"github.com/enshi-daily/enshi/internal/smtptest"
	"github.com/enshi-daily/enshi/subscribers"
)

// slow lets the mail server take its time, so that an edition lasts.
func (s *scene) slow(d time.Duration) {
	s.smtp.Reply(func(step, _ string) *smtptest.Answer {
		if step == smtptest.Dot {
			time.Sleep(d)
		}
		return nil
	})
}

// newFleet has a planner and two senders at work on a server, slowly.
func newFleet(t *testing.T, server *redistest.Server, lease time.Duration) *scene {
	s := newScene(t, setting{redis: server, people: crowd, cadence: subscribers.Instant, lease: lease})
	s.slow(5 * time.Millisecond)
	s.post(3)
	s.serve("plan.after:*=sleep 20ms", "watch,plan")
	s.serve("", "send")
	s.serve("", "send")
	return s
}

// TestRedisIsKilled kills redis-server again and again, while people are planned
// and while mails go out, and leaves it down for a while. Daemons wait, remember
// what they know, and record it when it is back: nothing is in doubt.
func TestRedisIsKilled(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t, "--appendfsync", "always")
	s := newFleet(t, server, 3*shortLease)
	const kills = 6
	for range kills {
		want := s.inbox.count() + 100
		s.await("mails come again", func() bool { return s.inbox.count() >= want })
		server.Kill()
		time.Sleep(500 * time.Millisecond)
		server.Restart()
	}
	s.settle()
	s.stop()
	if got := s.account(); got.copies+got.doubts > 0 {
		t.Errorf("%d kills of redis-server: %v; want nothing in doubt", kills, got)
	}
}

// TestRedisStandsStill freezes redis-server for longer than leases last. What it
// was sent meanwhile it carries out when it wakes, long after whoever sent it has
// given up waiting.
func TestRedisStandsStill(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	s := newFleet(t, server, shortLease)
	const times = 3
	for range times {
		want := s.inbox.count() + 200
		s.await("mails come again", func() bool { return s.inbox.count() >= want })
		server.Freeze()
		time.Sleep(shortLease * 3 / 2)
		server.Thaw()
	}
	s.settle()
	s.stop()
	got := s.account()
	t.Log(got)
	if got.doubts > times*2*connections {
		t.Errorf("%d in doubt, at most one a connection and time", got.doubts)
	}
}

// TestRedisIsCutOff breaks connections to redis-server in the middle of what
// they carry: of steps that it then does not get, or gets in part, and of answers
// to steps that it has carried out.
func TestRedisIsCutOff(t *testing.T) {
	t.Parallel()
	server := redistest.Start(t)
	cable := newCable(t, server.Addr())
	s := newScene(t, setting{redis: server, people: crowd, cadence: subscribers.Instant, lease: 3 * shortLease})
	s.slow(5 * time.Millisecond)
	s.post(3)
	s.store = "redis://" + cable.listener.Addr().String()
	s.serve("plan.after:*=sleep 20ms", "watch,plan")
	s.serve("", "send")
	s.serve("", "send")
	s.store = server.URL()
	s.await("mails come", func() bool { return s.inbox.count() > 0 })
	cable.cutAfter(300_000)
	s.await("mails come all the same", func() bool { return s.inbox.count() > crowd/2 })
	s.settle()
	cuts := cable.cutAfter(0)
	s.stop()
	got := s.account()
	t.Logf("%d cuts: %v", cuts, got)
	if cuts < 5 || got.copies+got.doubts > 0 {
		t.Errorf("%d cuts: %v; want 5 at least, and nothing in doubt", cuts, got)
	}
}

// cable leads to a socket, and breaks.
type cable struct {
	to       string
	listener net.Listener

	mu     sync.Mutex
	random *rand.Rand
	most   int // a connection carries up to so many bytes; 0 for no limit
	cuts   int
}

func newCable(tb testing.TB, to string) *cable {
	tb.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	c := &cable{to: to, listener: listener, random: rand.New(rand.NewPCG(7, 7))}
	var running sync.WaitGroup
	running.Go(func() { c.serve(&running) })
	tb.Cleanup(func() { listener.Close() })
	return c
}

// cutAfter bounds what a connection carries; it returns how many were cut.
func (c *cable) cutAfter(most int) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.most = most
	return c.cuts
}

func (c *cable) serve(running *sync.WaitGroup) {
	for {
		near, err := c.listener.Accept()
		if err != nil {
			return
		}
		far, err := net.Dial("unix", c.to)
		if err != nil {
			near.Close()
			continue
		}
		var both sync.Once
		cut := func() { both.Do(func() { near.Close(); far.Close() }) }
		running.Go(func() { defer cut(); c.carry(far, near) })
		running.Go(func() { defer cut(); c.carry(near, far) })
	}
}

// carry copies until an end closes, or the cable breaks: in the middle of what
// it carries.
func (c *cable) carry(to io.Writer, from io.Reader) {
	buf, left := make([]byte, 16<<10), c.length()
	for {
		n, err := from.Read(buf)
		if left == 0 {
			left = c.length()
		}
		if left > 0 && n >= left {
			_, _ = to.Write(buf[:left-1])
			c.mu.Lock()
			c.cuts++
			c.mu.Unlock()
			return
		}
		if left > 0 {
			left -= n
		}
		if _, failed := to.Write(buf[:n]); err != nil || failed != nil {
			return
		}
	}
}

// length is how much a connection carries one way, 0 for no limit.
func (c *cable) length() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.most == 0 {
		return 0
	}
	return 1 + c.random.IntN(c.most)
}
