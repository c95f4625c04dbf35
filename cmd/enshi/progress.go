package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// progress makes the line that tells how far a run is, how fast it goes and how
// long the rest will take.
type progress struct {
	steps []step // of the last rateWindow
}

// step is how much was done at a moment.
type step struct {
	at   time.Time
	done int
}

// rateWindow is over how long a rate is measured.
const rateWindow = 20 * time.Second

// barWidth is the length of the bar in characters.
const barWidth = 20

// at tells of done mails out of total, of which waiting are tried again later.
func (p *progress) at(now time.Time, done, total, waiting int) string {
	p.note(now, done)
	if total == 0 {
		return ""
	}
	full := barWidth * min(done, total) / total
	line := fmt.Sprintf("[%s%s] %s of %s", strings.Repeat("=", full), strings.Repeat(" ", barWidth-full), grouped(done), grouped(total))
	rate := p.rate()
	if rate > 0 {
		line += fmt.Sprintf(", %s/s", grouped(int(rate+0.5)))
	}
	if left := total - done - waiting; left > 0 && rate > 0 {
		line += ", " + roughly(time.Duration(float64(left)/rate*float64(time.Second))) + " left"
	}
	if waiting > 0 {
		line += fmt.Sprintf(", %s wait", grouped(waiting))
	}
	return line
}

func (p *progress) note(now time.Time, done int) {
	p.steps = append(p.steps, step{now, done})
	for len(p.steps) > 2 && now.Sub(p.steps[0].at) > rateWindow {
		p.steps = p.steps[1:]
	}
}

// rate is mails a second over the window.
func (p *progress) rate() float64 {
	first, last := p.steps[0], p.steps[len(p.steps)-1]
	if took := last.at.Sub(first.at).Seconds(); took > 0 && last.done > first.done {
		return float64(last.done-first.done) / took
	}
	return 0
}

// grouped reads 1234567 as 1,234,567.
func grouped(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// roughly is a duration without more digits than anybody would believe.
func roughly(d time.Duration) string {
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%d s", int(d.Seconds()+0.5))
	case d < time.Hour:
		return fmt.Sprintf("%d min %02d s", int(d.Minutes()), int(d.Seconds())%60)
	}
	return fmt.Sprintf("%d h %02d min", int(d.Hours()), int(d.Minutes())%60)
}
