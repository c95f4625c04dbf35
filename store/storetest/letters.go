package storetest

import (
	"bytes"
	"math/rand/v2"

	"github.com/enshi-daily/enshi/delivery"
)

func letters() []law {
	return []law{
		{"Letter returns the bytes that PutLetter kept", letterBytes},
		{"Letter fails with ErrNotFound if there is none", letterNotFound},
		{"Letter tells editions apart", letterByEdition},
	}
}

func (s *scene) letter(edition, letter string, want []byte) {
	s.Helper()
	got, err := s.Second.Letter(s.ctx, edition, letter)
	s.ok(err, "Letter")
	if !bytes.Equal(got, want) {
		s.Fatalf("Letter(%s, %s) gave %d bytes that are not the %d kept", edition, letter, len(got), len(want))
	}
}

func letterBytes(s *scene) {
	e := s.open(1)
	random := rand.NewChaCha8([32]byte{1})
	for size, name := range map[int]string{0: "empty", 1: "Az-_09", 200_000: "large"} {
		data := make([]byte, size)
		random.Read(data)
		s.ok(s.Store.PutLetter(s.ctx, e.ID, name, data), "PutLetter")
		s.letter(e.ID, name, data)
	}
}

func letterNotFound(s *scene) {
	e := s.open(1)
	s.ok(s.Store.PutLetter(s.ctx, e.ID, "a", []byte("x")), "PutLetter")
	_, err := s.Store.Letter(s.ctx, e.ID, "b")
	s.is(err, "Letter of another name", delivery.ErrNotFound)
	_, err = s.Store.Letter(s.ctx, "daily-20260101-9", "a")
	s.is(err, "Letter of an unknown edition", delivery.ErrNotFound)
}

func letterByEdition(s *scene) {
	first := s.open(1)
	s.ok(s.Store.Close(s.ctx, first.ID), "Close")
	second := s.open(2)
	s.ok(s.Store.PutLetter(s.ctx, first.ID, "a", []byte("one")), "PutLetter")
	s.ok(s.Store.PutLetter(s.ctx, second.ID, "a", []byte("two")), "PutLetter")
	s.letter(first.ID, "a", []byte("one"))
	s.letter(second.ID, "a", []byte("two"))
}
