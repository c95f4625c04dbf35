package delivery

import (
	"context"
	"sync"
	"time"

	"github.com/enshi-daily/enshi/subscribers"
)

type key struct {
	edition    string
	subscriber subscribers.ID
}

// leases are the deliveries that a worker holds a lease of and has not
// finished.
type leases struct {
	mu   sync.Mutex
	held map[key]Delivery
}

func (l *leases) add(leased []Delivery) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.held == nil {
		l.held = make(map[key]Delivery)
	}
	for _, d := range leased {
		l.held[key{d.Edition, d.Subscriber}] = d
	}
}

func (l *leases) drop(d Delivery) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.held, key{d.Edition, d.Subscriber})
}

func (l *leases) len() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.held)
}

func (l *leases) list() []Delivery {
	l.mu.Lock()
	defer l.mu.Unlock()
	list := make([]Delivery, 0, len(l.held))
	for _, d := range l.held {
		list = append(list, d)
	}
	return list
}

// maxLetters is how many bytes of letters a worker keeps at hand: some thousand
// letters.
const maxLetters = 64 << 20

// letterCache reads a letter from the store and makes it ready once, however
// many recipients it has.
type letterCache struct {
	source Letters
	ready  func([]byte) ([]byte, error)

	mu   sync.Mutex
	kept map[string][]byte
	size int
}

func (c *letterCache) get(ctx context.Context, edition, letter string) ([]byte, error) {
	c.mu.Lock()
	rendered, ok := c.kept[letter]
	c.mu.Unlock()
	if ok {
		return rendered, nil
	}
	data, err := c.source.Letter(ctx, edition, letter)
	if err != nil {
		return nil, err
	}
	if _, rendered, err = unpackLetter(data); err != nil {
		return nil, err
	}
	if ready, err := c.ready(rendered); err == nil {
		rendered = ready
	} // else the Sender says what is wrong with it
	c.put(letter, rendered)
	return rendered, nil
}

func (c *letterCache) put(letter string, rendered []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.size += len(rendered); c.kept == nil || c.size > maxLetters {
		c.kept, c.size = make(map[string][]byte), len(rendered)
	}
	c.kept[letter] = rendered
}

// trouble makes a worker wait while no relay can be reached, so that an outage
// uses up nobody's attempts.
type trouble struct {
	mu    sync.Mutex
	count int
	until time.Time
	reply string
}

// unreachableLimit is how many attempts in a row find no relay before a
// draining worker gives up.
const unreachableLimit = 3

func (t *trouble) note(o Outcome, now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch o.Class {
	case Unreachable:
		t.until = now.Add(min(time.Second<<min(t.count, 6), time.Minute))
		t.count++
		t.reply = o.Reply
	case Stopped, NotPermitted:
	default:
		t.count, t.until = 0, time.Time{}
	}
}

func (t *trouble) wait(now time.Time) time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	return max(0, t.until.Sub(now))
}

// lasting is the relay's last word once it was out of reach for too long.
func (t *trouble) lasting() (reply string, ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.reply, t.count >= unreachableLimit
}
