package mailer

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"
	"sync"

	gomail "github.com/wneessen/go-mail"

	"github.com/enshi-daily/enshi/delivery"
)

// relay is a mail server and how to talk to it. go-mail dials, encrypts and
// logs in; the letters go around it.
type relay struct {
	name   string // host:port, for people
	client *gomail.Client
	weight int
	places chan struct{} // one for each connection that it may have; nil for no limit
	health health

	mu    sync.Mutex
	idle  []*connection
	least map[delivery.Group]int // messages a connection, as the group's answers taught
}

// How a connection to a relay is encrypted.
const (
	tlsImplicit      = "implicit"      // from the first byte: smtps
	tlsMandatory     = "mandatory"     // STARTTLS with a valid certificate
	tlsOpportunistic = "opportunistic" // STARTTLS if offered, certificate not looked at
	tlsNone          = "none"
)

// relayAddress is what an SMTP address says.
type relayAddress struct {
	host        string
	port        int
	tls         string
	user        *url.Userinfo
	weight      int
	connections int // 0 for no limit of its own
	redacted    string
}

// parseRelay reads smtp://[user:password@]host[:port][?tls=…&weight=…&connections=…]
// or smtps://…. Without tls, every host but this machine gets mandatory, on port 587; this
// machine gets opportunistic, on port 25, because its relay signs its own
// certificate.
func parseRelay(s string) (relayAddress, error) {
	u, err := url.Parse(s)
	if err != nil {
		// The error would quote the password.
		return relayAddress{}, errors.New("smtp address: expected smtp://[user:password@]host:port or smtps://…")
	}
	a := relayAddress{host: u.Hostname(), tls: u.Query().Get("tls"), user: u.User, weight: 1, redacted: u.Redacted()}
	if u.Scheme != "smtp" && u.Scheme != "smtps" || a.host == "" || u.Path != "" && u.Path != "/" {
		return a, a.errorf("expected smtp://[user:password@]host:port or smtps://…")
	}
	for name, to := range map[string]*int{"weight": &a.weight, "connections": &a.connections} {
		if err := positive(u.Query(), name, to); err != nil {
			return a, a.errorf("%w", err)
		}
	}
	port := 587
	switch {
	case u.Scheme == "smtps" && a.tls != "":
		return a, a.errorf("smtps is encrypted from the start: leave tls out")
	case u.Scheme == "smtps":
		a.tls, port = tlsImplicit, 465
	case a.tls == "" && loopback(a.host):
		a.tls, port = tlsOpportunistic, 25
	case a.tls == "":
		a.tls = tlsMandatory
	case a.tls != tlsMandatory && a.tls != tlsOpportunistic && a.tls != tlsNone:
		return a, a.errorf("tls=%s: expected mandatory, opportunistic or none", a.tls)
	case a.tls != tlsMandatory:
		port = 25
	}
	if u.User != nil && (a.tls == tlsNone || a.tls == tlsOpportunistic) && !loopback(a.host) {
		return a, a.errorf("the password could go over the network in the clear: use smtps or tls=mandatory")
	}
	a.port = port
	if p := u.Port(); p != "" {
		number, err := strconv.ParseUint(p, 10, 16)
		if err != nil || number == 0 {
			return a, a.errorf("the port is not a number from 1 to 65535")
		}
		a.port = int(number)
	}
	return a, nil
}

func (a relayAddress) errorf(format string, args ...any) error {
	return fmt.Errorf("smtp address %s: %w", a.redacted, fmt.Errorf(format, args...))
}

// positive reads a whole number from 1 out of an address, if it has it.
func positive(q url.Values, name string, to *int) error {
	if !q.Has(name) {
		return nil
	}
	n, err := strconv.Atoi(q.Get(name))
	if err != nil || n < 1 {
		return fmt.Errorf("%s=%s: expected a whole number from 1", name, q.Get(name))
	}
	*to = n
	return nil
}

// loopback says whether host is this machine.
func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// greeting is the name that this machine says to relays: the system's if it is a
// full one, for many refuse others (RFC 5321 §4.1.4), else the public host's.
func greeting(system, public string) string {
	local := strings.HasSuffix(system, ".local") || strings.HasSuffix(system, ".localdomain")
	if strings.Contains(system, ".") && !local {
		return system
	}
	u, err := url.Parse(public)
	if err != nil {
		return system
	}
	host := u.Hostname()
	switch ip := net.ParseIP(host); {
	case ip == nil:
		return host
	case ip.To4() == nil:
		return "[IPv6:" + host + "]"
	}
	return "[" + host + "]"
}

func newRelay(address string, o *SMTPOptions) (*relay, error) {
	a, err := parseRelay(address)
	if err != nil {
		return nil, err
	}
	name, config := net.JoinHostPort(a.host, strconv.Itoa(a.port)), a.tlsConfig(o.TLS)
	starttls := map[string]gomail.TLSPolicy{
		tlsMandatory: gomail.TLSMandatory, tlsOpportunistic: gomail.TLSOpportunistic, tlsNone: gomail.NoTLS,
		// Encrypted already: the policy only makes go-mail look at the state.
		tlsImplicit: gomail.TLSOpportunistic,
	}
	options := []gomail.Option{
		gomail.WithPort(a.port), gomail.WithTimeout(o.Timeout), gomail.WithoutNoop(), gomail.WithoutSMTPUTF8(),
		gomail.WithTLSPolicy(starttls[a.tls]), gomail.WithTLSConfig(config), gomail.WithHELO(o.Helo),
		gomail.WithDialContextFunc(dialer(name, a.tls == tlsImplicit, config)),
	}
	if a.user != nil {
		auth := gomail.SMTPAuthAutoDiscover
		if loopback(a.host) && a.tls != tlsImplicit {
			// Discovery passes PLAIN over where there is no TLS; on this
			// machine nobody listens.
			auth = gomail.SMTPAuthPlain
		}
		password, _ := a.user.Password()
		options = append(options, gomail.WithSMTPAuth(auth), gomail.WithUsername(a.user.Username()), gomail.WithPassword(password))
	}
	client, err := gomail.NewClient(a.host, options...)
	if err != nil {
		return nil, fmt.Errorf("smtp address %s: %w", a.redacted, err)
	}
	r := &relay{name: name, client: client, weight: a.weight, least: make(map[delivery.Group]int)}
	if a.connections > 0 {
		r.places = make(chan struct{}, a.connections)
	}
	return r, nil
}

func (a relayAddress) tlsConfig(given *tls.Config) *tls.Config {
	config := &tls.Config{MinVersion: tls.VersionTLS12, InsecureSkipVerify: a.tls == tlsOpportunistic}
	if given != nil {
		config = given.Clone()
	}
	if config.ServerName == "" {
		config.ServerName = a.host
	}
	return config
}

// dialed carries a connection out of go-mail's dialling, which looks at its
// context only until the line stands and forgets to close it when the dialogue
// after that fails.
type dialed struct {
	cut  context.Context
	conn net.Conn
	stop func() bool
}

type dialedKey struct{}

// dialer connects to an address, and speaks TLS if that comes first. What go-mail
// makes of the address is none if the host is an IPv6 one.
func dialer(address string, implicit bool, config *tls.Config) gomail.DialContextFunc {
	return func(ctx context.Context, network, _ string) (net.Conn, error) {
		conn, err := new(net.Dialer).DialContext(ctx, network, address)
		if err != nil {
			return nil, err
		}
		if d, ok := ctx.Value(dialedKey{}).(*dialed); ok {
			d.conn = conn
			d.stop = context.AfterFunc(d.cut, func() { conn.Close() })
		}
		if !implicit {
			return conn, nil
		}
		secure := tls.Client(conn, config)
		return secure, secure.HandshakeContext(ctx)
	}
}

// connect dials, greets, encrypts and logs in. A cancel of ctx ends it at any
// moment.
func (r *relay) connect(ctx context.Context) (*connection, error) {
	d := &dialed{cut: ctx, stop: func() bool { return true }}
	client, err := r.client.DialToSMTPClientWithContext(context.WithValue(ctx, dialedKey{}, d))
	d.stop()
	if err != nil {
		if d.conn != nil {
			d.conn.Close() // nothing was sent over it
		}
		return nil, err
	}
	return newConnection(client, d.conn), nil
}
