package mailer

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
)

// renderedMagic begins what Render makes; another version is another word.
const renderedMagic = "enshi-mail-1\n"

// ErrRendered says that stored bytes are not a letter that this version of the
// program renders.
var ErrRendered = errors.New("not a rendered letter of a version that this program reads")

// Base64 lines as MIME wants them (RFC 2045 §6.8): 57 bytes make a line of 76.
// Fixed text is cut at whole lines, so that a gap is encoded on its own.
const (
	lineBytes = 57
	lineChars = 76
)

// gap is a kind of segment; most are what a Composer fills for each recipient.
// The numbers stand in stored letters for ever.
type gap byte

const (
	fixed           gap = 0 // no gap: ready bytes
	unsubscribeBare gap = 1 // the address alone
	unsubscribeHref gap = 2 // the address as href="…"
	preferencesBare gap = 3
	preferencesHref gap = 4
	confirmBare     gap = 5
	confirmHref     gap = 6
	gaps                = 7
	plainText       gap = 7 // no gap: a part's content that is still to be encoded
)

// href says whether the gap is an attribute of an element.
func (g gap) href() bool { return g != fixed && g%2 == 0 }

// field is what templates call the address in the gap.
func (g gap) field() string { return [...]string{".Unsubscribe", ".Preferences", ".Confirm"}[(g-1)/2] }

// A segment is ready bytes, content to be encoded, or a gap.
type segment struct {
	gap   gap
	bytes []byte
}

// rendered is a mail without its recipient.
type rendered struct {
	head []byte // Subject and the MIME headers, folded, ended by CRLF
	body []segment
}

// encode returns r as it is stored.
func (r *rendered) encode() []byte {
	out := append([]byte(renderedMagic), binary.AppendUvarint(nil, uint64(len(r.head)))...)
	out = append(out, r.head...)
	for _, s := range r.body {
		out = append(out, byte(s.gap))
		out = binary.AppendUvarint(out, uint64(len(s.bytes)))
		out = append(out, s.bytes...)
	}
	return out
}

// decode reads what encode wrote into r, sharing data's memory.
func (r *rendered) decode(data []byte) error {
	rest, ok := bytes.CutPrefix(data, []byte(renderedMagic))
	if !ok {
		return ErrRendered
	}
	if r.head, rest, ok = cutField(rest); !ok {
		return fmt.Errorf("%w: its head is cut short", ErrRendered)
	}
	r.body = r.body[:0]
	for len(rest) > 0 {
		s := segment{gap: gap(rest[0])}
		if s.bytes, rest, ok = cutField(rest[1:]); !ok || s.gap > plainText {
			return fmt.Errorf("%w: segment %d", ErrRendered, len(r.body))
		}
		r.body = append(r.body, s)
	}
	return nil
}

// Ready encodes the content of a rendered letter, once for all its recipients.
// Letters are kept without that: encoded, Chinese hardly compresses.
func Ready(data []byte) ([]byte, error) {
	var kept, ready rendered
	if err := kept.decode(data); err != nil {
		return nil, err
	}
	ready.head = kept.head
	for _, s := range kept.body {
		switch s.gap {
		case plainText:
			ready.body = appendFixed(ready.body, appendLines(nil, s.bytes))
		case fixed:
			ready.body = appendFixed(ready.body, bytes.Clone(s.bytes))
		default:
			ready.body = append(ready.body, s)
		}
	}
	return ready.encode(), nil
}

func cutField(data []byte) (field, rest []byte, ok bool) {
	size, n := binary.Uvarint(data)
	if n <= 0 || size > uint64(len(data)-n) {
		return nil, nil, false
	}
	return data[n : n+int(size)], data[n+int(size):], true
}

// appendLines appends data in base64 lines, each ended by CRLF.
func appendLines(dst, data []byte) []byte {
	for len(data) > 0 {
		n := min(len(data), lineBytes)
		dst = base64.StdEncoding.AppendEncode(dst, data[:n])
		dst = append(dst, "\r\n"...)
		data = data[n:]
	}
	return dst
}

// appendGap appends what stands in a gap: text, and spaces up to a whole line,
// encoded.
func appendGap(dst []byte, text string) []byte {
	var line [lineBytes]byte
	for text != "" {
		n := copy(line[:], text)
		for i := n; i < lineBytes; i++ {
			line[i] = ' '
		}
		dst = base64.StdEncoding.AppendEncode(dst, line[:])
		dst = append(dst, "\r\n"...)
		text = text[n:]
	}
	return dst
}
