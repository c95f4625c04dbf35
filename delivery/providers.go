package delivery

import "strings"

// Group is a provider group: mailboxes that share one set of limits.
type Group string

// Other is the group of all domains that no provider names.
const Other Group = "other"

// Budget limits what a provider group is sent, by all processes together.
type Budget struct {
	PerMinute   int // messages a minute, 0 for no limit
	Burst       int // messages that may go at once after a pause
	Connections int // messages on their way at a time, 0 for no limit
	PerConn     int // messages a connection, 0 for no limit
}

// Provider is a mailbox provider and what it is sent at most.
type Provider struct {
	Group     Group
	Domains   []string
	Budget    Budget
	Deferrals []Deferral // the first that fits counts
}

// Providers knows the group of every domain, the budget of every group, and
// which of its answers call for waits of their own. The zero value has one
// group, Other, without limits.
type Providers struct {
	groups    map[string]Group
	budgets   map[Group]Budget
	deferrals map[Group][]deferral
}

// NewProviders takes a list of providers; one of them may be Other.
func NewProviders(list []Provider) Providers {
	p := Providers{make(map[string]Group), make(map[Group]Budget), make(map[Group][]deferral)}
	for _, one := range list {
		p.budgets[one.Group] = one.Budget
		for _, domain := range one.Domains {
			p.groups[strings.ToLower(domain)] = one.Group
		}
		for _, answer := range one.Deferrals {
			p.deferrals[one.Group] = append(p.deferrals[one.Group], newDeferral(answer))
		}
	}
	return p
}

// GroupOf is the group of an address's domain.
func (p Providers) GroupOf(domain string) Group {
	if g, ok := p.groups[domain]; ok {
		return g
	}
	if g, ok := p.groups[strings.ToLower(domain)]; ok {
		return g
	}
	return Other
}

// Budget is that of a group; one that is not known any more has Other's.
func (p Providers) Budget(g Group) Budget {
	if b, ok := p.budgets[g]; ok {
		return b
	}
	return p.budgets[Other]
}
