package web

import (
	"strconv"
	"strings"

	"golang.org/x/text/language"

	"github.com/enshi-daily/enshi/subscribers"
	"github.com/enshi-daily/enshi/templates"
)

// languages are those that pages exist in.
func languages() []subscribers.Language {
	return []subscribers.Language{subscribers.Chinese, subscribers.English}
}

// chooseLanguage decides in which language a page is: what the address asks
// for, else what the browser prefers, else the publisher's.
func (s *Server) chooseLanguage(v *visit) {
	s.speak(v, s.o.Language)
	if v.Request.URL.RawQuery != "" {
		if l, ok := readLanguage(v.URL.Query().Get("lang")); ok {
			s.speak(v, l)
			v.asked = true
			return
		}
	}
	wanted, _, err := language.ParseAcceptLanguage(v.Header.Get("Accept-Language"))
	if err != nil || len(wanted) == 0 {
		return
	}
	for _, tag := range wanted {
		if l, ok := spoken(tag); ok {
			s.speak(v, l)
			return
		}
	}
}

// spoken is our language that is nearest to a tag, by its first part: who reads
// zh-Hant reads our Chinese sooner than our English.
func spoken(tag language.Tag) (subscribers.Language, bool) {
	base, _ := tag.Base()
	switch base.String() {
	case "zh":
		return subscribers.Chinese, true
	case "en":
		return subscribers.English, true
	}
	return "", false
}

// readLanguage reads a language from an address or a form.
func readLanguage(value string) (subscribers.Language, bool) {
	for _, l := range languages() {
		if strings.EqualFold(value, string(l)) {
			return l, true
		}
	}
	if value == "zh" || value == "zh-CN" {
		return subscribers.Chinese, true
	}
	return "", false
}

// count is a sentence that says how many; for one, it is that of KEY_one.
func count(text templates.Messages, key string, n int) string {
	if n == 1 {
		key += "_one"
	}
	return strings.ReplaceAll(text[key], "{n}", strconv.Itoa(n))
}

// fill puts values in place of names, given as name, value, name, value.
func fill(sentence string, pairs ...string) string {
	return strings.NewReplacer(pairs...).Replace(sentence)
}
