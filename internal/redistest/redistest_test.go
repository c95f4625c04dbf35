package redistest_test

import (
	"net"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/enshi-daily/enshi/internal/redistest"
)

func client(t *testing.T, s *redistest.Server) *redis.Client {
	t.Helper()
	c := redis.NewClient(&redis.Options{Addr: s.Addr(), MaxRetries: -1})
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func TestKilledServerKeepsWhatItAnswered(t *testing.T) {
	s := redistest.Start(t, "--appendfsync", "always")
	if err := client(t, s).Set(t.Context(), "k", "v", 0).Err(); err != nil {
		t.Fatal(err)
	}
	s.Kill()
	if conn, err := net.DialTimeout("unix", s.Addr(), time.Second); err == nil {
		_ = conn.Close()
		t.Fatal("a killed server still listens")
	}
	s.Restart()
	if got, err := client(t, s).Get(t.Context(), "k").Result(); err != nil || got != "v" {
		t.Errorf("Get after the restart = %q, %v, want v", got, err)
	}
}

func TestServersShareNothing(t *testing.T) {
	a, b := redistest.Start(t), redistest.Start(t)
	if err := client(t, a).Set(t.Context(), "k", "v", 0).Err(); err != nil {
		t.Fatal(err)
	}
	if n, err := client(t, b).DBSize(t.Context()).Result(); err != nil || n != 0 {
		t.Errorf("keys in the other server = %d, %v, want 0", n, err)
	}
}

func TestCutBreaksConnections(t *testing.T) {
	s := redistest.Start(t)
	conn, err := net.Dial("unix", s.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	buf := make([]byte, 16)
	if _, err := conn.Write([]byte("PING\r\n")); err != nil {
		t.Fatal(err)
	}
	if n, err := conn.Read(buf); err != nil || string(buf[:n]) != "+PONG\r\n" {
		t.Fatalf("PING = %q, %v", buf[:n], err)
	}
	s.Cut()
	if err := conn.SetReadDeadline(time.Now().Add(5 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if n, err := conn.Read(buf); err == nil {
		t.Errorf("a cut connection gave %q", buf[:n])
	}
}

func TestInfo(t *testing.T) {
	s := redistest.Start(t)
	if got := s.Info("persistence")["aof_enabled"]; got != "1" {
		t.Errorf("aof_enabled = %q, want 1", got)
	}
}

func TestClusterRefusesTwoSlots(t *testing.T) {
	s := redistest.StartCluster(t)
	c := client(t, s)
	if err := c.MSet(t.Context(), "{a}1", "x", "{a}2", "y").Err(); err != nil {
		t.Errorf("a step on one slot: %v", err)
	}
	err := c.MSet(t.Context(), "{a}1", "x", "{b}1", "y").Err()
	if !redis.HasErrorPrefix(err, "CROSSSLOT") {
		t.Errorf("a step on two slots = %v, want CROSSSLOT", err)
	}
}
