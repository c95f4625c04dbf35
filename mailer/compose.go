package mailer

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/enshi-daily/enshi/delivery"
	"github.com/enshi-daily/enshi/subscribers"
)

// ComposerOptions are what a Composer works with. Renderer, Keys and From are
// needed.
type ComposerOptions struct {
	Renderer       *Renderer
	Keys           *subscribers.Keys
	From           Mailbox
	ReplyTo        Mailbox
	ListID         string // ASCII, never changed; "digest." and the sender's domain if ""
	MailtoLeave    string // address that takes unsubscriptions by mail, "" for none
	BounceDomain   string // return paths name the subscriber in it; "" for From as return path
	BouncePrefix   string // before the + in a return path, "b" if ""
	FeedbackSender string // 5 to 15 letters for Feedback-ID; from the sender's domain if ""
}

// Composer makes the bytes of a message: headers, and links into the gaps. It
// is safe for concurrent use and the only way that a mail leaves the program.
type Composer struct {
	o        ComposerOptions
	tokens   Tokens
	links    subscribers.Addresses
	notices  map[noticeKey]*rendered
	fixed    []byte // headers that no recipient changes
	archive  []byte // headers of everything that belongs to the list
	leave    string // mailto: up to the token, "" for none
	oneClick bool
}

type noticeKey struct {
	notice   subscribers.Notice
	language subscribers.Language
}

// NewComposer checks the options and renders the notices.
func NewComposer(o ComposerOptions) (*Composer, error) {
	if o.Renderer == nil || o.Keys == nil {
		return nil, errors.New("composer: renderer and key ring are needed")
	}
	if o.ListID == "" {
		o.ListID = "digest." + o.From.domain()
	}
	if o.FeedbackSender == "" {
		o.FeedbackSender = feedbackSender(o.From.domain())
	}
	if err := checkComposer(o); err != nil {
		return nil, err
	}
	public := o.Renderer.o.Public
	c := &Composer{
		o:        o,
		tokens:   Tokens{Keys: o.Keys, Domain: o.BounceDomain, Prefix: o.BouncePrefix},
		links:    subscribers.Addresses{Public: public, Keys: o.Keys},
		notices:  make(map[noticeKey]*rendered),
		oneClick: oneClick(public),
	}
	for _, n := range []subscribers.Notice{subscribers.NoticeConfirm, subscribers.NoticeAlready} {
		for _, l := range []subscribers.Language{subscribers.Chinese, subscribers.English} {
			mail, err := o.Renderer.notice(n, l)
			if err != nil {
				return nil, fmt.Errorf("notice %s in %s: %w", n, l, err)
			}
			c.notices[noticeKey{n, l}] = mail
		}
	}
	c.fixed = appendMailbox(nil, "From", o.From)
	if o.ReplyTo.Address != "" {
		c.fixed = appendMailbox(c.fixed, "Reply-To", o.ReplyTo)
	}
	c.fixed = append(c.fixed, "Auto-Submitted: auto-generated\r\n"...) // RFC 3834 §5
	c.archive = fmt.Appendf(nil, "List-ID: <%s>\r\nList-Archive: <%s/editions/>\r\n", o.ListID, public)
	if o.MailtoLeave != "" {
		separators := strings.NewReplacer("&", "%26", "=", "%3D") // RFC 6068 §2
		c.leave = "mailto:" + separators.Replace(url.PathEscape(o.MailtoLeave)) + "?subject=unsubscribe-"
	}
	return c, nil
}

func checkComposer(o ComposerOptions) error {
	errs := []error{named("From", checkPath(o.From.Address))}
	if o.ReplyTo.Address != "" {
		errs = append(errs, named("Reply-To", checkPath(o.ReplyTo.Address)))
	}
	if o.MailtoLeave != "" {
		errs = append(errs, named("address for unsubscribing by mail", checkPath(o.MailtoLeave)))
	}
	if o.BounceDomain != "" {
		t := Tokens{Domain: o.BounceDomain, Prefix: o.BouncePrefix}
		errs = append(errs, named("return path", checkPath(t.prefix()+"+x@"+o.BounceDomain)))
		if len(t.prefix()) > 64-1-tokenLen { // RFC 5321 §4.5.3.1.1
			errs = append(errs, fmt.Errorf("return path: prefix %q is too long", o.BouncePrefix))
		}
	}
	// RFC 2919 §2 wants a dot; other programs misread what is not ASCII.
	if !strings.Contains(o.ListID, ".") || checkPath("x@"+o.ListID) != nil {
		errs = append(errs, fmt.Errorf("list id %q: expected letters, digits and dots, such as digest.example.org", o.ListID))
	}
	if n := len(o.FeedbackSender); n < 5 || n > 15 || feedbackSender(o.FeedbackSender) != o.FeedbackSender {
		errs = append(errs, fmt.Errorf("feedback sender %q: expected 5 to 15 letters, digits and hyphens", o.FeedbackSender))
	}
	return errors.Join(errs...)
}

func named(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", what, err)
}

// feedbackSender makes the last field of Feedback-ID, 5 to 15 characters, from
// a domain.
func feedbackSender(domain string) string {
	name := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9', r == '-':
			return r
		}
		return '-'
	}, strings.ToLower(domain))
	if len(name) > 15 {
		name = name[:15]
	}
	for len(name) < 5 {
		name += "-"
	}
	return name
}

// Tokens returns what reads the return paths and Message-IDs that the composer
// writes.
func (c *Composer) Tokens() Tokens { return c.tokens }

// Compose returns the bytes of a message, lines ended by CRLF, none beginning
// with a dot. The same delivery gives the same bytes.
func (c *Composer) Compose(m delivery.Message) ([]byte, error) {
	e, err := c.compose(nil, &m)
	return e.bytes, err
}

// envelope is a message ready for a server.
type envelope struct {
	from, to string // without brackets
	bytes    []byte
}

// compose appends a message to buf.
func (c *Composer) compose(buf []byte, m *delivery.Message) (envelope, error) {
	d := &m.Delivery
	if err := checkPath(string(d.Address)); err != nil {
		return envelope{}, err
	}
	if d.Edition == "" || strings.ContainsFunc(d.Edition, notWord) {
		return envelope{}, fmt.Errorf("edition %q: expected letters, digits and hyphens", d.Edition)
	}
	mail, err := c.content(m)
	if err != nil {
		return envelope{}, err
	}
	links := personal{token: c.tokens.Token(d.Subscriber)}
	links.fill(c, d, m.Dated)
	e := envelope{from: c.o.From.Address, to: string(d.Address)}
	if path := c.tokens.returnPath(links.token); path != "" {
		e.from = path
	}
	buf = append(buf, c.fixed...)
	buf = append(buf, "To: <"...)
	buf = append(buf, d.Address...)
	buf = append(buf, ">\r\nDate: "...)
	buf = m.Dated.UTC().AppendFormat(buf, time.RFC1123Z)
	buf = append(buf, "\r\nMessage-ID: <"...)
	buf = appendMessageID(buf, d, links.token, c.o.From.domain())
	buf = append(buf, ">\r\n"...)
	buf = append(buf, mail.head...)
	if mail.personal() {
		buf = c.appendList(buf, d, &links)
	}
	buf = append(buf, "\r\n"...)
	e.bytes, err = links.splice(buf, mail)
	return e, err
}

// notWord says whether r could not stand in an identifier of any header.
func notWord(r rune) bool {
	return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '-' && r != '_'
}

// content is the mail that a message carries, without its recipient.
func (c *Composer) content(m *delivery.Message) (*rendered, error) {
	n := m.Delivery.Notice()
	if n == subscribers.NoNotice {
		mail := new(rendered)
		return mail, mail.decode(m.Rendered)
	}
	mail := c.notices[noticeKey{n, m.Delivery.Language}]
	if mail == nil {
		return nil, fmt.Errorf("notice %s: no words in language %q", n, m.Delivery.Language)
	}
	return mail, nil
}

// oneClick says whether mails may promise one-click unsubscription: RFC 8058
// §3.1 asks for https. On this machine plain http will do, so that it can be
// tried.
func oneClick(public string) bool {
	u, err := url.Parse(public)
	return err == nil && (u.Scheme == "https" || loopback(u.Hostname()))
}

// appendList appends the headers by which programs recognise a list and leave
// it. A confirmation has none: nobody is on the list yet.
func (c *Composer) appendList(buf []byte, d *delivery.Delivery, p *personal) []byte {
	n := d.Notice()
	cadence, _, _ := strings.Cut(d.Edition, "-")
	if n == subscribers.NoNotice {
		buf = append(buf, "Precedence: bulk\r\n"...)
	} else {
		cadence = string(n)
	}
	// Without personal data; its last field names the sender to Gmail.
	buf = appendAll(buf, "Feedback-ID: ", d.Edition, ":", cadence, ":digest:", c.o.FeedbackSender, "\r\n")
	if n == subscribers.NoticeConfirm {
		return buf
	}
	buf = append(buf, c.archive...)
	// One line: some programs do not unfold it (RFC 2369 §2, RFC 8058 §3.1).
	buf = appendAll(buf, "List-Unsubscribe: <", p.gaps[unsubscribeBare], ">")
	if c.leave != "" {
		buf = appendAll(buf, ", <", c.leave, p.token, ">")
	}
	buf = append(buf, "\r\n"...)
	if c.oneClick {
		buf = append(buf, "List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"...)
	}
	return buf
}

func appendAll(buf []byte, parts ...string) []byte {
	for _, p := range parts {
		buf = append(buf, p...)
	}
	return buf
}

// personal is what fills a message's gaps.
type personal struct {
	token   string       // of the subscriber, for what servers send back
	gaps    [gaps]string // as they stand in the text
	encoded [gaps]span   // where they are encoded in the message already
}

// span is a place in a message.
type span struct{ start, end int }

func (p *personal) fill(c *Composer, d *delivery.Delivery, dated time.Time) {
	set := func(bare gap, address string) {
		p.gaps[bare], p.gaps[bare+1] = address, `href="`+address+`"`
	}
	if d.Notice() == subscribers.NoticeConfirm {
		set(confirmBare, c.links.Confirm(d.Subscriber, d.Generation, dated))
		return
	}
	set(unsubscribeBare, c.links.Unsubscribe(d.Subscriber))
	set(preferencesBare, c.links.Preferences(d.Subscriber, d.Generation))
}

// splice appends a mail's body with its gaps filled.
func (p *personal) splice(buf []byte, mail *rendered) ([]byte, error) {
	for _, s := range mail.body {
		switch s.gap {
		case fixed:
			buf = append(buf, s.bytes...)
			continue
		case plainText:
			buf = appendLines(buf, s.bytes)
			continue
		}
		if p.gaps[s.gap] == "" {
			return nil, fmt.Errorf("%w: gap %d has no place in this kind of mail", ErrRendered, s.gap)
		}
		at := &p.encoded[s.gap]
		if at.end > 0 {
			buf = append(buf, buf[at.start:at.end]...)
			continue
		}
		at.start = len(buf)
		buf = appendGap(buf, p.gaps[s.gap])
		at.end = len(buf)
	}
	return buf, nil
}
