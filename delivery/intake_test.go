package delivery_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/enshi-daily/enshi/delivery"
	"github.com/enshi-daily/enshi/posts"
)

// intake lets posts arrive as a scan would: it records them and takes them in.
type intake struct {
	*scene
	*delivery.Intake
	files map[string]*posts.Post
}

func newIntake(t *testing.T, guards delivery.Guards) *intake {
	t.Helper()
	s := newScene(t)
	return &intake{scene: s, files: make(map[string]*posts.Post), Intake: delivery.NewIntake(delivery.IntakeOptions{
		Log: s.store, Identities: s.store, Guards: guards, Now: s.clock.Now,
		Content: func(p *posts.Post) (posts.Content, error) { return posts.Content{Summary: "摘要"}, nil },
		Link:    func(p *posts.Post) string { return "http://news.example.com/" + p.Path },
	})}
}

// write puts a post dated some time ago into the site.
func (i *intake) write(name string, age time.Duration, change ...func(*posts.Post)) *posts.Post {
	p := &posts.Post{ID: posts.ID("tag:example.com,2026:" + name), Path: name, Title: name, URL: "/" + name, Settled: true, Date: i.clock.Now().Add(-age), Hash: [16]byte{byte(len(i.files))}}
	for _, c := range change {
		c(p)
	}
	i.files[name] = p
	return p
}

// scan takes in all that is in the site, with what the store says of it.
func (i *intake) scan(change ...func(*delivery.Recognised)) delivery.Taken {
	i.t.Helper()
	ctx := i.t.Context()
	r := delivery.Recognised{Standing: make(map[posts.ID]posts.Standing)}
	known, err := i.store.Identities(ctx)
	if err != nil {
		i.t.Fatal(err)
	}
	for _, one := range known {
		r.Standing[one.ID] = one.Standing
	}
	var all []*posts.Post
	for _, p := range i.files {
		if r.Standing[p.ID] == "" {
			r.Standing[p.ID] = posts.Due
			if err := i.store.Record(ctx, i.watch, []posts.Identity{{ID: p.ID, Path: p.Path, Standing: posts.Due}}); err != nil {
				i.t.Fatal(err)
			}
		}
		if s := r.Standing[p.ID]; s == posts.Due || s == posts.Released {
			r.Due = append(r.Due, p)
		}
		all = append(all, p)
	}
	r.Catalogue = posts.NewCatalogue(posts.Site{}, all)
	for _, c := range change {
		c(&r)
	}
	taken, err := i.Take(ctx, i.watch, r)
	if err != nil {
		i.t.Fatal(err)
	}
	return taken
}

func titles(t delivery.Taken) (arrived, held []string) {
	for _, e := range t.Arrived {
		arrived = append(arrived, e.Title)
	}
	for _, h := range t.Held {
		held = append(held, h.Path)
	}
	slices.Sort(arrived)
	return arrived, held
}

func TestGuards(t *testing.T) {
	const day = 24 * time.Hour
	many := func(r *delivery.Recognised) { r.AcceptMany = true }
	old := func(r *delivery.Recognised) { r.AcceptOld = true }
	write := func(i *intake, n, older int) {
		for k := range n {
			i.write(fmt.Sprint("new", k), time.Hour)
		}
		for k := range older {
			i.write(fmt.Sprint("old", k), 8*day)
		}
	}
	for _, tt := range []struct {
		name      string
		news, old int
		change    []func(*delivery.Recognised)
		arrived   int
		reason    string // of the first held
	}{
		{"as many as the limit", 3, 0, nil, 3, ""},
		{"one more holds all", 4, 0, nil, 0, "4 new posts in one scan, more than 3"},
		{"old ones are held and no others", 2, 1, nil, 2, "dated 2026-11-16, more than 7 days ago"},
		{"accept many", 4, 0, []func(*delivery.Recognised){many}, 4, ""},
		{"accept many, and not the old", 4, 1, []func(*delivery.Recognised){many}, 4, "dated 2026-11-16, more than 7 days ago"},
		{"accept old", 1, 1, []func(*delivery.Recognised){old}, 2, ""},
		{"accept old, and not the many", 2, 2, []func(*delivery.Recognised){old}, 0, "4 new posts in one scan, more than 3"},
		{"accept both", 3, 2, []func(*delivery.Recognised){many, old}, 5, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			i := newIntake(t, delivery.Guards{MaxNew: 3, MaxAge: 7 * day})
			write(i, tt.news, tt.old)
			taken := i.scan(tt.change...)
			if len(taken.Arrived) != tt.arrived || len(taken.Held) != tt.news+tt.old-tt.arrived {
				t.Errorf("%d arrived, %d held, want %d of %d to arrive", len(taken.Arrived), len(taken.Held), tt.arrived, tt.news+tt.old)
			}
			if len(taken.Held) > 0 && (taken.Held[0].Reason != tt.reason || taken.Held[0].Since.IsZero()) {
				t.Errorf("held for %q since %s, want %q", taken.Held[0].Reason, taken.Held[0].Since, tt.reason)
			}
		})
	}
}

// TestManyThatComeSlowlyAreHeld copies posts into the site over many scans: some
// have settled while others are still written.
func TestManyThatComeSlowlyAreHeld(t *testing.T) {
	i := newIntake(t, delivery.Guards{MaxNew: 3})
	unsettled := func(p *posts.Post) { p.Settled = false }
	leftOut := func(n int) func(*delivery.Recognised) { return func(r *delivery.Recognised) { r.Unsettled = n } }
	waits := func(taken delivery.Taken, n int) {
		t.Helper()
		if len(taken.Arrived) != 0 || len(taken.Held) != 0 || taken.Unready != n {
			t.Errorf("%d arrived, %d held, %d not ready, want %d to wait", len(taken.Arrived), len(taken.Held), taken.Unready, n)
		}
	}
	i.write("a", 0)
	i.write("b", 0)
	c := i.write("c", 0, unsettled)
	waits(i.scan(leftOut(1)), 3)
	c.Settled = true
	waits(i.scan(leftOut(1)), 3)
	i.write("d", 0)
	if arrived, held := titles(i.scan()); arrived != nil || len(held) != 4 {
		t.Errorf("%v arrived, %v held, want all four held", arrived, held)
	}
	i.write("e", 0)
	i.write("f", 0, unsettled)
	if arrived, _ := titles(i.scan(leftOut(1))); !slices.Equal(arrived, []string{"e"}) {
		t.Errorf("%v arrived, want the one that is ready: they are not too many", arrived)
	}
}

// TestBackfillTwiceIsOnce lets the newest of a backlog arrive by a command that
// runs every night.
func TestBackfillTwiceIsOnce(t *testing.T) {
	i := newIntake(t, delivery.Guards{})
	for k := range 5 {
		p := i.write(fmt.Sprint("p", k), time.Duration(k)*time.Hour)
		if err := i.store.Record(t.Context(), i.watch, []posts.Identity{{ID: p.ID, Path: p.Path, Standing: posts.Backlog}}); err != nil {
			t.Fatal(err)
		}
	}
	backfill := func(r *delivery.Recognised) { r.Backfill = 2 }
	if arrived, _ := titles(i.scan(backfill)); !slices.Equal(arrived, []string{"p0", "p1"}) {
		t.Errorf("%v arrived, want the newest two", arrived)
	}
	if arrived, _ := titles(i.scan(backfill)); arrived != nil {
		t.Errorf("%v arrived the second time, want nothing", arrived)
	}
}

// TestForeseenIsWhatArrivesOnceSettled has a dry run look at files that the true
// one waits for.
func TestForeseenIsWhatArrivesOnceSettled(t *testing.T) {
	i := newIntake(t, delivery.Guards{MaxNew: 3})
	i.write("a", 0)
	i.write("b", 0, func(p *posts.Post) { p.Settled = false })
	foresee := func() delivery.Taken {
		r := delivery.Recognised{Standing: make(map[posts.ID]posts.Standing)}
		for _, p := range i.files {
			r.Standing[p.ID] = posts.Due
			r.Due = append(r.Due, p)
		}
		r.Catalogue = posts.NewCatalogue(posts.Site{}, r.Due)
		taken, err := i.Foresee(t.Context(), r)
		if err != nil {
			t.Fatal(err)
		}
		return taken
	}
	if arrived, _ := titles(foresee()); !slices.Equal(arrived, []string{"a", "b"}) {
		t.Errorf("%v foreseen, want both", arrived)
	}
	i.write("c", 0)
	i.write("d", 0)
	if arrived, held := titles(foresee()); arrived != nil || len(held) != 4 {
		t.Errorf("%v foreseen, %v held, want all four held", arrived, held)
	}
}

func TestHeldPostsWaitForAnOperator(t *testing.T) {
	i := newIntake(t, delivery.DefaultGuards())
	i.write("old", 8*24*time.Hour)
	i.write("older", 80*24*time.Hour)
	i.scan()
	i.clock.Advance(time.Hour)
	if arrived, held := titles(i.scan()); arrived != nil || held != nil {
		t.Errorf("next scan: %v arrived, %v held anew, want nothing", arrived, held)
	}
	if _, err := i.store.Decide(t.Context(), posts.Decision{Posts: []posts.ID{"tag:example.com,2026:old"}, Standing: posts.Released, At: i.clock.Now()}); err != nil {
		t.Fatal(err)
	}
	i.write("new", 0)
	arrived, _ := titles(i.scan())
	if diff := cmp.Diff([]string{"new", "old"}, arrived); diff != "" {
		t.Errorf("arrived (-want +got):\n%s", diff)
	}
	// The flag of another day lets the rest go, though it was held before.
	arrived, _ = titles(i.scan(func(r *delivery.Recognised) { r.AcceptOld = true }))
	if diff := cmp.Diff([]string{"older"}, arrived); diff != "" {
		t.Errorf("arrived by the flag (-want +got):\n%s", diff)
	}
}

func TestReleasedPostsAreNoNewOnes(t *testing.T) {
	i := newIntake(t, delivery.Guards{MaxNew: 3})
	for k := range 4 {
		i.write(fmt.Sprint("a", k), 0)
	}
	taken := i.scan()
	d := posts.Decision{Standing: posts.Released, At: i.clock.Now()}
	for _, h := range taken.Held {
		d.Posts = append(d.Posts, h.ID)
	}
	if _, err := i.store.Decide(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	i.write("b", 0)
	if arrived, held := titles(i.scan()); len(arrived) != 5 || held != nil {
		t.Errorf("%v arrived, %v held, want all five to arrive", arrived, held)
	}
}

func TestIntakeFollowsWhatArrived(t *testing.T) {
	i := newIntake(t, delivery.Guards{})
	p := i.write("a", 0)
	i.scan()
	change := func(f func(*posts.Post)) {
		next := *p
		f(&next)
		p = &next
		i.files["a"] = p
	}
	change(func(p *posts.Post) { p.Correction, p.Hash = "应为三吨", [16]byte{9} })
	if taken := i.scan(); len(taken.Updated) != 1 || taken.Updated[0].Withdrawn {
		t.Errorf("corrected: %+v updated, want the first entry, not withdrawn", taken.Updated)
	}
	// Withdrawn by an operator: the file is as it was.
	change(func(p *posts.Post) { p.Withdrawn = true })
	if taken := i.scan(); len(taken.Updated) != 1 || !taken.Updated[0].Withdrawn || taken.Updated[0].Number != 1 {
		t.Errorf("withdrawn: %+v updated, want the first entry", taken.Updated)
	}
	if taken := i.scan(); len(taken.Updated) != 0 {
		t.Errorf("again: %v updated, want nothing", taken.Updated)
	}
	entries, err := i.store.Since(t.Context(), 0, 1)
	if err != nil || len(entries) != 1 || !entries[0].Withdrawn || !strings.Contains(entries[0].Correction, "三吨") {
		t.Errorf("log = %+v, %v, want it corrected and withdrawn", entries, err)
	}
}

// TestIntakeFollowsOldPosts has a correction reach an entry far down the log,
// whose other changes concern nobody any more.
func TestIntakeFollowsOldPosts(t *testing.T) {
	i := newIntake(t, delivery.Guards{})
	const many = 5600 // more than are followed for their place
	for k := range many {
		i.write(fmt.Sprintf("p%04d", k), time.Duration(many-k)*time.Second, func(p *posts.Post) { p.Hash = [16]byte{byte(k), byte(k >> 8)} })
	}
	i.scan()
	again := newIntakeOn(i)
	again.files["p0003"].Correction, again.files["p0003"].Hash = "更正", [16]byte{255}
	again.files["p0004"].Title, again.files["p0004"].Hash = "另一题", [16]byte{254}
	if taken := again.scan(); len(taken.Updated) != 1 {
		t.Errorf("%v updated, want the corrected one alone", taken.Updated)
	}
	entries, err := i.store.Since(t.Context(), 3, 4)
	if err != nil || len(entries) != 1 || entries[0].Title != "p0003" || entries[0].Correction != "更正" || entries[0].Summary != "摘要" {
		t.Errorf("entry = %+v, %v, want the whole post, corrected", entries, err)
	}
	// Nobody is told any more of what arrived that long ago.
	i.clock.Advance(delivery.RecallFor + time.Hour)
	later := newIntakeOn(i)
	later.files["p0003"].Correction, later.files["p0003"].Hash = "再更正", [16]byte{253}
	later.files["p5000"].Correction, later.files["p5000"].Hash = "更正", [16]byte{252}
	if taken := later.scan(); len(taken.Updated) != 1 || taken.Updated[0].Title != "p5000" {
		t.Errorf("%v updated after 90 days, want one of the last 5,000 alone", taken.Updated)
	}
}

// newIntakeOn is another process's intake of the same site and store.
func newIntakeOn(i *intake) *intake {
	again := &intake{scene: i.scene, files: i.files, Intake: delivery.NewIntake(delivery.IntakeOptions{
		Log: i.store, Identities: i.store, Now: i.clock.Now,
		Content: func(p *posts.Post) (posts.Content, error) { return posts.Content{Summary: "摘要"}, nil },
		Link:    func(p *posts.Post) string { return "http://news.example.com/" + p.Path },
	})}
	return again
}
