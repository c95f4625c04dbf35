package posts_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/enshi-daily/enshi/posts"
)

// many are n posts, from 000 on, without those that skip names.
func many(n int, skip func(i int) bool) (list []*posts.Post) {
	for i := range n {
		if skip == nil || !skip(i) {
			list = append(list, scanned(fmt.Sprintf("%03d", i)))
		}
	}
	return list
}

func below(n int) func(int) bool { return func(i int) bool { return i < n } }

func TestTooManyChanges(t *testing.T) {
	guided := func(n, of int) []*posts.Post {
		list := many(of, nil)
		for i := range n {
			list[i].GUID = fmt.Sprintf("tag:example.com,2024:%d", i)
		}
		return list
	}
	renamed := many(100, nil)
	for i := range 60 {
		renamed[i].Path = fmt.Sprintf("_posts/2024-03-12-neu-%d.md", i)
	}
	for _, tt := range []struct {
		name    string
		known   []*posts.Post
		scanned []*posts.Post
		want    int // refused changes, 0 for none
	}{
		{"20 of 100 vanish", many(100, nil), many(100, below(20)), 0},
		{"21 of 100 vanish", many(100, nil), many(100, below(21)), 21},
		{"21 of 420 are 5 %", many(420, nil), many(420, below(21)), 0},
		{"21 of 419 are more", many(419, nil), many(419, below(21)), 21},
		{"20 of 100 get another id", many(100, nil), guided(20, 100), 0},
		{"21 of 100 get another id", many(100, nil), guided(21, 100), 21},
		{"60 files are renamed", many(100, nil), renamed, 0},
		{"60 posts are new", many(40, nil), many(100, nil), 0},
		{"nothing is left of five", many(5, nil), nil, 5},
		{"nothing is left of four", many(4, nil), nil, 0},
		{"nothing is left of many", many(50, nil), nil, 50},
		{"one is left of 20", many(20, nil), many(20, below(19)), 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := &history{t: t}
			h.scan(tt.known...)
			r, err := posts.Identify(h.known, tt.scanned, scanTime)
			e, refused := errors.AsType[*posts.TooManyChanges](err)
			if !refused {
				e = &posts.TooManyChanges{}
			}
			if len(e.Changes) != tt.want || err != nil && !refused {
				t.Fatalf("Identify refuses %d changes (%v), want %d", len(e.Changes), err, tt.want)
			}
			if refused && (e.Live != len(tt.known) || len(r.Posts)+len(r.Record) > 0) {
				t.Errorf("live = %d of %d, and %d records", e.Live, len(tt.known), len(r.Record))
			}
		})
	}
}

func TestTooManyChangesListsThem(t *testing.T) {
	h := &history{t: t}
	h.scan(many(60, nil)...)
	list := many(60, below(21))
	list[0].GUID = "tag:example.com,2024:own"
	_, err := posts.Identify(h.known, list, scanTime)
	e, ok := errors.AsType[*posts.TooManyChanges](err)
	if !ok {
		t.Fatalf("Identify = %v, want it refused", err)
	}
	if want := "of the 60 ids of posts on record 21 would vanish and 1 would change at once"; err.Error() != want {
		t.Errorf("error = %q, want %q", err, want)
	}
	first, last := e.Changes[0], e.Changes[len(e.Changes)-1]
	if diff := cmp.Diff(posts.Change{Path: "_posts/2024-03-12-000.md", ID: address + "000"}, first); diff != "" {
		t.Errorf("first (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(posts.Change{Path: "_posts/2024-03-12-021.md", ID: address + "021", Next: "tag:example.com,2024:own"}, last); diff != "" {
		t.Errorf("last (-want +got):\n%s", diff)
	}
}

func TestTooManyChangesCountsThoseThatAreThere(t *testing.T) {
	h := &history{t: t}
	h.scan(many(400, nil)...)
	h.scan(many(400, below(20))...) // gone, a few at a time
	h.scan(many(400, below(39))...)
	_, err := posts.Identify(h.known, many(400, below(60)), scanTime)
	if e, ok := errors.AsType[*posts.TooManyChanges](err); !ok || e.Live != 361 || len(e.Changes) != 21 {
		t.Errorf("Identify = %v, want 21 of the 361 that are there refused", err)
	}
}

func TestKeeperRefusesTooManyChanges(t *testing.T) {
	k, m := newKeeper(t)
	recognise(t, k, &posts.Watch{}, &posts.Scan{Posts: many(50, nil)})
	fewer := &posts.Scan{Posts: many(50, below(25))}
	for range 2 {
		_, _, err := k.Recognise(t.Context(), &posts.Watch{}, fewer)
		if _, ok := errors.AsType[*posts.TooManyChanges](err); !ok || m.writes != 1 {
			t.Fatalf("Recognise = %v after %d writes, want it refused and nothing written", err, m.writes)
		}
	}
	t.Run("the files come back", func(t *testing.T) {
		if r, _ := recognise(t, k, &posts.Watch{}, &posts.Scan{Posts: many(50, nil)}); len(r.Posts) != 50 || len(r.Vanished) != 0 || m.writes != 1 {
			t.Errorf("%d posts, %d vanished, %d writes, want all and nothing written", len(r.Posts), len(r.Vanished), m.writes)
		}
	})
	t.Run("accepted once", func(t *testing.T) {
		k.Accept()
		if r, _ := recognise(t, k, &posts.Watch{}, fewer); len(r.Posts) != 25 || len(r.Vanished) != 25 || !m.records[address+"000"].Gone {
			t.Errorf("%d posts, %d vanished, want 25 of each and that on record", len(r.Posts), len(r.Vanished))
		}
		if _, _, err := k.Recognise(t.Context(), &posts.Watch{}, &posts.Scan{}); err == nil {
			t.Error("the next scan, which loses the rest, is not refused")
		}
	})
	t.Run("accepted, though of another site", func(t *testing.T) {
		k.Accept()
		if r, _ := recognise(t, k, &posts.Watch{}, &posts.Scan{Posts: names("v", "w")}); len(r.Posts) != 2 {
			t.Errorf("%d posts, want both", len(r.Posts))
		}
	})
}

func TestKeeperWaitsForRenamedFilesToSettle(t *testing.T) {
	now := scanTime
	fsys := fstest.MapFS{}
	name := func(s string, i int) string { return fmt.Sprintf("_posts/2024-03-11-%s%d.md", s, i) }
	for i := range 40 {
		fsys[name("alt", i)] = file(fmt.Sprint("正文", i), now.Add(-time.Hour))
	}
	reader := siteReader(fsys, &now)
	k, m := newKeeper(t)
	s, err := reader.Scan(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	recognise(t, k, &posts.Watch{}, s)
	for i := range 40 {
		delete(fsys, name("alt", i))
		fsys[name("neu", i)] = file(fmt.Sprint("正文", i), now)
	}
	if s, err = reader.Scan(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	_, _, err = k.Recognise(t.Context(), &posts.Watch{}, s)
	if e, ok := errors.AsType[*posts.TooManyChanges](err); !ok || e.Unsettled != 40 {
		t.Fatalf("while the new files settle: %v, want it refused with 40 unsettled", err)
	}
	now = now.Add(3 * time.Minute)
	if s, err = reader.Scan(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	r, _ := recognise(t, k, &posts.Watch{}, s)
	if len(r.Posts) != 40 || len(r.Vanished) != 0 || slices.ContainsFunc(r.Posts, func(p *posts.Post) bool { return !strings.Contains(string(p.ID), "alt") }) {
		t.Errorf("settled: %d posts, %d vanished, want all under their old ids", len(r.Posts), len(r.Vanished))
	}
	if len(m.records) != 41 {
		t.Errorf("%d records, want those of 40 posts and a feed", len(m.records))
	}
}

// TestHiddenIsNotVanished: posts that are no longer published, whose file is
// there, are not lost: by their front matter, by their date, or because the site
// shows its newest posts only.
func TestHiddenIsNotVanished(t *testing.T) {
	for name, change := range map[string]func(fsys fstest.MapFS, site *posts.Site){
		"unpublished": func(fsys fstest.MapFS, _ *posts.Site) {
			for path := range fsys {
				fsys[path] = &fstest.MapFile{Data: []byte("---\npublished: false\n---\n正文"), ModTime: scanTime}
			}
		},
		"future": func(fsys fstest.MapFS, _ *posts.Site) {
			for path := range fsys {
				fsys[path] = &fstest.MapFile{Data: []byte("---\ndate: 2030-01-01 00:00:00\n---\n正文"), ModTime: scanTime}
			}
		},
		"limit_posts": func(_ fstest.MapFS, site *posts.Site) { site.Limit = 1 },
	} {
		t.Run(name, func(t *testing.T) {
			fsys, site := fstest.MapFS{}, posts.Site{URL: "http://news.example.com", Zone: time.UTC}
			for i := range 50 {
				fsys[fmt.Sprintf("_posts/2024-03-11-%d.md", i)] = file(fmt.Sprint("正文", i), scanTime.Add(-time.Hour))
			}
			k, _ := newKeeper(t)
			for i := range 2 {
				r := posts.NewReader(posts.Options{FS: fsys, Site: site, Now: func() time.Time { return scanTime }})
				s, err := r.Scan(t.Context(), nil)
				if err != nil {
					t.Fatal(err)
				}
				got, _ := recognise(t, k, &posts.Watch{}, s)
				if want := 50 - 49*i; len(got.Vanished) != 0 || len(got.Posts) > want {
					t.Errorf("%d posts, %d vanished", len(got.Posts), len(got.Vanished))
				}
				change(fsys, &site)
			}
		})
	}
}
