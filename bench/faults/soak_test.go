package faults

import (
	"math/rand/v2"
	"os"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/enshi-daily/enshi/internal/redistest"
	"github.com/enshi-daily/enshi/subscribers"
)

// TestSoak lets two planners and four senders work on one edition after the
// other, of PEOPLE people, and kills one of them KILLS times at a random moment.
// Now and then it freezes one for a while, and kills redis-server.
func TestSoak(t *testing.T) {
	kills, people := number(t, "KILLS", 8), number(t, "PEOPLE", crowd)
	seed := uint64(number(t, "SEED", int(time.Now().UnixNano()%1e6)))
	t.Logf("SEED=%d\n%-7s %8s %8s %8s %6s %6s %6s %8s %8s %5s", seed,
		"store", "people", "editions", "planned", "kills", "redis", "frozen", "in doubt", "copies", "lost")
	eachStore(t, func(t *testing.T, store string) {
		k := newSoak(t, store, people, seed)
		began := time.Now()
		for k.kills < kills && !t.Failed() {
			k.post(3)
			k.storm(kills)
			t.Logf("%v: edition %d is through; %d kills", time.Since(began).Round(time.Second), len(k.issues)/3, k.kills)
		}
		daemons := len(k.daemons)
		k.stop()
		got := k.account()
		t.Logf("%-7s %8d %8d %8d %6d %6d %6d %8d %8d %5d", store, people, len(k.issues)/3, got.planned,
			k.kills, k.servers, k.frozen, got.doubts, got.copies, got.lost)
		if most := (k.kills + k.frozen + daemons*k.servers) * connections; got.doubts > most {
			t.Errorf("%d in doubt, at most %d: one a connection and kill", got.doubts, most)
		}
	})
}

func number(t *testing.T, name string, otherwise int) int {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return otherwise
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		t.Fatalf("%s=%s: expected a number from 1", name, text)
	}
	return n
}

// soak is a scene with daemons that are killed and started again.
type soak struct {
	*scene
	random  *rand.Rand
	kills   int
	servers int // kills of redis-server
	frozen  int
}

// daemonRoles are the daemons of a soak.
func daemonRoles() []string { return []string{"watch,plan", "plan", "send", "send", "send", "send"} }

func newSoak(t *testing.T, store string, people int, seed uint64) *soak {
	t.Helper()
	o := setting{store: store, people: people, lease: shortLease, cadence: subscribers.Instant}
	if store == "redis" {
		o.redis = redistest.Start(t, "--appendfsync", "always")
	}
	k := &soak{scene: newScene(t, o), random: rand.New(rand.NewPCG(seed, 1))}
	for _, roles := range daemonRoles() {
		k.serve("", roles)
	}
	return k
}

// revive starts a daemon in the place of one that was killed.
func (k *soak) revive(i int) {
	k.Helper()
	k.serve("", daemonRoles()[i])
	last := len(k.daemons) - 1
	k.daemons[i], k.daemons = k.daemons[last], k.daemons[:last]
}

// storm kills until everybody is served, or often enough.
func (k *soak) storm(most int) {
	k.Helper()
	store := k.open()
	defer store.Shutdown()
	for began := time.Now(); !k.settled(store); {
		time.Sleep(time.Duration(k.random.IntN(1000)) * time.Millisecond)
		if time.Since(began) > 10*patience {
			k.Fatalf("the edition is not through after %v", 10*patience)
		}
		if k.kills >= most {
			continue
		}
		i := k.random.IntN(len(k.daemons))
		switch n := k.random.IntN(20); {
		case n == 0 && k.redis != nil:
			k.servers++
			k.redis.Restart()
		case n == 1:
			k.freeze(i)
		default:
			k.kills++
			k.daemons[i].kill()
			k.revive(i)
		}
	}
}

// freeze stops a daemon for up to twice as long as its leases last.
func (k *soak) freeze(i int) {
	k.frozen++
	k.daemons[i].signal(syscall.SIGSTOP)
	time.Sleep(time.Duration(k.random.Int64N(int64(2 * shortLease))))
	k.daemons[i].signal(syscall.SIGCONT)
}
