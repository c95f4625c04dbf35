package subscribers

import (
	"errors"
	"slices"
	"strings"
)

// ParseCadence reads a cadence as a person or a file writes it.
func ParseCadence(s string) (Cadence, error) {
	c := Cadence(strings.ToLower(strings.TrimSpace(s)))
	if !slices.Contains(Cadences[:], c) {
		return "", errors.New("expected instant, daily or weekly")
	}
	return c, nil
}

// ParseLanguage reads a language as a person or a file writes it.
func ParseLanguage(s string) (Language, error) {
	for _, l := range [...]Language{Chinese, English} {
		if strings.EqualFold(strings.TrimSpace(s), string(l)) {
			return l, nil
		}
	}
	return "", errors.New("expected zh-Hans or en")
}
