package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/enshi-daily/enshi/delivery"
	"github.com/enshi-daily/enshi/digest"
	"github.com/enshi-daily/enshi/subscribers"
)

// testSend sends what one subscriber would get now to an address of the
// operator's: through the real way out, but past the ledger, with a marked
// subject and links that are nobody's, so that neither a click nor a bounce
// does anything to anybody.
func testSend(ctx context.Context, p *parts, r request) error {
	to, err := subscribers.ParseAddress(r.to)
	if err != nil {
		return usagef("--to %s: %w", r.to, err)
	}
	if err := p.openStore(ctx); err != nil {
		return err
	}
	s, err := p.findSubscriber(ctx, r.as)
	if err != nil {
		return err
	}
	if s.State != subscribers.Active {
		return fmt.Errorf("%s is %s and would get nothing: nothing was sent", s.ID, s.State)
	}
	p.subjectMark = testMark(s.Language)
	sender, err := p.newSender(ctx)
	if err != nil {
		return err
	}
	letter, err := testLetter(ctx, p, r, s)
	if err != nil {
		return err
	}
	if err := p.sendTest(ctx, sender, to, letter); err != nil {
		return err
	}
	if p.json {
		return json.NewEncoder(p.out).Encode(map[string]any{"to": to, "as": s.ID, "posts": len(letter.Entries), "note": p.outboxNote()})
	}
	p.result("a test of what %s would get was sent to %s: %d posts", s.ID, to, len(letter.Entries))
	if note := p.outboxNote(); note != "" {
		p.say("%s", note)
	}
	return nil
}

// testMark stands before the subject of a test.
func testMark(l subscribers.Language) string {
	if l == subscribers.English {
		return "[Test]"
	}
	return "【测试】"
}

func testLetter(ctx context.Context, p *parts, r request, s subscribers.Subscriber) (digest.Letter, error) {
	planner, _, err := foresee(ctx, p, r.admission)
	if err != nil {
		return digest.Letter{}, err
	}
	cadence := s.Cadence
	if r.cadence != "" {
		cadence = r.cadence
	}
	letter, err := planner.Letter(ctx, cadence, s)
	if err == nil && len(letter.Entries) == 0 {
		err = fmt.Errorf("nothing is pending for %s, served up to arrival %d: nothing was sent", s.ID, s.Cursor)
	}
	return letter, err
}

func (p *parts) sendTest(ctx context.Context, sender delivery.Sender, to subscribers.Address, l digest.Letter) error {
	rendered, err := p.renderer.Render(l)
	if err != nil {
		return fmt.Errorf("letter: %w", err)
	}
	now := p.now()
	// Each test has a Message-ID of its own: mailboxes drop second copies.
	edition := "test-" + now.UTC().Format("20060102T150405") + strings.ReplaceAll(now.UTC().Format(".000000"), ".", "-") + "-" + l.Edition
	outcome := sender.Send(ctx, delivery.Message{
		Delivery: delivery.Delivery{Edition: edition, Subscriber: nobody, Letter: l.ID, Group: p.providers().GroupOf(to.Domain()),
			Address: to, Language: l.Language, Cadence: l.Cadence, Created: now},
		Dated: now, Rendered: rendered,
	}, func(context.Context) error { return nil })
	if err := sender.Close(); err != nil {
		p.log.Warn("connection not closed", "error", err)
	}
	if outcome.Class != delivery.Delivered {
		return fmt.Errorf("test mail: %s: %s", outcome.Class, outcome.Reply)
	}
	return nil
}
