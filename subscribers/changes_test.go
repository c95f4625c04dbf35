package subscribers_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/enshi-daily/enshi/posts"
	"github.com/enshi-daily/enshi/subscribers"
)

var (
	now    = time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)
	before = now.AddDate(0, 0, -30)
)

const person = subscribers.ID("AAAABBBBCCCC")

// record is a stored record in a state, generation 4, noticed long ago.
func record(s subscribers.State) subscribers.Subscriber {
	r := subscribers.Subscriber{
		ID: person, Address: "old@example.com", State: s, Topics: []posts.Topic{posts.Tag("旧")}, Cadence: subscribers.Weekly,
		Language: subscribers.English, Cursor: 10, Generation: 4, Consent: "paper", Created: before, Confirmed: before, Changed: before,
		NoticedAt: before, Version: 9,
	}
	switch s {
	case "":
		return subscribers.Subscriber{}
	case subscribers.Pending:
		r.Consent, r.Confirmed = "", time.Time{}
	case subscribers.Erased:
		return subscribers.Subscriber{ID: person, State: s, Cursor: 10, Generation: 4, Changed: before, Version: 9}
	}
	return r
}

// returning is a record of somebody who was erased and signed up again.
func returning() subscribers.Subscriber {
	s := record(subscribers.Pending)
	s.Returning = true
	return s
}

var (
	fresh   = subscribers.Preferences{Topics: []posts.Topic{posts.Tag("新"), posts.Category("乡村")}, Cadence: subscribers.Daily, Language: subscribers.Chinese}
	consent = subscribers.Consent{Text: "at the fair", At: now, Head: 50}
)

func link(generation uint32) subscribers.Link {
	return subscribers.Link{Subscriber: person, Generation: generation}
}

// TestEveryChangeInEveryState is the state machine as a table: what each change
// makes of each state, and whether it took place.
func TestEveryChangeInEveryState(t *testing.T) {
	changes := map[string]func(s subscribers.Subscriber) (subscribers.Subscriber, bool){
		"sign up": func(s subscribers.Subscriber) (subscribers.Subscriber, bool) {
			s, n := subscribers.SignUp(s, person, "new@example.com", fresh, now)
			return s, n != subscribers.NoNotice
		},
		"activate": func(s subscribers.Subscriber) (subscribers.Subscriber, bool) {
			return subscribers.Activate(s, person, "new@example.com", fresh, consent)
		},
		"confirm": func(s subscribers.Subscriber) (subscribers.Subscriber, bool) {
			return subscribers.Confirm(s, link(s.Generation), now, 50)
		},
		"confirm with an old link": func(s subscribers.Subscriber) (subscribers.Subscriber, bool) {
			return subscribers.Confirm(s, link(s.Generation-1), now, 50)
		},
		"confirm with a link of long ago": func(s subscribers.Subscriber) (subscribers.Subscriber, bool) {
			return subscribers.Confirm(s, link(s.Generation-2), now, 50)
		},
		"unsubscribe": func(s subscribers.Subscriber) (subscribers.Subscriber, bool) {
			return subscribers.Unsubscribe(s, now), true
		},
		"undo": func(s subscribers.Subscriber) (subscribers.Subscriber, bool) {
			return subscribers.Undo(s, link(s.Generation), now)
		},
		"undo with an old link": func(s subscribers.Subscriber) (subscribers.Subscriber, bool) {
			return subscribers.Undo(s, link(s.Generation-1), now)
		},
		"prefer": func(s subscribers.Subscriber) (subscribers.Subscriber, bool) { return subscribers.Prefer(s, fresh) },
		"bounce": func(s subscribers.Subscriber) (subscribers.Subscriber, bool) { return subscribers.Bounce(s, now), true },
		"complain": func(s subscribers.Subscriber) (subscribers.Subscriber, bool) {
			return subscribers.Complain(s, now), true
		},
		"erase": func(s subscribers.Subscriber) (subscribers.Subscriber, bool) { return subscribers.Erase(s, now), true },
	}
	const none, p, a, u, b, c, e = subscribers.State(""), subscribers.Pending, subscribers.Active, subscribers.Unsubscribed,
		subscribers.Bounced, subscribers.Complained, subscribers.Erased
	type row struct {
		change string
		to     [8]string // state after it, for each state of from; "!" first: refused
	}
	from := [8]subscribers.Subscriber{record(none), record(p), returning(), record(a), record(u), record(b), record(c), record(e)}
	names := [8]string{"nobody", "pending", "returning", "active", "unsubscribed", "bounced", "complained", "erased"}
	for _, r := range []row{
		{"sign up", [8]string{"pending", "pending", "pending", "active", "unsubscribed", "bounced", "complained", "pending"}},
		{"activate", [8]string{"active", "active", "!pending", "active", "!unsubscribed", "!bounced", "!complained", "!erased"}},
		{"confirm", [8]string{"!", "active", "active", "!active", "active", "active", "active", "!erased"}},
		{"confirm with an old link", [8]string{"!", "!pending", "!pending", "active", "!unsubscribed", "!bounced", "!complained", "!erased"}},
		{"confirm with a link of long ago", [8]string{"!", "!pending", "!pending", "!active", "!unsubscribed", "!bounced", "!complained", "!erased"}},
		{"unsubscribe", [8]string{"", "unsubscribed", "erased", "unsubscribed", "unsubscribed", "bounced", "complained", "erased"}},
		{"undo", [8]string{"!", "!pending", "!pending", "!active", "active", "!bounced", "!complained", "!erased"}},
		{"undo with an old link", [8]string{"!", "!pending", "!pending", "active", "!unsubscribed", "!bounced", "!complained", "!erased"}},
		{"prefer", [8]string{"!", "!pending", "!pending", "active", "!unsubscribed", "!bounced", "!complained", "!erased"}},
		{"bounce", [8]string{"", "bounced", "erased", "bounced", "unsubscribed", "bounced", "complained", "erased"}},
		{"complain", [8]string{"", "complained", "erased", "complained", "complained", "complained", "complained", "erased"}},
		{"erase", [8]string{"", "erased", "erased", "erased", "erased", "erased", "erased", "erased"}},
	} {
		for i, s := range from {
			t.Run(r.change+"/"+names[i], func(t *testing.T) {
				got, ok := changes[r.change](s)
				state := string(got.State)
				if !ok {
					state = "!" + state
					if diff := cmp.Diff(s, got); diff != "" {
						t.Errorf("refused, and yet changed it (-before +after):\n%s", diff)
					}
				}
				if state != r.to[i] {
					t.Errorf("%s makes %q of %s, want %q", r.change, state, names[i], r.to[i])
				}
				checkRecord(t, s, got)
			})
		}
	}
}

// checkRecord holds what is true of every change.
func checkRecord(t *testing.T, s, got subscribers.Subscriber) {
	t.Helper()
	if got.Version != s.Version {
		t.Errorf("version %d became %d: only a store raises it", s.Version, got.Version)
	}
	if got.Generation < s.Generation || got.Cursor < s.Cursor {
		t.Errorf("generation or cursor went back: %d/%d became %d/%d", s.Generation, s.Cursor, got.Generation, got.Cursor)
	}
	if got.State == s.State {
		if !got.Changed.Equal(s.Changed) {
			t.Error("Changed moved without a change of state")
		}
		return
	}
	if !got.Changed.Equal(now) {
		t.Errorf("Changed = %v after a change of state, want %v", got.Changed, now)
	}
	if got.State == subscribers.Active || got.State == subscribers.Pending {
		if got.Address == "" || len(got.Topics) == 0 || got.Cadence == "" || got.Language == "" || got.ID != person || got.Created.IsZero() {
			t.Errorf("%s with something missing: %+v", got.State, got)
		}
	}
}

func TestSignUp(t *testing.T) {
	const typed = subscribers.Address("new@example.com")
	t.Run("a new person", func(t *testing.T) {
		got, n := subscribers.SignUp(subscribers.Subscriber{}, person, typed, subscribers.Preferences{Cadence: subscribers.Daily, Language: subscribers.Chinese}, now.Add(time.Millisecond))
		want := subscribers.Subscriber{ID: person, Address: typed, State: subscribers.Pending, Topics: []posts.Topic{posts.Everything},
			Cadence: subscribers.Daily, Language: subscribers.Chinese, Created: now, Changed: now, NoticedAt: now}
		if diff := cmp.Diff(want, got); diff != "" || n != subscribers.NoticeConfirm {
			t.Errorf("SignUp: notice %q (-want +got):\n%s", n, diff)
		}
	})
	t.Run("an active person's record is left alone", func(t *testing.T) {
		s := record(subscribers.Active)
		got, n := subscribers.SignUp(s, person, typed, fresh, now)
		s.NoticedAt = now
		if diff := cmp.Diff(s, got); diff != "" || n != subscribers.NoticeAlready {
			t.Errorf("SignUp: notice %q (-want +got):\n%s", n, diff)
		}
	})
	for _, state := range []subscribers.State{subscribers.Unsubscribed, subscribers.Bounced, subscribers.Complained} {
		t.Run(string(state)+" gets a link and stays", func(t *testing.T) {
			s := record(state)
			got, n := subscribers.SignUp(s, person, typed, fresh, now)
			if n != subscribers.NoticeConfirm || got.State != state || got.Generation != s.Generation {
				t.Errorf("SignUp = %+v, %q", got, n)
			}
		})
	}
	t.Run("at most one notice a day", func(t *testing.T) {
		for _, state := range []subscribers.State{subscribers.Pending, subscribers.Active, subscribers.Bounced} {
			s, first := subscribers.SignUp(record(state), person, typed, fresh, now)
			_, second := subscribers.SignUp(s, person, typed, fresh, now.Add(24*time.Hour-time.Second))
			_, third := subscribers.SignUp(s, person, typed, fresh, now.Add(24*time.Hour))
			if first == subscribers.NoNotice || second != subscribers.NoNotice || third != first {
				t.Errorf("%s: notices %q, %q, %q", state, first, second, third)
			}
		}
	})
	t.Run("a notice that was answered does not count", func(t *testing.T) {
		s, _ := subscribers.SignUp(record(subscribers.Pending), person, typed, fresh, now)
		s, _ = subscribers.Confirm(s, link(4), now.Add(time.Minute), 50)
		s = subscribers.Unsubscribe(s, now.Add(2*time.Minute))
		if _, n := subscribers.SignUp(s, person, typed, fresh, now.Add(3*time.Minute)); n != subscribers.NoticeConfirm {
			t.Errorf("notice %q: who left and signs up on the same day gets no mail", n)
		}
	})
	t.Run("topics in canonical order, the caller's left alone", func(t *testing.T) {
		topics := []posts.Topic{posts.Tag("b"), posts.Category("a"), posts.Tag("b")}
		got, _ := subscribers.SignUp(subscribers.Subscriber{}, person, typed, subscribers.Preferences{Topics: topics}, now)
		if diff := cmp.Diff([]posts.Topic{posts.Category("a"), posts.Tag("b")}, got.Topics); diff != "" {
			t.Errorf("Topics (-want +got):\n%s", diff)
		}
		if topics[0] != posts.Tag("b") {
			t.Error("SignUp sorted the caller's slice")
		}
	})
}

func TestActivate(t *testing.T) {
	t.Run("a new person starts at the head", func(t *testing.T) {
		got, ok := subscribers.Activate(subscribers.Subscriber{}, person, "new@example.com", fresh, consent)
		if !ok || got.Cursor != 50 || got.Consent != "at the fair" || !got.Confirmed.Equal(now) || got.Generation != 1 {
			t.Errorf("Activate = %+v, %v", got, ok)
		}
	})
	t.Run("an active person keeps consent, cursor and links", func(t *testing.T) {
		got, ok := subscribers.Activate(record(subscribers.Active), person, "old@example.com", fresh, consent)
		if !ok || got.Cursor != 10 || got.Consent != "paper" || got.Generation != 4 || got.Cadence != subscribers.Daily {
			t.Errorf("Activate = %+v, %v", got, ok)
		}
	})
}

func TestConfirm(t *testing.T) {
	got, ok := subscribers.Confirm(returning(), link(4), now, 50)
	if !ok || got.State != subscribers.Active || got.Generation != 5 || got.Cursor != 50 || got.Returning || got.Consent != subscribers.DoubleOptIn {
		t.Fatalf("Confirm = %+v, %v", got, ok)
	}
	again, ok := subscribers.Confirm(got, link(4), now.Add(time.Hour), 60)
	if diff := cmp.Diff(got, again); diff != "" || !ok {
		t.Errorf("pressing it twice: %v (-want +got):\n%s", ok, diff)
	}
	left := subscribers.Unsubscribe(got, now)
	if _, ok := subscribers.Confirm(left, link(4), now, 60); ok {
		t.Error("a used confirmation link revives who unsubscribed")
	}
}

func TestUndo(t *testing.T) {
	left := subscribers.Unsubscribe(record(subscribers.Active), now)
	if left.Generation != 5 {
		t.Fatalf("Unsubscribe: generation %d, want 5", left.Generation)
	}
	if diff := cmp.Diff(left, subscribers.Unsubscribe(left, now.Add(time.Hour))); diff != "" {
		t.Errorf("unsubscribing twice (-want +got):\n%s", diff)
	}
	back, ok := subscribers.Undo(left, link(5), now.Add(time.Hour))
	if !ok || back.State != subscribers.Active || back.Cursor != 10 || back.Generation != 6 || back.Consent != "paper" {
		t.Fatalf("Undo = %+v, %v", back, ok)
	}
	if again, ok := subscribers.Undo(back, link(5), now.Add(2*time.Hour)); !ok || !cmp.Equal(back, again) {
		t.Errorf("undoing twice = %+v, %v", again, ok)
	}
	never := subscribers.Unsubscribe(record(subscribers.Pending), now)
	if _, ok := subscribers.Undo(never, link(never.Generation), now); ok {
		t.Error("Undo made somebody active who never confirmed")
	}
}

// TestSignUpOverAnUnsubscription is of somebody, perhaps a stranger, who gives the
// address of a person who left.
func TestSignUpOverAnUnsubscription(t *testing.T) {
	left := subscribers.Unsubscribe(record(subscribers.Active), now)
	asked, _ := subscribers.SignUp(left, person, "OLD@example.com", fresh, now.Add(time.Minute))
	back, ok := subscribers.Undo(asked, link(5), now.Add(time.Hour))
	want, _ := subscribers.Undo(left, link(5), now.Add(time.Hour))
	want.NoticedAt = asked.NoticedAt
	if diff := cmp.Diff(want, back); diff != "" || !ok {
		t.Errorf("Undo: %v (-want +got):\n%s", ok, diff)
	}
	confirmed, ok := subscribers.Confirm(asked, link(5), now.Add(time.Hour), 50)
	got := subscribers.Preferences{Topics: confirmed.Topics, Cadence: confirmed.Cadence, Language: confirmed.Language}
	sorted := fresh
	sorted.Topics = posts.SortTopics(fresh.Topics)
	if diff := cmp.Diff(sorted, got); diff != "" || !ok || confirmed.Asked != nil {
		t.Errorf("Confirm: %v, %+v (-want +got):\n%s", ok, confirmed.Asked, diff)
	}
	other := subscribers.Preferences{Topics: []posts.Topic{posts.Tag("b")}, Cadence: subscribers.Instant, Language: subscribers.Chinese}
	again, _ := subscribers.SignUp(subscribers.Complain(asked, now), person, "old@example.com", other, now.AddDate(0, 0, 2))
	if again, ok = subscribers.Confirm(again, link(6), now.AddDate(0, 0, 2), 50); !ok || again.Cadence != subscribers.Instant {
		t.Errorf("Confirm of a later sign-up = %+v, %v", again, ok)
	}
}

func TestEraseLeavesTheIDAlone(t *testing.T) {
	got := subscribers.Erase(record(subscribers.Active), now)
	want := subscribers.Subscriber{ID: person, State: subscribers.Erased, Cursor: 10, Generation: 5, Changed: now, Version: 9}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Erase (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(want, subscribers.Erase(got, now.Add(time.Hour))); diff != "" {
		t.Errorf("erasing twice (-want +got):\n%s", diff)
	}
}

func TestStale(t *testing.T) {
	for state, want := range map[subscribers.State]bool{subscribers.Pending: true, subscribers.Active: false, subscribers.Unsubscribed: false, subscribers.Erased: false} {
		if got := subscribers.Stale(record(state), now); got != want {
			t.Errorf("Stale(%s, long ago) = %v, want %v", state, got, want)
		}
	}
	s := record(subscribers.Pending)
	s.NoticedAt = now.Add(-subscribers.ConfirmFor)
	if subscribers.Stale(s, now) || !subscribers.Stale(s, now.Add(time.Second)) {
		t.Error("a sign-up is stale when its link has expired, not before")
	}
}
