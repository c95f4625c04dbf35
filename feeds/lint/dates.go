package lint

import (
	"regexp"
	"strings"
	"time"
)

// rfc2822 is what the validator takes for a date, with a zone of whole or half
// hours.
var rfc2822 = regexp.MustCompile(`^([A-Z][a-z]{2}), \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} ([+-]\d{2}[03]0|GMT|UT|Z)$`)

func (l *linter) rfc822(n *node) {
	for _, layout := range []string{time.RFC1123Z, time.RFC1123} {
		t, err := time.Parse(layout, n.text)
		if err != nil {
			continue
		}
		match := rfc2822.FindStringSubmatch(n.text)
		switch {
		case match == nil:
			l.warn(n.offset, "ProblematicalRFC822Date", "%s %q", n.local, n.text)
		case match[1] != t.Format("Mon"):
			l.fail(n.offset, "IncorrectDOW", "%s %q: expected %s", n.local, n.text, t.Format("Mon"))
		}
		l.plausible(n, t)
		return
	}
	l.fail(n.offset, "InvalidRFC2822Date", "%s %q", n.local, n.text)
}

func (l *linter) rfc3339(n *node) {
	value := strings.TrimSpace(n.text)
	if value != n.text {
		l.fail(n.offset, "UnexpectedWhitespace", "%s %q", n.local, n.text)
	}
	t, err := time.Parse(time.RFC3339, value)
	if err != nil {
		l.fail(n.offset, "InvalidRFC3339Date", "%s %q", n.local, value)
		return
	}
	l.plausible(n, t)
}

// plausible: the validator also warns of dates that lie ahead; what the time is
// must not decide here.
func (l *linter) plausible(n *node, t time.Time) {
	if t.Year() < 1990 || t.UTC().Year() > 9999 {
		l.warn(n.offset, "ImplausibleDate", "%s %v", n.local, t)
	}
}
