package main

import (
	"cmp"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/enshi-daily/enshi/delivery"
	"github.com/enshi-daily/enshi/digest"
	"github.com/enshi-daily/enshi/posts"
	"github.com/enshi-daily/enshi/subscribers"
)

// foresee says what would happen now: what stands in the way, what is on its
// way already, and what the next digest brings.
func (e *explanation) foresee(s subscribers.Subscriber, schedule digest.Schedule, ran ranAt, now time.Time) error {
	if s.State != subscribers.Active {
		e.Now = whyNothing(s)
		return nil
	}
	next, due, err := nextRun(s.Cadence, schedule, ran, now)
	if err != nil {
		return err
	}
	e.NextRun = rfc3339(next)
	when := "at " + next.Format("2006-01-02 15:04 MST")
	switch {
	case s.Cadence == subscribers.Instant:
		when = fmt.Sprintf("once nothing has arrived for %s", schedule.Quiet)
	case due:
		when = "due since " + next.Format("2006-01-02 15:04 MST") + ": serve or send-digest runs it"
	}
	words := []string{fmt.Sprintf("nothing is pending; the next %s digest, %s, brings what arrives until then", s.Cadence, when)}
	if n := len(e.Pending); n > 0 {
		words[0] = fmt.Sprintf("the next %s digest, %s, brings %s; send-digest --cadence %[1]s sends it at once", s.Cadence, when, count(n, "post"))
	}
	for _, d := range e.Deliveries {
		if w := onItsWay(d); w != "" {
			words = append(words, d.Edition+" "+w)
		}
	}
	e.Now = strings.Join(words, "; ")
	return nil
}

// whyNothing says why somebody who is not active gets nothing, and what would
// change that.
func whyNothing(s subscribers.Subscriber) string {
	since := s.Changed.Format(time.DateOnly)
	switch s.State {
	case subscribers.Pending:
		return fmt.Sprintf("nothing: signed up on %s and has not confirmed; whoever does not within %d days is purged",
			s.NoticedAt.Format(time.DateOnly), int(subscribers.ConfirmFor.Hours()/24))
	case subscribers.Unsubscribed:
		return fmt.Sprintf("nothing: unsubscribed on %s", since)
	case subscribers.Bounced:
		return fmt.Sprintf("nothing: the address was refused for good on %s; only the person can come back, by signing up anew", since)
	case subscribers.Complained:
		return fmt.Sprintf("nothing: complained on %s; only the person can come back, by signing up anew", since)
	case subscribers.Erased:
		return fmt.Sprintf("nothing: erased on %s; the address is suppressed, and no import brings it back", since)
	}
	return "nothing: the state " + string(s.State) + " receives nothing"
}

// nextRun is the moment of the next scheduled edition of a cadence. due says
// that it has come already and that the edition was not opened yet.
func nextRun(c subscribers.Cadence, schedule digest.Schedule, ran ranAt, now time.Time) (at time.Time, due bool, err error) {
	if c == subscribers.Instant {
		return time.Time{}, false, nil
	}
	slot := schedule.Slot(c, now)
	over := schedule.Late(c, slot, now)
	if !over {
		over, err = ran(c, slot)
	}
	if over || err != nil {
		return schedule.Next(c, now), false, err
	}
	return slot, true, nil
}

// ranAt says whether the edition of a moment was opened.
type ranAt func(c subscribers.Cadence, slot time.Time) (bool, error)

// onItsWay says what becomes of a mail that is not sent; "" for one that is.
func onItsWay(d explainedMail) string {
	if d.Paused != "" && (d.State == delivery.Queued || d.State == delivery.Retry) {
		return "waits, because it is paused: " + d.Paused
	}
	switch d.State {
	case delivery.Queued:
		return "goes out with serve or the next send-digest"
	case delivery.Sending:
		return "is on its way"
	case delivery.Retry:
		if d.Rule != "" {
			return fmt.Sprintf("is tried again at %s (mail.providers has %q)", d.At, d.Rule)
		}
		return "is tried again at " + d.At
	case delivery.Failed, delivery.Rejected, delivery.Uncertain:
		return fmt.Sprintf("is %s and not sent again, unless by editions retry %s --%[1]s", d.State, d.Edition)
	}
	return ""
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// shownPosts is how many posts of each kind are listed where a person reads.
const shownPosts = 30

// print writes the explanation for people.
func (e *explanation) print(w io.Writer) error {
	var b strings.Builder
	line := func(name, format string, args ...any) {
		fmt.Fprintf(&b, "%-9s  "+format+"\n", append([]any{name}, args...)...)
	}
	if !e.Known {
		line("address", "%s: not on record", e.Address)
		line("now", "%s", e.Now)
		_, err := io.WriteString(w, b.String())
		return err
	}
	line("address", "%s (%s)", cmp.Or(e.Address, "erased"), e.ID)
	line("state", "%s since %s", e.State, e.Since)
	if e.Consent != "" {
		line("consent", "%s", e.Consent)
	}
	if len(e.Topics) > 0 {
		line("topics", "%s", joinTopics(e.Topics))
		line("cadence", "%s, in %s", e.Cadence, e.Language)
	}
	line("served", "up to arrival %d of %d", e.Cursor, e.Head)
	if e.State == string(subscribers.Active) {
		e.printPosts(&b, line)
	}
	line("mails", "%s on record", count(len(e.Deliveries), "mail"))
	for _, d := range e.Deliveries {
		fmt.Fprintf(&b, "    %s\n", strings.TrimRight(fmt.Sprintf("%s  %s, %s", d.Edition, d.State, d.words()), ", "))
	}
	line("now", "%s", e.Now)
	_, err := io.WriteString(w, b.String())
	return err
}

func (e *explanation) printPosts(b *strings.Builder, line func(name, format string, args ...any)) {
	line("pending", "%s", count(len(e.Pending), "post"))
	for _, p := range e.Pending[:min(len(e.Pending), shownPosts)] {
		fmt.Fprintf(b, "    %d  %s  %s: %s\n", p.Number, p.Date, p.Title, p.Topic)
	}
	if len(e.Corrected) > 0 {
		line("corrected", "%s of what was sent before, told of with the next digest", count(len(e.Corrected), "post"))
	}
	for _, p := range e.Corrected {
		fmt.Fprintf(b, "    %d  %s: %s\n", p.Number, p.Title, p.Correction)
	}
	line("passed by", "%s", count(len(e.Passed), "post"))
	for _, p := range e.Passed[:min(len(e.Passed), shownPosts)] {
		fmt.Fprintf(b, "    %d  %s: %s (%s)\n", p.Number, p.Title, p.Why, joinTopics(p.Topics))
	}
	if hidden := max(len(e.Pending)-shownPosts, 0) + max(len(e.Passed)-shownPosts, 0); hidden > 0 {
		fmt.Fprintf(b, "    … and %d more, which --json lists\n", hidden)
	}
	if e.Held > 0 {
		line("held", "%s by a guard: nobody gets them until enshi posts release", count(e.Held, "post"))
	}
}

func joinTopics(topics []posts.Topic) string {
	names := make([]string, len(topics))
	for i, t := range topics {
		names[i] = string(t)
	}
	return strings.Join(names, "; ")
}
