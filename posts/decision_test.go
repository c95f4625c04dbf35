package posts_test

import (
	"testing"
	"time"

	"github.com/enshi-daily/enshi/posts"
)

// decided runs a keeper whose store has a post of this standing, and that has
// scanned it before an operator decides on it.
func decided(t *testing.T, before posts.Standing, decision posts.Identity) (r posts.Recognised, files []*posts.Post) {
	t.Helper()
	k, m := newKeeper(t)
	files = []*posts.Post{scanned("a"), scanned("b")}
	s := &posts.Scan{Posts: files}
	recognise(t, k, &posts.Watch{}, s)
	id := posts.ID(address + "a")
	record := m.records[id]
	record.Standing = before
	m.records[id] = record
	if err := k.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	recognise(t, k, &posts.Watch{}, s)
	record.Standing, record.Since, record.Reason = decision.Standing, decision.Since, decision.Reason
	m.records[id] = record
	if err := k.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	r, _ = recognise(t, k, &posts.Watch{}, s)
	return r, files
}

func TestReleasedPostsAreDue(t *testing.T) {
	r, _ := decided(t, posts.Held, posts.Identity{Standing: posts.Released, Since: scanTime})
	if len(r.Due) != 1 || r.Due[0].ID != address+"a" || r.Posts[0].Withdrawn {
		t.Errorf("due %v, want the released post", r.Due)
	}
}

func TestHeldPostsAreNotDue(t *testing.T) {
	if r, _ := decided(t, posts.Due, posts.Identity{Standing: posts.Held, Since: scanTime}); len(r.Due) != 0 {
		t.Errorf("due %v, want nothing", r.Due)
	}
}

func TestTakenBackPostsAreWithdrawnWhateverTheFileSays(t *testing.T) {
	since := scanTime.Add(-time.Minute).UTC()
	r, files := decided(t, posts.Arrived, posts.Identity{Standing: posts.Withdrawn, Since: since, Reason: "wrong"})
	for _, p := range r.Posts {
		taken := p.ID == address+"a"
		if p.Withdrawn != taken || p.Updated.Equal(since) != taken {
			t.Errorf("%s: withdrawn %t, updated %s, want that of the one taken back at %s", p.ID, p.Withdrawn, p.Updated, since)
		}
	}
	if files[0].Withdrawn {
		t.Error("the scan's own post was changed")
	}
}

// TestWithdrawnByItsFile keeps the two apart: what the file says, the file takes
// back.
func TestWithdrawnByItsFile(t *testing.T) {
	k, m := newKeeper(t)
	p := scanned("a", func(p *posts.Post) { p.Withdrawn = true })
	recognise(t, k, &posts.Watch{}, &posts.Scan{Posts: []*posts.Post{p}})
	record := m.records[address+"a"]
	if record.Standing != posts.Withdrawn || record.TakenBack() {
		t.Errorf("record %+v, want one that its file withdrew", record)
	}
	r, _ := recognise(t, k, &posts.Watch{}, &posts.Scan{Posts: []*posts.Post{scanned("a")}})
	if r.Posts[0].Withdrawn {
		t.Error("withdrawn although its file does not say so any more")
	}
}
