package redistest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// Cluster is three masters, each with a replica: six processes. A replica takes
// the place of a dead master after about two seconds.
type Cluster struct {
	tb    testing.TB
	nodes []*Server
}

// masters is how many share the slots of a Cluster.
const masters = 3

// StartNodes starts a cluster of six, ready to use. args are further settings of
// each.
func StartNodes(tb testing.TB, args ...string) *Cluster {
	tb.Helper()
	c := &Cluster{tb: tb}
	for range 2 * masters {
		c.nodes = append(c.nodes, startNode(tb, append([]string{
			"--cluster-node-timeout", "1000", "--cluster-replica-validity-factor", "0",
			"--repl-diskless-sync-delay", "0",
		}, args...)...))
	}
	const slots = 16384
	for i, n := range c.nodes {
		n.do("cluster", "set-config-epoch", i+1)
		if i < masters {
			n.do("cluster", "addslotsrange", i*slots/masters, (i+1)*slots/masters-1)
		}
		if i > 0 {
			host, port, _ := net.SplitHostPort(c.nodes[0].addr)
			n.do("cluster", "meet", host, port, bus(c.nodes[0]))
		}
	}
	c.awaitView(" connected", len(c.nodes))
	for i, n := range c.nodes[masters:] {
		n.do("cluster", "replicate", c.nodes[i].do("cluster", "myid"))
	}
	c.AwaitReplicas()
	c.awaitView("slave ", masters)
	return c
}

// awaitView waits until every node's list of nodes has a word so often.
func (c *Cluster) awaitView(word string, want int) {
	c.tb.Helper()
	for _, n := range c.nodes {
		n.await("all nodes know each other", func(ctx context.Context, r *redis.Client) error {
			text, err := r.ClusterNodes(ctx).Result()
			if got := strings.Count(text, word); err == nil && got != want {
				err = fmt.Errorf("%d times %q instead of %d:\n%s", got, word, want, text)
			}
			return err
		})
	}
}

// bus is the port on which other nodes talk to one.
func bus(of *Server) string {
	for i, arg := range of.args {
		if arg == "--cluster-port" {
			return of.args[i+1]
		}
	}
	return ""
}

// URL names every node.
func (c *Cluster) URL() string {
	addrs := make([]string, len(c.nodes))
	for i, n := range c.nodes {
		addrs[i] = n.addr
	}
	return "redis://" + strings.Join(addrs, ",")
}

// Nodes are the six servers.
func (c *Cluster) Nodes() []*Server { return c.nodes }

// Master is the server that has a key's slot now, nil if none has.
func (c *Cluster) Master(key string) *Server {
	c.tb.Helper()
	for _, n := range c.nodes {
		if n.process == nil {
			continue
		}
		r := n.client()
		err := r.Exists(c.tb.Context(), key).Err()
		_ = r.Close()
		if err == nil {
			return n
		}
	}
	return nil
}

// AwaitMaster waits until a server has a key's slot.
func (c *Cluster) AwaitMaster(key string) *Server {
	c.tb.Helper()
	for deadline := time.Now().Add(startTimeout); ; {
		if n := c.Master(key); n != nil {
			return n
		}
		if time.Now().After(deadline) {
			c.tb.Fatalf("redistest: waited %s until a node has the slot of %q\n%s", startTimeout, key, c.logs())
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// Move moves a key's slot to another master, a few keys at a time, while clients
// work on it.
func (c *Cluster) Move(key string, pause time.Duration) {
	c.tb.Helper()
	from := c.AwaitMaster(key)
	slot := from.do("cluster", "keyslot", key)
	var to *Server
	for _, n := range c.nodes {
		if n != from && strings.Contains(n.Info("replication")["role"], "master") {
			to = n
		}
	}
	fromID, toID := from.do("cluster", "myid"), to.do("cluster", "myid")
	to.do("cluster", "setslot", slot, "importing", fromID)
	from.do("cluster", "setslot", slot, "migrating", toID)
	host, port, _ := net.SplitHostPort(to.addr)
	for {
		keys, _ := from.do("cluster", "getkeysinslot", slot, 10).([]any)
		if len(keys) == 0 {
			break
		}
		from.do(append([]any{"migrate", host, port, "", 0, 5000, "keys"}, keys...)...)
		time.Sleep(pause)
	}
	to.do("cluster", "setslot", slot, "node", toID)
	for _, n := range c.nodes {
		if n != to && strings.Contains(n.Info("replication")["role"], "master") {
			n.do("cluster", "setslot", slot, "node", toID)
		}
	}
}

// HandOver lets the replica take the master's place while both run, as an
// operator does before maintenance.
func (c *Cluster) HandOver(master *Server) { c.Follower(master).do("cluster", "failover") }

// logs are the last lines of each node's log.
func (c *Cluster) logs() string {
	var all strings.Builder
	for _, n := range c.nodes {
		text, _ := os.ReadFile(filepath.Join(n.dir, "redis.log"))
		fmt.Fprintf(&all, "%s:\n%s\n", n.addr, text[max(0, len(text)-2000):])
	}
	return all.String()
}

// Follower is the replica of a master.
func (c *Cluster) Follower(master *Server) *Server {
	c.tb.Helper()
	id, _ := master.do("cluster", "myid").(string)
	list, _ := master.do("cluster", "replicas", id).([]any)
	for _, line := range list {
		for _, n := range c.nodes {
			if text, _ := line.(string); strings.Contains(text, " "+n.addr+"@") {
				return n
			}
		}
	}
	c.tb.Fatalf("redistest: %s has no replica", master.addr)
	return nil
}

// AwaitReplicas waits until every server runs, all slots are served, and each
// master has a replica that follows it.
func (c *Cluster) AwaitReplicas() {
	c.tb.Helper()
	for _, n := range c.nodes {
		n.await("it is in a cluster that is up, and in step", func(ctx context.Context, r *redis.Client) error {
			if err := clusterUp(ctx, r); err != nil {
				return err
			}
			return inStep(ctx, r)
		})
	}
}

// inStep says whether a replica follows its master, or a master has a replica.
func inStep(ctx context.Context, r *redis.Client) error {
	info, err := r.Info(ctx, "replication").Result()
	if err == nil && !strings.Contains(info, "master_link_status:up") && !strings.Contains(info, "state=online") {
		err = errors.New("no other server follows it, and it follows none")
	}
	return err
}

func startNode(tb testing.TB, args ...string) *Server {
	tb.Helper()
	s := newServer(tb)
	s.addr = freeAddr(tb)
	_, port, _ := net.SplitHostPort(s.addr)
	s.args = append([]string{
		"--port", port, "--bind", "127.0.0.1", "--cluster-enabled", "yes",
		"--cluster-port", portOf(tb, freeAddr(tb)),
	}, args...)
	s.Restart()
	return s
}

func clusterUp(ctx context.Context, c *redis.Client) error {
	info, err := c.ClusterInfo(ctx).Result()
	if err == nil && !strings.Contains(info, "cluster_state:ok") {
		err = errors.New("cluster_state is not ok")
	}
	return err
}
