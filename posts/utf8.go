package posts

import (
	"encoding/binary"
	"math/bits"
	"unicode/utf8"
)

// validUTF8 is utf8.Valid in less time where the text is Chinese: it takes two
// characters of three bytes, or all of ASCII in eight, in one step.
func validUTF8(b []byte) bool {
	const (
		length = 0xc0c0f0 // the bits that say how long a character is
		three  = 0x8080e0 // what they are in one of three bytes
		high   = 0x8080808080808080
	)
	at := 0
	for at+8 <= len(b) {
		next := binary.LittleEndian.Uint64(b[at:])
		switch {
		case next&(length<<24|length) == three<<24|three && plainLead(byte(next)) && plainLead(byte(next>>24)):
			at += 6
		case next&length == three && plainLead(byte(next)):
			at += 3
		case next&0x80 == 0:
			at += bits.TrailingZeros64(next&high) / 8
		default:
			r, n := utf8.DecodeRune(b[at:])
			if r == utf8.RuneError && n == 1 {
				return false
			}
			at += n
		}
	}
	return utf8.Valid(b[at:])
}

// plainLead says that a character of three bytes which begins so may go on with
// any two: not so short that fewer bytes do (E0), and no surrogate (ED).
func plainLead(c byte) bool { return c != 0xe0 && c != 0xed }
