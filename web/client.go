package web

import (
	"net/http"
	"net/netip"
	"strings"
)

// client is who a request came from, as far as limits need it: an IPv4 address,
// or the network that an IPv6 address is in, because one line has all of it.
// What X-Forwarded-For says counts only behind trusted proxies, read from the
// right: the left end is whatever the client made up.
func (s *Server) client(r *http.Request) string {
	address := parseAddr(r.RemoteAddr)
	if s.trusted(address) {
		hops := strings.Split(strings.Join(r.Header["X-Forwarded-For"], ","), ",")
		for i := len(hops) - 1; i >= 0; i-- {
			hop := parseAddr(strings.TrimSpace(hops[i]))
			if !hop.IsValid() {
				break
			}
			address = hop
			if !s.trusted(hop) {
				break
			}
		}
	}
	if address.Is6() {
		if network, err := address.Prefix(64); err == nil {
			return network.String()
		}
	}
	return address.String()
}

// parseAddr reads an address with or without a port.
func parseAddr(s string) netip.Addr {
	if withPort, err := netip.ParseAddrPort(s); err == nil {
		return withPort.Addr().Unmap().WithZone("")
	}
	address, err := netip.ParseAddr(strings.Trim(s, "[]"))
	if err != nil {
		return netip.Addr{}
	}
	return address.Unmap().WithZone("")
}

func (s *Server) trusted(a netip.Addr) bool {
	for _, p := range s.o.TrustedProxies {
		if a.IsValid() && p.Contains(a) {
			return true
		}
	}
	return false
}
