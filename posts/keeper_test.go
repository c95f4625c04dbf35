package posts_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/enshi-daily/enshi/posts"
)

func TestFeedIDs(t *testing.T) {
	topics := []posts.Topic{posts.Everything, posts.Category("enshiribao"), posts.Tag("恩施日报新闻"), posts.Tag("a/b c"), posts.Tag(".."), posts.Tag("e\u0301")}
	site := posts.Site{URL: "http://News.example.com:80", BaseURL: "/n"}
	want := map[posts.Topic]posts.ID{
		posts.Everything:             "http://news.example.com/n/feed.xml",
		posts.Category("enshiribao"): "http://news.example.com/n/category/enshiribao/atom.xml",
		posts.Tag("恩施日报新闻"):          "http://news.example.com/n/tag/%E6%81%A9%E6%96%BD%E6%97%A5%E6%8A%A5%E6%96%B0%E9%97%BB/atom.xml",
		posts.Tag("a/b c"):           "http://news.example.com/n/tag/a%2Fb%20c/atom.xml",
		posts.Tag(".."):              "http://news.example.com/n/tag/%2E%2E/atom.xml",
		posts.Tag("é"):               "http://news.example.com/n/tag/%C3%A9/atom.xml",
	}
	ids, record := posts.FeedIDs(nil, topics, site)
	if diff := cmp.Diff(want, ids); diff != "" {
		t.Errorf("ids (-want +got):\n%s", diff)
	}
	if len(record) != len(topics) {
		t.Errorf("%d records, want one for each of %d topics", len(record), len(topics))
	}
	t.Run("kept when the site moves", func(t *testing.T) {
		moved, more := posts.FeedIDs(record, topics[:1], posts.Site{URL: "https://elsewhere.example.com"})
		if diff := cmp.Diff(want, moved); diff != "" || len(more) != 0 {
			t.Errorf("ids (-want +got):\n%s\nrecord %v, want none", diff, more)
		}
	})
	t.Run("a site without an address", func(t *testing.T) {
		ids, _ := posts.FeedIDs(nil, []posts.Topic{posts.Everything, posts.Tag("茶")}, posts.Site{})
		want := map[posts.Topic]posts.ID{posts.Everything: "tag:enshi.invalid,2026:feed.xml", posts.Tag("茶"): "tag:enshi.invalid,2026:tag/%E8%8C%B6/atom.xml"}
		if diff := cmp.Diff(want, ids); diff != "" {
			t.Errorf("ids (-want +got):\n%s", diff)
		}
	})
	t.Run("never the id of a post", func(t *testing.T) {
		known := []posts.Identity{{ID: "http://news.example.com/n/feed.xml", Path: "_posts/2024-03-12-feed.xml.md"}}
		if ids, _ := posts.FeedIDs(known, topics[:1], site); ids[posts.Everything] == known[0].ID {
			t.Errorf("the feed has the id of a post, %s", known[0].ID)
		}
	})
}

// memory is a store of identities that counts what is asked of it and can
// refuse to write. The watch is nobody's business here.
type memory struct {
	posts.Identities
	records       map[posts.ID]posts.Identity
	reads, writes int
	err           error
}

// store gives memory's counters a method of the name that memory embeds.
type store struct{ *memory }

func (s store) Identities(context.Context) ([]posts.Identity, error) {
	s.reads++
	return slices.Collect(maps.Values(s.records)), nil
}

func (s store) Record(_ context.Context, _ posts.Watch, records []posts.Identity) error {
	if s.err != nil {
		return s.err
	}
	s.writes++
	for _, r := range records {
		s.records[r.ID] = r
	}
	return nil
}

func newKeeper(t *testing.T) (*posts.Keeper, *memory) {
	t.Helper()
	m := &memory{records: make(map[posts.ID]posts.Identity)}
	return posts.NewKeeper(posts.KeeperOptions{Store: store{m}, Site: newsSite, Now: func() time.Time { return scanTime }}), m
}

func recognise(t *testing.T, k *posts.Keeper, w *posts.Watch, s *posts.Scan) (posts.Recognised, map[posts.Topic]posts.ID) {
	t.Helper()
	r, feeds, err := k.Recognise(t.Context(), w, s)
	if err != nil {
		t.Fatalf("Recognise: %v", err)
	}
	return r, feeds
}

func TestKeeperRecordsWithTheWatchAlone(t *testing.T) {
	k, m := newKeeper(t)
	tagged := scanned("a", func(p *posts.Post) { p.Tags = []string{"茶"} })
	s := &posts.Scan{Posts: []*posts.Post{tagged}}
	r, feeds := recognise(t, k, nil, s)
	if len(r.Record) != 1 || r.Posts[0].ID != address+"a" || m.writes != 0 || len(k.Known()) != 0 {
		t.Errorf("without a watch: record %v, %d writes, %d known, want the id it would get and nothing stored", r.Record, m.writes, len(k.Known()))
	}
	if len(feeds) != 2 || feeds[posts.Tag("茶")] == "" || feeds[posts.Everything] == "" {
		t.Errorf("feeds = %v, want those of everything and of the tag", feeds)
	}
	r, _ = recognise(t, k, &posts.Watch{}, s)
	if m.writes != 1 || len(m.records) != 3 || r.Standing[address+"a"] != posts.Backlog {
		t.Errorf("with a watch: %d writes of %v, want one of a post and two feeds", m.writes, m.records)
	}
	if diff := cmp.Diff(len(m.records), len(k.Known())); diff != "" {
		t.Errorf("known (-store +keeper):\n%s", diff)
	}
}

func TestKeeperDoesNothingWhenNothingChanged(t *testing.T) {
	k, m := newKeeper(t)
	s := &posts.Scan{Posts: names("a", "b")}
	first, _ := recognise(t, k, &posts.Watch{}, s)
	second, _ := recognise(t, k, &posts.Watch{}, &posts.Scan{Posts: s.Posts})
	if m.writes != 1 || m.reads != 1 || len(second.Record) != 0 || second.Posts[0] != first.Posts[0] {
		t.Errorf("%d writes, %d reads, record %v, want the same posts and no work", m.writes, m.reads, second.Record)
	}
	third, _ := recognise(t, k, &posts.Watch{}, &posts.Scan{Posts: names("a", "b", "c")})
	if third.Standing[address+"c"] != posts.Due || m.writes != 2 || m.reads != 1 {
		t.Errorf("standing of a new post = %q, %d writes, %d reads", third.Standing[address+"c"], m.writes, m.reads)
	}
}

func TestKeeperLosesItsWatch(t *testing.T) {
	k, m := newKeeper(t)
	m.err = posts.ErrFenced
	s := &posts.Scan{Posts: names("a")}
	if _, _, err := k.Recognise(t.Context(), &posts.Watch{}, s); !errors.Is(err, posts.ErrFenced) {
		t.Errorf("Recognise = %v, want ErrFenced", err)
	}
	// The other process recorded it meanwhile.
	m.err = nil
	m.records[address+"a"] = posts.Identity{ID: address + "a", Path: s.Posts[0].Path, Body: s.Posts[0].Body, Standing: posts.Arrived, Seen: scanTime}
	if r, _ := recognise(t, k, &posts.Watch{}, s); r.Standing[address+"a"] != posts.Arrived {
		t.Errorf("standing = %q, want what the other process stored", r.Standing[address+"a"])
	}
}

func TestKeeperRefusesAnotherSite(t *testing.T) {
	k, m := newKeeper(t)
	recognise(t, k, &posts.Watch{}, &posts.Scan{Posts: names("a", "b", "c", "d", "e")})
	before := k.Known()
	_, _, err := k.Recognise(t.Context(), &posts.Watch{}, &posts.Scan{Posts: names("v", "w")})
	if !errors.Is(err, posts.ErrOtherSite) || m.writes != 1 {
		t.Errorf("Recognise = %v after %d writes, want ErrOtherSite and nothing written", err, m.writes)
	}
	if diff := cmp.Diff(before, k.Known()); diff != "" {
		t.Errorf("known changed (-before +after):\n%s", diff)
	}
}

// siteReader reads a site of files whose front matter is empty.
func siteReader(fsys fstest.MapFS, now *time.Time) *posts.Reader {
	return posts.NewReader(posts.Options{
		FS: fsys, Site: posts.Site{URL: "http://news.example.com", Zone: time.UTC}, House: posts.DefaultHouse(),
		Settle: 2 * time.Minute, Now: func() time.Time { return *now },
	})
}

func file(text string, modified time.Time) *fstest.MapFile {
	return &fstest.MapFile{Data: []byte("---\n---\n" + text), ModTime: modified}
}

func TestKeeperFollowsARenameThatSettlesLater(t *testing.T) {
	now := scanTime
	fsys := fstest.MapFS{"_posts/2024-03-11-old.md": file("正文", now.Add(-time.Hour)), "_posts/2024-03-11-z.md": file("另文", now.Add(-time.Hour))}
	reader := siteReader(fsys, &now)
	k, m := newKeeper(t)
	scan := func(prev *posts.Scan) (*posts.Scan, posts.Recognised) {
		t.Helper()
		s, err := reader.Scan(t.Context(), prev)
		if err != nil {
			t.Fatal(err)
		}
		r, _ := recognise(t, k, &posts.Watch{}, s)
		return s, r
	}
	s, r := scan(nil)
	var id posts.ID
	for _, p := range r.Posts {
		if strings.Contains(p.Path, "old") {
			id = p.ID
		}
	}
	// A checkout writes the new file anew: it must settle first.
	delete(fsys, "_posts/2024-03-11-old.md")
	fsys["_posts/2024-03-11-new.md"] = file("正文", now)
	s, r = scan(s)
	if len(r.Vanished) != 0 || m.records[id].Gone {
		t.Errorf("while the new file settles: vanished %v, want none yet", r.Vanished)
	}
	now = now.Add(3 * time.Minute)
	_, r = scan(s)
	if m.records[id].Path != "_posts/2024-03-11-new.md" || m.records[id].Gone || len(r.Vanished) != 0 {
		t.Errorf("settled: record of the old id %+v, want the new path", m.records[id])
	}
}

func TestKeeperTellsHiddenFromVanished(t *testing.T) {
	now := scanTime
	fsys := fstest.MapFS{"_posts/2024-03-11-a.md": file("甲", now.Add(-time.Hour)), "_posts/2024-03-11-b.md": file("乙", now.Add(-time.Hour))}
	reader := siteReader(fsys, &now)
	k, _ := newKeeper(t)
	scan := func(prev *posts.Scan) (*posts.Scan, posts.Recognised) {
		t.Helper()
		now = now.Add(time.Hour)
		s, err := reader.Scan(t.Context(), prev)
		if err != nil {
			t.Fatal(err)
		}
		r, _ := recognise(t, k, &posts.Watch{}, s)
		return s, r
	}
	s, _ := scan(nil)
	fsys["_posts/2024-03-11-a.md"] = &fstest.MapFile{Data: []byte("---\npublished: false\n---\n甲"), ModTime: now}
	s, r := scan(s)
	if len(r.Posts) != 1 || len(r.Vanished) != 0 {
		t.Errorf("hidden: %d posts, vanished %v, want one and none", len(r.Posts), r.Vanished)
	}
	delete(fsys, "_posts/2024-03-11-a.md")
	if _, r = scan(s); len(r.Vanished) != 1 {
		t.Errorf("then deleted: vanished %v, want its id", r.Vanished)
	}
}

func BenchmarkKeeperRecognise(b *testing.B) {
	list := make([]*posts.Post, 100_000)
	for i := range list {
		list[i] = scanned(fmt.Sprint(i), func(p *posts.Post) { p.Tags = []string{fmt.Sprint("t", i%200)} })
	}
	k := posts.NewKeeper(posts.KeeperOptions{Store: store{&memory{records: make(map[posts.ID]posts.Identity)}}, Site: newsSite})
	if _, _, err := k.Recognise(b.Context(), &posts.Watch{}, &posts.Scan{Posts: list}); err != nil {
		b.Fatal(err)
	}
	for name, s := range map[string][2]*posts.Scan{
		"unchanged": {{Posts: list}, {Posts: list}},
		"one_more":  {{Posts: list}, {Posts: append(list[:len(list):len(list)], scanned("new"))}},
	} {
		b.Run(name, func(b *testing.B) {
			if _, _, err := k.Recognise(b.Context(), nil, s[1]); err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				if _, _, err := k.Recognise(b.Context(), nil, s[i%2]); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
