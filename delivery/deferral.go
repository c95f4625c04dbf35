package delivery

import (
	"regexp"
	"strings"
	"time"
)

// Deferral is how long deliveries wait that got a certain temporary answer.
type Deferral struct {
	Answer string          // words of the answer, or its code, as they stand in it
	Waits  []time.Duration // see Backoff.Next
}

// deferral is a Deferral ready to be asked.
type deferral struct {
	answer *regexp.Regexp
	means  Deferral
}

// newDeferral finds whole words, whatever their case. A status (5.2.2) is none
// that stands in a longer one or in an address (192.5.2.2), and a reply code is
// one only where the answer begins.
func newDeferral(d Deferral) deferral {
	before := `(^|[^\w.])`
	if startsWithCode(d.Answer) {
		before = `^`
	}
	return deferral{regexp.MustCompile(`(?i)` + before + regexp.QuoteMeta(d.Answer) + `([^\w.]|\.\W|\.?$)`), d}
}

// startsWithCode says whether a text begins with a reply code, alone or before
// a blank.
func startsWithCode(s string) bool {
	code, _, _ := strings.Cut(s, " ")
	return len(code) == 3 && strings.Trim(code, "0123456789") == ""
}

// Deferral is what the profile says of an answer from a group's mailboxes, in
// the form of Outcome.Reply; zero for nothing. The group's own word goes before
// Other's, which holds for all.
func (p Providers) Deferral(g Group, reply string) Deferral {
	_, answer, _ := strings.Cut(reply, ": ")
	if !startsWithCode(answer) {
		return Deferral{} // nobody answered
	}
	for _, of := range []Group{g, Other} {
		for _, one := range p.deferrals[of] {
			if one.answer.MatchString(answer) {
				return one.means
			}
		}
	}
	return Deferral{}
}
