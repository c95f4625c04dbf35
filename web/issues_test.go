package web_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/enshi-daily/enshi/delivery"
	"github.com/enshi-daily/enshi/digest"
	"github.com/enshi-daily/enshi/posts"
	"github.com/enshi-daily/enshi/subscribers"
)

// keep opens an edition up to the head and keeps a letter of it that brings these
// posts and corrections.
func (s *site) keep(language subscribers.Language, entries, corrections []digest.Entry) string {
	s.t.Helper()
	ctx := s.t.Context()
	head, err := s.db.Head(ctx)
	if err != nil {
		s.t.Fatal(err)
	}
	e, err := s.db.Open(ctx, delivery.Edition{ID: delivery.EditionID(subscribers.Daily, s.now, head), Cadence: subscribers.Daily,
		Mark: head, Slot: s.now, Opened: s.now, Stage: delivery.StagePlanning})
	if err != nil {
		s.t.Fatal(err)
	}
	l := digest.Letter{ID: s.keys.LetterID(e.ID, digest.Key(language, entries, corrections)),
		Edition: e.ID, Cadence: e.Cadence, Language: language, Entries: entries, Corrections: corrections}
	data, err := delivery.EncodeLetter(l, []byte("x"))
	if err != nil {
		s.t.Fatal(err)
	}
	if err := s.db.PutLetter(ctx, e.ID, l.ID, data, l.Brought()...); err != nil {
		s.t.Fatal(err)
	}
	return "/editions/" + e.ID + "/" + l.ID
}

func (s *site) arrived(after int64) []digest.Entry {
	s.t.Helper()
	log, err := s.db.Since(s.t.Context(), after, 1<<40)
	if err != nil {
		s.t.Fatal(err)
	}
	return log
}

// TestListedLettersMayTellOfCorrections has everybody who follows everything be
// told of a correction: the list shows their letter, and the one that brings the
// least beside the posts.
func TestListedLettersMayTellOfCorrections(t *testing.T) {
	s := newSite(t, nil)
	s.arrive(3)
	first := s.keep(subscribers.Chinese, s.arrived(0), nil)
	if err := s.db.Close(t.Context(), strings.Split(first, "/")[2]); err != nil {
		t.Fatal(err)
	}
	s.now = s.now.Add(24 * time.Hour)
	s.arrive(2)
	corrected := s.arrived(0)[:2]
	corrected[0].Correction, corrected[1].Correction = "三吨", "四吨"
	one := s.keep(subscribers.Chinese, s.arrived(3), corrected[:1])
	two := s.keep(subscribers.Chinese, s.arrived(3), corrected)
	part := s.keep(subscribers.Chinese, s.arrived(4), nil)
	english := s.keep(subscribers.English, s.arrived(3), corrected)
	list, listEnglish := s.get("/editions/").body, s.get("/editions/?lang=en").body
	for path, want := range map[string]bool{first: true, one: true, two: false, part: false, english: false} {
		if strings.Contains(list, path) != want {
			t.Errorf("the list shows %s: %t, want %t\n%s", path, !want, want, list)
		}
	}
	if !strings.Contains(listEnglish, english) {
		t.Errorf("the English list lacks %s", english)
	}
	if i, k := strings.Index(list, one), strings.Index(list, first); i > k {
		t.Error("the list begins with the older letter")
	}
}

func TestListedLettersMayHaveLostAPost(t *testing.T) {
	s := newSite(t, nil)
	s.arrive(3)
	path := s.keep(subscribers.Chinese, s.arrived(0), nil)
	decision := posts.Decision{Posts: []posts.ID{s.arrived(0)[1].Post}, Standing: posts.Withdrawn, Reason: "x", At: s.now}
	if _, err := s.db.Decide(t.Context(), decision); err != nil {
		t.Fatal(err)
	}
	if list := s.get("/editions/").body; !strings.Contains(list, path) {
		t.Errorf("the list lacks %s:\n%s", path, list)
	}
}

// TestLetterPagesShowWhatWasWithdrawn withdraws a post that everybody was sent.
func TestLetterPagesShowWhatWasWithdrawn(t *testing.T) {
	s := newSite(t, nil)
	list := newPosts()
	entry := digest.Entry{Number: 1, Post: list[0].ID, Title: list[0].Title, Link: "https://news.example/a.html", Summary: "摘要甲", Date: s.now}
	other := digest.Entry{Number: 2, Post: "https://news.example/other", Title: "另一篇", Link: "https://news.example/b.html", Correction: "更正：时间有误", Date: s.now}
	path := s.keep(subscribers.Chinese, []digest.Entry{other, entry}, []digest.Entry{entry})
	if body := s.get(path).body; strings.Contains(body, "已撤回") || !strings.Contains(body, "摘要甲") || strings.Contains(body, "更正：</strong>更正：") {
		t.Errorf("the page says:\n%s", body)
	}
	withdrawn := *list[0]
	withdrawn.Withdrawn = true
	list[0] = &withdrawn
	s.server.SetCatalogue(newCatalogue(list))
	body := s.get(path).body
	if strings.Count(body, "已撤回") != 2 || strings.Contains(body, "摘要甲") || strings.Contains(body, "https://news.example/a.html") || !strings.Contains(body, "时间有误") {
		t.Errorf("the page says of a withdrawn post:\n%s", body)
	}
	if body := s.get(s.keep(subscribers.English, nil, nil)).body; !strings.Contains(body, "All articles of this issue were withdrawn.") {
		t.Errorf("the page of an emptied letter says:\n%s", body)
	}
}

// TestLetterPagesLastAYear has the store keep a letter for longer.
func TestLetterPagesLastAYear(t *testing.T) {
	s := newSite(t, nil)
	s.arrive(1)
	path := s.keep(subscribers.Chinese, s.arrived(0), nil)
	for _, step := range []struct{ days, want int }{{365, http.StatusOK}, {2, http.StatusGone}} {
		s.now = s.now.AddDate(0, 0, step.days)
		if r := s.get(path); r.status != step.want {
			t.Errorf("GET %s in %s = %d, want %d", path, s.now, r.status, step.want)
		}
	}
	if r := s.get(path); !strings.Contains(r.body, "一年") {
		t.Errorf("the page of an old letter says:\n%s", r.body)
	}
}
