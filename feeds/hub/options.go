package hub

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"time"
)

// Defaults of Options.
const (
	DefaultSpacing = 200 * time.Millisecond
	DefaultTimeout = 15 * time.Second
	DefaultQueue   = 20000
)

// Options are what a Pinger works with. All without a named default are needed.
type Options struct {
	Hubs   []string // absolute http or https addresses; one that is named twice is pinged once
	Log    *slog.Logger
	Now    func() time.Time
	Random func() float64 // in [0, 1), for jitter

	Client  *http.Client  // without a timeout of its own; default one that keeps a connection a hub
	Spacing time.Duration // between an answer and the next ping to the same hub; default 200 ms
	Timeout time.Duration // for a ping with all its redirects; default 15 seconds
	Queue   int           // topics that may wait for a hub; default 20,000
	Backoff Backoff       // default DefaultBackoff
}

// Backoff says when a ping is repeated that a hub did not take. The hub is left
// alone as long as it has not taken any, and the topic as long as that one
// failed.
type Backoff struct {
	First  time.Duration // before the second attempt; doubles from there
	Most   time.Duration // between two attempts
	Jitter float64       // 0.2 spreads by ±20 %
	GiveUp time.Duration // after the first attempt
}

// DefaultBackoff starts at ten seconds, asks a hub that is away once an hour,
// and gives a topic up that fails for a day.
func DefaultBackoff() Backoff {
	return Backoff{First: 10 * time.Second, Most: time.Hour, Jitter: 0.2, GiveUp: 24 * time.Hour}
}

// wait is the time after so many failures in a row, from 1. random is in [0, 1).
func (b Backoff) wait(failures int, random float64) time.Duration {
	wait := b.Most
	if failures < 20 && b.First<<(failures-1) < wait {
		wait = b.First << (failures - 1)
	}
	return wait + time.Duration(float64(wait)*b.Jitter*(2*random-1))
}

// check names everything that is wrong, at once.
func (o *Options) check() error {
	var problems []error
	need := func(name string, there bool) {
		if !there {
			problems = append(problems, fmt.Errorf("hub: option %s is missing", name))
		}
	}
	need("Log", o.Log != nil)
	need("Now", o.Now != nil)
	need("Random", o.Random != nil)
	for _, hub := range o.Hubs {
		u, err := url.Parse(hub)
		if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" {
			problems = append(problems, fmt.Errorf("hub %q: expected an absolute http or https address", hub))
		}
	}
	return errors.Join(problems...)
}

func (o Options) withDefaults() Options {
	if o.Spacing <= 0 {
		o.Spacing = DefaultSpacing
	}
	if o.Timeout <= 0 {
		o.Timeout = DefaultTimeout
	}
	if o.Queue <= 0 {
		o.Queue = DefaultQueue
	}
	if o.Backoff == (Backoff{}) {
		o.Backoff = DefaultBackoff()
	}
	return o
}
