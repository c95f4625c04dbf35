package redistest_test

import (
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/enshi-daily/enshi/internal/redistest"
)

func TestReplicaTakesTheDeadMastersPlace(t *testing.T) {
	begun := time.Now()
	c := redistest.StartNodes(t)
	t.Logf("up after %v", time.Since(begun))
	master := c.Master("{a}1")
	if err := client(t, master).Set(t.Context(), "{a}1", "x", 0).Err(); err != nil {
		t.Fatal(err)
	}
	if n, err := client(t, master).Wait(t.Context(), 1, time.Second).Result(); err != nil || n != 1 {
		t.Fatalf("WAIT = %d, %v, want a replica", n, err)
	}
	master.Kill()
	begun = time.Now()
	next := c.AwaitMaster("{a}1")
	if got, err := client(t, next).Get(t.Context(), "{a}1").Result(); err != nil || got != "x" {
		t.Errorf("the replica has %q, %v, want x", got, err)
	}
	t.Logf("took over after %v", time.Since(begun))
	master.Restart()
	c.AwaitReplicas()
	if err := client(t, master).Set(t.Context(), "{a}1", "y", 0).Err(); !redis.HasErrorPrefix(err, "MOVED") {
		t.Errorf("a write at the old master = %v, want MOVED", err)
	}
}

func TestSentinelsPutTheReplicaInTheMastersPlace(t *testing.T) {
	begun := time.Now()
	s := redistest.StartSentinels(t)
	t.Logf("up after %v", time.Since(begun))
	master := s.AwaitMaster("")
	if n, err := client(t, master).Wait(t.Context(), 1, time.Second).Result(); err != nil || n != 1 {
		t.Fatalf("WAIT = %d, %v, want a replica", n, err)
	}
	replica := s.Follower(master)
	master.Kill()
	begun = time.Now()
	if next := s.AwaitMaster(""); next != replica {
		t.Errorf("the master is %s, want %s", next.Addr(), replica.Addr())
	}
	t.Logf("took over after %v", time.Since(begun))
}
