package delivery

import "time"

// Backoff says when a delivery that met a temporary error is tried again.
type Backoff struct {
	First  time.Duration // before the second attempt; doubles from there
	Most   time.Duration // between two attempts
	Jitter float64       // 0.2 spreads by ±20 %
	GiveUp time.Duration // after the delivery was planned
}

// DefaultBackoff starts at five minutes, which is what greylisting asks for,
// and gives up after three days.
func DefaultBackoff() Backoff {
	return Backoff{First: 5 * time.Minute, Most: 8 * time.Hour, Jitter: 0.2, GiveUp: 72 * time.Hour}
}

// Next is when the attempt after tries earlier ones may be made; ok is false
// if the delivery is given up. random is in [0, 1).
func (b Backoff) Next(d Delivery, now time.Time, random float64) (at time.Time, ok bool) {
	wait := b.Most
	if d.Tries < 16 {
		wait = min(b.First<<d.Tries, b.Most)
	}
	wait += time.Duration(float64(wait) * b.Jitter * (2*random - 1))
	at = now.Add(wait)
	return at, at.Sub(d.Created) < b.GiveUp
}
