package posts_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/enshi-daily/enshi/posts"
)

// TestKeeperFollowsAsItRecognises changes a site at random and holds that what a
// keeper makes of the changes alone is what another makes of the whole site.
func TestKeeperFollowsAsItRecognises(t *testing.T) {
	same := cmp.Options{
		cmp.Comparer(func(a, b *time.Location) bool { return a.String() == b.String() }),
		cmpopts.IgnoreFields(posts.Recognised{}, "Delta"), cmpopts.EquateEmpty(),
	}
	deltas := 0
	for seed := range uint64(10) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			r := rand.New(rand.NewPCG(seed, 2))
			config := []string{"url: https://news.example.com\n", ""}[seed%2] // the entry ids need an address
			d := newDesk(t, posts.Options{Settle: 30 * time.Second}, config)
			for i := range 30 {
				d.write(fmt.Sprintf("2024-03-%02d-%d.md", 1+i%28, i), fmt.Sprintf("---\ntitle: 春茶\ntags: 乡村\n---\n第%d个茶园很忙。\n", i), time.Hour)
			}
			follower, followed := newKeeper(t)
			whole, all := newKeeper(t)
			watch, scan := &posts.Watch{}, d.scan(t, nil)
			var catalogue *posts.Catalogue
			for step := range 40 {
				d.now = d.now.Add(time.Duration(r.IntN(60)) * time.Second)
				scan = d.look(t, scan, d.rewrite(r)...)
				got, gotFeeds := recognise(t, follower, watch, scan)
				if err := whole.Load(t.Context()); err != nil {
					t.Fatal(err)
				}
				want, wantFeeds := recognise(t, whole, watch, scan)
				got.Diagnostics, want.Diagnostics = lasting(got.Diagnostics), lasting(want.Diagnostics)
				if diff := cmp.Diff(want, got, same); diff != "" {
					t.Fatalf("step %d (-whole +followed):\n%s", step, diff)
				}
				if diff := cmp.Diff(wantFeeds, gotFeeds) + cmp.Diff(all.records, followed.records); diff != "" {
					t.Fatalf("step %d: feeds or records (-whole +followed):\n%s", step, diff)
				}
				if got.Delta != nil && catalogue != nil {
					deltas++
					catalogue = catalogue.With(*got.Delta)
				} else {
					catalogue = posts.NewCatalogue(newsSite, got.Posts)
				}
				sameCatalogue(t, catalogue, posts.NewCatalogue(newsSite, want.Posts))
				arrive(follower, followed, got.Due, r.IntN(3))
				for id, record := range followed.records {
					all.records[id] = record
				}
			}
		})
	}
	if deltas < 10*30 {
		t.Errorf("%d of %d steps were followed, want most", deltas, 10*40)
	}
}

// lasting leaves out what a keeper says once, or again until it looks at
// everything.
func lasting(all []posts.Diagnostic) []posts.Diagnostic {
	return slices.DeleteFunc(slices.Clone(all), func(d posts.Diagnostic) bool { return strings.Contains(d.Message, "is its new guid now") })
}

// arrive lets some of the due posts arrive, as a store and then the keeper hear
// of it.
func arrive(k *posts.Keeper, m *memory, due []*posts.Post, n int) {
	for _, p := range due[:min(n, len(due))] {
		record := m.records[p.ID]
		record.Standing = posts.Arrived
		m.records[p.ID] = record
		k.Moved(record)
	}
}

func sameCatalogue(t *testing.T, got, want *posts.Catalogue) {
	t.Helper()
	ids := func(c *posts.Catalogue, topic posts.Topic) (list []posts.ID) {
		for _, p := range c.Posts(topic) {
			if byID, _ := c.ByID(p.ID); byID != p {
				t.Fatalf("%s is not found by its ID", p.Path)
			}
			list = append(list, p.ID)
		}
		return list
	}
	if diff := cmp.Diff(want.Topics(), got.Topics()); diff != "" {
		t.Fatalf("topics (-new +changed):\n%s", diff)
	}
	for _, topic := range append([]posts.Topic{posts.Everything}, want.Topics()...) {
		if diff := cmp.Diff(ids(want, topic), ids(got, topic)); diff != "" {
			t.Fatalf("%s (-new +changed):\n%s", topic, diff)
		}
	}
}

// rewrite changes a few posts: new ones, other titles, topics and guids,
// removals, and files that are renamed.
func (d *desk) rewrite(r *rand.Rand) (paths []string) {
	for range r.IntN(3) {
		name := fmt.Sprintf("2024-03-%02d-%d.md", 1+r.IntN(28), r.IntN(60))
		path := "_posts/" + name
		switch r.IntN(12) {
		case 0:
			delete(d.files, path)
		case 1:
			to := fmt.Sprintf("_posts/2024-03-%02d-%d.md", 1+r.IntN(28), 60+r.IntN(20))
			if file := d.files[path]; file != nil {
				delete(d.files, path)
				d.files[to] = file
				paths = append(paths, to)
			}
		case 2:
			d.write(name, "---\nguid: tag:example.com,2024:"+fmt.Sprint(r.IntN(5))+"\n---\n有标识。\n", time.Minute)
		case 3:
			d.write(name, "---\npublished: false\n---\n没有发布。\n", time.Minute)
		default:
			d.write(name, fmt.Sprintf("---\ntitle: 新芽%d\ntags: [乡村%d, 民生]\n---\n新芽上市%d。\n", r.IntN(9), r.IntN(40), r.IntN(99)), time.Minute)
		}
		paths = append(paths, path)
	}
	return paths
}
