package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"

	"github.com/enshi-daily/enshi/delivery"
	"github.com/enshi-daily/enshi/subscribers"
)

// remindEvery is how often an operator hears of a trouble that lasts.
const remindEvery = 24 * time.Hour

// tellTime is how long a mail or a command may take. A signal does not cut it
// short: nobody else would tell.
const tellTime = time.Minute

// trouble is something that waits for an operator.
type trouble struct {
	cause string // what makes it the same trouble as an hour ago
	line  string // what is wrong, where, and what to do
}

// operator hears of trouble: once a cause, and a line a day while it lasts,
// however many processes see it and however often they start.
type operator struct {
	*parts
	ways  []*way
	alone map[string]time.Time // causes claimed while the store was away
}

// way is one way to reach the operator. What could not be told is told with what
// comes next, by whichever process that is.
type way struct {
	name   string
	tell   func(ctx context.Context, subject, text string) error
	untold []trouble
}

// newOperator returns nil if nobody is to hear of anything.
func (p *parts) newOperator() *operator {
	o := &operator{parts: p, alone: make(map[string]time.Time)}
	if p.cfg.Operator.Email != "" {
		o.ways = append(o.ways, &way{name: "operator.email", tell: p.mailOperator})
	}
	if p.cfg.Operator.Command != "" {
		o.ways = append(o.ways, &way{name: "operator.command", tell: p.runOperator})
	}
	if len(o.ways) == 0 {
		return nil
	}
	return o
}

// hear tells what of all troubles is news.
func (o *operator) hear(ctx context.Context, all []trouble) {
	for _, w := range o.ways {
		for _, t := range all {
			w.untold = slices.DeleteFunc(w.untold, func(old trouble) bool { return old.cause == t.cause })
			if o.claim(ctx, w.key(t)) {
				w.untold = append(w.untold, t)
			}
		}
		if len(w.untold) == 0 {
			continue
		}
		if err := w.tellWhole(context.WithoutCancel(ctx)); err != nil {
			o.log.Error("operator not told, tried again", "way", w.name, "error", err)
			for _, t := range w.untold {
				o.unclaim(context.WithoutCancel(ctx), w.key(t))
			}
			continue
		}
		w.untold = nil
	}
}

// key is what a trouble is claimed by to be told in this way.
func (w *way) key(t trouble) string {
	sum := sha256.Sum256([]byte(t.cause))
	return w.name + "/" + hex.EncodeToString(sum[:16])
}

// tellWhole tells all that is untold.
func (w *way) tellWhole(ctx context.Context) error {
	subject, text := "enshi: "+firstOf(w.untold[0].line), ""
	if n := len(w.untold); n > 1 {
		subject = fmt.Sprintf("%s (and %d more)", subject, n-1)
	}
	for _, t := range w.untold {
		text += t.line + "\n"
	}
	ctx, cancel := context.WithTimeout(ctx, tellTime)
	defer cancel()
	return w.tell(ctx, subject, text)
}

// firstOf is a line up to where its details begin.
func firstOf(line string) string {
	first, _, _ := strings.Cut(line, ": ")
	return first
}

// claim says whether this process is to tell of a cause now. While the store is
// away each process decides on its own.
func (o *operator) claim(ctx context.Context, key string) bool {
	mine, err := o.store.Allow(ctx, key, 1, remindEvery)
	if err == nil {
		return mine
	}
	now := o.now()
	if last, told := o.alone[key]; told && now.Sub(last) < remindEvery {
		return false
	}
	o.alone[key] = now
	return true
}

// unclaim leaves a cause that could not be told to whoever looks next.
func (o *operator) unclaim(ctx context.Context, key string) {
	delete(o.alone, key)
	if err := o.store.Forget(ctx, key); err != nil {
		o.log.Warn("other processes do not tell the operator what this one could not", "error", err)
	}
}

// mailOperator sends a mail past the ledger: it may be the ledger that is in
// trouble.
func (p *parts) mailOperator(ctx context.Context, subject, text string) error {
	to, err := subscribers.ParseAddress(p.cfg.Operator.Email)
	if err != nil {
		return fmt.Errorf("operator.email: %w", err)
	}
	sender, err := p.newSender(ctx)
	if err != nil {
		return err
	}
	now := p.now()
	outcome := sender.Send(ctx, delivery.Message{
		Delivery: delivery.Delivery{Edition: "operator-" + now.UTC().Format("20060102T150405"), Subscriber: nobody,
			Group: p.providers().GroupOf(to.Domain()), Address: to, Created: now},
		Dated: now, Rendered: p.renderer.Note(subject, text),
	}, func(context.Context) error { return nil })
	err = sender.Close()
	if outcome.Class != delivery.Delivered {
		err = errors.Join(err, fmt.Errorf("%s: %s", outcome.Class, outcome.Reply))
	}
	return err
}

// runOperator gives a text to the operator's command.
func (p *parts) runOperator(ctx context.Context, subject, text string) error {
	command := exec.CommandContext(ctx, "/bin/sh", "-c", p.cfg.Operator.Command)
	command.Stdin = strings.NewReader(text)
	command.Env = append(os.Environ(), "ENSHI_SUBJECT="+subject)
	command.WaitDelay = time.Second // children that keep the pipe are left alone
	var said bytes.Buffer
	command.Stdout, command.Stderr = &said, &said
	if err := command.Run(); err != nil {
		out := strings.TrimSpace(said.String())
		return fmt.Errorf("%w: %.500s", err, out)
	}
	return nil
}
