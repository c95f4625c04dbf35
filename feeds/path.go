package feeds

import (
	"crypto/sha256"
	"encoding/hex"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// maxName is the longest name of a directory that file systems take.
const maxName = 255

// EncodePath is a decoded path as addresses spell it: with a leading slash,
// everything but RFC 3986's unreserved characters percent-encoded with
// upper-case hex. It is the one spelling that links use, and tells a server
// whether an address was asked for by it.
func EncodePath(path string) string {
	const hexDigits = "0123456789ABCDEF"
	encoded := make([]byte, 0, len(path)*3+1)
	encoded = append(encoded, '/')
	path = norm.NFC.String(path)
	for i := range len(path) {
		c := path[i]
		if c == '/' || unreserved(c) {
			encoded = append(encoded, c)
			continue
		}
		encoded = append(encoded, '%', hexDigits[c>>4], hexDigits[c&15])
	}
	return string(encoded)
}

// PublicAddress is an address below which documents are, spelled as their self
// links spell it.
func PublicAddress(address string) (string, error) { return baseAddress(address) }

func unreserved(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' ||
		c == '-' || c == '.' || c == '_' || c == '~'
}

var suffixed = regexp.MustCompile(`~[0-9a-f]{8}$`)

// naturalSlug is the directory of a topic of that name. A name that is safe, no longer
// than 255 bytes and equal to its own case folding is its own slug. Any other
// (one with a capital letter, a slash, a control or format character, a dot in
// front …) gets "~" and eight digits of its hash appended, unsafe characters
// made "-". So names that differ only by case stay apart even on file systems
// that ignore it, and a slug never depends on which other topics exist. A name
// that already ends like that is unsafe too, so no two names share a slug.
func naturalSlug(name string) string {
	name = norm.NFC.String(name)
	if safeSlug(name) {
		return name
	}
	return markedSlug(name)
}

// markedSlug is a slug that no other name has, and no operator may configure.
func markedSlug(name string) string {
	sum := sha256.Sum256([]byte(name))
	suffix := "~" + hex.EncodeToString(sum[:4])
	stem := strings.Map(func(r rune) rune {
		if unsafeRune(r) {
			return '-'
		}
		return r
	}, name)
	stem = norm.NFC.String(strings.TrimLeft(stem, ". "))
	for len(stem) > maxName-len(suffix) {
		_, size := utf8.DecodeLastRuneInString(stem)
		stem = stem[:len(stem)-size]
	}
	return stem + suffix
}

func safeSlug(name string) bool {
	switch {
	case name == "", len(name) > maxName, name[0] == '.', name[0] == ' ':
		return false
	case strings.HasSuffix(name, "."), strings.HasSuffix(name, " "): // lost on network shares
		return false
	case suffixed.MatchString(name), strings.ContainsFunc(name, unsafeRune):
		return false
	}
	// Full folding, as case-insensitive file systems do it: ß is ss to them.
	return norm.NFC.String(cases.Fold().String(name)) == name
}

func unsafeRune(r rune) bool {
	return r == '/' || r == '\\' || r == utf8.RuneError || unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp)
}
