package redisdb

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/enshi-daily/enshi/delivery"
	"github.com/enshi-daily/enshi/subscribers"
)

// attemptStep is how many deliveries one script begins, renews or finishes.
const attemptStep = 200

// batch is some deliveries of one edition in one shard.
type batch struct {
	shard   int
	edition string
	index   []int // places in the caller's list
}

// batches sorts n deliveries into batches of at most attemptStep.
func batches(n int, at func(int) (string, subscribers.ID)) ([]*batch, error) {
	type place struct {
		shard   int
		edition string
	}
	var all []*batch
	open := make(map[place]*batch)
	for i := range n {
		edition, id := at(i)
		shard, err := shardOf(id)
		if err != nil {
			return nil, err
		}
		if err := plain("edition", edition); err != nil {
			return nil, err
		}
		p := place{shard, edition}
		b := open[p]
		if b == nil || len(b.index) == attemptStep {
			b = &batch{shard: shard, edition: edition}
			open[p] = b
			all = append(all, b)
		}
		b.index = append(b.index, i)
	}
	return all, nil
}

func deliveryBatches(list []delivery.Delivery) ([]*batch, error) {
	return batches(len(list), func(i int) (string, subscribers.ID) { return list[i].Edition, list[i].Subscriber })
}

// Renew lets leases live ttl longer.
func (db *DB) Renew(ctx context.Context, leased []delivery.Delivery, ttl time.Duration) error {
	all, err := deliveryBatches(leased)
	if err != nil {
		return err
	}
	calls := make([]call, len(all))
	for n, b := range all {
		args := []any{db.clock(), b.edition, millis(ttl)}
		for _, i := range b.index {
			args = append(args, string(leased[i].Subscriber), leased[i].Token)
		}
		calls[n] = call{db.keys.book(b.shard, b.edition), args}
	}
	_, err = db.run(ctx, scriptRenew, calls...)
	return err
}

// Clock is the server's; in a cluster that of {c}, always the same.
func (db *DB) Clock(ctx context.Context) (time.Time, error) {
	if db.now != nil {
		return db.now(), nil
	}
	now, err := db.number(ctx, scriptClock, []string{db.keys.meta()})
	if err != nil {
		return time.Time{}, err
	}
	return time.UnixMilli(now), nil
}

// Turn records results and then begins deliveries: scripts in one pipeline, one
// a shard, edition and kind. It may be called again with the same.
func (db *DB) Turn(ctx context.Context, done []delivery.Result, next []delivery.Delivery) ([]delivery.Permit, error) {
	if len(next) > 0 {
		if err := db.sends("begin"); err != nil {
			return nil, err
		}
	}
	calls, err := db.finishCalls(done)
	if err != nil {
		return nil, err
	}
	begins, batches, err := db.beginCalls(next, "begin")
	if err != nil {
		return nil, err
	}
	answers, err := db.runSteps(ctx, append(calls, begins...))
	if err != nil {
		return nil, err
	}
	return db.permits(batches, answers[len(calls):], len(next))
}

// check skips those of leased deliveries whose subscriber left.
func (db *DB) check(ctx context.Context, leased []delivery.Delivery) ([]delivery.Permit, error) {
	calls, batches, err := db.beginCalls(leased, "check")
	if err != nil {
		return nil, err
	}
	answers, err := db.runSteps(ctx, calls)
	if err != nil {
		return nil, err
	}
	return db.permits(batches, answers, len(leased))
}

// beginCalls run begin.lua; mode "check" only skips.
func (db *DB) beginCalls(leased []delivery.Delivery, mode string) ([]step, []*batch, error) {
	all, err := deliveryBatches(leased)
	if err != nil {
		return nil, nil, err
	}
	calls := make([]step, len(all))
	for n, b := range all {
		keys := db.keys.book(b.shard, b.edition)
		args := []any{db.clock(), b.edition, mode}
		for _, i := range b.index {
			keys = append(keys, db.keys.subscriber(b.shard, leased[i].Subscriber))
			args = append(args, string(leased[i].Subscriber), leased[i].Token)
		}
		calls[n] = step{scriptBegin, call{keys, args}}
	}
	return calls, all, nil
}

// permits are the answers of begin.lua for n deliveries in batches.
func (db *DB) permits(all []*batch, answers []*redis.Cmd, n int) ([]delivery.Permit, error) {
	permit := map[int64]delivery.Permit{1: delivery.Go, 2: delivery.LeaseLost, 3: delivery.Left}
	permits := make([]delivery.Permit, n)
	for n, b := range all {
		codes, err := numbers(answers[n])
		if err != nil || len(codes) != len(b.index) {
			return nil, db.fail("begin", errors.Join(err, fmt.Errorf("%d answers for %d", len(codes), len(b.index))))
		}
		for k, i := range b.index {
			permits[i] = permit[codes[k]]
		}
	}
	return permits, nil
}

// finishCalls run finish.lua, once a shard and edition.
func (db *DB) finishCalls(results []delivery.Result) ([]step, error) {
	for i := range results {
		if err := checkResult(&results[i]); err != nil {
			return nil, err
		}
	}
	all, err := batches(len(results), func(i int) (string, subscribers.ID) {
		return results[i].Delivery.Edition, results[i].Delivery.Subscriber
	})
	if err != nil {
		return nil, err
	}
	calls := make([]step, len(all))
	for n, b := range all {
		calls[n] = db.finishCall(b, results)
	}
	return calls, nil
}

func checkResult(r *delivery.Result) error {
	switch r.State {
	case delivery.Queued, delivery.Retry, delivery.Sent, delivery.Rejected,
		delivery.Failed, delivery.Uncertain, delivery.Skipped:
		return plain("provider group", string(r.Delivery.Group))
	}
	return fmt.Errorf("delivery to %s in %s: state %q is no result", r.Delivery.Subscriber, r.Delivery.Edition, r.State)
}

func (db *DB) finishCall(b *batch, results []delivery.Result) step {
	groups := newGroups()
	var bounced []string
	var tail []any
	for _, i := range b.index {
		r := &results[i]
		groups.add(r.Delivery.Group)
		bounce := 0
		if r.Bounce {
			bounced = append(bounced, db.keys.subscriber(b.shard, r.Delivery.Subscriber))
			bounce = len(bounced)
		}
		tail = append(tail, string(r.Delivery.Subscriber), r.Delivery.Token, packedTime(r.Delivery.Created),
			string(r.State), packedTime(r.At), string(r.Delivery.Skip), bounce, oneLine(r.Reply))
	}
	keys := append(db.keys.book(b.shard, b.edition), db.keys.person(b.shard)...)
	keys = append(groups.keys(db.keys, b.shard, b.edition, keys), bounced...)
	args := groups.args([]any{db.clock(), b.edition, recordTime(db.wall())})
	return step{scriptFinish, call{keys, append(args, tail...)}}
}

// wall is the time for records; deadlines are by the server's clock.
func (db *DB) wall() time.Time {
	if db.now == nil {
		return time.Now()
	}
	return db.now()
}

func packedTime(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return strconv.FormatInt(t.UnixMilli(), 10)
}

func oneLine(s string) string {
	return strings.NewReplacer("\r\n", " ", "\n", " ", "\r", " ").Replace(s)
}
