package config

import (
	"errors"
	"fmt"
	"math"
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// Size is a number of bytes, written with a unit: 500kB, 1MB (1024 kB).
type Size int64

// The units of Size, greatest first.
func sizeUnits() []sizeUnit {
	return []sizeUnit{{"GB", 1 << 30}, {"MB", 1 << 20}, {"kB", 1 << 10}, {"B", 1}}
}

type sizeUnit struct {
	name  string
	bytes int64
}

func (s Size) String() string {
	for _, u := range sizeUnits() {
		if s != 0 && int64(s)%u.bytes == 0 {
			return fmt.Sprintf("%d%s", int64(s)/u.bytes, u.name)
		}
	}
	return fmt.Sprintf("%dB", int64(s))
}

func parseSize(text string) (Size, error) {
	problem := errors.New("expected a size with a unit, such as 500kB or 1MB")
	for _, u := range sizeUnits() {
		if len(text) <= len(u.name) || !strings.EqualFold(text[len(text)-len(u.name):], u.name) {
			continue
		}
		n, err := strconv.ParseInt(strings.TrimSpace(text[:len(text)-len(u.name)]), 10, 64)
		if err != nil || n < 0 || n > math.MaxInt64/u.bytes {
			return 0, problem
		}
		return Size(n * u.bytes), nil
	}
	return 0, problem
}

const day = 24 * time.Hour

// parseDuration reads Go's syntax, with d for days of 24 hours in front.
func parseDuration(text string) (time.Duration, error) {
	problem := errors.New("expected a time with a unit, such as 90s, 10m, 2h or 7d")
	if text == "0" {
		return 0, nil
	}
	days, rest, ok := strings.Cut(text, "d")
	if !ok {
		days, rest = "0", text
	}
	n, err := strconv.ParseUint(days, 10, 16) // a second must fit: 65535 days are 179 years
	total := time.Duration(n) * day
	if rest != "" && err == nil {
		var more time.Duration
		more, err = time.ParseDuration(rest)
		if more < 0 || more > math.MaxInt64-total || rest[0] == '+' {
			return 0, problem
		}
		total += more
	}
	if err != nil {
		return 0, problem
	}
	return total, nil
}

// formatDuration is the shortest text that parseDuration reads as d.
func formatDuration(d time.Duration) string {
	if d != 0 && d%day == 0 {
		return fmt.Sprintf("%dd", d/day)
	}
	text := d.String()
	text = strings.TrimSuffix(text, "0s")
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	if text == "" || text[len(text)-1] >= '0' && text[len(text)-1] <= '9' || text[len(text)-1] == '.' {
		return d.String() // what was cut was part of a number: 10s
	}
	return text
}

// ParseNetwork reads a network, or one address as a network of its own.
func ParseNetwork(text string) (netip.Prefix, error) {
	if network, err := netip.ParsePrefix(text); err == nil {
		return network.Masked(), nil
	}
	if address, err := netip.ParseAddr(text); err == nil && address.Zone() == "" {
		return address.Unmap().Prefix(address.Unmap().BitLen())
	}
	return netip.Prefix{}, errors.New("expected an address or a network, such as 10.0.0.1 or 10.0.0.0/8")
}

func parseBool(text string) (bool, error) {
	if text != "true" && text != "false" {
		return false, errors.New("expected true or false")
	}
	return text == "true", nil
}

// Clock is a time of day.
type Clock struct {
	Hour, Minute int
}

func (c Clock) String() string { return fmt.Sprintf("%02d:%02d", c.Hour, c.Minute) }

func parseClock(text string) (Clock, error) {
	t, err := time.Parse("15:04", text)
	if err != nil || len(text) != len("15:04") {
		return Clock{}, errors.New("expected a time of day, such as 07:30")
	}
	return Clock{t.Hour(), t.Minute()}, nil
}

func parseWeekday(text string) (time.Weekday, error) {
	for d := time.Sunday; d <= time.Saturday; d++ {
		if strings.EqualFold(text, d.String()) {
			return d, nil
		}
	}
	return 0, errors.New("expected a day of the week, such as monday")
}
