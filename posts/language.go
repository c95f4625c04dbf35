package posts

import (
	"regexp"
	"strings"

	"golang.org/x/text/language"
)

var languageTag = regexp.MustCompile(`^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$`)

// IsLanguage says whether a text is a language tag as in BCP 47, such as zh-CN,
// whose language is one of ISO 639.
func IsLanguage(tag string) bool {
	base, _, _ := strings.Cut(tag, "-")
	_, err := language.ParseBase(base)
	return err == nil && languageTag.MatchString(tag)
}

// langOf is what a configuration gives as the site's language; "" if it is none.
func langOf(config fields) string {
	if tag := strings.ReplaceAll(config.text("lang"), "_", "-"); IsLanguage(tag) {
		return tag
	}
	return ""
}
