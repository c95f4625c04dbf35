package subscribers

import (
	"time"

	"github.com/enshi-daily/enshi/posts"
)

// Preferences are what a person chooses.
type Preferences struct {
	Topics   []posts.Topic // none: everything
	Cadence  Cadence
	Language Language
}

// noticeEvery is the least time between two notices to one address.
const noticeEvery = 24 * time.Hour

// DoubleOptIn is the Consent of whoever confirmed by a link.
const DoubleOptIn = "double opt-in"

func (s *Subscriber) prefer(p Preferences) {
	s.Topics, s.Cadence, s.Language = posts.SortTopics(p.Topics), p.Cadence, p.Language
	if len(s.Topics) == 0 {
		s.Topics = []posts.Topic{posts.Everything}
	}
}

func (s *Subscriber) enter(state State, now time.Time) {
	s.State, s.Changed, s.Asked = state, now.UTC().Truncate(time.Second), nil
}

// SignUp is what becomes of a record (the zero Subscriber if there is none)
// when its address is given on the page or by an import without consent.
// Nobody is made active by it. Suppressed people stay suppressed until they
// confirm; active people's preferences are left alone, and so are, until then,
// those of people who may come back. At most one notice a day.
func SignUp(s Subscriber, id ID, a Address, p Preferences, now time.Time) (Subscriber, Notice) {
	now = now.UTC().Truncate(time.Second)
	notice := NoticeConfirm
	switch {
	case s.State == Active:
		notice = NoticeAlready
	case s.canComeBack():
		// Whoever it is that asks: an Undo brings back what was.
		p.Topics = posts.SortTopics(p.Topics)
		s.Asked = &p
	default:
		s.prefer(p)
		s.Address = a
	}
	switch s.State {
	case "":
		s.ID, s.Created = id, now
		s.enter(Pending, now)
	case Erased:
		s.Returning, s.Created = true, now
		s.enter(Pending, now)
	}
	if now.Sub(s.NoticedAt) < noticeEvery {
		return s, NoNotice
	}
	s.NoticedAt = now
	return s, notice
}

// Activate makes a record active on the word of whoever imports or adds it, who
// states the consent. Suppressed people are not brought back: ok is false and
// nothing changed. Head is the head of the arrival log: nobody gets the past.
func Activate(s Subscriber, id ID, a Address, p Preferences, c Consent) (_ Subscriber, ok bool) {
	switch s.State {
	case Unsubscribed, Bounced, Complained, Erased:
		return s, false
	case Pending:
		if s.Returning {
			return s, false // erased until the person confirms
		}
	case "":
		s.ID, s.Created = id, c.At.UTC().Truncate(time.Second)
	}
	s.Address = a
	s.prefer(p)
	if s.State != Active {
		s.activate(c)
	}
	return s, true
}

// Consent is how, when and at which head of the arrival log somebody agreed.
type Consent struct {
	Text string
	At   time.Time
	Head int64
}

func (s *Subscriber) activate(c Consent) {
	s.enter(Active, c.At)
	s.Generation++
	s.Consent, s.Confirmed, s.Cursor = c.Text, s.Changed, c.Head
	s.Returning = false
	// The notice did its work: who leaves and signs up on the same day gets one again.
	s.NoticedAt = time.Time{}
}

// Confirm is what the button on the confirmation page does. ok is false if the
// link is not the latest one for a sign-up that waits; pressing it twice is
// fine.
func Confirm(s Subscriber, l Link, now time.Time, head int64) (_ Subscriber, ok bool) {
	switch {
	case s.State == Active && l.Generation == s.Generation-1:
		return s, true
	case s.State == "", s.State == Active, s.State == Erased, l.Generation != s.Generation:
		return s, false
	}
	if s.Asked != nil {
		s.prefer(*s.Asked)
	}
	s.activate(Consent{Text: DoubleOptIn, At: now, Head: head})
	return s, true
}

// Unsubscribe takes the person off, from any state that receives something.
// Doing it twice is fine. A Returning person who never confirmed is Erased
// again.
func Unsubscribe(s Subscriber, now time.Time) Subscriber {
	if s.State == Pending && s.Returning {
		return Erase(s, now)
	}
	if s.State == Active || s.State == Pending {
		s.enter(Unsubscribed, now)
		s.Generation++
	}
	return s
}

// Bounce is what becomes of a record whose address turned out to be dead. Who
// receives nothing already, is left alone.
func Bounce(s Subscriber, now time.Time) Subscriber {
	switch {
	case s.State == Pending && s.Returning:
		return Erase(s, now)
	case s.State == Active || s.State == Pending:
		s.enter(Bounced, now)
	}
	return s
}

// Complain is what becomes of a record whose owner called a mail of ours
// unwanted.
func Complain(s Subscriber, now time.Time) Subscriber {
	switch {
	case s.State == Pending && s.Returning:
		return Erase(s, now)
	case s.State != "" && s.State != Erased && s.State != Complained:
		s.enter(Complained, now)
		s.Generation++
	}
	return s
}

// canComeBack says whether an unsubscription may be taken back.
func (s *Subscriber) canComeBack() bool { return s.State == Unsubscribed && !s.Confirmed.IsZero() }

// Undo takes an unsubscription back within UndoFor, at the old cursor, and what a
// sign-up asked for since then with it. ok is false if something else happened.
func Undo(s Subscriber, l Link, now time.Time) (_ Subscriber, ok bool) {
	switch {
	case s.State == Active && l.Generation == s.Generation-1:
		return s, true
	case !s.canComeBack(), l.Generation != s.Generation:
		return s, false
	}
	s.enter(Active, now)
	s.Generation++
	return s, true
}

// Prefer changes topics, cadence and language of an active person. ok is false
// in any other state.
func Prefer(s Subscriber, p Preferences) (_ Subscriber, ok bool) {
	if s.State != Active {
		return s, false
	}
	s.prefer(p)
	return s, true
}

// Renew gives an active person new private addresses in place of those that
// somebody else may know. ok is false in any other state.
func Renew(s Subscriber) (_ Subscriber, ok bool) {
	if s.State != Active {
		return s, false
	}
	s.Generation++
	return s, true
}

// Erase leaves the ID, so that no import brings the address back, and nothing
// else. Doing it twice is fine.
func Erase(s Subscriber, now time.Time) Subscriber {
	if s.State == Erased || s.State == "" {
		return s
	}
	erased := Subscriber{ID: s.ID, Generation: s.Generation + 1, Cursor: s.Cursor, Version: s.Version}
	erased.enter(Erased, now)
	return erased
}

// Stale says whether a sign-up was never confirmed and its time is over. One
// of a Returning person goes back to Erased (Erase), any other is deleted.
func Stale(s Subscriber, now time.Time) bool {
	return s.State == Pending && now.Sub(s.NoticedAt) > ConfirmFor
}
