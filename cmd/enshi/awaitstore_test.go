package main

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/enshi-daily/enshi/internal/redistest"
)

func TestServeWaitsForTheStore(t *testing.T) {
	server := redistest.Start(t)
	server.Kill()
	p := newPlace(t, "sqlite", "outbox")
	p.flags = append(p.flags, "--store", server.URL())
	go func() {
		p.await("serve to say that it waits", func() bool { return strings.Contains(p.log.String(), "waiting for it") })
		server.Restart()
	}()
	base, stop := p.serve()
	if code, _ := get(t, base+"/healthz"); code != http.StatusOK {
		t.Errorf("healthz after the wait: %d", code)
	}
	if code := stop(); code != exitDone {
		t.Errorf("exit %d\n%s", code, p.log.String())
	}
}

func TestServeThatWaitsCanBeStopped(t *testing.T) {
	server := redistest.Start(t)
	server.Kill()
	p := newPlace(t, "sqlite", "outbox")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go func() {
		p.await("serve to say that it waits", func() bool { return strings.Contains(p.log.String(), "waiting for it") })
		cancel()
	}()
	args := append([]string{"enshi"}, append(p.flags, "--store", server.URL(), "serve")...)
	if code := run(ctx, streams{in: strings.NewReader(""), out: &buffer{}, err: p.log}, args); code != exitDone {
		t.Errorf("exit %d, want %d\n%s", code, exitDone, p.log.String())
	}
}

func TestServeDoesNotWaitForAWrongStore(t *testing.T) {
	p := newPlace(t, "sqlite", "outbox")
	p.flags = append(p.flags, "--store", redistest.Start(t).URL()+"?db=999")
	if code, _, errs := p.try("serve"); code != exitFailed || strings.Contains(errs, "waiting") {
		t.Errorf("exit %d\n%s", code, errs)
	}
}
