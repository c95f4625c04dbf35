package posts_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/enshi-daily/enshi/posts"
)

var scanTime = time.Date(2024, 3, 12, 9, 0, 0, 0, time.UTC)

const address = "http://news.example.com/2024/03/12/"

// scanned is a post as a scan finds it: a text of its own, an entry id made of
// its name.
func scanned(name string, change ...func(*posts.Post)) *posts.Post {
	p := &posts.Post{
		Path: "_posts/2024-03-12-" + name + ".md", Title: name, JekyllID: address + name,
		Date: time.Date(2024, 3, 12, 8, 0, 0, 0, time.UTC), Body: posts.Fingerprint([]byte(name)),
	}
	for _, f := range change {
		f(p)
	}
	return p
}

func at(path string) func(*posts.Post) { return func(p *posts.Post) { p.Path = path } }
func text(body string) func(*posts.Post) {
	return func(p *posts.Post) { p.Body = posts.Fingerprint([]byte(body)) }
}
func from(sourceURL string) func(*posts.Post) { return func(p *posts.Post) { p.SourceURL = sourceURL } }
func guid(guid string) func(*posts.Post)      { return func(p *posts.Post) { p.GUID = guid } }
func entry(jekyllID string) func(*posts.Post) { return func(p *posts.Post) { p.JekyllID = jekyllID } }
func withdrawn(p *posts.Post)                 { p.Withdrawn = true }
func names(list ...string) (out []*posts.Post) {
	for _, name := range list {
		out = append(out, scanned(name))
	}
	return out
}

// history is a store's record over several scans.
type history struct {
	t     *testing.T
	known []posts.Identity
}

// scan identifies posts and stores what is new, as a keeper does.
func (h *history) scan(list ...*posts.Post) posts.Recognised {
	h.t.Helper()
	r, err := posts.Identify(h.known, list, scanTime)
	if err != nil {
		h.t.Fatalf("Identify: %v", err)
	}
	for _, record := range r.Record {
		i := slices.IndexFunc(h.known, func(k posts.Identity) bool { return k.ID == record.ID })
		if i < 0 {
			h.known = append(h.known, record)
		} else {
			h.known[i] = record
		}
	}
	if again, err := posts.Identify(h.known, list, scanTime); err != nil || len(again.Record) > 0 || len(again.Vanished) > 0 {
		h.t.Errorf("the same scan again is not settled: %v, %+v", err, again.Record)
	}
	return r
}

func (h *history) set(id posts.ID, s posts.Standing) {
	for i := range h.known {
		if h.known[i].ID == id {
			h.known[i].Standing = s
		}
	}
}

// ids are the identities of a scan by path.
func ids(r posts.Recognised) map[string]posts.ID {
	out := make(map[string]posts.ID)
	for _, p := range r.Posts {
		out[strings.TrimSuffix(strings.TrimPrefix(p.Path, "_posts/2024-03-12-"), ".md")] = p.ID
	}
	return out
}

// TestIdentifyCopiesPostsOfAnotherID: a catalogue may have them.
func TestIdentifyCopiesPostsOfAnotherID(t *testing.T) {
	h := &history{t: t}
	h.scan(names("a")...)
	elsewhere := names("a")
	elsewhere[0].ID = address + "elsewhere"
	r := h.scan(elsewhere...)
	wantIDs(t, r, map[string]posts.ID{"a": address + "a"})
	if elsewhere[0].ID != address+"elsewhere" {
		t.Errorf("the scanned post has the ID %s now", elsewhere[0].ID)
	}
}

func wantIDs(t *testing.T, r posts.Recognised, want map[string]posts.ID) {
	t.Helper()
	if diff := cmp.Diff(want, ids(r)); diff != "" {
		t.Errorf("ids (-want +got):\n%s", diff)
	}
}

func TestIdentifyFirstScanIsBacklogAndLaterPostsAreDue(t *testing.T) {
	h := &history{t: t}
	first := names("a", "b")
	r := h.scan(first...)
	wantIDs(t, r, map[string]posts.ID{"a": address + "a", "b": address + "b"})
	if r.Posts[0] != first[0] {
		t.Error("a post that had no ID was copied")
	}
	want := []posts.Identity{
		{ID: address + "a", Path: first[0].Path, Body: first[0].Body, Standing: posts.Backlog, Seen: scanTime},
		{ID: address + "b", Path: first[1].Path, Body: first[1].Body, Standing: posts.Backlog, Seen: scanTime},
	}
	if diff := cmp.Diff(want, r.Record); diff != "" {
		t.Errorf("record (-want +got):\n%s", diff)
	}
	r = h.scan(names("c", "a", "b")...)
	if diff := cmp.Diff(map[posts.ID]posts.Standing{address + "a": posts.Backlog, address + "b": posts.Backlog, address + "c": posts.Due}, r.Standing); diff != "" {
		t.Errorf("standing (-want +got):\n%s", diff)
	}
	if r.Posts[0].Title != "c" || len(r.Record) != 1 {
		t.Errorf("posts in another order than scanned, or more than one record: %v, %v", ids(r), r.Record)
	}
}

func TestIdentifyKeepsTheIDOfAPath(t *testing.T) {
	h := &history{t: t}
	h.scan(names("a")...)
	h.set(address+"a", posts.Arrived)
	// Another domain, title, category and text: the same post.
	r := h.scan(scanned("a", entry("https://other.example.com/cat/2024/03/12/a"), text("revised")))
	wantIDs(t, r, map[string]posts.ID{"a": address + "a"})
	if r.Standing[address+"a"] != posts.Arrived {
		t.Errorf("standing = %q, want arrived", r.Standing[address+"a"])
	}
	if len(r.Record) != 1 || r.Record[0].Body != posts.Fingerprint([]byte("revised")) {
		t.Errorf("record = %+v, want the new text", r.Record)
	}
}

func TestIdentifyRenames(t *testing.T) {
	const url = "http://paper.example.cn/?infoCode=1"
	old := scanned("old", text("x"), from(url))
	for _, tt := range []struct {
		name   string
		before []*posts.Post
		after  []*posts.Post
		want   map[string]posts.ID
	}{
		{"same text", []*posts.Post{scanned("old", text("x"))}, []*posts.Post{scanned("new", text("x"))}, map[string]posts.ID{"new": address + "old"}},
		{"same source", []*posts.Post{old}, []*posts.Post{scanned("new", from(url))}, map[string]posts.ID{"new": address + "old"}},
		{"source beats text", []*posts.Post{old, scanned("other", text("y"))}, []*posts.Post{scanned("new", from(url), text("y"))}, map[string]posts.ID{"new": address + "old"}},
		{"nothing in common", []*posts.Post{old}, names("new"), map[string]posts.ID{"new": address + "new"}},
		{"the old file is still there", []*posts.Post{old}, []*posts.Post{old, scanned("new", text("x"), from(url))}, map[string]posts.ID{"old": address + "old", "new": address + "new"}},
		{"two appeared", []*posts.Post{scanned("old", text("x"))}, []*posts.Post{scanned("new", text("x")), scanned("new2", text("x"))},
			map[string]posts.ID{"new": address + "new", "new2": address + "new2"}},
		{"two vanished", []*posts.Post{scanned("old", text("x")), scanned("old2", text("x"))}, []*posts.Post{scanned("new", text("x"))}, map[string]posts.ID{"new": address + "new"}},
		{"no text at all", []*posts.Post{scanned("old", text(""))}, []*posts.Post{scanned("new", text(""))}, map[string]posts.ID{"new": address + "new"}},
		{"two files swap nothing", []*posts.Post{scanned("a", text("x")), scanned("b", text("y"))}, []*posts.Post{scanned("a", text("y")), scanned("b", text("x"))},
			map[string]posts.ID{"a": address + "a", "b": address + "b"}},
		{"moved with the same entry id", []*posts.Post{scanned("old")}, []*posts.Post{scanned("new", entry(address+"old"))}, map[string]posts.ID{"new": address + "old"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := &history{t: t}
			h.scan(tt.before...)
			r := h.scan(tt.after...)
			wantIDs(t, r, tt.want)
			for _, p := range r.Posts {
				want := posts.Due
				if slices.ContainsFunc(tt.before, func(b *posts.Post) bool { return posts.ID(b.JekyllID) == p.ID }) {
					want = posts.Backlog
				}
				if r.Standing[p.ID] != want {
					t.Errorf("standing of %s = %q, want %q", p.ID, r.Standing[p.ID], want)
				}
			}
		})
	}
}

func TestIdentifyAFileAtTheOldPathOfARenamedOne(t *testing.T) {
	h := &history{t: t}
	h.scan(names("a")...)
	h.scan(scanned("b", text("a")))
	r := h.scan(scanned("b", text("a")), scanned("a", text("another")))
	wantIDs(t, r, map[string]posts.ID{"b": address + "a", "a": "tag:news.example.com,2024-03-12:_posts/2024-03-12-a.md"})
	if len(r.Diagnostics) != 1 || r.Diagnostics[0].Severity != posts.Warning || !strings.HasSuffix(r.Diagnostics[0].Path, "-a.md") {
		t.Errorf("diagnostics = %v, want a warning for the new file", r.Diagnostics)
	}
}

func TestIdentifyVanishedAndReturned(t *testing.T) {
	h := &history{t: t}
	h.scan(names("a", "b")...)
	h.set(address+"a", posts.Arrived)
	r := h.scan(names("b")...)
	if diff := cmp.Diff([]posts.ID{address + "a"}, r.Vanished); diff != "" || !r.Record[0].Gone {
		t.Errorf("vanished (-want +got):\n%s\nrecord %+v", diff, r.Record)
	}
	if r = h.scan(names("b")...); len(r.Vanished) != 0 {
		t.Errorf("vanished again: %v", r.Vanished)
	}
	r = h.scan(names("a", "b")...)
	if r.Standing[address+"a"] != posts.Arrived || len(r.Record) != 1 || r.Record[0].Gone {
		t.Errorf("returned: standing %v, record %+v, want the same post, no longer gone", r.Standing, r.Record)
	}
}

func TestIdentifySameEntryIDTwice(t *testing.T) {
	first := scanned("one", at("_posts/a/2024-03-12-茶 1.md"), entry(address+"tea"))
	second := scanned("two", at("_posts/b/2024-03-12-茶 1.md"), entry(address+"tea"))
	for range 2 {
		h := &history{t: t}
		r := h.scan(second, first)
		want := []posts.ID{"tag:news.example.com,2024-03-12:_posts/b/2024-03-12-%E8%8C%B6%201.md", address + "tea"}
		if got := []posts.ID{r.Posts[0].ID, r.Posts[1].ID}; !slices.Equal(got, want) {
			t.Errorf("ids = %q, want %q", got, want)
		}
		if len(r.Diagnostics) != 1 || r.Diagnostics[0].Path != second.Path || r.Diagnostics[0].Severity != posts.Warning {
			t.Errorf("diagnostics = %v, want one warning for the second", r.Diagnostics)
		}
	}
}

func TestIdentifyWithoutASiteAddress(t *testing.T) {
	h := &history{t: t}
	r := h.scan(scanned("a", entry("/2024/03/12/a")))
	wantIDs(t, r, map[string]posts.ID{"a": "tag:enshi.invalid,2024-03-12:_posts/2024-03-12-a.md"})
	if len(r.Diagnostics) != 0 {
		t.Errorf("diagnostics = %v, want none", r.Diagnostics)
	}
	// The address that the site gets later changes nothing.
	wantIDs(t, h.scan(names("a")...), map[string]posts.ID{"a": "tag:enshi.invalid,2024-03-12:_posts/2024-03-12-a.md"})
}

func TestIdentifyGUIDs(t *testing.T) {
	const own = "tag:example.com,2024:tea"
	t.Run("comes first", func(t *testing.T) {
		h := &history{t: t}
		wantIDs(t, h.scan(scanned("a", guid(own))), map[string]posts.ID{"a": own})
		wantIDs(t, h.scan(scanned("b", guid(own))), map[string]posts.ID{"b": own})
	})
	t.Run("two files have the same", func(t *testing.T) {
		h := &history{t: t}
		r := h.scan(scanned("b", guid(own)), scanned("a", guid(own)))
		wantIDs(t, r, map[string]posts.ID{"a": own, "b": address + "b"})
		if len(r.Diagnostics) != 1 || !strings.HasSuffix(r.Diagnostics[0].Path, "-b.md") {
			t.Errorf("diagnostics = %v, want one for the second", r.Diagnostics)
		}
	})
	t.Run("who had it keeps it", func(t *testing.T) {
		h := &history{t: t}
		h.scan(scanned("b", guid(own)))
		wantIDs(t, h.scan(scanned("a", guid(own)), scanned("b", guid(own))), map[string]posts.ID{"a": address + "a", "b": own})
	})
	t.Run("no IRI", func(t *testing.T) {
		for _, bad := range []string{"12", "tea 1", "http:", "http://", ":x", "1a:b", "tag:a b", "urn:<x>"} {
			h := &history{t: t}
			r := h.scan(scanned("a", guid(bad)))
			if wantIDs(t, r, map[string]posts.ID{"a": address + "a"}); len(r.Diagnostics) != 1 {
				t.Errorf("guid %q: diagnostics = %v, want one", bad, r.Diagnostics)
			}
		}
	})
	t.Run("given later, mails nothing again", func(t *testing.T) {
		for before, want := range map[posts.Standing]posts.Standing{posts.Arrived: posts.Backlog, posts.Backlog: posts.Backlog, posts.Due: posts.Due, posts.Held: posts.Held} {
			h := &history{t: t}
			h.scan(names("a", "z")...)
			h.set(address+"a", before)
			r := h.scan(scanned("a", guid(own)), scanned("z"))
			if r.Standing[own] != want || len(r.Diagnostics) != 1 {
				t.Errorf("was %s: standing = %q with %v, want %q and a warning", before, r.Standing[own], r.Diagnostics, want)
			}
			// And taken away again: the id stays.
			wantIDs(t, h.scan(names("a", "z")...), map[string]posts.ID{"a": own, "z": address + "z"})
		}
	})
}

func TestIdentifyWithdrawn(t *testing.T) {
	h := &history{t: t}
	r := h.scan(scanned("a", withdrawn), scanned("b"))
	if r.Standing[address+"a"] != posts.Withdrawn {
		t.Errorf("standing = %q, want withdrawn", r.Standing[address+"a"])
	}
	h.set(address+"b", posts.Arrived)
	if r = h.scan(scanned("a"), scanned("b", withdrawn)); r.Standing[address+"a"] != posts.Withdrawn || r.Standing[address+"b"] != posts.Withdrawn {
		t.Errorf("standing = %v, want both withdrawn: nothing moves back", r.Standing)
	}
}

func TestIdentifyRefusesAnotherSite(t *testing.T) {
	here := names("a", "b", "c", "d", "e")
	there := names("v", "w")
	for _, tt := range []struct {
		name    string
		known   []*posts.Post
		scanned []*posts.Post
		refused bool
	}{
		{"nothing in common", here, there, true},
		{"one path", here, append(names("a"), there...), false},
		{"one text", here, append([]*posts.Post{scanned("x", text("a"))}, there...), false},
		{"one source", append(names("a", "b", "c", "d"), scanned("e", from("http://p.cn/1"))), append([]*posts.Post{scanned("x", from("http://p.cn/1"))}, there...), false},
		{"too few known", here[:4], there, false},
		{"nothing read", here, nil, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := &history{t: t}
			h.scan(tt.known...)
			r, err := posts.Identify(h.known, tt.scanned, scanTime)
			if got := errors.Is(err, posts.ErrOtherSite); got != tt.refused || got && len(r.Posts)+len(r.Record) > 0 {
				t.Errorf("Identify = %+v, %v, want refused = %t", r, err, tt.refused)
			}
		})
	}
	t.Run("gone posts do not count", func(t *testing.T) {
		h := &history{t: t}
		h.scan(here...)
		h.scan(here[:1]...)
		h.scan(append(there, here[0])...)
		if _, err := posts.Identify(h.known, names("v"), scanTime); err != nil {
			t.Errorf("Identify: %v", err)
		}
	})
}

func TestIdentifyNeverGivesOneIDTwice(t *testing.T) {
	// Every post can have the entry id, guid, text and source of every other.
	const n = 4
	for seed := range 500 {
		h := &history{t: t}
		pick := func(k int) int { seed = (seed*1103515245 + 12345) & 0x7fffffff; return (seed >> 8) % k }
		for range 4 {
			var list []*posts.Post
			for i := range n {
				p := scanned(fmt.Sprint(i), entry(fmt.Sprint(address, pick(n))), text(fmt.Sprint(pick(n))), from(fmt.Sprint("http://p.cn/", pick(n))))
				if pick(3) == 0 {
					p.GUID = fmt.Sprint(address, pick(n))
				}
				if pick(3) > 0 {
					list = append(list, p)
				}
			}
			seen := make(map[posts.ID]bool)
			for _, p := range h.scan(list...).Posts {
				if p.ID == "" || seen[p.ID] {
					t.Fatalf("id %q given twice or empty", p.ID)
				}
				seen[p.ID] = true
			}
		}
	}
}
