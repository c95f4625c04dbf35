package delivery_test

import (
	"testing"
	"time"

	"github.com/enshi-daily/enshi/delivery"
)

func TestAnswersCallForTheirWaits(t *testing.T) {
	p := delivery.NewProviders([]delivery.Provider{
		{Group: "qq", Deferrals: []delivery.Deferral{{"access denied", []time.Duration{time.Hour}}}},
		{Group: "netease", Deferrals: []delivery.Deferral{{"DT:SPM", []time.Duration{time.Minute}}, {"5.2.2", []time.Duration{time.Second}}}},
		{Group: delivery.Other, Deferrals: []delivery.Deferral{{"5.2.2", []time.Duration{6 * time.Hour}}, {"552", []time.Duration{6 * time.Hour}}}},
	})
	for _, tt := range []struct {
		group delivery.Group
		reply string
		want  string
	}{
		{"qq", "mx:25: 550 Mailbox unavailable or access denied [x]", "access denied"},
		{"qq", "mx:25: 550 ACCESS DENIED.", "access denied"},
		{"qq", "mx:25: 550 access deniedness", ""},
		{"gmail", "mx:25: 550 access denied", ""}, // only at its provider's
		{"netease", "mx:25: 554 DT:SPM 163 smtp1", "DT:SPM"},
		{"gmail", "mx:25: 550 5.2.2 full", "5.2.2"}, // Other's holds for all
		{"unheard-of", "mx:25: 550 5.2.2 full", "5.2.2"},
		{"gmail", "mx:25: 550 from 192.5.2.2 no", ""},
		{"gmail", "mx:25: 550 5.2.21 no", ""},
		{"gmail", "mx:25: 552 full", "552"},
		{"gmail", "mx:25: 450 queue 552 is busy", ""},
		{"gmail", "552.example:552: 450 later", ""}, // the relay's name is no answer
		{"qq", "mx:25: RCPT: access denied", ""},    // nobody answered
		{"qq", "", ""},
	} {
		if got := p.Deferral(tt.group, tt.reply); got.Answer != tt.want {
			t.Errorf("Deferral(%s, %q) = %q, want %q", tt.group, tt.reply, got.Answer, tt.want)
		}
	}
	if got := p.Deferral("netease", "mx:25: 552 5.2.2 full").Waits[0]; got != time.Second {
		t.Errorf("the wait is %s, want the group's own before Other's", got)
	}
}

func TestWaitsOfAnAnswerGoBeforeTheUsual(t *testing.T) {
	now := time.Date(2026, 11, 24, 8, 0, 0, 0, time.UTC)
	b := delivery.Backoff{First: time.Minute, Most: 8 * time.Hour, Jitter: 0.2, GiveUp: 72 * time.Hour}
	short := []time.Duration{2 * time.Minute, 10 * time.Minute, time.Hour}
	for _, tt := range []struct {
		name  string
		tries int
		waits []time.Duration
		wait  time.Duration
		again bool
	}{
		{"the first", 0, short, 2 * time.Minute, true},
		{"the third", 2, short, time.Hour, true},
		{"then the last again", 3, short, time.Hour, true},
		{"until the usual wait is longer", 8, short, 256 * time.Minute, true},
		{"one for all", 5, []time.Duration{6 * time.Hour}, 6 * time.Hour, true},
		{"they count towards giving up", 10, []time.Duration{6 * time.Hour}, 8 * time.Hour, true}, // 60 hours before
		{"and it is given up", 11, []time.Duration{6 * time.Hour}, 8 * time.Hour, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			at, again := b.Next(delivery.Delivery{Tries: tt.tries}, tt.waits, now, 0.5)
			if at.Sub(now) != tt.wait || again != tt.again {
				t.Errorf("Next(%d tries, %v) = %s, %t, want %s, %t", tt.tries, tt.waits, at.Sub(now), again, tt.wait, tt.again)
			}
		})
	}
}
