package delivery

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"
)

// lightsEvery is how often a worker looks whether other processes put brakes on
// or took them off.
const lightsEvery = 2 * time.Second

// lights are the brakes as a worker knows them. It believes itself at once, and
// the others a little later.
type lights struct {
	pacer  Pacer
	sender Sender
	relays []string // the sender's; none if it knows no relays
	now    func() time.Time
	log    *slog.Logger

	mu   sync.Mutex
	kept map[path]Brake
	read time.Time
	seen map[string]Relay // each relay as it was last looked at
}

func newLights(o WorkerOptions) *lights {
	l := &lights{pacer: o.Pacer, sender: o.Sender, now: o.Now, log: o.Logger, kept: make(map[path]Brake), seen: make(map[string]Relay)}
	for _, r := range o.Sender.Relays() {
		l.relays = append(l.relays, r.Name)
		l.seen[r.Name] = r
	}
	return l
}

// path is the way from a relay to a group; to WholeRelay while that itself fails.
type path struct {
	relay string
	group Group
}

// route is how a group may be reached now.
type route struct {
	open   bool
	due    bool     // a relay that pauses may be probed
	relays []string // that may be used; nil for any
	level  int      // how often its rate is halved
}

// route looks at a group's brakes.
func (l *lights) route(g Group) route {
	l.mu.Lock()
	defer l.mu.Unlock()
	r := route{open: true}
	if len(l.kept) == 0 || len(l.relays) == 0 {
		return r
	}
	var open []string
	for _, relay := range l.relays {
		b := l.kept[path{relay, g}]
		if _, due := b.Probe(l.now()); due {
			r.due = true
		}
		if !b.Shut() {
			open = append(open, relay)
			r.level = max(r.level, b.Level)
		}
	}
	if len(open) < len(l.relays) {
		r.relays, r.open = open, l.usable(open)
	}
	return r
}

// usable says whether a letter that only some relays may carry has one to go to:
// one that works, or whose time to be tried again has come. If none works at all
// that is everybody's trouble.
func (l *lights) usable(open []string) bool {
	if len(open) == 0 {
		return false
	}
	works := false
	for _, r := range l.sender.Relays() {
		if slices.Contains(open, r.Name) && (r.Works() || !l.now().Before(r.Until)) {
			return true
		}
		works = works || r.Works()
	}
	return !works
}

// nowhere says whether an outcome means that no relay can be reached, and not
// only those that this letter was left with.
func (l *lights) nowhere(o Outcome) bool {
	works := func(r Relay) bool { return r.Works() }
	return o.Class == Unreachable && !slices.ContainsFunc(l.sender.Relays(), works)
}

// refresh reads what other processes did, if the last time is not just now, and
// eases what is due.
func (l *lights) refresh(ctx context.Context) error {
	l.mu.Lock()
	stale := l.now().Sub(l.read) >= lightsEvery
	l.mu.Unlock()
	if !stale || len(l.relays) == 0 {
		return nil
	}
	if err := l.reread(ctx); err != nil {
		return err
	}
	l.observe(ctx)
	for _, b := range l.list() {
		if _, due := b.Ease(l.now()); due || b.Stale(l.now()) {
			l.change(ctx, path{b.Relay, b.Group}, l.age)
		}
	}
	return nil
}

// age is what time makes of a brake.
func (l *lights) age(b Brake) (Brake, bool) {
	if b.Stage != Off && b.Stale(l.now()) {
		b.Stage = Off
		return b, true
	}
	return b.Ease(l.now())
}

func (l *lights) reread(ctx context.Context) error {
	all, err := l.pacer.Brakes(ctx)
	if err != nil {
		return err
	}
	kept := make(map[path]Brake, len(all))
	for _, b := range all {
		kept[path{b.Relay, b.Group}] = b
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.kept, l.read = kept, l.now()
	return nil
}

func (l *lights) list() []Brake {
	l.mu.Lock()
	defer l.mu.Unlock()
	list := make([]Brake, 0, len(l.kept))
	for _, b := range l.kept {
		list = append(list, b)
	}
	return list
}

// probe takes it on to let one message of a group try a relay that pauses; nil
// if it is not time for that.
func (l *lights) probe(ctx context.Context, g Group) *Brake {
	for _, relay := range l.relays {
		at := path{relay, g}
		l.mu.Lock()
		_, due := l.kept[at].Probe(l.now())
		l.mu.Unlock()
		if !due {
			continue
		}
		if b, ok := l.change(ctx, at, func(b Brake) (Brake, bool) { return b.Probe(l.now()) }); ok {
			return &b
		}
	}
	return nil
}

// hit pauses a group at a relay, as the provider asked.
func (l *lights) hit(ctx context.Context, g Group, o Outcome) {
	l.change(ctx, path{o.Relay, g}, func(b Brake) (Brake, bool) {
		next := b.Hit(l.now(), o.Pause, o.Reply)
		return next, next != b
	})
}

// learn draws the conclusion from what became of a probe.
func (l *lights) learn(ctx context.Context, probe *Brake, answered bool) {
	l.change(ctx, path{probe.Relay, probe.Group}, func(b Brake) (Brake, bool) {
		if b.Version != probe.Version {
			return b, false // it took so long that another probe decided
		}
		if answered {
			return b.Passed(l.now()), true
		}
		return b.Missed(l.now()), true
	})
}

// change changes a brake here at once, and in the store unless that is away or
// another process did it first. It returns what is kept there.
func (l *lights) change(ctx context.Context, at path, f func(Brake) (Brake, bool)) (Brake, bool) {
	for range 3 {
		l.mu.Lock()
		old := l.kept[at]
		old.Relay, old.Group = at.relay, at.group
		b, ok := f(old)
		if ok {
			l.kept[at] = b
		}
		l.mu.Unlock()
		if !ok {
			return old, false
		}
		set, err := l.pacer.SetBrake(context.WithoutCancel(ctx), b)
		if err != nil {
			l.log.Warn("brake not kept", "relay", at.relay, "group", at.group, "stage", b.Stage, "error", err)
			return b, false
		}
		if set {
			b.Version++
			l.mu.Lock()
			if l.kept[at] = b; b.Stage == Off {
				delete(l.kept, at)
			}
			l.mu.Unlock()
			l.say(old, b)
			return b, true
		}
		if err := l.reread(ctx); err != nil {
			return b, false
		}
	}
	return Brake{}, false
}

// observe looks at how the sender's relays do, logs what changed, and puts up
// for all to see which of them fails. Only this process goes by it: the next
// machine may reach what this one does not. So that two which differ do not undo
// each other's word for ever, the later time stands, and only who has just found
// that a relay works takes it down.
func (l *lights) observe(ctx context.Context) {
	for _, r := range l.sender.Relays() {
		old := l.seen[r.Name]
		l.seen[r.Name] = r
		if r.Fault != old.Fault {
			if r.Works() {
				l.log.Info("relay takes mail again", "relay", r.Name)
			} else {
				l.log.Error("relay does not take mail: left alone for a while, longer each time", "relay", r.Name, "fault", r.Fault, "until", r.Until, "reply", r.Reply)
			}
		}
		l.change(ctx, path{r.Name, WholeRelay}, func(b Brake) (Brake, bool) {
			if r.Works() {
				stands := b.Stage != Off
				b.Stage = Off
				return b, stands && !r.Since.Equal(old.Since)
			}
			later := b.Stage == Off || r.Until.After(b.Until)
			b.Stage, b.Level, b.Since, b.Until, b.Reason = Pausing, r.Failures, r.Since, r.Until, r.Reply
			return b, later && !b.Stale(l.now())
		})
	}
}

// say logs what became of a brake, one line a change.
func (l *lights) say(old, b Brake) {
	where := []any{"relay", b.Relay, "group", b.Group}
	switch {
	case b.OfRelay(): // observe says it, also while the store is away
	case b.Stage == Pausing && b.Level > old.Level:
		l.log.Warn("provider asks for less: paused", append(where, "until", b.Until, "times", b.Level, "reply", b.Reason)...)
	case b.Stage == Pausing:
		l.log.Info("probe found out nothing, another follows", append(where, "at", b.Until)...)
	case b.Stage == Probing:
		l.log.Info("pause is over: one mail tries", where...)
	case b.Stage == Easing:
		l.log.Info("provider takes mail again, at a lower rate", append(where, "halved", b.Level)...)
	default:
		l.log.Info("provider gets its usual rate again", where...)
	}
}
