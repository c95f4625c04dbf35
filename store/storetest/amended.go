package storetest

import (
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/enshi-daily/enshi/digest"
	"github.com/enshi-daily/enshi/posts"
)

// amended demands what Amended returns, by number.
func (s *scene) amended(since time.Time, want ...digest.Entry) {
	s.Helper()
	got, err := s.Second.Amended(s.ctx, since)
	s.ok(err, "Amended")
	if len(want) == 0 && len(got) == 0 {
		return
	}
	if diff := cmp.Diff(want, got, cmp.Transformer("nilless", nilless)); diff != "" {
		s.Fatalf("Amended (-want +got):\n%s", diff)
	}
}

// corrected is the nth post's entry, corrected.
func corrected(n int, text string) digest.Entry {
	e := entry(n)
	e.Number, e.Correction = int64(n), text
	return e
}

func logAmended(s *scene) {
	w := s.watch()
	s.amended(time.Time{})
	s.arrive(w, 1, 3)
	late := corrected(4, "数字有误")
	_, err := s.Store.Append(s.ctx, w, []digest.Entry{late})
	s.ok(err, "Append")
	s.amended(time.Time{}, late)
	first, gone := corrected(1, "姓名有误"), entry(3)
	gone.Number, gone.Withdrawn = 3, true
	s.ok(s.Store.Update(s.ctx, w, []digest.Entry{gone, first}), "Update")
	s.amended(time.Time{}, first, gone, late)
	again := corrected(4, "数字仍有误")
	s.ok(s.Store.Update(s.ctx, w, []digest.Entry{again, entry(1)}), "Update")
	s.amended(time.Time{}, gone, again)
	s.ok(s.Store.Update(s.ctx, w, []digest.Entry{entry(3), entry(4)}), "Update")
	s.amended(time.Time{})
}

func logAmendedSince(s *scene) {
	w := s.watch()
	s.arrive(w, 1, 5)
	var all []digest.Entry
	for n := 1; n <= 5; n++ {
		all = append(all, corrected(n, "更正"))
	}
	s.ok(s.Store.Update(s.ctx, w, all), "Update")
	s.amended(entry(3).Arrived.Add(-time.Second), all[2:]...)
	s.amended(entry(3).Arrived, all[3:]...)
	s.amended(entry(5).Arrived)
}

func logAmendedDecided(s *scene) {
	w := s.watch()
	s.arrive(w, 1, 2)
	s.decide(decision(posts.Withdrawn, entry(2).Post), entry(2).Post)
	gone := entry(2)
	gone.Number, gone.Withdrawn = 2, true
	s.amended(time.Time{}, gone)
	s.ok(s.Store.Update(s.ctx, w, []digest.Entry{entry(2)}), "Update")
	s.amended(time.Time{}, gone)
}
