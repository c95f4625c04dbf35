//go:build peers

package faults

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/enshi-daily/enshi/delivery"
	"github.com/enshi-daily/enshi/subscribers"
)

// TestKilledAtFirst kills the very first commands, which make the data
// directory, the keys and the store, a little later each time.
func TestKilledAtFirst(t *testing.T) {
	eachStore(t, func(t *testing.T, store string) {
		s := newScene(t, setting{store: store})
		const starts = 40
		for n := range starts {
			if store == "sqlite" {
				s.store = fmt.Sprintf("sqlite:%s/data/again%d.db", s.dir, n)
			} else if n%8 == 0 {
				s.redis.Flush()
			}
			if n%8 == 0 {
				s.check(os.RemoveAll(filepath.Join(s.dir, "data")))
			}
			p := s.start("", "subscribers", "add", fmt.Sprintf("reader%d@example.com", n), "--consent", "test")
			time.Sleep(time.Duration(n) * 2 * time.Millisecond)
			p.kill()
			s.enshi("subscribers", "add", fmt.Sprintf("other%d@example.com", n), "--consent", "test")
			if got := s.enshi("subscribers", "list"); !strings.Contains(got, fmt.Sprintf("other%d@", n)) {
				t.Fatalf("killed after %d ms: the next command worked in vain:\n%s", 2*n, got)
			}
		}
	})
}

// TestKilledWhilePeopleSignUp kills an import in the middle, runs it again, and
// kills the senders of the confirmations: each person gets one, and another only
// if the first was in doubt.
func TestKilledWhilePeopleSignUp(t *testing.T) {
	eachStore(t, func(t *testing.T, store string) {
		s := newScene(t, setting{store: store, lease: shortLease})
		people := signUps(s)
		for n := range 5 {
			p := s.start("", "subscribers", "import", people)
			time.Sleep(time.Duration(60+20*n) * time.Millisecond)
			p.kill()
		}
		s.enshi("subscribers", "import", people)
		points := []string{"lease.after", "send:5", "begun:20", "accepted:20", "record.before:3"}
		for _, point := range points {
			s.start(point+"=kill", "send-digest").killed()
		}
		s.finish()
		kills, doubts := len(points), s.confirmed()
		if doubts == 0 || doubts > kills*connections {
			t.Errorf("%d kills left %d confirmations in doubt, want some, and at most one a connection", kills, doubts)
		}
	})
}

// signUps writes an import of people who have not agreed yet.
func signUps(s *scene) (path string) {
	s.Helper()
	var csv strings.Builder
	csv.WriteString("email,topics,cadence,language\n")
	for n := range crowd {
		fmt.Fprintf(&csv, "guest%d@example.com,*,daily,en\n", n)
	}
	s.write("guests.csv", csv.String())
	return filepath.Join(s.dir, "guests.csv")
}

// confirmed demands that everybody was asked to confirm, once or as often as it
// was in doubt; it returns how often that was.
func (s *scene) confirmed() (doubts int) {
	s.Helper()
	store := s.open()
	defer store.Shutdown()
	people, mails := 0, 0
	for d, err := range store.Deliveries(s.context(), delivery.EditionConfirm) {
		s.check(err)
		person, err := store.Subscriber(s.context(), d.Subscriber)
		s.check(err)
		n := s.inbox.got(delivery.EditionConfirm, string(person.Address))
		if d.State != delivery.Sent || person.State != subscribers.Pending || n == 0 || n > 1+d.Doubts {
			s.Errorf("the confirmation of %s, who is %s, is %s, %d times in doubt; the mail server has %d", person.Address, person.State, d.State, d.Doubts, n)
		}
		people++
		mails += n
		doubts += d.Doubts
	}
	if people != crowd || mails != s.inbox.count() {
		s.Errorf("%d people were asked by %d mails of %d, want %d people", people, mails, s.inbox.count(), crowd)
	}
	return doubts
}
