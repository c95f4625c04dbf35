package redisdb

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/redis/go-redis/v9"
)

// parseURL reads a store's URL (Options.URL). where is the address without user
// and password.
func parseURL(s string) (o *redis.UniversalOptions, where string, err error) {
	s, more := splitHosts(s)
	u, err := url.Parse(s)
	if err != nil {
		// url.Error repeats the URL, which may hold a password.
		var bad *url.Error
		if errors.As(err, &bad) {
			err = bad.Err
		}
		return nil, "", fmt.Errorf("redis URL: %w; expected redis://[user:password@]host:port/db", err)
	}
	o = &redis.UniversalOptions{Username: u.User.Username()}
	o.Password, _ = u.User.Password()
	query := u.Query()
	switch u.Scheme {
	case "unix":
		if u.Path == "" || u.Host != "" {
			return nil, "", fmt.Errorf("redis URL: a socket's path has three slashes before it: unix:///run/redis.sock")
		}
		o.Addrs = []string{u.Path}
	case "redis", "rediss":
		o.Addrs = hosts(append([]string{u.Host}, more...), query["addr"])
		if u.Scheme == "rediss" {
			name, _, err := net.SplitHostPort(o.Addrs[0])
			if err != nil {
				return nil, "", fmt.Errorf("redis URL: %w", err)
			}
			o.TLSConfig = &tls.Config{MinVersion: tls.VersionTLS12, ServerName: name}
		}
	default:
		return nil, "", fmt.Errorf("redis URL: scheme %q: expected redis, rediss or unix", u.Scheme)
	}
	o.MasterName, o.SentinelUsername, o.SentinelPassword = query.Get("master"), query.Get("sentinel_user"), query.Get("sentinel_password")
	if o.MasterName == "" && o.SentinelUsername+o.SentinelPassword != "" {
		return nil, "", errors.New("redis URL: sentinel_user and sentinel_password are for Sentinels: master=NAME is missing")
	}
	if o.DB, err = database(u, query); err != nil {
		return nil, "", err
	}
	if o.DB != 0 && o.MasterName == "" && len(o.Addrs) > 1 {
		return nil, "", fmt.Errorf("redis URL: database %d: a cluster has only database 0", o.DB)
	}
	for name := range query {
		if known := []string{"addr", "master", "db", "sentinel_user", "sentinel_password"}; !slices.Contains(known, name) {
			return nil, "", fmt.Errorf("redis URL: unknown parameter %q: expected one of %s", name, strings.Join(known, ", "))
		}
	}
	return o, strings.Join(o.Addrs, ","), nil
}

// splitHosts takes the hosts after the first comma out of a URL, which net/url
// would refuse.
func splitHosts(s string) (one string, more []string) {
	from := strings.Index(s, "://") + len("://")
	to := len(s)
	if i := strings.IndexAny(s[min(from, to):], "/?"); i >= 0 {
		to = from + i
	}
	from = max(from, strings.LastIndexByte(s[:to], '@')+1)
	if from > to {
		return s, nil
	}
	list := strings.Split(s[from:to], ",")
	return s[:from] + list[0] + s[to:], list[1:]
}

// hosts lists the addresses, each with a port.
func hosts(list, more []string) []string {
	var addrs []string
	for _, h := range append(list, more...) {
		if h == "" {
			continue
		}
		if _, _, err := net.SplitHostPort(h); err != nil {
			h = net.JoinHostPort(strings.Trim(h, "[]"), "6379")
		}
		addrs = append(addrs, h)
	}
	if addrs == nil {
		addrs = []string{"localhost:6379"}
	}
	return addrs
}

// database reads the number of the database, 0 if there is none.
func database(u *url.URL, query url.Values) (int, error) {
	name := query.Get("db")
	if u.Scheme != "unix" && name == "" {
		name = strings.Trim(u.Path, "/")
	}
	if name == "" {
		return 0, nil
	}
	n, err := strconv.Atoi(name)
	if err != nil || n < 0 {
		return 0, fmt.Errorf("redis URL: database %q: expected a number", name)
	}
	return n, nil
}
