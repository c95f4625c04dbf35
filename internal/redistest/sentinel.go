package redistest

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// MasterName is what the Sentinels of a test call the master that they watch.
const MasterName = "enshi"

// Sentinels are three that watch a master with a replica: five processes. They
// put the replica in a dead master's place after about two seconds.
type Sentinels struct {
	tb       testing.TB
	servers  []*Server
	watchers []*Server
}

// StartSentinels starts them, ready to use. args are the servers'.
func StartSentinels(tb testing.TB, args ...string) *Sentinels {
	tb.Helper()
	return startSentinels(tb, nil, "", args...)
}

// StartLockedSentinels starts Sentinels that want a password, or that of a user
// whom they know beside it. The servers want none.
func StartLockedSentinels(tb testing.TB, password, user, usersPassword string) *Sentinels {
	tb.Helper()
	return startSentinels(tb, []string{"requirepass " + password, "user " + user + " on >" + usersPassword + " ~* &* +@all"}, password)
}

func startSentinels(tb testing.TB, settings []string, password string, args ...string) *Sentinels {
	tb.Helper()
	s := &Sentinels{tb: tb}
	for i := range 2 {
		n := newServer(tb)
		n.addr = freeAddr(tb)
		n.args = append([]string{"--port", portOf(tb, n.addr), "--bind", "127.0.0.1", "--repl-diskless-sync-delay", "0"}, args...)
		if i > 0 {
			n.args = append(n.args, "--replicaof", "127.0.0.1", portOf(tb, s.servers[0].addr))
		}
		n.Restart()
		n.args = n.args[:len(n.args)-3*min(i, 1)] // whose place it has later is for the Sentinels to say
		s.servers = append(s.servers, n)
	}
	s.AwaitReplicas()
	for range 3 {
		s.watchers = append(s.watchers, startSentinel(tb, s.servers[0], password, settings...))
	}
	for _, w := range s.watchers {
		w.await("the Sentinels know each other", func(ctx context.Context, r *redis.Client) error {
			info, err := r.Info(ctx, "sentinel").Result()
			if err == nil && !strings.Contains(info, "slaves=1,sentinels=3") {
				err = fmt.Errorf("not yet: %s", info)
			}
			return err
		})
	}
	return s
}

func startSentinel(tb testing.TB, master *Server, password string, more ...string) *Server {
	tb.Helper()
	w := newServer(tb)
	w.addr, w.sentinel, w.password = freeAddr(tb), true, password
	file := filepath.Join(w.dir, "sentinel.conf")
	settings := fmt.Sprintf(`port %s
bind 127.0.0.1
dir %s
logfile %s
sentinel monitor %[4]s 127.0.0.1 %[5]s 2
sentinel down-after-milliseconds %[4]s 1000
sentinel failover-timeout %[4]s 5000
`, portOf(tb, w.addr), w.dir, filepath.Join(w.dir, "redis.log"), MasterName, portOf(tb, master.addr))
	settings += strings.Join(more, "\n") + "\n"
	if err := os.WriteFile(file, []byte(settings), 0o600); err != nil {
		tb.Fatalf("redistest: %v", err)
	}
	w.args = []string{file, "--sentinel"}
	w.Restart()
	return w
}

// URL names the Sentinels and their master.
func (s *Sentinels) URL() string {
	addrs := make([]string, len(s.watchers))
	for i, w := range s.watchers {
		addrs[i] = w.addr
	}
	return "redis://" + strings.Join(addrs, ",") + "?master=" + MasterName
}

// AwaitMaster waits until the Sentinels agree on a master that runs, and it takes
// that place.
func (s *Sentinels) AwaitMaster(string) *Server {
	s.tb.Helper()
	for deadline := time.Now().Add(startTimeout); ; {
		if n := s.master(); n != nil && n.Running() && strings.Contains(n.Info("replication")["role"], "master") {
			return n
		}
		if time.Now().After(deadline) {
			s.tb.Fatalf("redistest: waited %s for a master", startTimeout)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func (s *Sentinels) master() (agreed *Server) {
	for _, w := range s.watchers {
		r := redis.NewSentinelClient(&redis.Options{Addr: w.addr, Password: w.password, MaxRetries: -1})
		at, err := r.GetMasterAddrByName(s.tb.Context(), MasterName).Result()
		_ = r.Close()
		if err != nil {
			return nil
		}
		for _, n := range s.servers {
			if n.addr == net.JoinHostPort(at[0], at[1]) {
				if agreed != nil && agreed != n {
					return nil
				}
				agreed = n
			}
		}
	}
	return agreed
}

// Follower is the replica of a master.
func (s *Sentinels) Follower(master *Server) *Server {
	if master == s.servers[0] {
		return s.servers[1]
	}
	return s.servers[0]
}

// HandOver lets the replica take the master's place while both run, as an
// operator does before maintenance.
func (s *Sentinels) HandOver(*Server) { s.watchers[0].do("sentinel", "failover", MasterName) }

// AwaitReplicas waits until both servers run, the one in step with the other.
func (s *Sentinels) AwaitReplicas() {
	s.tb.Helper()
	for _, n := range s.servers {
		n.await("it is in step", inStep)
	}
}
