package feeds

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash"
	"time"
)

// recipe tells what a document or an entry is made of: the same recipe gives
// the same bytes, so that nobody has to make them to know that.
type recipe [16]byte

func (r recipe) String() string { return hex.EncodeToString(r[:]) }

// recipeBook hashes what goes into a recipe. It belongs to one goroutine.
type recipeBook struct {
	revision string // is in every recipe
	hash     hash.Hash
	buf      []byte
}

func newRecipeBook(revision string) *recipeBook {
	return &recipeBook{revision: revision, hash: sha256.New()}
}

// text adds strings, each with its length: "ab", "c" is not "a", "bc".
func (b *recipeBook) text(list ...string) {
	for _, s := range list {
		b.buf = binary.AppendUvarint(b.buf, uint64(len(s)))
		b.buf = append(b.buf, s...)
	}
}

func (b *recipeBook) list(list []string) {
	b.number(int64(len(list)))
	b.text(list...)
}

func (b *recipeBook) number(n int64) { b.buf = binary.AppendVarint(b.buf, n) }

func (b *recipeBook) time(t time.Time) {
	_, offset := t.Zone()
	b.number(t.Unix())
	b.number(int64(offset))
}

func (b *recipeBook) recipe() (r recipe) {
	b.text(b.revision)
	b.hash.Reset()
	b.hash.Write(b.buf)
	copy(r[:], b.hash.Sum(b.buf[:0]))
	b.buf = b.buf[:0]
	return r
}

// revise sums up the options that change what documents say, but for what each
// feed says of itself, which is in its recipe.
func (o Options) revise() string {
	o.Content, o.Report, o.Have, o.Fragments, o.Archives = nil, nil, nil, nil, nil
	o.IDs, o.Titles, o.Excerpts, o.Addresses = nil, nil, nil, Addresses{}
	return fmt.Sprintf("%+v", o)
}

// entry is the recipe of an entry: everything that newEntry and the body's
// rendering look at.
func (b *recipeBook) entry(s *slot) recipe {
	p := s.post
	withdrawn := int64(0)
	if p.Withdrawn {
		withdrawn = 1
	}
	b.text(string(p.ID), p.Path, p.Slug, p.Title, p.URL, p.SourceName, p.SourceURL, p.Summary, p.Image, p.Correction, string(p.Hash[:]))
	b.list(p.Authors)
	b.list(p.Categories)
	b.list(p.Tags)
	b.time(p.Date)
	b.time(p.Updated)
	b.number(withdrawn)
	b.number(int64(s.fraction))
	return b.recipe()
}

// entries sums up the entries of a feed.
func (b *recipeBook) entries(list []*slot) recipe {
	for _, s := range list {
		b.buf = append(b.buf, s.recipe[:]...)
	}
	return b.recipe()
}

// feed is the recipe of a document, whose own address tells its format.
func (b *recipeBook) feed(f *feed, excerpt bool, entries recipe) recipe {
	b.text(fmt.Sprintf("%+v %t", *f, excerpt))
	b.buf = append(b.buf, entries[:]...)
	return b.recipe()
}
