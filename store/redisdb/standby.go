package redisdb

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
)

// A replica that takes a dead master's place lacks the last moments of it. Steps
// that must outlive that (all but the fleeting) are answered when one replica
// has them. A master that no replica follows is taken at its word: that is what
// one without a spare has to offer.
const (
	replicaWait = time.Second // for a replica to confirm
	replicaLook = time.Second // between looks at whether there is one
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
// counts what its own connection wrote, so it goes with the pipeline.
type standby struct {
	node     *redis.Client
	look     atomic.Int64 // when to look again, Unix ns
	followed atomic.Bool
}

func (h *standby) DialHook(next redis.DialHook) redis.DialHook          { return next }
func (h *standby) ProcessHook(next redis.ProcessHook) redis.ProcessHook { return next }

func (h *standby) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		// A cluster's client that tries a pipeline again elsewhere takes its WAIT along.
		cmds = slices.DeleteFunc(slices.Clone(cmds), func(c redis.Cmder) bool { return c.Name() == "wait" })
		if len(cmds) == 0 {
			return nil
		}
		if ctx.Value(lastingKey{}) == nil || !h.hasReplica(ctx, false) {
			return next(ctx, cmds)
		}
		wait := redis.NewIntCmd(ctx, "wait", 1, replicaWait.Milliseconds())
		err := next(ctx, append(cmds, wait))
		if wait.Err() != nil || wait.Val() > 0 || !h.hasReplica(ctx, true) {
			return err
		}
		for _, c := range cmds {
			if c.Err() == nil {
				c.SetErr(errUnconfirmed)
			}
		}
		return errors.Join(err, errUnconfirmed)
	}
}

// hasReplica says whether a replica follows the server, as it was lately, or is
// now.
func (h *standby) hasReplica(ctx context.Context, now bool) bool {
	at := time.Now()
	if !now && at.UnixNano() < h.look.Load() {
		return h.followed.Load()
	}
	info, err := h.node.Info(ctx, "replication").Result()
	if err != nil {
		return true // what comes next fails for the same reason, or waits
	}
	h.followed.Store(strings.Contains(info, "state=online"))
	h.look.Store(at.Add(replicaLook).UnixNano())
	return h.followed.Load()
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
		client.OnNewNode(func(node *redis.Client) { node.AddHook(&standby{node: node}) })
		client.AddHook(relearn{client})
		return client
	case *redis.Client:
		client.AddHook(&standby{node: client})
		return client
	default:
		return client
	}
}
