package config

import (
	_ "embed"
	"maps"
	"regexp"
	"slices"
)

// Providers are the mailbox providers and their limits, by group.
type Providers map[string]Provider

// Provider is what one mailbox provider is sent at most, and how long mails wait
// that it refused for now.
type Provider struct {
	Domains       []string `yaml:"domains" doc:"Domains of its addresses. No domain is in two groups."`
	PerMinute     int      `yaml:"per_minute" doc:"Mails a minute. 0: no limit."`
	Burst         int      `yaml:"burst" doc:"Mails that may go at once after a pause."`
	Connections   int      `yaml:"connections" doc:"Mails on their way at a time. 0: no limit but mail.connections."`
	PerConnection int      `yaml:"per_connection" doc:"Mails to it over one connection. 0: no limit but mail.per_connection."`
	Retries       []Retry  `yaml:"retries" doc:"Answers that call for waits of their own instead of mail.retry: words of the answer, its code or its status, and how long a mail waits after its first, second, third… attempt. The last one is repeated until mail.retry would wait longer. Those of other hold for all providers."`
	Note          string   `yaml:"note" doc:"Where the figures come from."`
}

// OtherProviders is the group of all domains that no group names.
const OtherProviders = "other"

//go:embed providers.yaml
var providersFile []byte

// defaultProviders reads the profile of the large providers.
func defaultProviders() Providers {
	var profile struct {
		Providers Providers `yaml:"providers"`
	}
	d := decoder{origin: origin{name: "providers.yaml"}}
	d.read(providersFile, &profile.Providers)
	if len(d.problems) > 0 {
		panic("unreachable: " + d.problems[0].Error())
	}
	return profile.Providers
}

// groupName leaves room for nothing that keys of the store are made of.
var groupName = regexp.MustCompile(`^[a-z0-9-]{1,40}$`)

func (v *checker) providers(all Providers) {
	if _, ok := all[OtherProviders]; !ok {
		v.report("mail.providers", "%s is missing: it stands for all other domains", OtherProviders)
	}
	owner := make(map[string]string)
	for _, group := range slices.Sorted(maps.Keys(all)) {
		key, p := "mail.providers."+group, all[group]
		if !groupName.MatchString(group) {
			v.report(key, "expected a name of letters a-z, digits and hyphens, at most 40")
		}
		if group == OtherProviders && len(p.Domains) > 0 {
			v.report(key+".domains", "%s has none: it is all domains that no group names", OtherProviders)
		}
		for _, domain := range p.Domains {
			if !hostName.MatchString(domain) {
				v.report(key+".domains", "%q: expected a domain, such as example.com", domain)
			}
			if other, twice := owner[domain]; twice {
				v.report(key+".domains", "%s is in group %s already: name that group's domains without it", domain, other)
			}
			owner[domain] = group
		}
		v.notNegative(key+".per_minute", int64(p.PerMinute))
		v.notNegative(key+".burst", int64(p.Burst))
		v.notNegative(key+".connections", int64(p.Connections))
		v.notNegative(key+".per_connection", int64(p.PerConnection))
		v.oneLine(key+".note", p.Note)
	}
}
