package main

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/enshi-daily/enshi/delivery"
)

// TestFencedProcessesEnd begins a new epoch while a daemon runs: it ends by
// itself, says why, and another one takes its place.
func TestFencedProcessesEnd(t *testing.T) {
	for _, store := range []string{"sqlite", "redis"} {
		t.Run(store, func(t *testing.T) {
			p := newPlace(t, store, "outbox")
			p.post("2026-01-02-jiuwen.md", "旧闻一则", "2026-01-02 08:00:00 +0800", "tags: 茶叶")
			base, ended := p.daemon()
			p.signUp(base, "reader@example.com", "*", "daily")
			p.idle()
			if got := p.enshi("store", "show"); got != "epoch 0, in use\n" {
				t.Errorf("store show = %q", got)
			}
			if got := p.enshi("store", "fence"); got != "epoch 1, in use\n" {
				t.Errorf("store fence = %q", got)
			}
			p.endsRefused(ended, "this process must end")

			base, ended = p.daemon()
			p.signUp(base, "second@example.com", "*", "daily")
			p.idle()
			if got := p.enshi("store", "retire", "--reason", "moved to redis://new"); got != "epoch 2, retired: moved to redis://new\n" {
				t.Errorf("store retire = %q", got)
			}
			p.endsRefused(ended, "moved to redis://new")
			for _, command := range [][]string{{"send-digest", "--cadence", "daily"}, {"serve", "--listen", "127.0.0.1:0"}, {"store", "fence"}} {
				if code, _, errs := p.try(command...); code != exitRefused || !strings.Contains(errs, "moved to redis://new") || !strings.Contains(errs, "enshi store revive") {
					t.Errorf("%v of a retired store: exit %d, %s", command, code, errs)
				}
			}
			if listed := p.enshi("subscribers", "list"); strings.Count(listed, "active") != 2 {
				t.Errorf("a retired store cannot be read: %s", listed)
			}
			p.enshi("store", "revive")
			p.enshi("send-digest", "--cadence", "daily")
		})
	}
}

// idle waits until no notice is on its way: what a fenced process had in hand
// stays with it until the lease ends.
func (p *place) idle() {
	p.t.Helper()
	ledger, err := ledgerOf(filepath.Join(p.dir, "data"), p.store)
	if err != nil {
		p.t.Fatal(err)
	}
	defer ledger.close()
	p.await("every notice is sent", func() bool {
		counts, err := ledger.noticeCounts(p.t.Context())
		return err == nil && counts.Total() == counts[delivery.Sent]
	})
}

// daemon is serve whose end can be waited for.
func (p *place) daemon() (base string, ended func() (code int, log string)) {
	p.t.Helper()
	p.log = &buffer{}
	log := p.log
	base, code := p.serving(p.t.Context())
	return base, func() (int, string) {
		select {
		case c := <-code:
			return c, log.String()
		case <-time.After(30 * time.Second):
			p.t.Fatalf("serve did not end:\n%s", log.String())
			return 0, ""
		}
	}
}

func (p *place) endsRefused(ended func() (int, string), why string) {
	p.t.Helper()
	if code, log := ended(); code != exitRefused || !strings.Contains(log, why) {
		p.t.Errorf("a fenced serve ended with %d, want %d and %q:\n%s", code, exitRefused, why, log)
	}
}
