package storetest

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/enshi-daily/enshi/delivery"
	"github.com/enshi-daily/enshi/digest"
	"github.com/enshi-daily/enshi/posts"
	"github.com/enshi-daily/enshi/subscribers"
)

// Store is everything that one store implements.
type Store interface {
	posts.Identities
	posts.Decisions
	digest.Log
	subscribers.Registry
	subscribers.Bulk
	subscribers.Limits
	delivery.Planning
	delivery.Editions
	delivery.Letters
	delivery.Queue
	delivery.Pacer
	delivery.Control
	delivery.Recall
	delivery.Epochs

	// Fingerprint remembers the key ring's fingerprint that it is given first,
	// and returns the remembered one ever after.
	Fingerprint(ctx context.Context, have string) (stored string, err error)
}

// Harness is an empty store with the means to test it.
type Harness struct {
	Store  Store
	Second Store // another process's view of the same data
	// Open is the view of a process that starts now.
	Open func() Store

	// Advance lets at least d pass by the store's clock: a fake clock moves, a
	// real one is waited for.
	Advance func(d time.Duration)
	// Now is the store's clock; nil stands for time.Now.
	Now func() time.Time
	// Spoil makes the rolls of an edition such as no program reads. Retention
	// alone needs it.
	Spoil func(edition string)
}

// law is one sentence of a contract.
type law struct {
	sentence string
	holds    func(s *scene)
}

// Run holds a store to every contract. open is called once a sentence and
// returns a store with nothing in it.
func Run(t *testing.T, open func(t *testing.T) Harness) {
	contracts := []struct {
		name string
		laws []law
	}{
		{"posts.Identities", identities()},
		{"posts.Decisions", decisions()},
		{"digest.Log", arrivals()},
		{"subscribers.Registry", registry()},
		{"subscribers.Bulk", bulk()},
		{"subscribers.Limits", limits()},
		{"delivery.Planning", planning()},
		{"delivery.Editions", editions()},
		{"delivery.Letters", letters()},
		{"delivery.Queue", queue()},
		{"delivery.Pacer", pacer()},
		{"delivery.Control", control()},
		{"delivery.Recall", recall()},
		{"delivery.Epochs", epochs()},
		{"Fingerprint", fingerprint()},
	}
	var cases atomic.Int64
	t.Cleanup(func() { t.Logf("storetest: %d contract cases", cases.Load()) })
	for _, contract := range contracts {
		t.Run(contract.name, func(t *testing.T) {
			for _, l := range contract.laws {
				t.Run(l.sentence, func(t *testing.T) {
					cases.Add(1)
					l.holds(newScene(t, open(t)))
				})
			}
		})
	}
}
