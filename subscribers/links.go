package subscribers

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"hash"
	"math"
	"time"
)

// Purpose is what a signed link lets its holder do.
type Purpose byte

// The purposes. The numbers stand in mails for ever.
const (
	PurposeConfirm     Purpose = 1
	PurposeUnsubscribe Purpose = 2
	PurposePreferences Purpose = 3
	PurposeUndo        Purpose = 4 // on the result page of an unsubscription
	PurposeFeed        Purpose = 5 // a private feed of one's own topics
	PurposeExport      Purpose = 6
)

// Link is what a signed link says.
type Link struct {
	Purpose    Purpose
	Subscriber ID
	Generation uint32
	Expires    time.Time // zero: never
}

// ErrLink says that a link is not one of ours, or altered.
var ErrLink = errors.New("the link is not valid")

// ErrExpired says that a link was ours and its time is over.
var ErrExpired = errors.New("the link has expired")

// A token is these bytes in base64url, all of fixed length:
// version, key id, purpose, subscriber, generation, expiry (Unix seconds), MAC.
const (
	tokenVersion = 1
	idBytes      = 9
	signedBytes  = 3 + idBytes + 4 + 4
	macBytes     = 16
	tokenLength  = (signedBytes + macBytes) / 3 * 4
)

// Sign returns the token of a link.
func (k *Keys) Sign(l Link) string {
	buf := make([]byte, 3, signedBytes+sha256.Size)
	buf[0], buf[1], buf[2] = tokenVersion, k.links[0].id, byte(l.Purpose)
	id, err := base64.RawURLEncoding.Strict().DecodeString(string(l.Subscriber))
	if err != nil || len(id) != idBytes {
		id = make([]byte, idBytes) // a wrong ID gives a link that is nobody's
	}
	buf = append(buf, id...)
	buf = binary.BigEndian.AppendUint32(buf, l.Generation)
	var expires uint32
	if !l.Expires.IsZero() {
		// 0 stands for never: a date that does not fit must not become it.
		expires = uint32(min(max(l.Expires.Unix(), 1), math.MaxUint32))
	}
	buf = binary.BigEndian.AppendUint32(buf, expires)
	return base64.RawURLEncoding.EncodeToString(k.links[0].tag(buf, buf))
}

// Verify reads a token that must have this purpose: ErrLink if it is not one
// that the ring signed, ErrExpired if its time is over. The caller compares the
// generation with the record's.
func (k *Keys) Verify(token string, p Purpose, now time.Time) (Link, error) {
	if len(token) != tokenLength {
		return Link{}, ErrLink
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(token)
	// The decoder skips line ends, so that the length is to be seen again.
	if err != nil || len(raw) != signedBytes+macBytes || raw[0] != tokenVersion {
		return Link{}, ErrLink
	}
	if !k.signed(raw) || Purpose(raw[2]) != p {
		return Link{}, ErrLink
	}
	l := Link{
		Purpose:    p,
		Subscriber: ID(base64.RawURLEncoding.EncodeToString(raw[3 : 3+idBytes])),
		Generation: binary.BigEndian.Uint32(raw[3+idBytes:]),
	}
	if expires := binary.BigEndian.Uint32(raw[7+idBytes:]); expires != 0 {
		l.Expires = time.Unix(int64(expires), 0).UTC()
		if now.After(l.Expires) {
			return l, ErrExpired
		}
	}
	return l, nil
}

func (k *Keys) signed(raw []byte) bool {
	for _, l := range k.links {
		if l.id == raw[1] {
			return hmac.Equal(raw[signedBytes:], l.tag(nil, raw[:signedBytes]))
		}
	}
	return false
}

// tag appends the MAC of data to b.
func (l *linkKey) tag(b, data []byte) []byte {
	mac := l.macs.Get().(hash.Hash)
	defer l.macs.Put(mac)
	mac.Reset()
	mac.Write(data)
	return mac.Sum(b)[:len(b)+macBytes]
}

// ConfirmFor is how long a confirmation link lives; unconfirmed sign-ups are
// purged after the same time.
const ConfirmFor = 7 * 24 * time.Hour

// UndoFor is how long an unsubscription can be undone without losing posts.
const UndoFor = 24 * time.Hour

// Addresses makes the addresses of the signed links below the public address.
// They stand in mails for ever.
type Addresses struct {
	Public string // without a trailing slash
	Keys   *Keys
}

// Confirm is the address of the page that confirms a sign-up.
func (a Addresses) Confirm(id ID, generation uint32, now time.Time) string {
	return a.Public + "/confirm/" + a.Keys.Sign(Link{PurposeConfirm, id, generation, now.Add(ConfirmFor)})
}

// Unsubscribe is the address that a List-Unsubscribe header names (RFC 8058)
// and the page that people open. It never expires.
func (a Addresses) Unsubscribe(id ID) string {
	return a.Public + "/unsubscribe/" + a.Keys.Sign(Link{Purpose: PurposeUnsubscribe, Subscriber: id})
}

// Preferences is the address of somebody's own topics and rhythm.
func (a Addresses) Preferences(id ID, generation uint32) string {
	return a.Public + "/preferences/" + a.Keys.Sign(Link{Purpose: PurposePreferences, Subscriber: id, Generation: generation})
}

// Feeds is where somebody reads his own topics as feeds: the address of each
// is this with the name of the site's feed in the same format behind it.
func (a Addresses) Feeds(id ID, generation uint32) string {
	return a.Public + "/my/" + a.Keys.Sign(Link{Purpose: PurposeFeed, Subscriber: id, Generation: generation}) + "/"
}

// Undo is the address that takes an unsubscription back.
func (a Addresses) Undo(id ID, generation uint32, now time.Time) string {
	return a.Public + "/unsubscribe/" + a.Keys.Sign(Link{PurposeUndo, id, generation, now.Add(UndoFor)})
}
