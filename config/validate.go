package config

import (
	"errors"
	"net"
	"net/mail"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Validate checks the values on their own and against each other. All problems
// are reported together, each with its line if a file says it.
func (c *Config) Validate() error {
	v := &checker{origin: c.origin}
	v.site(&c.Site)
	v.address("public_url", c.PublicURL)
	v.notEmpty("data", c.Data)
	v.store(c)
	v.listen("listen", c.Listen)
	v.roles("roles", c.Roles)
	v.notNegative("settle", int64(c.Settle))
	v.atLeast("rescan", int64(c.Rescan), int64(time.Second), "1s")
	v.feeds(&c.Feeds)
	v.topics(c.Topics)
	v.digest(&c.Digest)
	v.mail(&c.Mail)
	v.notNegative("limits.signups_per_client", int64(c.Limits.SignupsPerClient))
	v.notNegative("limits.signups_total", int64(c.Limits.SignupsTotal))
	for _, proxy := range c.Limits.Proxies {
		if _, err := ParseNetwork(proxy); err != nil {
			v.report("limits.proxies", "%w", err)
		}
	}
	v.notNegative("limits.new_posts", int64(c.Limits.NewPosts))
	v.notNegative("limits.post_age", int64(c.Limits.PostAge))
	v.mailbox("operator.email", c.Operator.Email)
	v.oneOf("log.level", c.Log.Level, "debug", "info", "warn", "error")
	v.oneOf("log.format", c.Log.Format, "text", "json")
	return errors.Join(v.problems...)
}

// checker gathers what is wrong with values.
type checker struct {
	origin   origin
	problems []error
}

func (v *checker) report(key, format string, args ...any) {
	v.problems = append(v.problems, v.origin.problem(key, format, args...))
}

var languageTag = regexp.MustCompile(`^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$`)

func (v *checker) site(s *Site) {
	v.notEmpty("site.dir", s.Dir)
	v.address("site.url", s.URL)
	v.oneLine("site.title", s.Title)
	v.oneLine("site.description", s.Description)
	if s.Language != "" && !languageTag.MatchString(s.Language) {
		v.report("site.language", "expected a language such as zh-CN")
	}
	if _, err := time.LoadLocation(s.Timezone); err != nil {
		v.report("site.timezone", "expected a zone such as Asia/Shanghai: %w", err)
	}
}

func (v *checker) feeds(f *Feeds) {
	v.atLeast("feeds.limit", int64(f.Limit), 1, "1")
	v.atLeast("feeds.max_bytes", int64(f.MaxBytes), 16<<10, "16kB")
	v.atLeast("feeds.cache", int64(f.Cache), int64(time.Second), "1s")
	v.atLeast("feeds.hub_pause", int64(f.HubPause), int64(time.Millisecond), "1ms")
	v.oneLine("feeds.rights", f.Rights)
	v.link("feeds.icon", f.Icon)
	for _, hub := range f.Hubs {
		v.notEmpty("feeds.hubs", hub)
		v.link("feeds.hubs", hub)
	}
}

func (v *checker) digest(d *Digest) {
	v.oneOf("digest.cadence", d.Cadence, "instant", "daily", "weekly")
	v.oneOf("digest.language", d.Language, "zh-Hans", "en")
	v.notNegative("digest.quiet", int64(d.Quiet))
	v.notNegative("digest.max_lateness_daily", int64(d.MaxLatenessDaily))
	v.notNegative("digest.max_lateness_weekly", int64(d.MaxLatenessWeekly))
}

// listID is RFC 2919 §3's list-id without its brackets: a dot-atom with a dot.
var listID = regexp.MustCompile("^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)+$")

var hostName = regexp.MustCompile(`^([A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?\.)+[A-Za-z][A-Za-z0-9-]*$`)

func (v *checker) mail(m *Mail) {
	for _, relay := range m.SMTP {
		v.relay("mail.smtp", relay)
	}
	v.mailbox("mail.from", m.From)
	v.mailbox("mail.reply_to", m.ReplyTo)
	v.mailbox("mail.unsubscribe_mailto", m.UnsubscribeMailto)
	if m.ListID != "" && (!listID.MatchString(m.ListID) || len(m.ListID) > 255) {
		v.report("mail.list_id", "expected ASCII letters with a dot, such as digest.example.com")
	}
	if m.Bounce != "" && !hostName.MatchString(m.Bounce) {
		v.report("mail.bounce", "expected a domain, such as bounces.example.com")
	}
	v.atLeast("mail.connections", int64(m.Connections), 1, "1")
	v.atLeast("mail.retry", int64(m.Retry), int64(time.Second), "1s")
	v.atLeast("mail.per_connection", int64(m.PerConnection), 1, "1")
	v.atLeast("mail.retry_most", int64(m.RetryMost), int64(m.Retry), "mail.retry")
	v.notNegative("mail.give_up", int64(m.GiveUp))
	v.atLeast("mail.lease", int64(m.Lease), int64(time.Second), "1s")
	v.oneOf("mail.uncertain", m.Uncertain, "resend", "skip", "hold")
	v.providers(m.Providers)
	for _, relay := range m.SMTP {
		u, err := url.Parse(relay.Reveal())
		if err == nil && !m.SMTPPassword.IsZero() && u.User == nil && len(m.SMTP) == 1 {
			v.report("mail.smtp", "there is a password and no user: expected smtp://USER@%s", u.Host)
		}
	}
}

func (v *checker) listen(key, listen string) {
	_, port, err := net.SplitHostPort(listen)
	n, bad := strconv.Atoi(port)
	if err != nil || bad != nil || n < 0 || n > 65535 {
		v.report(key, "expected an address and a port, such as 127.0.0.1:8080 or :8080")
	}
}

func (v *checker) roles(key string, roles []string) {
	if len(roles) == 0 {
		v.report(key, "expected at least one of watch, web, plan, send")
	}
	for _, r := range roles {
		v.oneOf(key, r, "watch", "web", "plan", "send")
	}
}

// mailbox checks a sender's or receiver's address with or without a name, which
// may be empty. Nothing in it may end a header.
func (v *checker) mailbox(key, address string) {
	if address == "" {
		return
	}
	parsed, err := mail.ParseAddress(address)
	if err != nil || strings.ContainsFunc(address, isControl) || strings.ContainsFunc(parsed.Name, isControl) {
		v.report(key, "expected an address such as news@example.com or 恩施日报 <news@example.com>")
	}
}

func isControl(r rune) bool { return r < ' ' || r == 0x7f }

func (v *checker) oneLine(key, text string) {
	if strings.ContainsFunc(text, isControl) {
		v.report(key, "expected one line without control characters")
	}
}

func (v *checker) notEmpty(key, text string) {
	if text == "" {
		v.report(key, "must not be empty")
	}
}

func (v *checker) oneOf(key, value string, allowed ...string) {
	if !slices.Contains(allowed, value) {
		v.report(key, "%q is not known: expected %s or %s", value,
			strings.Join(allowed[:len(allowed)-1], ", "), allowed[len(allowed)-1])
	}
}

func (v *checker) notNegative(key string, n int64) {
	if n < 0 {
		v.report(key, "must not be negative")
	}
}

func (v *checker) atLeast(key string, n, least int64, text string) {
	if n < least {
		v.report(key, "must be at least %s", text)
	}
}
