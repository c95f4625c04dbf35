package mailer

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/textproto"
	"regexp"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/enshi-daily/enshi/delivery"
	"github.com/enshi-daily/enshi/subscribers"
)

// stage is how far an attempt had come when something was said.
type stage string

const (
	atCompose stage = "compose" // before anything was sent
	atDial    stage = "connect" // up to and with the login
	atMail    stage = "MAIL"
	atRcpt    stage = "RCPT"
	atData    stage = "DATA"
	atBody    stage = "body"   // its bytes; not the final dot
	atBegin   stage = "begin"  // the caller's last word
	atDot     stage = "answer" // to the final dot
)

// errReply is an answer of another code than the step allows. Its text is the
// server's.
type errReply = textproto.Error

// classify is the one place that decides what an attempt's end means. A nil err
// at atDot is the server's acceptance.
func (r *interpreter) classify(err error, at stage, g delivery.Group) delivery.Class {
	var reply *errReply
	answered := errors.As(err, &reply)
	switch {
	case err == nil:
		return delivery.Delivered
	case at == atCompose:
		return delivery.Bug
	case at == atBegin:
		return delivery.NotPermitted
	case errors.Is(err, context.Canceled) && at != atDot:
		return delivery.Stopped
	case answered && r.busy(reply, at, g):
		return delivery.Unreachable // no letter was tried
	case answered && reply.Code < 500:
		// 4xx, and codes that nobody may give here.
		if at == atDot && reply.Code < 400 {
			return delivery.InDoubt
		}
		return delivery.Temporary
	case answered:
		return r.refused(reply, at, g)
	case at == atDot:
		return delivery.InDoubt
	case at == atDial:
		return dialled(err)
	}
	return delivery.Temporary // lost before the final dot
}

// busy says whether a relay takes no mail now, from whomever to whomever.
func (r *interpreter) busy(reply *errReply, at stage, g delivery.Group) bool {
	if at != atMail {
		return reply.Code < 500 && at == atDial
	}
	a, ok := r.read(g, reply.Code, reply.Msg)
	return reply.Code == 421 && !(ok && a.Pause > 0)
}

// refused reads a 5xx. The answers to a login, to the sender and to the content
// are about us; only what is said of the recipient can be about the reader. A
// provider's row counts wherever it is said.
func (r *interpreter) refused(reply *errReply, at stage, g delivery.Group) delivery.Class {
	if at == atDial {
		return delivery.OurFault
	}
	a, known := r.read(g, reply.Code, reply.Msg)
	switch {
	case at == atRcpt && !known:
		return delivery.Temporary
	case at == atRcpt:
		return a.Class
	case !known, at == atMail && a.Class == delivery.BadAddress, a.Status == anyPolicy:
		return delivery.OurFault
	}
	return a.Class
}

// dialled reads an error before the login was through that is no answer: the
// network's errors pass, the others are a configuration that cannot work.
func dialled(err error) delivery.Class {
	var network net.Error
	var dial *net.OpError
	var certificate *tls.CertificateVerificationError
	var garbled textproto.ProtocolError
	switch {
	case errors.As(err, &certificate):
		return delivery.OurFault
	case errors.As(err, &network), errors.As(err, &dial), errors.As(err, &garbled),
		errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, net.ErrClosed),
		errors.Is(err, context.DeadlineExceeded):
		return delivery.Unreachable
	}
	return delivery.OurFault
}

// maxReply bounds what is kept of a server's words, in bytes.
const maxReply = 300

// outcome words an attempt's end for people.
func (r *interpreter) outcome(err error, at stage, s speech) delivery.Outcome {
	o := delivery.Outcome{Class: r.classify(err, at, s.group)}
	words := s.accepted
	var reply *errReply
	switch {
	case err == nil:
		o.Code = 250
	case errors.As(err, &reply):
		o.Code = reply.Code
		words = reply.Msg
	default:
		words = string(at) + ": " + err.Error()
	}
	if o.Code != 0 {
		words = strconv.Itoa(o.Code) + " " + words
	}
	o.Reply = s.relay + ": " + withoutAddress(words, s.address)
	if o.Code != 0 && at != atDial && o.Class != delivery.Unreachable {
		// A greeting is the relay's own, and says nothing of the provider.
		o.Relay = s.relay
		if err == nil {
			return o
		}
		if a, ok := r.read(s.group, o.Code, words[4:]); ok {
			o.Pause = a.Pause
		}
	}
	return o
}

// crowded says whether a refusal is about how much the connection has carried.
func (r *interpreter) crowded(err error, g delivery.Group) bool {
	var reply *errReply
	if !errors.As(err, &reply) {
		return false
	}
	a, ok := r.read(g, reply.Code, reply.Msg)
	return ok && a.Meaning == tooMany
}

// speech is who spoke of whom.
type speech struct {
	relay    string
	group    delivery.Group
	address  subscribers.Address
	accepted string // the server's words with its 250
}

// addressLike finds what could be an address in any spelling that servers use:
// with an @, or an = in its place as in return paths.
var addressLike = regexp.MustCompile(`(?i)[^\s<>()\[\]"',;:]+(?:@|%40|=40|=)[^\s<>()\[\]"',;]*\.[^\s<>()\[\]"',;]+`)

// withoutAddress makes one line of a server's words, and takes every address
// out of it: servers echo whom they refuse.
func withoutAddress(words string, a subscribers.Address) string {
	const gone = "(address)"
	words = addressLike.ReplaceAllString(clean(words), gone)
	if at := strings.LastIndexByte(string(a), '@'); at > 0 {
		words = withoutWord(words, string(a)[:at], gone)
	}
	if len(words) > maxReply {
		words = strings.ToValidUTF8(words[:maxReply], "") + "…"
	}
	return words
}

// withoutWord replaces an ASCII word, whatever its case, where it stands alone.
func withoutWord(s, word, by string) string {
	var b strings.Builder
	copied := 0
	for i := 0; i+len(word) <= len(s); i++ {
		end := i + len(word)
		before, _ := utf8.DecodeLastRuneInString(s[:i])
		after, _ := utf8.DecodeRuneInString(s[end:])
		if !inWord(before) && !inWord(after) && strings.EqualFold(s[i:end], word) {
			b.WriteString(s[copied:i] + by)
			copied = end
			i = end - 1
		}
	}
	return b.String() + s[copied:]
}

func inWord(r rune) bool { return r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsDigit(r)) }
