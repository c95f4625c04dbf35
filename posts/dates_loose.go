package posts

import (
	"regexp"
	"strings"
	"time"
)

// The forms of a date that is not YAML's own, in the order in which Ruby tries
// them. Days and months without a year are not taken: they would move.
var (
	clockForm = regexp.MustCompile(
		`(?i)(?:^|[^\d])(\d{1,2})\s*:\s*(\d{1,2})(?:\s*:\s*(\d{1,2})(?:[.,]\d*)?)?(?:\s*([ap])\.?m\b\.?)?` +
			`(?:\s*((?:gmt|utc?)?[-+]\d+(?::?\d+)*|[a-z]+\b))?`)
	dayMonthForm  = regexp.MustCompile(`(?i)\b(\d{1,2})(?:st|nd|rd|th)?[-\s]*(` + monthNames + `)[a-z]*\.?[-,\s]*(\d{4})\b`)
	monthDayForm  = regexp.MustCompile(`(?i)\b(` + monthNames + `)[a-z]*\.?\s*(\d{1,2})(?:st|nd|rd|th)?\b\s*,?\s*(\d{4})\b`)
	monthForm     = regexp.MustCompile(`(?i)\b(` + monthNames + `)[a-z]*\.?\s*,?\s*(\d{4})\b`)
	yearFirstForm = regexp.MustCompile(`(\d{1,4})([-/.])\s?(\d{1,2})([-/.])\s?(\d{1,2})(?:[^\d]|$)`)
	yearLastForm  = regexp.MustCompile(`\b(\d{1,2})([-/.])\s?(\d{1,2})([-/.])\s?(\d{4})\b`)
	digitsForm    = regexp.MustCompile(`^(\d{4})(\d\d)(\d\d)(?:[Tt ]?(\d\d)(\d\d)(\d\d)?)?([Zz]|[-+]\d{4})?$`)
)

const monthNames = "jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec"

// maxDate is the longest text, in bytes, that is looked at for a date; Ruby's limit.
const maxDate = 128

// looseDate reads a date as Ruby's Time.parse does, as far as a date can be
// meant by it: digits in one block, numbers year first, or day first with a
// year of four digits, and English month names.
func looseDate(text string, zone *time.Location) (at time.Time, rest string, err error) {
	text = strings.TrimSpace(text)
	if len(text) > maxDate {
		return time.Time{}, "", errNoDate
	}
	var c civil
	var zoneName string
	if m := digitsForm.FindStringSubmatch(text); m != nil {
		c = civil{atoi(m[1]), atoi(m[2]), atoi(m[3]), atoi(m[4]), atoi(m[5]), atoi(m[6])}
		zoneName = m[7]
	} else {
		rest, zoneName = c.takeClock(text)
		var ok bool
		if rest, ok = c.takeDay(rest); !ok {
			return time.Time{}, "", errNoDate
		}
		rest = strings.Trim(weekdays.ReplaceAllString(rest, ""), " \t,Tt")
		if hourForm.MatchString(rest) {
			c.hour, rest = atoi(strings.TrimRight(rest, "hH")), ""
		}
	}
	if !c.valid() {
		return time.Time{}, "", errNoDate
	}
	return c.inNamed(zoneName, zone), rest, nil
}

var (
	weekdays = regexp.MustCompile(`(?i)\b(?:sun|mon|tue|wed|thu|fri|sat)[a-z]*\b`)
	hourForm = regexp.MustCompile(`^\d{1,2}[hH]?$`)
)

// takeClock reads the time of day and its zone out of text and returns what is
// around it.
func (c *civil) takeClock(text string) (rest, zoneName string) {
	at := clockForm.FindStringSubmatchIndex(text)
	if at == nil {
		return text, ""
	}
	part := func(i int) string {
		if at[2*i] < 0 {
			return ""
		}
		return text[at[2*i]:at[2*i+1]]
	}
	c.hour, c.minute, c.second = atoi(part(1)), atoi(part(2)), atoi(part(3))
	switch strings.ToLower(part(4)) {
	case "a":
		c.hour %= 12
	case "p":
		c.hour = c.hour%12 + 12
	}
	return text[:at[2]] + " " + text[at[1]:], part(5)
}

// takeDay reads year, month and day out of text and returns what is around it.
func (c *civil) takeDay(text string) (rest string, ok bool) {
	var m []string
	switch {
	case matchDay(dayMonthForm, text, &m):
		c.day, c.month, c.year = atoi(m[1]), monthNumber(m[2]), atoi(m[3])
	case matchDay(monthDayForm, text, &m):
		c.month, c.day, c.year = monthNumber(m[1]), atoi(m[2]), atoi(m[3])
	case matchDay(yearLastForm, text, &m) && m[2] == m[4]:
		c.day, c.month, c.year = atoi(m[1]), atoi(m[3]), atoi(m[5])
	case matchDay(yearFirstForm, text, &m) && m[2] == m[4]:
		c.year, c.month, c.day = fullYear(m[1]), atoi(m[3]), atoi(m[5])
		m[0] = strings.TrimRightFunc(m[0], func(r rune) bool { return r < '0' || r > '9' })
	case matchDay(monthForm, text, &m):
		c.month, c.day, c.year = monthNumber(m[1]), 1, atoi(m[2])
	default:
		return text, false
	}
	before, after, _ := strings.Cut(text, m[0])
	return before + " " + after, true
}

func matchDay(re *regexp.Regexp, text string, m *[]string) bool {
	*m = re.FindStringSubmatch(text)
	return *m != nil
}

func monthNumber(name string) int {
	return strings.Index(monthNames, strings.ToLower(name))/4 + 1
}

// rubyZones are the zone names that Ruby knows everywhere, in hours: CST is
// always US Central, even in Shanghai.
func rubyZone(name string) (hours int, ok bool) {
	switch name {
	case "UTC", "UT", "GMT", "Z":
		return 0, true
	case "EST", "CDT":
		return -5, true
	case "EDT":
		return -4, true
	case "CST", "MDT":
		return -6, true
	case "MST", "PDT":
		return -7, true
	case "PST":
		return -8, true
	}
	if len(name) != 1 || name == "J" || name < "A" || name > "Y" {
		return 0, false
	}
	// RFC 1123 §5.2.14's military zones, with the signs as meant.
	switch c := int(name[0]); {
	case c <= 'I':
		return c - 'A' + 1, true
	case c <= 'M':
		return c - 'K' + 10, true
	default:
		return 'N' - c - 1, true
	}
}

var offsetForm = regexp.MustCompile(`^([-+])(\d\d)(?::?(\d\d)(?::?(\d\d))?)?$`)

// inNamed is the moment at which clocks in a named zone, or one with an offset,
// show c. A name that means nothing there is passed over: local time.
func (c civil) inNamed(name string, local *time.Location) time.Time {
	name = strings.ToUpper(name)
	if m := offsetForm.FindStringSubmatch(name); m != nil {
		offset := atoi(m[2])*3600 + atoi(m[3])*60 + atoi(m[4])
		if m[1] == "-" {
			offset = -offset
		}
		return c.utc().Add(-time.Duration(offset) * time.Second).In(local)
	}
	if hours, ok := rubyZone(name); ok {
		return c.utc().Add(-time.Duration(hours) * time.Hour).In(local)
	}
	for _, month := range [2]time.Month{time.January, time.July} {
		abbreviation, offset := time.Date(c.year, month, 1, 0, 0, 0, 0, local).Zone()
		if name != "" && strings.ToUpper(abbreviation) == name {
			return c.utc().Add(-time.Duration(offset) * time.Second).In(local)
		}
	}
	return c.in(local)
}
