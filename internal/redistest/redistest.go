// Package redistest gives tests a redis-server of their own: a process on a
// socket in a temporary directory, with an append-only file, that the test may
// kill, start again and cut off. No test ever shares a server with anything
// else, and a test without the redis-server binary fails.
package redistest

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// startTimeout bounds how long a server may take to start or to stop.
const startTimeout = 20 * time.Second

// Server is a redis-server process. Only the test's own goroutine may start or
// end it.
type Server struct {
	tb      testing.TB
	dir     string
	addr    string // a socket's path, or host:port
	args    []string
	process *exec.Cmd

	password string // that it wants, "" for none
	sentinel bool   // its settings are in a file, the only argument beside --sentinel
}

// Start starts a server that ends with the test. args are further settings, as
// on redis-server's command line.
func Start(tb testing.TB, args ...string) *Server {
	tb.Helper()
	s := newServer(tb)
	s.addr = filepath.Join(s.dir, "redis.sock")
	s.args = append([]string{"--port", "0", "--unixsocket", s.addr}, args...)
	s.Restart()
	return s
}

// StartCluster starts a single node that is a whole cluster: it holds every
// hash slot, and refuses a step on keys of two.
func StartCluster(tb testing.TB, args ...string) *Server {
	tb.Helper()
	s := startNode(tb, args...)
	s.do("cluster", "addslotsrange", "0", "16383")
	s.await("the cluster is up", clusterUp)
	return s
}

func newServer(tb testing.TB) *Server {
	tb.Helper()
	// A socket's path has at most 107 bytes, too few for TempDir of the test.
	dir, err := os.MkdirTemp("", "redistest")
	if err != nil {
		tb.Fatalf("redistest: %v", err)
	}
	s := &Server{tb: tb, dir: dir}
	tb.Cleanup(func() {
		s.Kill()
		if err := os.RemoveAll(dir); err != nil {
			tb.Errorf("redistest: %v", err)
		}
	})
	return s
}

// URL is the server's address as a store's URL.
func (s *Server) URL() string {
	if strings.HasPrefix(s.addr, "/") {
		return "unix://" + s.addr
	}
	return "redis://" + s.addr
}

// Addr is the socket's path, or host:port.
func (s *Server) Addr() string { return s.addr }

// Kill ends the server at once, without any chance to write (SIGKILL).
func (s *Server) Kill() {
	s.tb.Helper()
	if s.process == nil {
		return
	}
	if err := s.process.Process.Kill(); err != nil {
		s.tb.Errorf("redistest: kill redis-server: %v", err)
	}
	_ = s.process.Wait() // reports the signal
	s.process = nil
}

// Freeze stops the server's process without ending it, until Thaw (SIGSTOP).
func (s *Server) Freeze() {
	s.tb.Helper()
	s.signal(syscall.SIGSTOP)
}

// Thaw lets a frozen server go on.
func (s *Server) Thaw() {
	s.tb.Helper()
	s.signal(syscall.SIGCONT)
}

func (s *Server) signal(signal os.Signal) {
	s.tb.Helper()
	if err := s.process.Process.Signal(signal); err != nil {
		s.tb.Fatalf("redistest: %v redis-server: %v", signal, err)
	}
}

// Running says whether the server was started and not killed since.
func (s *Server) Running() bool { return s.process != nil }

// Restart starts the server again, killing it first if it runs. It reads its
// append-only file.
func (s *Server) Restart() {
	s.tb.Helper()
	s.Kill()
	binary, err := exec.LookPath("redis-server")
	if err != nil {
		s.tb.Fatalf("redistest: redis-server 7 is needed: install it (Debian: apt-get install redis-server): %v", err)
	}
	args := s.args
	if !s.sentinel {
		args = slices.Concat([]string{
			"--daemonize", "no", "--dir", s.dir, "--save", "", "--appendonly", "yes", "--appendfsync", "everysec",
			"--logfile", filepath.Join(s.dir, "redis.log"), "--loglevel", "warning",
		}, args)
	}
	// The server outlives the test's context, until Cleanup.
	s.process = exec.Command(binary, args...)
	if err := s.process.Start(); err != nil {
		s.process = nil
		s.tb.Fatalf("redistest: start redis-server: %v", err)
	}
	s.await("it answers", func(ctx context.Context, c *redis.Client) error { return c.Ping(ctx).Err() })
}

// Cut breaks every connection to the server.
func (s *Server) Cut() {
	s.tb.Helper()
	s.do("client", "kill", "type", "normal", "skipme", "yes")
}

// Set changes one of the running server's settings.
func (s *Server) Set(name, value string) {
	s.tb.Helper()
	s.do("config", "set", name, value)
}

// Flush forgets everything that the server has.
func (s *Server) Flush() {
	s.tb.Helper()
	s.do("flushall")
}

// Info is one section of what the server says of itself, by field.
func (s *Server) Info(section string) map[string]string {
	s.tb.Helper()
	text, _ := s.do("info", section).(string)
	fields := make(map[string]string)
	for line := range strings.Lines(text) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), ":"); ok {
			fields[name] = value
		}
	}
	return fields
}

// client is not pooled: the tests' own connections are what they count.
func (s *Server) client() *redis.Client {
	return redis.NewClient(&redis.Options{Addr: s.addr, Password: s.password, PoolSize: 1, MaxRetries: -1, Protocol: 2, DisableIdentity: true})
}

// do runs one command on a connection of its own.
func (s *Server) do(args ...any) any {
	s.tb.Helper()
	c := s.client()
	defer c.Close()
	answer, err := c.Do(context.Background(), args...).Result()
	if err != nil {
		s.tb.Fatalf("redistest: %v: %v", args, err)
	}
	return answer
}

// await polls until ready has no error.
func (s *Server) await(what string, ready func(context.Context, *redis.Client) error) {
	s.tb.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	c := s.client()
	defer c.Close()
	for {
		err := s.listens(ctx)
		if err == nil {
			err = ready(ctx, c)
		}
		if err == nil {
			return
		}
		select {
		case <-ctx.Done():
			log, _ := os.ReadFile(filepath.Join(s.dir, "redis.log"))
			s.tb.Fatalf("redistest: waited %s until %s: %v\n%s", startTimeout, what, err, log)
		case <-tick.C:
		}
	}
}

// listens dials first, because go-redis prints every failed dial.
func (s *Server) listens(ctx context.Context) error {
	network := "tcp"
	if strings.HasPrefix(s.addr, "/") {
		network = "unix"
	}
	var d net.Dialer
	conn, err := d.DialContext(ctx, network, s.addr)
	if err != nil {
		return err
	}
	return conn.Close()
}

func freeAddr(tb testing.TB) string {
	tb.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatalf("redistest: %v", err)
	}
	defer l.Close()
	return l.Addr().String()
}

func portOf(tb testing.TB, addr string) string {
	tb.Helper()
	_, port, err := net.SplitHostPort(addr)
	if err != nil {
		tb.Fatal(fmt.Errorf("redistest: %w", err))
	}
	return port
}
