package delivery_test

import (
	"testing"
	"time"

	"github.com/enshi-daily/enshi/delivery"
)

func TestBackoff(t *testing.T) {
	now := time.Date(2026, 11, 24, 8, 0, 0, 0, time.UTC)
	b := delivery.Backoff{First: time.Minute, Most: time.Hour, Jitter: 0.2, GiveUp: 72 * time.Hour}
	for _, tt := range []struct {
		name   string
		tries  int
		age    time.Duration // does not count: a pause may have taken it
		random float64
		wait   time.Duration
		again  bool
	}{
		{"first retry", 0, 0, 0.5, time.Minute, true},
		{"doubles", 3, 0, 0.5, 8 * time.Minute, true},
		{"is bounded", 12, 0, 0.5, time.Hour, true},
		{"many tries do not overflow", 400, 400 * time.Hour, 0.5, time.Hour, false},
		{"days of pauses do not count", 3, 900 * time.Hour, 0.5, 8 * time.Minute, true},
		{"jitter shortens", 0, 0, 0, 48 * time.Second, true},
		{"jitter lengthens", 0, 0, 1, 72 * time.Second, true},
		{"waits up to the limit", 75, 0, 0.5, time.Hour, true}, // 63 minutes and 70 hours
		{"gives up beyond it", 76, 72 * time.Hour, 0.5, time.Hour, false},
		{"tries that faults of ours cut short do not count", 76, 2 * time.Hour, 0.5, time.Hour, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := delivery.Delivery{Tries: tt.tries, Created: now.Add(-tt.age)}
			at, again := b.Next(d, nil, now, tt.random)
			if at.Sub(now) != tt.wait || again != tt.again {
				t.Errorf("Next(%d tries, age %s) = %s, %t, want %s, %t", tt.tries, tt.age, at.Sub(now), again, tt.wait, tt.again)
			}
		})
	}
}

func TestSendable(t *testing.T) {
	// Every state must have an answer that the other states' do not blur.
	for _, tt := range []struct {
		state   string
		edition string
		skip    delivery.Skip
		ok      bool
	}{
		{"active", "daily-20261124-1", "", true},
		{"active", delivery.EditionAlready, "", true},
		{"active", delivery.EditionConfirm, delivery.SkipUnsubscribed, false},
		{"pending", delivery.EditionConfirm, "", true},
		{"pending", "daily-20261124-1", delivery.SkipUnsubscribed, false},
		{"unsubscribed", delivery.EditionConfirm, "", true},
		{"unsubscribed", "daily-20261124-1", delivery.SkipUnsubscribed, false},
		{"bounced", "daily-20261124-1", delivery.SkipSuppressed, false},
		{"complained", "daily-20261124-1", delivery.SkipSuppressed, false},
		{"complained", delivery.EditionAlready, delivery.SkipSuppressed, false},
		{"bounced", delivery.EditionConfirm, "", true},
		{"erased", "daily-20261124-1", delivery.SkipErased, false},
		{"erased", delivery.EditionConfirm, delivery.SkipErased, false},
	} {
		skip, ok := delivery.Sendable(state(tt.state), tt.edition)
		if skip != tt.skip || ok != tt.ok {
			t.Errorf("Sendable(%s, %s) = %q, %t, want %q, %t", tt.state, tt.edition, skip, ok, tt.skip, tt.ok)
		}
	}
}
