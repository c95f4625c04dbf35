//go:build bench

package send

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"runtime/debug"
	"slices"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/enshi-daily/enshi/delivery"
	"github.com/enshi-daily/enshi/mailer"
)

// TestSend sends an edition with a letter of 20 kB HTML to Postfix's smtp-sink,
// by turns with Postfix's smtp-source: as many messages of the same size over as
// many connections.
func TestSend(t *testing.T) {
	for _, way := range []struct {
		name        string
		connections int
		trip        time.Duration // delay of the way there and back
		messages    int
		goal        float64
	}{
		{"loopback, 4 connections", 4, 0, number(t, "MESSAGES", 20_000), 1},
		{"20 ms round trip, 16 connections", 16, 20 * time.Millisecond, number(t, "MESSAGES", 20_000) / 8, 1.5},
	} {
		for _, store := range stores() {
			t.Run(way.name+"/"+store, func(t *testing.T) {
				relay := sink(t)
				if way.trip > 0 {
					relay = delayed(t, relay, way.trip)
				}
				s := newScene(t, store)
				s.people(way.messages, 1)
				size := s.size()
				var ratios, cpu []float64
				for range 3 {
					s.arrive(letterPosts)
					s.plan(way.messages)
					ours, used := s.send(relay, way.connections, way.messages)
					theirs := source(t, relay, way.connections, way.messages, size)
					ratios = append(ratios, theirs.Seconds()/ours.Seconds())
					cpu = append(cpu, used.Seconds()*1e3/float64(way.messages))
					t.Logf("%d messages of %d bytes: enshi %.2f s (%.0f/s, %.3f ms of processor time each), smtp-source %.2f s (%.0f/s)",
						way.messages, size, ours.Seconds(), float64(way.messages)/ours.Seconds(), cpu[len(cpu)-1],
						theirs.Seconds(), float64(way.messages)/theirs.Seconds())
				}
				t.Logf("as fast as smtp-source: %.2f times (goal %.1f); letters rendered %d times in 3 editions",
					median(ratios), way.goal, s.renderer.calls.Load()-1)
				if way.trip == 0 { // the proxy would count
					t.Logf("processor time a message: %.3f ms (goal 0.2)", median(cpu))
				}
			})
		}
	}
}

// TestMain collects garbage as the commands that send do (cmd/enshi/memory.go).
func TestMain(m *testing.M) {
	debug.SetGCPercent(400)
	m.Run()
}

// letterPosts are so many that the letter has about 20 kB of HTML.
const letterPosts = 12

func median(list []float64) float64 {
	slices.Sort(list)
	return list[len(list)/2]
}

// size is how long a message of the next edition is on the wire.
func (s *scene) size() int {
	s.Helper()
	s.arrive(letterPosts)
	s.plan(s.count())
	work, _, err := s.store.Work(context.Background())
	check(s, "work", err)
	leased, err := s.store.Lease(context.Background(), work[0], 1, time.Minute)
	check(s, "lease", err)
	data, err := s.store.Letter(context.Background(), leased[0].Edition, leased[0].Letter)
	check(s, "letter", err)
	_, rendered, err := delivery.DecodeLetter(data)
	check(s, "letter", err)
	m := delivery.Message{Delivery: leased[0], Dated: time.Now(), Rendered: rendered}
	raw, err := s.composer.Compose(m)
	check(s, "compose", err)
	check(s, "give back", finish(context.Background(), s.store, []delivery.Result{{Delivery: leased[0], State: delivery.Queued}}))
	s.send(sink(s), 4, s.count())
	return len(raw)
}

func (s *scene) count() int {
	s.Helper()
	states, err := s.store.Count(context.Background())
	check(s, "count", err)
	sum := 0
	for _, n := range states {
		sum += n
	}
	return sum
}

// send sends everything that is planned and returns how long that took, and how
// much processor time of this process.
func (s *scene) send(relay string, connections, messages int) (took, used time.Duration) {
	s.Helper()
	sender, err := mailer.NewSMTP(mailer.SMTPOptions{Relays: []string{"smtp://" + relay + "?tls=none"}, Composer: s.composer, Now: time.Now})
	check(s, "sender", err)
	worker := delivery.NewWorker(delivery.WorkerOptions{
		Ready: mailer.Ready,
		Queue: s.store, Editions: s.store, Letters: s.store, Pacer: s.store, Sender: sender, Now: time.Now,
		Logger: slog.New(slog.DiscardHandler), Random: rand.Float64, Backoff: delivery.DefaultBackoff(), Connections: connections,
	})
	began, before := time.Now(), processorTime(syscall.RUSAGE_SELF)
	check(s, "drain", worker.Drain(context.Background()))
	took, used = time.Since(began), processorTime(syscall.RUSAGE_SELF)-before
	editions, err := s.store.Editions(context.Background(), 1)
	check(s, "editions", err)
	counts, err := s.store.Counts(context.Background(), editions[0].ID)
	check(s, "counts", err)
	if counts[delivery.Sent] != messages {
		s.Fatalf("sent %v, want %d", counts, messages)
	}
	return took, used
}

func processorTime(who int) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(who, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// source runs Postfix's smtp-source.
func source(tb testing.TB, relay string, connections, messages, size int) time.Duration {
	tb.Helper()
	began := time.Now()
	out, err := exec.Command("smtp-source", "-s", strconv.Itoa(connections), "-m", strconv.Itoa(messages), "-l", strconv.Itoa(size),
		"-f", "news@example.com", "-t", "reader@example.net", relay).CombinedOutput()
	if err != nil {
		tb.Fatalf("smtp-source: %v\n%s", err, out)
	}
	return time.Since(began)
}

// sink runs Postfix's smtp-sink until the test ends and returns its address.
func sink(tb testing.TB) string {
	tb.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	check(tb, "a free port", err)
	address := l.Addr().String()
	check(tb, "a free port", l.Close())
	args := []string{"-c", address, "1000"}
	if os.Getuid() == 0 {
		args = append([]string{"-u", "nobody"}, args...)
	}
	process := exec.Command("smtp-sink", args...)
	check(tb, "smtp-sink", process.Start())
	tb.Cleanup(func() {
		_ = process.Process.Kill()
		_ = process.Wait() // killed
	})
	for deadline := time.Now().Add(10 * time.Second); ; {
		c, err := net.Dial("tcp", address)
		if err == nil {
			check(tb, "close", c.Close())
			return address
		}
		if time.Now().After(deadline) {
			tb.Fatal(fmt.Errorf("smtp-sink does not answer: %w", err))
		}
	}
}

// finish records results and begins nothing.
func finish(ctx context.Context, q delivery.Queue, results []delivery.Result) error {
	_, err := q.Turn(ctx, results, nil)
	return err
}
