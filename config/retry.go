package config

import (
	"errors"
	"strings"
	"time"
)

// Retry is how long mails wait that got a certain answer, written as the
// answer's words, a colon and the waits: "access denied: 1h 2h 4h".
type Retry struct {
	Answer string
	Waits  []time.Duration
}

func (r Retry) String() string {
	words := []string{r.Answer + ":"}
	for _, w := range r.Waits {
		words = append(words, formatDuration(w))
	}
	return strings.Join(words, " ")
}

func parseRetry(text string) (Retry, error) {
	problem := errors.New(`expected words of an answer and how long to wait, such as "access denied: 1h 2h 4h"`)
	colon := strings.LastIndex(text, ": ") // there are some in answers, too
	if colon < 0 {
		return Retry{}, problem
	}
	r := Retry{Answer: strings.Join(strings.Fields(text[:colon]), " ")}
	for word := range strings.FieldsSeq(text[colon+1:]) {
		wait, err := parseDuration(word)
		if err != nil || wait == 0 {
			return Retry{}, problem
		}
		r.Waits = append(r.Waits, wait)
	}
	if r.Answer == "" || len(r.Waits) == 0 {
		return Retry{}, problem
	}
	return r, nil
}
