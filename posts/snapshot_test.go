package posts_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/enshi-daily/enshi/posts"
)

func snapshot(t testing.TB, records []posts.Identity) string {
	t.Helper()
	var b bytes.Buffer
	if err := posts.WriteIdentities(&b, records); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestSnapshotRoundTrip(t *testing.T) {
	records := []posts.Identity{
		{ID: "http://news.example.com/a", Path: "_posts/2024-03-12-a.md", SourceURL: "http://paper.example.cn/?infoCode=1&s=“引号”", Body: [16]byte{1, 0xff}},
		{ID: "http://news.example.com/feed.xml", Path: posts.FeedPath(posts.Everything)},
		{ID: "tag:example.com,2024:b", Path: `_posts/2024-03-12-"b"\` + "\n\u2028.md", Gone: true},
		{ID: "tag:example.com,2024:c", Path: "_posts/2024-03-12-c.md", SourceURL: strings.Repeat("长", 50_000), Standing: posts.Withdrawn},
		{ID: "tag:example.com,2024:d", Path: "_posts/2024-03-12-d.md", Standing: posts.Withdrawn, Since: scanTime.UTC().Truncate(time.Second), Reason: `"x"`},
		{ID: "tag:example.com,2024:e", Path: "_posts/2024-03-12-e.md", Standing: posts.Withdrawn, Since: scanTime.UTC().Truncate(time.Second)},
	}
	text := snapshot(t, records)
	got, err := posts.ReadIdentities(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(records, got); diff != "" {
		t.Errorf("read back (-written +read):\n%s", diff)
	}
	if h, err := posts.ReadHeader(strings.NewReader(text)); err != nil || h != (posts.SnapshotHeader{Version: 1, Identities: 6, Gone: 1}) || h != posts.HeaderOf(records) {
		t.Errorf("header %+v, %v", h, err)
	}
	lines := strings.Split(text, "\n")
	if len(lines) != len(records)+3 || !strings.Contains(lines[1], "_posts/2024-03-12-a.md") {
		t.Errorf("%d lines, want a header, one a record and an end:\n%.300s", len(lines), text)
	}
	backwards := []posts.Identity{records[5], records[3], records[1], records[2], records[0], records[4]}
	for i := range backwards {
		backwards[i].Seen = scanTime
		if backwards[i].Standing == "" {
			backwards[i].Standing = posts.Arrived
		}
	}
	if again := snapshot(t, backwards); again != text {
		t.Error("another order, time and standing give other bytes")
	}
	if empty, err := posts.ReadIdentities(strings.NewReader(snapshot(t, nil))); err != nil || len(empty) != 0 {
		t.Errorf("no records: %v, %v", empty, err)
	}
}

func TestSnapshotErrors(t *testing.T) {
	good := snapshot(t, []posts.Identity{{ID: "urn:x:1", Path: "a.md"}, {ID: "urn:x:2", Path: "b.md"}})
	for _, tt := range []struct{ name, from, to, want string }{
		{"another file", `,"records":[`, ``, "line 1: expected identities"},
		{"a later version", `"version":1`, `"version":2`, "version 2: expected 1"},
		{"cut off", "\n]}\n", "\n", "line 4: the file ends here"},
		{"a record too few", "{\"id\":\"urn:x:2\",\"path\":\"b.md\"}\n", "", "1 identities: expected the 2"},
		{"twice", "urn:x:2", "urn:x:1", "line 3: urn:x:1 is there twice"},
		{"no IRI", "urn:x:2", "x 2", "line 3: expected an id that is an absolute IRI"},
		{"no path", `"b.md"`, `""`, "line 3: expected an id"},
		{"a short body", `"a.md"`, `"a.md","body":"00"`, `line 2: body "00": expected 32`},
		{"no JSON", `"a.md"`, `a.md`, "line 2: "},
	} {
		t.Run(tt.name, func(t *testing.T) {
			text := strings.Replace(good, tt.from, tt.to, 1)
			if _, err := posts.ReadIdentities(strings.NewReader(text)); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error = %v, want %q", err, tt.want)
			}
		})
	}
	// Keys in another order, and spaces between, are JSON all the same.
	other := strings.Replace(good, `{"id":"urn:x:1","path":"a.md"}`, `{ "path": "a.md", "id": "urn:x:1" }`, 1)
	if got, err := posts.ReadIdentities(strings.NewReader(other)); err != nil || got[0].ID != "urn:x:1" {
		t.Errorf("ReadIdentities = %v, %v", got, err)
	}
}

func FuzzReadIdentities(f *testing.F) {
	f.Add(snapshot(f, []posts.Identity{{ID: "urn:x:1", Path: "a\"\\.md", Gone: true, Body: [16]byte{7}}, {ID: "urn:x:2", Path: "茶.md", SourceURL: "http://e.cn/"}}))
	f.Fuzz(func(t *testing.T, text string) {
		records, err := posts.ReadIdentities(strings.NewReader(text))
		if err != nil {
			return
		}
		again, err := posts.ReadIdentities(strings.NewReader(snapshot(t, records)))
		if err != nil || len(again) != len(records) {
			t.Fatalf("written and read again: %d of %d, %v", len(again), len(records), err)
		}
	})
}

// TestKeeperSeeds begins a store with what another one knew.
func TestKeeperSeeds(t *testing.T) {
	seeds := []posts.Identity{
		{ID: "tag:old.example.com,2020:a", Path: scanned("a").Path, Body: scanned("a").Body},
		{ID: "tag:old.example.com,2020:b", Path: "_posts/2024-03-12-was-b.md", Body: scanned("b").Body},
		{ID: "tag:old.example.com,2020:gone", Path: "_posts/2024-03-12-gone.md", Gone: true},
		{ID: "http://old.example.com/feed.xml", Path: posts.FeedPath(posts.Everything)},
	}
	asked := 0
	var refuse error
	seeded := func() (*posts.Keeper, *memory) {
		_, m := newKeeper(t)
		return posts.NewKeeper(posts.KeeperOptions{Store: store{m}, Site: newsSite, Seed: func() ([]posts.Identity, error) { asked++; return seeds, refuse }}), m
	}
	k, m := seeded()
	s := &posts.Scan{Posts: names("a", "b", "c")}
	recognise(t, k, nil, s)
	if m.writes != 0 {
		t.Error("stored without the watch")
	}
	r, feeds := recognise(t, k, &posts.Watch{}, s)
	wantIDs(t, r, map[string]posts.ID{"a": seeds[0].ID, "b": seeds[1].ID, "c": address + "c"})
	if feeds[posts.Everything] != seeds[3].ID || m.writes != 1 || len(m.records) != 5 || !m.records[seeds[2].ID].Gone {
		t.Errorf("feeds %v, %d writes, records %v", feeds, m.writes, m.records)
	}
	// Mailed or not, the past is never mailed again. What is new is due.
	want := map[posts.ID]posts.Standing{seeds[0].ID: posts.Backlog, seeds[1].ID: posts.Backlog, address + "c": posts.Due}
	if diff := cmp.Diff(want, r.Standing); diff != "" {
		t.Errorf("standing (-want +got):\n%s", diff)
	}
	if m.records[seeds[3].ID].Standing != "" {
		t.Error("a feed has a standing")
	}
	asked = 0
	if err := k.Load(t.Context()); err != nil || asked > 0 {
		t.Errorf("a store that has identities: %v, and seeds asked for %d times", err, asked)
	}

	k, m = seeded()
	refuse = errors.New("no such file")
	for range 2 {
		if _, _, err := k.Recognise(t.Context(), &posts.Watch{}, s); !errors.Is(err, refuse) || m.writes > 0 {
			t.Errorf("Recognise = %v, want the error of the seeds and nothing written", err)
		}
	}
	refuse = nil
	if _, _, err := k.Recognise(t.Context(), &posts.Watch{}, &posts.Scan{Posts: names("a")}); err != nil || m.writes != 1 {
		t.Errorf("Recognise = %v after %d writes", err, m.writes)
	}
}

func BenchmarkSnapshot(b *testing.B) {
	records := make([]posts.Identity, 100_000)
	for i := range records {
		name := fmt.Sprintf("第%06d号新闻：恩施州清江沿岸春茶开采订单排到下个月", i)
		records[i] = posts.Identity{
			ID:        posts.ID("http://news.example.com/yaowen/2024/03/12/" + strings.ToUpper(fmt.Sprintf("%X", name))),
			Path:      "_posts/2024/2024-03-12-" + name + ".md",
			SourceURL: fmt.Sprintf("http://paper.example.cn/html/2024-03/12/content_%d.htm?infoCode=%d", i, i),
			Body:      posts.Fingerprint([]byte(name)), Standing: posts.Backlog,
		}
	}
	text := snapshot(b, records)
	b.Run("write", func(b *testing.B) {
		b.SetBytes(int64(len(text)))
		b.ReportAllocs()
		for b.Loop() {
			if err := posts.WriteIdentities(discard{}, records); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("read", func(b *testing.B) {
		b.SetBytes(int64(len(text)))
		b.ReportAllocs()
		for b.Loop() {
			if _, err := posts.ReadIdentities(strings.NewReader(text)); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// discard takes bytes without a shortcut for strings.
type discard struct{}

func (discard) Write(p []byte) (int, error) { return len(p), nil }
