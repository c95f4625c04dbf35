package delivery

import (
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
	empty chan<- struct{} // is told when there are none left

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
	if len(l.held) == 0 && l.empty != nil {
		select {
		case l.empty <- struct{}{}:
		default:
		}
	}
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
	switch {
	case o.Class == Unreachable && now.Before(t.until):
		// It was on its way when another found out.
	case o.Class == Unreachable:
		t.until = now.Add(min(time.Second<<min(t.count, 6), time.Minute))
		t.count++
		t.reply = o.Reply
	case o.Class == Stopped, o.Class == NotPermitted, o.Class == TakenBack:
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
