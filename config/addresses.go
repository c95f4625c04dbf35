package config

import (
	"errors"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// address checks a web address that others are made from, which may be empty.
func (v *checker) address(key, address string) {
	if u, err := url.Parse(address); err == nil && u.RawQuery != "" {
		address = "" // a query would end up in the middle of them
		v.report(key, "%s", expectedAddress)
	}
	v.link(key, address)
}

// link checks a web address, which may be empty.
func (v *checker) link(key, address string) {
	if address == "" {
		return
	}
	u, err := url.Parse(address)
	if errors.As(err, new(url.EscapeError)) {
		v.report(key, "%s", badEscape)
	} else if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || u.User != nil || u.Fragment != "" {
		v.report(key, "%s", expectedAddress)
	}
}

const (
	expectedAddress = "expected an address such as https://news.example.com"
	badEscape       = "a % in it begins no two hexadecimal digits: write %25 for the sign itself"
)

// parameters reads an address that may hold a password, and the parameters
// after its question mark; nil if they cannot be read. Problems never quote it.
func (v *checker) parameters(key, address, expected string, known ...string) (*url.URL, url.Values) {
	u, err := url.Parse(address)
	var query url.Values
	if err == nil {
		query, err = url.ParseQuery(u.RawQuery)
	}
	if err != nil {
		if errors.As(err, new(url.EscapeError)) {
			expected = badEscape
		}
		v.report(key, "%s", expected)
		return nil, nil
	}
	fields := make(map[string]int)
	for _, name := range known {
		fields[name] = 0
	}
	for _, name := range slices.Sorted(maps.Keys(query)) {
		if _, ok := fields[name]; !ok {
			v.report(key, "?%s= is not known%s", name, suggest(name, fields))
		} else if len(query[name]) > 1 && name != "addr" {
			v.report(key, "?%s= stands there twice", name)
		}
	}
	return u, query
}

// relay checks an address of a mail relay.
func (v *checker) relay(key string, relay URL) {
	const expected = "expected smtp://USER@HOST:PORT or smtps://USER@HOST:PORT"
	u, query := v.parameters(key, relay.Reveal(), expected, "weight", "connections", "tls")
	if u == nil {
		return
	}
	if u.Scheme != "smtp" && u.Scheme != "smtps" || u.Hostname() == "" || strings.Trim(u.Path, "/") != "" || u.Fragment != "" {
		v.report(key, "%s", expected)
		return
	}
	if query.Has("tls") {
		v.oneOf(key, query.Get("tls"), "mandatory", "opportunistic", "none")
	}
	for _, name := range []string{"weight", "connections"} {
		if n, err := strconv.Atoi(query.Get(name)); query.Has(name) && (err != nil || n < 1 || n > 1000) {
			v.report(key, "%s: expected a whole number from 1 to 1000", name)
		}
	}
}

// store checks where the store is, and the password for its Sentinels.
func (v *checker) store(c *Config) {
	const key = "store"
	if c.Store.IsZero() {
		return
	}
	if file, ok := strings.CutPrefix(c.Store.Reveal(), "sqlite:"); ok {
		if strings.Trim(file, "/") == "" {
			v.report(key, "expected a file, such as sqlite:enshi.db")
		}
		return
	}
	const expected = "expected sqlite:FILE, redis://HOST:PORT/NUMBER, rediss://HOST:PORT/NUMBER or unix:///SOCKET"
	address, hosts := oneHost(c.Store.Reveal())
	u, query := v.parameters(key, address, expected, "addr", "master", "db", "sentinel_user", "sentinel_password")
	if u == nil {
		return
	}
	hosts += len(query["addr"])
	switch {
	case (u.Scheme == "redis" || u.Scheme == "rediss") && hosts > 0:
	case u.Scheme == "unix" && u.Host == "" && u.Path != "":
	default:
		v.report(key, "%s", expected)
		return
	}
	number := query.Get("db")
	if number == "" && u.Scheme != "unix" {
		number = strings.Trim(u.Path, "/")
	}
	sentinels := query.Get("master") != ""
	switch n, err := strconv.Atoi(number); {
	case number != "" && (err != nil || n < 0):
		v.report(key, "expected the number of a database, as in redis://a/0")
	case n != 0 && hosts > 1 && !sentinels:
		v.report(key, "a cluster has only database 0; for Sentinels expected ?master=NAME")
	}
	switch {
	case sentinels:
	case query.Has("sentinel_user"), query.Has("sentinel_password"):
		v.report(key, "sentinel_user and sentinel_password are for Sentinels: expected ?master=NAME")
	case !c.SentinelPassword.IsZero():
		v.report("sentinel_password_file", "there is a password for Sentinels, and store names none: expected redis://HOST:PORT/NUMBER?master=NAME")
	}
}

// oneHost takes all hosts but the first out of an address, which net/url could
// not read, and says how many there are.
func oneHost(address string) (one string, hosts int) {
	scheme, rest, _ := strings.Cut(address, "://")
	end := strings.IndexAny(rest, "/?")
	if end < 0 {
		end = len(rest)
	}
	at := strings.LastIndexByte(rest[:end], '@') + 1
	list := strings.Split(rest[at:end], ",")
	for _, host := range list {
		if host != "" {
			hosts++
		}
	}
	return scheme + "://" + rest[:at] + list[0] + rest[end:], hosts
}
