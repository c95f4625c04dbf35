package main

import (
	"strings"
	"testing"

	"github.com/enshi-daily/enshi/internal/redistest"
)

// TestAcceptLoss sends nothing by a Redis that could lose or evict what it was
// given, unless that was said to be meant.
func TestAcceptLoss(t *testing.T) {
	for _, tt := range []struct {
		name, want string
		settings   []string
	}{
		{"no append-only file", "set appendonly yes", []string{"--appendonly", "no"}},
		{"eviction", "maxmemory-policy noeviction", []string{"--maxmemory", "100mb", "--maxmemory-policy", "allkeys-lru"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := newPlace(t, "sqlite", "outbox")
			p.flags = append(p.flags, "--store", redistest.Start(t, tt.settings...).URL())
			p.enshi("subscribers", "add", "reader@example.com") // only sending is refused
			for _, command := range [][]string{{"send-digest"}, {"serve", "--listen", "127.0.0.1:0"}} {
				code, said, errs := p.try(command...)
				if code != exitRefused || said != "" || !strings.Contains(errs, tt.want) || !strings.Contains(errs, "--accept-loss") {
					t.Errorf("%s: exit %d, %q, want %d and %q with the way on:\n%s", command[0], code, said, exitRefused, tt.want, errs)
				}
			}
			if n := len(p.mails()); n != 0 {
				t.Errorf("%d mails, want none", n)
			}
			p.enshi("send-digest", "--accept-loss")
			if n := len(p.mails()); n != 1 {
				t.Errorf("%d mails with --accept-loss, want the confirmation", n)
			}
			p.write("enshi.yaml", "accept_loss: true\n")
			p.enshi("send-digest")
		})
	}
}
