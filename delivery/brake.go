package delivery

import (
	"slices"
	"time"
)

// Brake is how one relay treats one provider group after the provider asked for
// less: it pauses, then lets one message try, then goes on at a lower rate, and
// faster step by step. All of that happens by itself, and for all processes at
// once: what the provider counts are the relay's messages, whoever gave them.
type Brake struct {
	Relay   string     `json:"-"`
	Group   Group      `json:"-"`
	Version int64      `json:"-"` // as it was read; see Pacer.SetBrake
	Stage   BrakeStage `json:"stage"`
	Level   int        `json:"level"` // how often the provider asked; the rate is halved as often
	Until   time.Time  `json:"until"` // of the stage
	Since   time.Time  `json:"since"`
	Reason  string     `json:"reason"` // the provider's words
}

// BrakeStage is what a brake does.
type BrakeStage string

// The stages, in the order that they follow each other in.
const (
	Off     BrakeStage = ""        // nothing
	Pausing BrakeStage = "paused"  // nothing goes out until Until
	Probing BrakeStage = "probing" // one is on its way; if nothing is heard until Until, another may go
	Easing  BrakeStage = "eased"   // at a lower rate, until Until
)

const (
	longestPause = 24 * time.Hour
	pauseGrowth  = 6 // each pause is as many times as long as the one before: 10 minutes, an hour, six hours, a day
	easeEvery    = time.Hour
	probeTime    = 10 * time.Minute // within which a probe has its answer
	mostHalved   = 5                // a rate is not halved more often than this
	assumedRate  = 600              // messages a minute of a group without a limit, to be halved
)

// Hit is the brake after the provider asked for a pause, of at least first. What
// was on its way when a pause began and meets the same answer changes nothing.
func (b Brake) Hit(now time.Time, first time.Duration, reason string) Brake {
	if b.Stage == Pausing && now.Before(b.Until) {
		return b
	}
	pause := first
	for range min(b.Level, 10) {
		pause = min(pause*pauseGrowth, longestPause)
	}
	b.Stage, b.Level, b.Since, b.Until, b.Reason = Pausing, b.Level+1, now, now.Add(pause), reason
	return b
}

// Probe is the brake after somebody took it on to let one message try; false if
// it is not time for that.
func (b Brake) Probe(now time.Time) (Brake, bool) {
	if b.Stage != Pausing && b.Stage != Probing || now.Before(b.Until) {
		return b, false
	}
	b.Stage, b.Until = Probing, now.Add(probeTime)
	return b, true
}

// Passed is the brake after the probe was answered like any other message.
func (b Brake) Passed(now time.Time) Brake {
	b.Stage, b.Since, b.Until = Easing, now, now.Add(easeEvery)
	return b
}

// Missed is the brake after the probe found out nothing: another may go soon.
func (b Brake) Missed(now time.Time) Brake {
	b.Stage, b.Until = Pausing, now.Add(time.Minute)
	return b
}

// Ease is the brake after a time without complaints; false if it is not over.
func (b Brake) Ease(now time.Time) (Brake, bool) {
	if b.Stage != Easing || now.Before(b.Until) {
		return b, false
	}
	b.Level--
	b.Until = b.Until.Add(easeEvery)
	if b.Until.Before(now) {
		b.Until = now.Add(easeEvery)
	}
	if b.Level <= 0 {
		b.Stage = Off
	}
	return b, true
}

// WholeRelay stands for a relay that takes mail for nobody. Notices have no group
// at all.
const WholeRelay Group = "*"

// OfRelay says that the relay itself fails, whatever the group.
func (b Brake) OfRelay() bool { return b.Group == WholeRelay }

// Shut says whether nothing but a probe may go out.
func (b Brake) Shut() bool { return b.Stage == Pausing || b.Stage == Probing }

// Stale says whether nobody has cared for a brake so long that it says nothing
// any more: the process that saw its relay fail is gone, or the relay is not
// used now.
func (b Brake) Stale(now time.Time) bool {
	after := 7 * 24 * time.Hour
	if b.OfRelay() {
		after = 10 * time.Minute
	}
	return now.Sub(b.Until) > after
}

// Standing are the brakes that are not stale.
func Standing(all []Brake, now time.Time) []Brake {
	return slices.DeleteFunc(slices.Clone(all), func(b Brake) bool { return b.Stale(now) })
}

// slowed is a budget halved level times.
func (b Budget) slowed(level int) Budget {
	if level <= 0 {
		return b
	}
	halve := func(n int) int { return max(n>>min(level, mostHalved), 1) }
	if b.PerMinute == 0 {
		b.PerMinute = assumedRate
	}
	b.PerMinute, b.Burst = halve(b.PerMinute), halve(b.Burst)
	if b.Connections > 0 {
		b.Connections = halve(b.Connections)
	}
	return b
}
