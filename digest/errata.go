package digest

import (
	"cmp"
	"slices"
)

// MaxCorrections is how many corrections one letter tells of; what is beyond
// that is due in the next.
const MaxCorrections = 10

// Brought is a post that a letter brought, or whose correction it brought.
type Brought struct {
	Number  int64
	Version uint32 // Entry.Version at that time
}

// Brought returns what the letter brings, by number.
func (l *Letter) Brought() []Brought {
	var all []Brought
	for _, list := range [][]Entry{l.Entries, l.Corrections} {
		for i := range list {
			all = append(all, Brought{list[i].Number, list[i].Version()})
		}
	}
	slices.SortFunc(all, func(a, b Brought) int {
		return cmp.Or(cmp.Compare(a.Number, b.Number), cmp.Compare(a.Version, b.Version))
	})
	return slices.Compact(all)
}

// Received is a letter to one person. One in doubt is taken for read where that
// makes a correction due, and for lost where it would have told of one: better to
// hear of a correction twice than never.
type Received struct {
	Brought []Brought
	Has     bool // it was sent to him, or may have been
	Gets    bool // it was sent to him for certain, or is on its way
}

// Errata returns which of the corrected entries a person has still to be told
// of, newest first and at most MaxCorrections: those of posts that he has with
// another correction, or none, unless a letter tells him of this one.
func Errata(corrected []Entry, received []Received) []Entry {
	var due []Entry
	for _, e := range slices.Backward(corrected) {
		had, told := false, false
		for _, r := range received {
			for _, b := range r.Brought {
				if b.Number == e.Number {
					told = told || r.Gets && b.Version == e.Version()
					had = had || r.Has && b.Version != e.Version()
				}
			}
		}
		if had && !told {
			due = append(due, e)
		}
		if len(due) == MaxCorrections {
			break
		}
	}
	return due
}
