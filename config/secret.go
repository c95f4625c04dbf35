package config

import (
	"fmt"
	"log/slog"
	"net/url"
	"strings"
)

// masked is what a secret prints as.
const masked = "***"

// Secret is a value that no print, log or marshalling gives away, inside other
// values included. The zero Secret is empty and prints as nothing.
type Secret struct {
	value *string // fmt does not follow it where it cannot call Format
}

// NewSecret returns value as a Secret.
func NewSecret(value string) Secret {
	if value == "" {
		return Secret{}
	}
	return Secret{&value}
}

// Reveal returns the value, for the one who needs it.
func (s Secret) Reveal() string {
	if s.value == nil {
		return ""
	}
	return *s.value
}

// IsZero says whether there is no value.
func (s Secret) IsZero() bool { return s.value == nil }

// Equal says whether both hold the same value.
func (s Secret) Equal(t Secret) bool { return s.Reveal() == t.Reveal() }

func (s Secret) String() string {
	if s.value == nil {
		return ""
	}
	return masked
}

// Format prints s as String does, whatever the verb.
func (s Secret) Format(f fmt.State, _ rune) { fmt.Fprint(f, s.String()) }

// LogValue is String for slog.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalText is String for JSON and YAML.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// URL is an address that may hold a password, which prints as ***.
type URL struct {
	secret Secret
}

// NewURL returns an address as a URL.
func NewURL(address string) URL { return URL{NewSecret(address)} }

// Reveal returns the address with its password, for the one who dials it.
func (u URL) Reveal() string { return u.secret.Reveal() }

// IsZero says whether there is no address.
func (u URL) IsZero() bool { return u.secret.IsZero() }

// Equal says whether both hold the same address.
func (u URL) Equal(v URL) bool { return u.Reveal() == v.Reveal() }

func (u URL) String() string {
	parsed, err := url.Parse(u.Reveal())
	if err != nil {
		return u.secret.String() // what cannot be read may hold a password anywhere
	}
	_, has := parsed.User.Password()
	query := maskQuery(parsed.RawQuery)
	if !has && query == parsed.RawQuery {
		return u.Reveal()
	}
	parsed.RawQuery = query
	if !has {
		return parsed.String()
	}
	user := url.User(parsed.User.Username()).String()
	parsed.User = nil
	return strings.Replace(parsed.String(), "://", "://"+user+":"+masked+"@", 1)
}

// maskQuery masks every parameter that is called a password.
func maskQuery(query string) string {
	if query == "" {
		return ""
	}
	all := strings.Split(query, "&")
	for i, one := range all {
		name, _, _ := strings.Cut(one, "=")
		if plain, err := url.QueryUnescape(name); err != nil || strings.Contains(strings.ToLower(plain), "password") {
			all[i] = name + "=" + masked
		}
	}
	return strings.Join(all, "&")
}

// Format prints u as String does, whatever the verb.
func (u URL) Format(f fmt.State, _ rune) { fmt.Fprint(f, u.String()) }

// LogValue is String for slog.
func (u URL) LogValue() slog.Value { return slog.StringValue(u.String()) }

// MarshalText is String for JSON and YAML.
func (u URL) MarshalText() ([]byte, error) { return []byte(u.String()), nil }
