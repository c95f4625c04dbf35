//go:build failpoints

package main

import (
	"context"
	"os/signal"
	"syscall"
	"time"

	"github.com/enshi-daily/enshi/delivery"
	"github.com/enshi-daily/enshi/digest"
	"github.com/enshi-daily/enshi/posts"
)

// faultyLedger is a store with fail points around its steps.
type faultyLedger struct {
	ledger
	fail *failPoints
}

// faultyOpening is what a store is opened with: the points that it has inside, and
// a clock, if it is to be ahead.
func faultyOpening() (point delivery.Point, now func() time.Time, err error) {
	fail, err := readFailPoints()
	if err != nil {
		return nil, nil, err
	}
	ahead, err := readAhead()
	if ahead != 0 {
		now = func() time.Time { return time.Now().Add(ahead) }
	}
	return fail.at, now, err
}

func faultyStore(l ledger) (ledger, error) {
	// A file that may not grow is what a test has for a full disk: the step fails
	// then, and not the process.
	signal.Ignore(syscall.SIGXFSZ)
	fail, err := readFailPoints()
	return &faultyLedger{l, fail}, err
}

// planBatch is small, so that a few people make several steps.
const planBatch = 200

// watchTTL is short, because tests wait for it.
const watchTTL = 3 * time.Second

func (l *faultyLedger) Decide(ctx context.Context, d posts.Decision) ([]posts.ID, error) {
	return around(l.fail, "decide", func() ([]posts.ID, error) { return l.ledger.Decide(ctx, d) })
}

func (l *faultyLedger) Append(ctx context.Context, w posts.Watch, entries []digest.Entry) (int64, error) {
	return around(l.fail, "append", func() (int64, error) { return l.ledger.Append(ctx, w, entries) })
}

func (l *faultyLedger) Update(ctx context.Context, w posts.Watch, entries []digest.Entry) error {
	return aroundStep(l.fail, "update", func() error { return l.ledger.Update(ctx, w, entries) })
}

func (l *faultyLedger) Open(ctx context.Context, e delivery.Edition) (delivery.Edition, error) {
	return around(l.fail, "open", func() (delivery.Edition, error) { return l.ledger.Open(ctx, e) })
}

func (l *faultyLedger) PutLetter(ctx context.Context, edition, letter string, data []byte, brings ...digest.Brought) error {
	return aroundStep(l.fail, "letter", func() error { return l.ledger.PutLetter(ctx, edition, letter, data, brings...) })
}

func (l *faultyLedger) Plan(ctx context.Context, e delivery.Edition, part int, choices []delivery.Choice) (delivery.Planned, error) {
	return around(l.fail, "plan", func() (delivery.Planned, error) { return l.ledger.Plan(ctx, e, part, choices) })
}

func (l *faultyLedger) Close(ctx context.Context, edition string) error {
	return aroundStep(l.fail, "close", func() error { return l.ledger.Close(ctx, edition) })
}

func (l *faultyLedger) Lease(ctx context.Context, w delivery.Work, n int, ttl time.Duration) ([]delivery.Delivery, error) {
	return around(l.fail, "lease", func() ([]delivery.Delivery, error) { return l.ledger.Lease(ctx, w, n, ttl) })
}

func (l *faultyLedger) Renew(ctx context.Context, leased []delivery.Delivery, ttl time.Duration) error {
	return aroundStep(l.fail, "renew", func() error { return l.ledger.Renew(ctx, leased, ttl) })
}

// Turn has two names, by what it does; one that does both has both.
func (l *faultyLedger) Turn(ctx context.Context, done []delivery.Result, next []delivery.Delivery) ([]delivery.Permit, error) {
	turn := func() ([]delivery.Permit, error) { return l.ledger.Turn(ctx, done, next) }
	if len(next) > 0 {
		begin := turn
		turn = func() ([]delivery.Permit, error) { return around(l.fail, "begin", begin) }
	}
	if len(done) > 0 {
		return around(l.fail, "record", turn)
	}
	return turn()
}

func (l *faultyLedger) Sweep(ctx context.Context, p delivery.Policy) (delivery.Swept, error) {
	return around(l.fail, "sweep", func() (delivery.Swept, error) { return l.ledger.Sweep(ctx, p) })
}

func (l *faultyLedger) Cancel(ctx context.Context, edition string) error {
	return aroundStep(l.fail, "cancel", func() error { return l.ledger.Cancel(ctx, edition) })
}

func (l *faultyLedger) Again(ctx context.Context, edition string, states ...delivery.State) (delivery.Requeued, error) {
	return around(l.fail, "again", func() (delivery.Requeued, error) { return l.ledger.Again(ctx, edition, states...) })
}

func (l *faultyLedger) Rewrite(ctx context.Context, edition, letter string, from, to []byte) (bool, error) {
	return around(l.fail, "rewrite", func() (bool, error) { return l.ledger.Rewrite(ctx, edition, letter, from, to) })
}

func (l *faultyLedger) Retract(ctx context.Context, edition string, letters ...string) (int, error) {
	return around(l.fail, "retract", func() (int, error) { return l.ledger.Retract(ctx, edition, letters...) })
}

// faultyTransport is a sender with fail points around what it does.
type faultyTransport struct {
	delivery.Sender
	fail *failPoints
}

func faultySender(s delivery.Sender) (delivery.Sender, error) {
	fail, err := readFailPoints()
	return &faultyTransport{s, fail}, err
}

func (s *faultyTransport) Send(ctx context.Context, m delivery.Message, begin func(context.Context) error) delivery.Outcome {
	if err := s.fail.at("send"); err != nil {
		return delivery.Outcome{Class: delivery.Temporary, Reply: err.Error()}
	}
	outcome := s.Sender.Send(ctx, m, func(ctx context.Context) error {
		if err := s.fail.at("body"); err != nil {
			return err
		}
		if err := begin(ctx); err != nil {
			return err
		}
		return s.fail.at("begun")
	})
	if outcome.Class == delivery.Delivered {
		if err := s.fail.at("accepted"); err != nil {
			return delivery.Outcome{Class: delivery.InDoubt, Reply: err.Error()}
		}
	}
	return outcome
}
