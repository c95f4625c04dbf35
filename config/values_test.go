package config

import (
	"testing"
	"time"
)

func TestDurationsReadAsWritten(t *testing.T) {
	for in, want := range map[string]time.Duration{
		"0": 0, "0s": 0, "90s": 90 * time.Second, "10m": 10 * time.Minute, "1h10m": 70 * time.Minute, "7d": 7 * day, "1d12h": 36 * time.Hour, "100ms": 100 * time.Millisecond,
	} {
		got, err := parseDuration(in)
		if err != nil || got != want {
			t.Errorf("parseDuration(%q) = %v, %v, want %v", in, got, err, want)
		}
	}
	for d, want := range map[time.Duration]string{
		0: "0s", 10 * time.Second: "10s", time.Minute: "1m", 70 * time.Second: "1m10s", time.Hour: "1h", 90 * time.Minute: "1h30m", 20 * time.Hour: "20h", 2 * day: "2d",
		time.Hour + 5*time.Second: "1h0m5s", 25 * time.Hour: "25h", 1500 * time.Millisecond: "1.5s",
	} {
		if got := formatDuration(d); got != want {
			t.Errorf("formatDuration(%d) = %q, want %q", d, got, want)
		}
		if back, err := parseDuration(formatDuration(d)); err != nil || back != d {
			t.Errorf("%v is written as %q and read as %v, %v", d, formatDuration(d), back, err)
		}
	}
}

func TestSizesReadAsWritten(t *testing.T) {
	for in, want := range map[string]Size{"0B": 0, "1B": 1, "500kB": 500 << 10, "1 MB": 1 << 20, "3GB": 3 << 30, "2mb": 2 << 20} {
		got, err := parseSize(in)
		if err != nil || got != want {
			t.Errorf("parseSize(%q) = %d, %v, want %d", in, got, err, want)
		}
		if back, err := parseSize(got.String()); err != nil || back != got {
			t.Errorf("%d is written as %q and read as %d, %v", got, got, back, err)
		}
	}
}

func TestDistance(t *testing.T) {
	for _, tt := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"title", "title", 0}, {"titel", "title", 1}, {"tile", "title", 1}, {"settle", "", 6}, {"恩施", "恩", 1}} {
		if got := distance(tt.a, tt.b); got != tt.want {
			t.Errorf("distance(%q, %q) = %d, want %d", tt.a, tt.b, got, tt.want)
		}
	}
}
