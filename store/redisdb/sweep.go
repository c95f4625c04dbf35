package redisdb

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/enshi-daily/enshi/delivery"
)

// sweepStep is how many leases or deliveries one script takes back.
const sweepStep = 200

// Sweep completes what a crash left of a cancellation, takes expired leases back
// by the policy, finishes editions that have nothing open, and removes what is too
// old to be looked at.
func (db *DB) Sweep(ctx context.Context, p delivery.Policy) (swept delivery.Swept, err error) {
	if !p.Known() {
		return swept, fmt.Errorf("policy %q: expected %s, %s or %s", p, delivery.Resend, delivery.SkipIt, delivery.Hold)
	}
	underWay, err := db.underWay(ctx)
	if err != nil {
		return swept, err
	}
	for _, e := range underWay {
		if e.Stage == delivery.StageCancelled {
			if err := db.clear(ctx, e.ID); err != nil {
				return swept, err
			}
		}
	}
	if err := db.takeBackExpired(ctx, p, &swept); err != nil {
		return swept, err
	}
	if swept.Finished, err = db.finishEditions(ctx, underWay, p == delivery.Hold); err != nil {
		return swept, err
	}
	for _, forget := range []func(context.Context) (unread, err error){db.trim, db.fold} {
		unread, err := forget(ctx)
		if swept.Unread = errors.Join(swept.Unread, unread); err != nil {
			return swept, err
		}
	}
	return swept, db.purgeNotices(ctx)
}

func (db *DB) takeBackExpired(ctx context.Context, p delivery.Policy, swept *delivery.Swept) error {
	for {
		expired, err := db.expired(ctx)
		if err != nil || len(expired) == 0 {
			return err
		}
		if err := db.takeBack(ctx, expired, p, swept); err != nil {
			return err
		}
	}
}

// expiredLease is an entry of a shard's leases.
type expiredLease struct {
	queue queue
	id    string
}

// expired lists expired leases by shard, sweepStep a shard at most.
func (db *DB) expired(ctx context.Context) (map[int][]expiredLease, error) {
	calls := make([]call, shards)
	for shard := range calls {
		calls[shard] = call{[]string{db.keys.leases(shard)}, []any{db.clock(), sweepStep}}
	}
	answers, err := db.run(ctx, scriptExpired, calls...)
	if err != nil {
		return nil, err
	}
	found := make(map[int][]expiredLease)
	for shard, answer := range answers {
		members, err := answer.StringSlice()
		if err != nil {
			return nil, db.fail("expired", err)
		}
		for _, m := range members {
			edition, rest, _ := strings.Cut(m, "|")
			group, id, ok := strings.Cut(rest, "|")
			if !ok {
				return nil, db.fail("expired", fmt.Errorf("stored lease %q: expected EDITION|GROUP|ID", m))
			}
			found[shard] = append(found[shard], expiredLease{queue{edition, delivery.Group(group)}, id})
		}
	}
	return found, nil
}

func (db *DB) takeBack(ctx context.Context, expired map[int][]expiredLease, p delivery.Policy, swept *delivery.Swept) error {
	var calls []call
	for shard, leases := range expired {
		byEdition := make(map[string][]expiredLease)
		for _, l := range leases {
			byEdition[l.queue.edition] = append(byEdition[l.queue.edition], l)
		}
		for edition, leases := range byEdition {
			groups := newGroups()
			var tail []any
			for _, l := range leases {
				groups.add(l.queue.group)
				tail = append(tail, l.id, string(l.queue.group))
			}
			keys := groups.keys(db.keys, shard, edition, db.keys.book(shard, edition))
			args := groups.args([]any{db.clock(), edition, string(p)})
			calls = append(calls, call{keys, append(args, tail...)})
		}
	}
	answers, err := db.run(ctx, scriptSweep, calls...)
	if err != nil {
		return err
	}
	for _, answer := range answers {
		n, err := numbers(answer)
		if err != nil {
			return db.fail("sweep", err)
		}
		swept.Requeued += int(n[0])
		swept.Uncertain += int(n[1])
	}
	return nil
}
