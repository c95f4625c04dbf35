package main

import (
	"strings"
	"testing"
	"time"
)

func TestProgress(t *testing.T) {
	start := time.Date(2026, 11, 24, 7, 30, 0, 0, time.UTC)
	var p progress
	for _, tt := range []struct {
		second, done, total, waiting int
		want                         string
	}{
		{0, 0, 20000, 0, "[                    ] 0 of 20,000"},
		{1, 300, 20000, 0, "[                    ] 300 of 20,000, 300/s, 1 min 05 s left"},
		{10, 5000, 20000, 12, "[=====               ] 5,000 of 20,000, 500/s, 30 s left, 12 wait"},
		{40, 19988, 20000, 12, "[=================== ] 19,988 of 20,000, 500/s, 12 wait"},
		{90, 19988, 20000, 12, "[=================== ] 19,988 of 20,000, 12 wait"},
		{91, 20000, 20000, 0, "[====================] 20,000 of 20,000, 12/s"},
	} {
		if got := p.at(start.Add(time.Duration(tt.second)*time.Second), tt.done, tt.total, tt.waiting); got != tt.want {
			t.Errorf("after %d s: %q, want %q", tt.second, got, tt.want)
		}
	}
	if got := (&progress{}).at(start, 0, 0, 0); got != "" {
		t.Errorf("nothing to do: %q, want no line", got)
	}
}

func TestRoughly(t *testing.T) {
	for want, d := range map[string]time.Duration{
		"0 s": 0, "59 s": 59 * time.Second, "3 min 07 s": 187 * time.Second, "26 h 05 min": 26*time.Hour + 5*time.Minute + 59*time.Second,
	} {
		if got := roughly(d); got != want {
			t.Errorf("roughly(%s) = %q, want %q", d, got, want)
		}
	}
}

// TestConsole keeps the line of progress below what is logged, and leaves none
// behind.
func TestConsole(t *testing.T) {
	var screen strings.Builder
	c := &console{w: &screen}
	for _, write := range []func(){
		func() { c.Write([]byte("before\n")) },
		func() { c.show("1 of 3") },
		func() { c.show("1 of 3") },
		func() { c.Write([]byte("log\n")) },
		func() { c.show("2 of 3") },
		func() { c.show("") },
		func() { c.Write([]byte("after\n")) },
	} {
		write()
	}
	want := "before\n" + clearLine + "1 of 3" + clearLine + "log\n1 of 3" + clearLine + "2 of 3" + clearLine + "after\n"
	if screen.String() != want {
		t.Errorf("screen = %q, want %q", screen.String(), want)
	}
	if openConsole(&screen) != nil {
		t.Error("a writer that is no terminal got a console")
	}
}
