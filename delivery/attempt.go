package delivery

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// carry sends what the lanes give until they are closed.
func (w *Worker) carry(ctx context.Context) {
	for {
		j, f, ok := w.lanes.next()
		if !ok {
			return
		}
		w.send(ctx, j)
		w.lanes.done(f)
	}
}

// send tries one delivery, records what became of it, and minds what the
// provider asks for.
func (w *Worker) send(ctx context.Context, j job) {
	d := j.delivery
	outcome := w.attempt(ctx, j)
	if outcome.Class != Unreachable || w.lights.nowhere(outcome) {
		w.trouble.note(outcome, w.o.Now())
	}
	switch {
	case outcome.Pause > 0 && outcome.Relay != "":
		w.lights.hit(ctx, d.Group, outcome)
	case j.probe != nil:
		w.lights.learn(ctx, j.probe, outcome.Relay != "")
	}
	switch outcome.Class {
	case InDoubt:
		// The lease runs out and Sweep decides by its policy: one place for that.
		w.o.Logger.Warn("delivery in doubt", "edition", d.Edition, "subscriber", d.Subscriber, "reply", outcome.Reply)
		w.held.drop(d)
	case NotPermitted:
		w.o.Logger.Info("delivery not begun", "edition", d.Edition, "subscriber", d.Subscriber, "reason", outcome.Reply)
		w.held.drop(d)
	case OurFault, Bug:
		result := w.result(d, outcome)
		w.clerk.record(ctx, result, true, func() { w.held.drop(d) })
		w.pauseEdition(ctx, result)
	case Stopped, Unreachable:
		if j.probe == nil { // which was granted none
			w.refund(ctx, d.Group)
		}
		fallthrough
	default:
		w.clerk.record(ctx, w.result(d, outcome), false, func() { w.held.drop(d) })
	}
}

var errNotPermitted = errors.New("not permitted")

func (w *Worker) attempt(ctx context.Context, j job) Outcome {
	d := j.delivery
	way := w.lights.route(d.Group)
	if j.probe != nil {
		way = route{open: true, relays: []string{j.probe.Relay}}
	}
	if ctx.Err() != nil || !way.open || w.trouble.wait(w.o.Now()) > 0 {
		return Outcome{Class: Stopped}
	}
	message := Message{Delivery: d, Dated: d.Created, Relays: way.relays}
	if d.Letter != "" {
		rendered, err := w.letters.get(ctx, d.Edition, d.Letter)
		if errors.Is(err, ErrNotFound) {
			return Outcome{Class: Bug, Reply: fmt.Sprintf("letter %s is not in the store", d.Letter)}
		}
		if err != nil {
			return Outcome{Class: Stopped, Reply: err.Error()}
		}
		if len(rendered) == 0 {
			return Outcome{Class: TakenBack}
		}
		message.Rendered = rendered
	}
	w.clerk.approach()
	asked, refused, unanswered := false, "", error(nil)
	outcome := w.o.Sender.Send(ctx, message, func(ctx context.Context) error {
		asked = true
		permit, err := w.clerk.begin(ctx, d)
		if err != nil {
			unanswered = fmt.Errorf("ledger: %w", err)
			return unanswered
		}
		if permit != Go {
			refused = string(permit)
			return errNotPermitted
		}
		return nil
	})
	if !asked {
		w.clerk.turnBack()
	}
	switch {
	case unanswered != nil:
		// The ledger may have it as begun. We know that nothing was sent.
		return Outcome{Class: Stopped, Reply: unanswered.Error()}
	case refused != "":
		return Outcome{Class: NotPermitted, Reply: refused}
	}
	return outcome
}

// result turns an outcome into what the ledger keeps.
func (w *Worker) result(d Delivery, o Outcome) Result {
	r := Result{Delivery: d, Reply: o.Reply}
	switch {
	case o.Class == Delivered:
		r.State = Sent
	case o.Class == BadAddress:
		r.State, r.Bounce = Rejected, true
	case o.Class == Stopped, o.Class == NotPermitted, o.Class == Unreachable:
		r.State = Queued
	case o.Class == TakenBack:
		r.State, r.Delivery.Skip = Skipped, SkipWithdrawn
	case (o.Class == OurFault || o.Class == Bug) && d.Letter != "":
		// The edition pauses; once it is resumed, this one goes at once.
		r.State, r.At = Retry, w.o.Now()
	default:
		var waits []time.Duration
		if w.o.Deferral != nil {
			waits = w.o.Deferral(d.Group, o.Reply).Waits
		}
		at, again := w.o.Backoff.Next(d, waits, w.o.Now(), w.o.Random())
		r.State, r.At = Retry, at
		if !again {
			r.State = Failed
		}
	}
	return r
}

// pauseEdition stops what would meet the same fault of ours. A notice belongs to
// no edition: it is tried again like any mail, and given up like one.
func (w *Worker) pauseEdition(ctx context.Context, r Result) {
	edition := r.Delivery.Edition
	if r.Delivery.Letter == "" {
		w.o.Logger.Error("notice not sent: the fault is on our side", "edition", edition, "subscriber", r.Delivery.Subscriber,
			"reply", r.Reply, "given_up", r.State == Failed)
		return
	}
	w.o.Logger.Error("sending stopped: the fault is on our side", "edition", edition, "reply", r.Reply)
	if err := w.o.Editions.Pause(ctx, edition, r.Reply); err != nil {
		w.o.Logger.Error("edition not paused", "edition", edition, "error", err)
	}
}
