package delivery

import (
	"cmp"
	"encoding/binary"
	"errors"
	"maps"
	"math/bits"
	"slices"
	"strings"

	"github.com/enshi-daily/enshi/subscribers"
)

// Roll is whom the letters of one edition were sent to, for a part of the
// subscribers, in a form that is kept when the ledger's rows are gone. It keeps
// 48 bits of an ID: of a hundred million people one is taken for another.
type Roll struct {
	members []member // by key
	letters []string
}

type member struct {
	key    uint64
	letter uint32 // place in letters
}

// rollBits is how much of an ID a roll keeps: its first eight characters.
const rollBits = 48

const idAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

func rollKey(id subscribers.ID) (key uint64) {
	for i := range rollBits / 6 {
		digit := 0
		if i < len(id) {
			digit = max(0, strings.IndexByte(idAlphabet, id[i]))
		}
		key = key<<6 | uint64(digit)
	}
	return key
}

// Len is the number of members.
func (r Roll) Len() int { return len(r.members) }

// Letter is the one that a subscriber was sent, "" for none.
func (r Roll) Letter(id subscribers.ID) string {
	i, found := slices.BinarySearchFunc(r.members, rollKey(id), byKey)
	if !found {
		return ""
	}
	return r.letters[r.members[i].letter]
}

func byKey(m member, key uint64) int { return cmp.Compare(m.key, key) }

// With is the roll with more who were sent their letters.
func (r Roll) With(sent []Delivery) Roll {
	all := Roll{members: slices.Clone(r.members), letters: slices.Clone(r.letters)}
	place := make(map[string]uint32, len(r.letters))
	for i, letter := range r.letters {
		place[letter] = uint32(i)
	}
	for i := range sent {
		at, ok := place[sent[i].Letter]
		if !ok {
			at = uint32(len(all.letters))
			place[sent[i].Letter] = at
			all.letters = append(all.letters, sent[i].Letter)
		}
		all.members = append(all.members, member{rollKey(sent[i].Subscriber), at})
	}
	all.order()
	return all
}

// order sorts the members, each once.
func (r *Roll) order() {
	slices.SortStableFunc(r.members, func(a, b member) int { return cmp.Compare(a.key, b.key) })
	r.members = slices.CompactFunc(r.members, func(a, b member) bool { return a.key == b.key })
}

// rollVersion begins an encoded roll.
const rollVersion = 1

// escape is the longest run of ones; what is farther apart is written in full.
const escape = 24

// Encode packs a roll: for each letter its members in order, the distances
// between them in Rice's code, which comes within two bits of the least possible
// for members that are spread evenly, as IDs are. The same roll gives the same
// bytes.
func (r Roll) Encode() []byte {
	byLetter := make(map[string][]uint64)
	for _, m := range r.members {
		letter := r.letters[m.letter]
		byLetter[letter] = append(byLetter[letter], m.key)
	}
	out := []byte{rollVersion}
	for _, letter := range slices.Sorted(maps.Keys(byLetter)) {
		out = binary.AppendUvarint(out, uint64(len(letter)))
		out = append(out, letter...)
		out = appendMembers(out, byLetter[letter])
	}
	return out
}

func appendMembers(out []byte, members []uint64) []byte {
	low, n := 0, uint64(len(members))
	if n > 1 {
		low = max(0, bits.Len64((members[n-1]-members[0])/n)-1)
	}
	out = binary.AppendUvarint(out, n)
	out = append(out, byte(low))
	w := bitWriter{out: out}
	w.write(members[0], rollBits)
	for i := 1; i < len(members); i++ {
		w.rice(members[i]-members[i-1], low)
	}
	return w.close()
}

// ErrRoll says that a stored roll cannot be read.
var ErrRoll = errors.New("stored list of recipients: not of a version that this program reads, or cut short")

// DecodeRoll unpacks what Encode packed; nothing is an empty roll.
func DecodeRoll(data []byte) (r Roll, err error) {
	if len(data) == 0 {
		return r, nil
	}
	if data[0] != rollVersion {
		return r, ErrRoll
	}
	for data = data[1:]; len(data) > 0; {
		size, n := binary.Uvarint(data)
		if n <= 0 || size > uint64(len(data)-n) {
			return r, ErrRoll
		}
		r.letters = append(r.letters, string(data[n:n+int(size)]))
		if data, err = r.readMembers(data[n+int(size):]); err != nil {
			return r, err
		}
	}
	r.order()
	return r, nil
}

// readMembers reads those of the last letter and returns what follows them.
func (r *Roll) readMembers(data []byte) ([]byte, error) {
	count, n := binary.Uvarint(data)
	if n <= 0 || n >= len(data) || count == 0 || count > uint64(len(data))*8 || data[n] > rollBits {
		return nil, ErrRoll
	}
	low := int(data[n])
	b := bitReader{data: data[n+1:]}
	m := member{b.read(rollBits), uint32(len(r.letters) - 1)}
	r.members = append(r.members, m)
	for range count - 1 {
		m.key += b.rice(low)
		r.members = append(r.members, m)
	}
	if b.short {
		return nil, ErrRoll
	}
	return b.rest(), nil
}
