package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"

	"github.com/enshi-daily/enshi/posts"
)

// watchHolder keeps the right to write identities and arrivals for as long as
// a command runs.
type watchHolder struct {
	store posts.Identities
	log   *slog.Logger

	mu   sync.Mutex
	name string
	held *posts.Watch
}

// acquire returns the watch, taking it if nobody else has it. nil without an
// error means that another process watches the site.
func (h *watchHolder) acquire(ctx context.Context) (*posts.Watch, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.held != nil {
		err := h.store.RenewWatch(ctx, *h.held, watchTTL)
		if err == nil {
			return h.held, nil
		}
		if !errors.Is(err, posts.ErrFenced) {
			return nil, fmt.Errorf("renew the watch: %w", err)
		}
		h.held = nil
	}
	if h.name == "" {
		h.name = holderName()
	}
	w, err := h.store.AcquireWatch(ctx, h.name, watchTTL)
	if errors.Is(err, posts.ErrWatched) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("acquire the watch: %w", err)
	}
	h.held = &w
	return h.held, nil
}

// keep renews the watch until ctx ends, then gives it back.
func (h *watchHolder) keep(ctx context.Context) error {
	tick := time.NewTicker(watchTTL / 3)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			h.release(context.WithoutCancel(ctx))
			return nil
		case <-tick.C:
			h.renew(ctx)
		}
	}
}

func (h *watchHolder) renew(ctx context.Context) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.held == nil {
		return
	}
	err := h.store.RenewWatch(ctx, *h.held, watchTTL)
	if errors.Is(err, posts.ErrFenced) {
		h.held = nil
	}
	if err != nil && ctx.Err() == nil {
		h.log.Warn("watch not renewed", "error", err)
	}
}

func (h *watchHolder) release(ctx context.Context) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.held == nil {
		return
	}
	if err := h.store.ReleaseWatch(ctx, *h.held); err != nil {
		h.log.Warn("watch not given back, it expires by itself", "error", err)
	}
	h.held = nil
}

// holderName names a holder for people, and no other one the same.
func holderName() string {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown host"
	}
	return fmt.Sprintf("pid %d on %s (%s)", os.Getpid(), host, rand.Text()[:4])
}
