package delivery_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/enshi-daily/enshi/delivery"
	"github.com/enshi-daily/enshi/digest"
	"github.com/enshi-daily/enshi/posts"
	"github.com/enshi-daily/enshi/subscribers"
)

// entry is what the log says of a post.
func (s *scene) entry(title string) digest.Entry {
	s.t.Helper()
	log, err := s.store.Since(s.t.Context(), 0, 1<<40)
	if err != nil {
		s.t.Fatal(err)
	}
	for _, e := range log {
		if e.Title == title {
			return e
		}
	}
	s.t.Fatalf("no post %s in the log", title)
	return digest.Entry{}
}

// correct changes what a post's correction says.
func (s *scene) correct(title, text string) {
	s.t.Helper()
	e := s.entry(title)
	e.Correction = text
	if err := s.store.Update(s.t.Context(), s.watch, []digest.Entry{e}); err != nil {
		s.t.Fatal(err)
	}
}

// prefer changes a subscriber's cadence and topics.
func (s *scene) prefer(id subscribers.ID, p subscribers.Preferences) {
	s.t.Helper()
	person, err := s.store.Subscriber(s.t.Context(), id)
	if err != nil {
		s.t.Fatal(err)
	}
	person, _ = subscribers.Prefer(person, p)
	if err := s.store.Save(s.t.Context(), person, subscribers.NoNotice); err != nil {
		s.t.Fatal(err)
	}
}

// mail plans a cadence and sends it, and returns what each person got. Every
// edition has a day of its own.
func (s *scene) mail(c subscribers.Cadence) map[string]string {
	s.t.Helper()
	s.clock.Advance(24 * time.Hour)
	if _, _, err := s.planner().Plan(s.t.Context(), c); err != nil {
		s.t.Fatal(err)
	}
	got := s.send(&relay{})
	if _, err := s.store.Sweep(s.t.Context(), delivery.Resend); err != nil {
		s.t.Fatal(err)
	}
	return got
}

func (s *scene) send(r *relay) map[string]string {
	s.t.Helper()
	if err := s.worker(r).Drain(s.t.Context()); err != nil {
		s.t.Fatal(err)
	}
	got := make(map[string]string)
	for _, p := range r.got {
		name, _, _ := strings.Cut(string(p.to), "@")
		got[name] += p.text
	}
	return got
}

func (s *scene) got(step string, got, want map[string]string) {
	s.t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		s.t.Fatalf("%s (-want +got):\n%s", step, diff)
	}
}

type mails = map[string]string

func TestCorrectionsReachWhoWasSentThePost(t *testing.T) {
	s := newScene(t)
	tea, news := posts.Tag("茶叶"), posts.Category("yaowen")
	s.join("all", subscribers.Daily)
	s.join("tea", subscribers.Daily, tea)
	s.join("news", subscribers.Daily, news)
	s.arrive("采茶", tea)
	s.got("the original", s.mail(subscribers.Daily), mails{"all": "采茶\n", "tea": "采茶\n"})
	s.join("late", subscribers.Daily)
	s.correct("采茶", "三吨")
	s.got("a correction alone", s.mail(subscribers.Daily), mails{})
	s.arrive("会议", news)
	s.got("with the next", s.mail(subscribers.Daily), mails{"all": "会议\n更正 采茶三吨\n", "news": "会议\n", "late": "会议\n"})
	s.arrive("天气", news, tea)
	s.got("once", s.mail(subscribers.Daily),
		mails{"all": "天气\n", "tea": "天气\n更正 采茶三吨\n", "news": "天气\n", "late": "天气\n"})
	s.correct("采茶", "四吨")
	s.arrive("降雨", tea)
	s.got("another text", s.mail(subscribers.Daily), mails{"all": "降雨\n更正 采茶四吨\n", "tea": "降雨\n更正 采茶四吨\n", "late": "降雨\n"})
	s.correct("采茶", "")
	s.arrive("降雪", tea)
	s.got("no longer corrected", s.mail(subscribers.Daily), mails{"all": "降雪\n", "tea": "降雪\n", "late": "降雪\n"})
}

func TestACorrectedPostIsNewWithItsCorrection(t *testing.T) {
	s := newScene(t)
	s.join("daily", subscribers.Daily)
	s.join("weekly", subscribers.Weekly)
	s.arrive("采茶", posts.Tag("茶叶"))
	s.got("daily", s.mail(subscribers.Daily), mails{"daily": "采茶\n"})
	s.correct("采茶", "三吨")
	s.got("weekly", s.mail(subscribers.Weekly), mails{"weekly": "采茶三吨\n"})
	s.arrive("会议", posts.Tag("茶叶"))
	s.got("weekly again", s.mail(subscribers.Weekly), mails{"weekly": "会议\n"})
	s.got("daily again", s.mail(subscribers.Daily), mails{"daily": "会议\n更正 采茶三吨\n"})
}

func TestCorrectionsFollowAPersonToAnotherCadence(t *testing.T) {
	s := newScene(t)
	id := s.join("reader", subscribers.Daily)
	s.arrive("采茶", posts.Tag("茶叶"))
	s.mail(subscribers.Daily)
	s.prefer(id, subscribers.Preferences{Topics: []posts.Topic{posts.Category("yaowen")}, Cadence: subscribers.Weekly, Language: subscribers.English})
	s.correct("采茶", "三吨")
	s.arrive("会议", posts.Category("yaowen"))
	s.got("weekly", s.mail(subscribers.Weekly), mails{"reader": "会议\n更正 采茶三吨\n"})
}

// TestACorrectionWaitsForTheOriginal corrects a post whose letter still waits:
// it goes out as it was rendered, and the next letter after that tells of it.
func TestACorrectionWaitsForTheOriginal(t *testing.T) {
	s := newScene(t)
	s.join("reader", subscribers.Daily)
	s.arrive("采茶", posts.Tag("茶叶"))
	s.plan(subscribers.Daily)
	s.correct("采茶", "三吨")
	s.arrive("会议", posts.Tag("茶叶"))
	s.clock.Advance(24 * time.Hour)
	s.plan(subscribers.Daily)
	s.got("both", s.send(&relay{}), mails{"reader": "采茶\n会议\n"})
	s.arrive("天气", posts.Tag("茶叶"))
	s.got("the next", s.mail(subscribers.Daily), mails{"reader": "天气\n更正 采茶三吨\n"})
}

// TestDoubtTellsTwice has letters in doubt that nobody sends again: who may have
// the original is told, and who may have been told is told once more.
func TestDoubtTellsTwice(t *testing.T) {
	s := newScene(t)
	s.join("reader", subscribers.Daily)
	doubt := func() {
		s.clock.Advance(24 * time.Hour)
		s.plan(subscribers.Daily)
		s.send(&relay{answer: func(delivery.Message) delivery.Outcome { return delivery.Outcome{Class: delivery.InDoubt} }})
		s.clock.Advance(time.Hour)
		if swept, err := s.store.Sweep(t.Context(), delivery.SkipIt); err != nil || swept.Uncertain != 1 {
			t.Fatalf("Sweep = %+v, %v, want one uncertain", swept, err)
		}
	}
	s.arrive("采茶", posts.Tag("茶叶"))
	doubt()
	s.correct("采茶", "三吨")
	s.arrive("会议", posts.Tag("茶叶"))
	doubt()
	s.arrive("天气", posts.Tag("茶叶"))
	s.got("told for certain", s.mail(subscribers.Daily), mails{"reader": "天气\n更正 采茶三吨\n"})
	s.arrive("降雨", posts.Tag("茶叶"))
	s.got("and no more", s.mail(subscribers.Daily), mails{"reader": "降雨\n"})
}

func TestManyCorrectionsGoWithSeveralLetters(t *testing.T) {
	s := newScene(t)
	s.join("reader", subscribers.Daily)
	const many = 2*digest.MaxCorrections + 3
	title := func(n int) string { return "第" + strings.Repeat("一", n+1) }
	for n := range many {
		s.arrive(title(n), posts.Tag("茶叶"))
	}
	s.mail(subscribers.Daily)
	for n := range many {
		s.correct(title(n), "更正")
	}
	told := 0
	for _, want := range []int{digest.MaxCorrections, digest.MaxCorrections, 3, 0} {
		s.arrive("新"+strings.Repeat("二", told+1), posts.Tag("茶叶"))
		got := strings.Count(s.mail(subscribers.Daily)["reader"], "更正 ")
		if told += got; got != want {
			t.Errorf("%d corrections, want %d", got, want)
		}
	}
}
