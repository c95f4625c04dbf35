package digest

import (
	"encoding/binary"

	"github.com/enshi-daily/enshi/posts"
	"github.com/enshi-daily/enshi/subscribers"
)

// MaxFull is how many posts a letter shows in full lines; Letter.More counts
// the rest.
const MaxFull = 30

// Letter is the content of an edition for everybody with the same pending
// posts, corrections and language. It holds nothing personal.
type Letter struct {
	ID          string // unguessable, names the letter's public page
	Edition     string
	Cadence     subscribers.Cadence
	Language    subscribers.Language
	Entries     []Entry // newest first; every one of them, not only the MaxFull shown in full
	Corrections []Entry // of posts that all its readers were sent before, newest first
}

// More is how many posts the letter only counts.
func (l *Letter) More() int { return max(0, len(l.Entries)-MaxFull) }

// Posts returns the identities of the posts that the letter brings.
func (l *Letter) Posts() []posts.ID {
	ids := make([]posts.ID, len(l.Entries))
	for i := range l.Entries {
		ids[i] = l.Entries[i].Post
	}
	return ids
}

// Key is what letters are told apart by within an edition: language, then the
// arrival numbers of posts and corrections, these with their versions. Equal keys
// mean equal content.
func Key(language subscribers.Language, entries, corrections []Entry) string {
	key := append([]byte(language), 0)
	for _, list := range [][]Entry{entries, corrections} {
		key = binary.AppendUvarint(key, uint64(len(list)))
		for i := range list {
			key = binary.AppendUvarint(key, uint64(list[i].Number))
		}
	}
	for i := range corrections {
		key = binary.AppendUvarint(key, uint64(corrections[i].Version()))
	}
	return string(key)
}
