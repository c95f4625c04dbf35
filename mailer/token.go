package mailer

import (
	"crypto/subtle"
	"encoding/base32"
	"encoding/base64"
	"strconv"
	"strings"
	"time"

	"github.com/enshi-daily/enshi/delivery"
	"github.com/enshi-daily/enshi/subscribers"
)

// Tokens name a subscriber in what servers send back to us: in the return path
// (VERP) and in Message-IDs. A token is the subscriber's ID and a keyed tag, so
// that nobody can make up a bounce for somebody else, in lower-case base32,
// because servers on the way may change the case of a local part.
type Tokens struct {
	Keys   *subscribers.Keys
	Domain string // of the return path; "" for none
	Prefix string // before the token in the local part, "b" if ""
}

const (
	idBytes  = 9 // of a subscriber's ID
	tagBytes = 6
	tokenLen = (idBytes + tagBytes) * 8 / 5
)

// Token is the token of a subscriber: 24 characters, the same for ever.
func (t Tokens) Token(id subscribers.ID) string {
	raw := make([]byte, 0, idBytes+tagBytes)
	raw, _ = base64.RawURLEncoding.AppendDecode(raw, []byte(id)) // a wrong ID gives a token that names nobody
	return strings.ToLower(base32.StdEncoding.EncodeToString(append(raw, t.tag(id)...)))
}

func (t Tokens) tag(id subscribers.ID) []byte {
	_, blind, _ := strings.Cut(t.Keys.Blind("return-path", string(id)), ":")
	return []byte(blind)[:tagBytes]
}

// Subscriber reads a token.
func (t Tokens) Subscriber(token string) (subscribers.ID, bool) {
	raw, err := base32.StdEncoding.DecodeString(strings.ToUpper(token))
	if err != nil || len(raw) != idBytes+tagBytes {
		return "", false
	}
	id := subscribers.ID(base64.RawURLEncoding.EncodeToString(raw[:idBytes]))
	return id, subtle.ConstantTimeCompare(raw[idBytes:], t.tag(id)) == 1
}

// ReturnPath is the envelope sender for mail to a subscriber, "" if no domain
// for it is configured. It does not name the edition: greylisting servers know
// the same sender again.
func (t Tokens) ReturnPath(id subscribers.ID) string { return t.returnPath(t.Token(id)) }

func (t Tokens) returnPath(token string) string {
	if t.Domain == "" {
		return ""
	}
	return t.prefix() + "+" + token + "@" + t.Domain
}

func (t Tokens) prefix() string {
	if t.Prefix == "" {
		return "b"
	}
	return t.Prefix
}

// Returned reads the address that a bounce came to.
func (t Tokens) Returned(address string) (subscribers.ID, bool) {
	local, domain, _ := strings.Cut(strings.Trim(address, "<> "), "@")
	prefix, token, ok := strings.Cut(local, "+")
	if !ok || !strings.EqualFold(prefix, t.prefix()) || t.Domain == "" || !strings.EqualFold(domain, t.Domain) {
		return "", false
	}
	return t.Subscriber(token)
}

// appendMessageID appends the Message-ID of a delivery without brackets. A second
// copy has the same; a second notice to the same person has another.
func appendMessageID(buf []byte, d *delivery.Delivery, token, domain string) []byte {
	buf = append(append(buf, d.Edition...), '.')
	if d.Letter == "" {
		buf = append(strconv.AppendInt(buf, d.Created.Unix(), 36), '.')
	}
	buf = append(append(buf, token...), '@')
	return append(buf, domain...)
}

// Origin is which delivery a Message-ID is of.
type Origin struct {
	Edition    string
	Subscriber subscribers.ID
	Created    time.Time // for notices alone
}

// Origin reads a Message-ID, with or without brackets; false if it is not ours.
func (t Tokens) Origin(messageID string) (Origin, bool) {
	local, _, ok := strings.Cut(strings.Trim(messageID, "<> "), "@")
	parts := strings.Split(local, ".")
	if !ok || len(parts) < 2 {
		return Origin{}, false
	}
	o := Origin{Edition: parts[0]}
	if o.Subscriber, ok = t.Subscriber(parts[len(parts)-1]); !ok {
		return Origin{}, false
	}
	switch len(parts) {
	case 2:
		return o, true
	case 3:
		seconds, err := strconv.ParseInt(parts[1], 36, 64)
		o.Created = time.Unix(seconds, 0).UTC()
		return o, err == nil
	}
	return Origin{}, false
}
