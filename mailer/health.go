package mailer

import (
	"sync"
	"time"

	"github.com/enshi-daily/enshi/delivery"
)

// health keeps how a relay does.
type health struct {
	mu      sync.Mutex
	now     delivery.Relay
	closed  int  // answers of 421 in a row
	claimed bool // a letter tries whether it works again
}

// How long a relay is left alone that fails: twice as long each time.
const (
	awayFirst    = 5 * time.Second
	awayMost     = 5 * time.Minute
	refusedFirst = time.Minute // it does not want us: somebody must do something
	refusedMost  = time.Hour
	closings     = 3 // answers of 421 in a row by which a relay counts as closed
)

func (h *health) get() delivery.Relay {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.now
}

// worked notes that the relay took a message.
func (h *health) worked(at time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.now.Sent++
	h.mend(at)
}

// answered notes that the relay talks to us, though it did not take this message.
func (h *health) answered(at time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.mend(at)
}

func (h *health) mend(at time.Time) {
	if !h.now.Works() || h.now.Since.IsZero() {
		h.now.Since = at
	}
	h.now.Fault, h.now.Failures, h.now.Reply, h.now.Until, h.closed = "", 0, "", time.Time{}, 0
	h.claimed = false
}

// failed notes that the relay cannot be used.
func (h *health) failed(at time.Time, fault delivery.Class, reply string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.fail(at, fault, reply)
}

func (h *health) fail(at time.Time, fault delivery.Class, reply string) {
	if !h.now.Works() && !h.claimed && at.Before(h.now.Until) {
		return // the letter was on its way when another found out
	}
	h.claimed = false
	wait, most := awayFirst, awayMost
	if fault == delivery.OurFault {
		wait, most = refusedFirst, refusedMost
	}
	wait = min(wait<<min(h.now.Failures, 12), most)
	if h.now.Fault != fault {
		h.now.Since = at
	}
	h.now.Fault, h.now.Reply, h.now.Until = fault, reply, at.Add(wait)
	h.now.Failures++
}

// hungUp notes that the relay answered 421 to a letter. If it does that to all,
// it cannot be used.
func (h *health) hungUp(at time.Time, reply string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed++; h.closed >= closings {
		h.fail(at, delivery.Unreachable, reply)
	}
}

// claim says whether a relay that failed may be tried again, and leaves it alone
// for the next ones until the first has found out.
func (h *health) claim(at time.Time, within time.Duration) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.now.Works() || at.Before(h.now.Until) {
		return false
	}
	h.now.Until, h.claimed = at.Add(within), true
	return true
}
