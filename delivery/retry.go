package delivery

import "time"

// Backoff says when a delivery that met a temporary error is tried again.
type Backoff struct {
	First  time.Duration // before the second attempt; doubles from there
	Most   time.Duration // between two attempts
	Jitter float64       // 0.2 spreads by ±20 %
	// GiveUp bounds the waits between attempts in all. What a pause, a budget or
	// a process that was down added to them does not count. What took less than half
	// of it in truth is not given up: those attempts were cut short by faults of ours.
	GiveUp time.Duration
}

// DefaultBackoff starts at five minutes, which is what greylisting asks for,
// and gives up after three days.
func DefaultBackoff() Backoff {
	return Backoff{First: 5 * time.Minute, Most: 8 * time.Hour, Jitter: 0.2, GiveUp: 72 * time.Hour}
}

// Next is when the attempt after d.Tries earlier ones may be made; ok is false
// if the delivery is given up. waits are what the answer calls for, nil for
// nothing of its own: one an attempt, from the first on. Once there are no more,
// it is the last of them or the usual wait, whichever is longer. random is in
// [0, 1).
func (b Backoff) Next(d Delivery, waits []time.Duration, now time.Time, random float64) (at time.Time, ok bool) {
	wait, spent := b.wait(d.Tries, waits), time.Duration(0)
	for i := 0; i <= d.Tries && spent < b.GiveUp; i++ {
		// Nobody knows what the attempts before were answered: as if it had been this.
		spent += max(b.wait(i, waits), 1)
	}
	jitter := time.Duration(float64(wait) * b.Jitter * (2*random - 1))
	return now.Add(wait + jitter), spent < b.GiveUp || now.Sub(d.Created) < b.GiveUp/2
}

// wait is the wait after tries attempts, before jitter.
func (b Backoff) wait(tries int, waits []time.Duration) time.Duration {
	if tries < len(waits) {
		return waits[tries]
	}
	usual := b.Most
	if tries < 16 {
		usual = min(b.First<<tries, b.Most)
	}
	if len(waits) > 0 {
		return max(waits[len(waits)-1], usual)
	}
	return usual
}
