package redisdb

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

// A replica that takes a master's place lacks the last moments of it. Steps that
// must outlive that (all but the fleeting) are answered when one replica has
// them. A master that no replica follows is taken at its word: that is what one
// without a spare has to offer. But one that lost its last replica may just have
// lost its place to it, and is only believed again some time later.
const (
	replicaWait = time.Second      // for a replica to confirm
	replicaLook = time.Second      // between looks at whether there is one
	replicaLost = 20 * time.Second // Sentinel takes ten to tell a master that it is none any more
)

// errUnconfirmed says that a step was carried out where it may be lost.
var errUnconfirmed = fmt.Errorf("no replica has confirmed it within %v: it may be lost with this server", replicaWait)

// fleeting says that a step may be forgotten in a failover: it only reads, or
// what it changes runs out by itself and is checked by a step that lasts.
func fleeting(s script) bool {
	switch s {
	case scriptClock, scriptWork, scriptCandidates, scriptExpired, scriptLease, scriptRenew,
		scriptPace, scriptOccupy, scriptBrake, scriptAllow:
		return true
	}
	return false
}

// lastingKey marks the context of a pipeline with steps that must last.
type lastingKey struct{}

func lasting(ctx context.Context, steps []step) context.Context {
	if slices.ContainsFunc(steps, func(s step) bool { return !fleeting(s.script) }) {
		return context.WithValue(ctx, lastingKey{}, true)
	}
	return ctx
}

// standby is the hook of one server's client that waits for a replica. WAIT
// counts what its own connection wrote, so it goes with the pipeline; and so does
// the question who is there, because Sentinel's client has connections to two
// masters for a while.
type standby struct {
	node  *redis.Client
	spare bool // Sentinel or a cluster may put another in its place

	mu     sync.Mutex
	look   time.Time            // when to look again
	expect bool                 // a replica is to confirm
	seen   map[string]time.Time // when masters, by their replication ID, last had a replica
}

func newStandby(node *redis.Client, spare bool) *standby {
	return &standby{node: node, spare: spare, seen: make(map[string]time.Time)}
}

func (h *standby) DialHook(next redis.DialHook) redis.DialHook          { return next }
func (h *standby) ProcessHook(next redis.ProcessHook) redis.ProcessHook { return next }

func (h *standby) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		// A cluster's client that tries a pipeline again elsewhere takes ours along.
		cmds = slices.DeleteFunc(slices.Clone(cmds), func(c redis.Cmder) bool { return c.Name() == "wait" || c.Name() == "info" })
		switch {
		case len(cmds) == 0:
			return nil
		case ctx.Value(lastingKey{}) == nil:
			return next(ctx, cmds)
		case h.expects(ctx):
			wait := redis.NewIntCmd(ctx, "wait", 1, replicaWait.Milliseconds())
			err := next(ctx, append(cmds, wait))
			if wait.Err() != nil || wait.Val() > 0 {
				return err
			}
			h.lookAgain()
			return unconfirmed(cmds, err)
		case !h.spare:
			return next(ctx, cmds)
		}
		info := redis.NewStringCmd(ctx, "info", "replication")
		err := next(ctx, append(cmds, info))
		if info.Err() == nil && h.judge(info.Val()) && !strings.Contains(info.Val(), "state=online") {
			return unconfirmed(cmds, err)
		}
		return err
	}
}

// unconfirmed makes failures of steps that succeeded where they may be lost.
func unconfirmed(cmds []redis.Cmder, err error) error {
	for _, c := range cmds {
		if c.Err() == nil {
			c.SetErr(errUnconfirmed)
		}
	}
	return errors.Join(err, errUnconfirmed)
}

// expects says whether a replica is to confirm what the server is given, as it
// was at a look lately.
func (h *standby) expects(ctx context.Context) bool {
	h.mu.Lock()
	expect, fresh := h.expect, time.Now().Before(h.look)
	h.mu.Unlock()
	if fresh {
		return expect
	}
	info, err := h.node.Info(ctx, "replication").Result()
	if err != nil {
		return true // what comes next fails for the same reason, or waits
	}
	return h.judge(info)
}

func (h *standby) lookAgain() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.look = time.Time{}
}

// judge looks at what a server says of its replicas.
func (h *standby) judge(info string) (expect bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	master, now := infoField(info, "master_replid"), time.Now()
	if strings.Contains(info, "state=online") {
		h.seen[master] = now
	}
	seen, had := h.seen[master]
	h.expect = had && now.Sub(seen) < replicaLost
	h.look = now.Add(replicaLook)
	return h.expect
}

// relearn is the hook of a cluster's client that asks anew who has which slot
// when a server does not answer as a master should. The driver itself does so
// only when it is told MOVED.
type relearn struct{ cluster *redis.ClusterClient }

func (h relearn) DialHook(next redis.DialHook) redis.DialHook { return next }

func (h relearn) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		err := next(ctx, cmd)
		h.heed(ctx, err)
		return err
	}
}

func (h relearn) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		err := next(ctx, cmds)
		for _, c := range cmds {
			h.heed(ctx, c.Err())
		}
		return err
	}
}

func (h relearn) heed(ctx context.Context, err error) {
	var answer redis.Error
	if err == nil || errors.Is(err, redis.Nil) {
		return
	}
	if !errors.As(err, &answer) || redis.HasErrorPrefix(err, "READONLY") || redis.HasErrorPrefix(err, "CLUSTERDOWN") {
		h.cluster.ReloadState(ctx)
	}
}

// newClient returns a client of one server, of Sentinel's master or of a
// cluster.
func newClient(o *redis.UniversalOptions) redis.UniversalClient {
	switch client := redis.NewUniversalClient(o).(type) {
	case *redis.ClusterClient:
		client.OnNewNode(func(node *redis.Client) { node.AddHook(newStandby(node, true)) })
		client.AddHook(relearn{client})
		return client
	case *redis.Client:
		client.AddHook(newStandby(client, o.MasterName != ""))
		return client
	default:
		return client
	}
}
