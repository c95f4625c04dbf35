package posts

import (
	"errors"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// dateExpected ends every message about a date.
const dateExpected = `expected a date like "2022-05-23 10:39:11 +0800"`

var errNoDate = errors.New("no date")

// date reads a front matter date as Jekyll does, which depends on how it is
// written: plain YAML 1.1 with seconds and no zone is UTC, everything else
// without a zone is local. rest is what was left unread.
func (v value) date(zone *time.Location) (at time.Time, rest string, err error) {
	if v.kind != scalar || v.isNull() {
		return time.Time{}, "", errNoDate
	}
	if v.plain {
		if t, ok := psychTime(v.text); ok {
			return t.In(zone), "", nil
		}
	}
	return looseDate(v.text, zone)
}

var psychForm = regexp.MustCompile(
	`^(\d{4})-(\d{1,2})-(\d{1,2})(?:[Tt]|[ \t]+)(\d{1,2}):(\d\d):(\d\d)(?:\.\d*)?(?:[ \t]*(?:Z|([-+])(\d{1,2}):?(\d\d)?))?$`)

// psychTime reads what Ruby's YAML takes for a time. A fraction of a second is
// dropped, as it is lost on Jekyll's way too.
func psychTime(text string) (time.Time, bool) {
	if t, ok := fastTime(text); ok {
		return t, true
	}
	if len(text) < 14 || text[4] != '-' {
		return time.Time{}, false
	}
	m := psychForm.FindStringSubmatch(text)
	if m == nil {
		return time.Time{}, false
	}
	c := civil{atoi(m[1]), atoi(m[2]), atoi(m[3]), atoi(m[4]), atoi(m[5]), atoi(m[6])}
	offset := atoi(m[8])*3600 + atoi(m[9])*60
	if !c.valid() || offset >= 86400 {
		return time.Time{}, false
	}
	if m[7] == "-" {
		offset = -offset
	}
	return c.utc().Add(-time.Duration(offset) * time.Second), true
}

// fastTime reads the archive's own form, 2022-05-23 10:39:11 +0800, without a
// regular expression.
func fastTime(s string) (time.Time, bool) {
	const form = "0000-00-00 00:00:00 +0000"
	if len(s) != len(form) {
		return time.Time{}, false
	}
	for i := range len(form) {
		switch {
		case form[i] == '0' && (s[i] < '0' || s[i] > '9'),
			form[i] == '+' && s[i] != '+' && s[i] != '-',
			form[i] != '0' && form[i] != '+' && s[i] != form[i]:
			return time.Time{}, false
		}
	}
	c := civil{atoi(s[:4]), atoi(s[5:7]), atoi(s[8:10]), atoi(s[11:13]), atoi(s[14:16]), atoi(s[17:19])}
	offset := atoi(s[21:23])*3600 + atoi(s[23:25])*60
	if !c.valid() || offset >= 86400 {
		return time.Time{}, false
	}
	if s[20] == '-' {
		offset = -offset
	}
	return c.utc().Add(-time.Duration(offset) * time.Second), true
}

// civil is a date and a time of day as written.
type civil struct{ year, month, day, hour, minute, second int }

// valid says whether Ruby takes it: the 31st of every month, 24:00:00 and a
// leap second pass and roll over.
func (c civil) valid() bool {
	return c.month >= 1 && c.month <= 12 && c.day >= 1 && c.day <= 31 &&
		(c.hour < 24 || c.hour == 24 && c.minute == 0 && c.second == 0) && c.minute < 60 && c.second <= 60
}

func (c civil) utc() time.Time {
	return time.Date(c.year, time.Month(c.month), c.day, c.hour, c.minute, c.second, 0, time.UTC)
}

// in is the moment at which clocks in zone show c. Where they show it twice it
// is the second; where they skip it, the offset before the change applies.
// time.Date promises neither.
func (c civil) in(zone *time.Location) time.Time {
	wall := c.utc()
	var earlier, later time.Time
	for i, near := range [2]time.Time{wall.Add(-24 * time.Hour), wall.Add(24 * time.Hour)} {
		_, offset := near.In(zone).Zone()
		t := wall.Add(-time.Duration(offset) * time.Second).In(zone)
		if i == 0 || t.After(later) {
			earlier, later = later, t
		} else {
			earlier = t
		}
	}
	if !shows(later, wall) && shows(earlier, wall) {
		return earlier
	}
	return later
}

// shows says whether a clock shows wall's time of day, written as UTC, at t.
func shows(t, wall time.Time) bool {
	_, offset := t.Zone()
	return t.Add(time.Duration(offset) * time.Second).Equal(wall)
}

func atoi(s string) int {
	n, _ := strconv.Atoi(s)
	return n
}

// fileDate reads the date of a file name: local midnight.
func fileDate(text string, zone *time.Location) (time.Time, error) {
	y, rest, _ := strings.Cut(text, "-")
	m, d, _ := strings.Cut(rest, "-")
	c := civil{year: fullYear(y), month: atoi(m), day: atoi(d)}
	if !c.valid() {
		return time.Time{}, errNoDate
	}
	return c.in(zone), nil
}

// fullYear reads a year, of which two digits may be missing.
func fullYear(s string) int {
	n := atoi(s)
	if len(s) <= 2 {
		if n >= 69 {
			return n + 1900
		}
		return n + 2000
	}
	return n
}
