package subscribers

import (
	"errors"
	"fmt"
	"net/mail"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/idna"
)

// The longest address and local part that a mail path may hold (RFC 5321
// §4.5.3.1).
const (
	maxAddress = 254
	maxLocal   = 64
)

// ErrAddress says that something is not an address that mail can be sent to.
// Errors that wrap it never quote the address.
var ErrAddress = errors.New("not a mail address")

// ParseAddress reads an address as a person types it: a bare addr-spec, no
// display name, no comment, no quoted local part, white space around it
// ignored. The domain comes out in lower case and IDNA's ASCII form; it must
// have a dot. Local parts beyond ASCII are refused, because few relays take
// them.
func ParseAddress(s string) (Address, error) {
	s = strings.TrimSpace(s)
	at := strings.LastIndexByte(s, '@')
	if at <= 0 || at == len(s)-1 {
		return "", fmt.Errorf("%w: expected name@example.com", ErrAddress)
	}
	local, domain := s[:at], s[at+1:]
	for i := range len(local) {
		if !isAtext(local[i]) && local[i] != '.' {
			return "", fmt.Errorf("%w: the part before the @ has a character that is not allowed", ErrAddress)
		}
	}
	ascii, ok := asciiDomain(domain)
	if !ok {
		return "", fmt.Errorf("%w: the domain is not valid", ErrAddress)
	}
	top := ascii[strings.LastIndexByte(ascii, '.')+1:]
	if top == ascii || top == "" {
		return "", fmt.Errorf("%w: the domain is not complete", ErrAddress)
	}
	if strings.Trim(top, "0123456789") == "" {
		return "", fmt.Errorf("%w: expected a domain, not a number", ErrAddress)
	}
	address := local + "@" + ascii
	if len(local) > maxLocal || len(address) > maxAddress {
		return "", fmt.Errorf("%w: longer than mail allows", ErrAddress)
	}
	if parsed, err := mail.ParseAddress("<" + address + ">"); err != nil || parsed.Address != address {
		return "", fmt.Errorf("%w: expected name@example.com", ErrAddress)
	}
	return Address(address), nil
}

// asciiDomain is idna.Lookup with the lengths of RFC 1035 §2.3.4 checked too.
func asciiDomain(domain string) (string, bool) {
	profile := idna.New(idna.MapForLookup(), idna.BidiRule(), idna.StrictDomainName(true), idna.VerifyDNSLength(true))
	ascii, err := profile.ToASCII(domain)
	if err != nil || !utf8.ValidString(domain) {
		return "", false
	}
	// What ToASCII makes of some characters it does not take itself.
	again, err := profile.ToASCII(strings.ToLower(ascii))
	return again, err == nil && again == strings.ToLower(ascii)
}

// isAtext is RFC 5322 §3.2.3's atext.
func isAtext(c byte) bool {
	switch {
	case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
		return true
	}
	return strings.IndexByte("!#$%&'*+-/=?^_`{|}~", c) >= 0
}

// Domain is the part after the @, in lower case.
func (a Address) Domain() string { return string(a[strings.LastIndexByte(string(a), '@')+1:]) }
