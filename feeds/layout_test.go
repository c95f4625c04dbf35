package feeds_test

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/enshi-daily/enshi/feeds"
	"github.com/enshi-daily/enshi/posts"
)

// savedLayout saves the layout of some posts and returns the directory.
func savedLayout(tb testing.TB, p *feeds.Publisher, dir string, list []*posts.Post) string {
	tb.Helper()
	if err := p.SaveLayout(follow(tb, nil, newCatalogue(list...))); err != nil {
		tb.Fatal(err)
	}
	return filepath.Join(dir, ".enshi", "archives")
}

func TestLayoutThatWasSavedIsRead(t *testing.T) {
	dir := t.TempDir()
	p := newPublisher(t, dir)
	if l, err := p.ReadLayout(); l != nil || err != nil {
		t.Fatalf("ReadLayout before the first save = %v, %v", l, err)
	}
	list := append(newMonth(1, 250, time.January, "tag:茶"), newMonth(300, 3, time.March, "category:要闻")...)
	first := tree(t, savedLayout(t, p, dir, list))
	l, err := p.ReadLayout()
	if err != nil {
		t.Fatal(err)
	}
	if _, changed := l.Follow(newCatalogue(slices.Clone(list)...)); changed {
		t.Error("Follow of the same posts changed the layout that was read")
	}
	other := t.TempDir()
	if err := newPublisher(t, other).SaveLayout(l); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(first, tree(t, filepath.Join(other, ".enshi", "archives"))); diff != "" || len(first) != 2 {
		t.Errorf("%d files; the layout that was read is saved as (-want +got):\n%s", len(first), diff)
	}
	if info, err := os.ReadDir(filepath.Join(dir, ".enshi")); err != nil || len(info) != 1 {
		t.Errorf("saving left %v, %v", info, err)
	}
}

func TestOnlyMonthsThatGrewAreSaved(t *testing.T) {
	dir := t.TempDir()
	p := newPublisher(t, dir)
	list := append(newMonth(1, 5, time.January, "tag:茶"), newMonth(300, 3, time.March, "category:要闻")...)
	state := savedLayout(t, p, dir, slices.Clone(list))
	for _, name := range []string{"2026-01", "2026-03"} {
		if err := os.Remove(filepath.Join(state, name)); err != nil {
			t.Fatal(err) // whatever is there now was saved again
		}
	}
	l := follow(t, nil, newCatalogue(append(slices.Clone(list), dated(9, list[0].Date.Add(time.Minute)))...))
	if err := p.SaveLayout(l); err != nil {
		t.Fatal(err)
	}
	if files := tree(t, state); len(files) != 1 || files["2026-01"] == "" {
		t.Errorf("%d months saved, want January alone", len(files))
	}
}

func TestDamagedLayoutIsRefused(t *testing.T) {
	dir := t.TempDir()
	p := newPublisher(t, dir)
	file := filepath.Join(savedLayout(t, p, dir, newMonth(1, 120, time.January, "tag:茶")), "2026-01")
	whole, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	elsewhere := t.TempDir()
	february, err := os.ReadFile(filepath.Join(savedLayout(t, newPublisher(t, elsewhere), elsewhere, newMonth(1, 120, time.February)), "2026-02"))
	if err != nil {
		t.Fatal(err)
	}
	flipped := bytes.Clone(whole)
	flipped[len(flipped)/2] ^= 1
	for name, tt := range map[string]struct {
		data []byte
		want string
	}{
		"empty":       {nil, "another release"},
		"cut short":   {whole[:len(whole)-1], "damaged"},
		"head alone":  {whole[:30], "damaged"},
		"other month": {february, "damaged"},
		"longer":      {append(bytes.Clone(whole), 0), "damaged"},
		"one bit":     {flipped, "damaged"},
		"version":     {bytes.Replace(whole, []byte("archives 1"), []byte("archives 2"), 1), "another release"},
	} {
		t.Run(name, func(t *testing.T) {
			if err := os.WriteFile(file, tt.data, 0o666); err != nil {
				t.Fatal(err)
			}
			l, err := p.ReadLayout()
			if l != nil || err == nil {
				t.Fatalf("ReadLayout = %v, %v, want an error", l, err)
			}
			for _, want := range []string{file, tt.want, "remove the file"} {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error %q does not say %q", err, want)
				}
			}
		})
	}
}

// TestLateMonthsAndReturningPosts: what Follow does at the edges of months.
func TestLateMonthsAndReturningPosts(t *testing.T) {
	march := newMonth(300, 2, time.March)
	l := follow(t, nil, newCatalogue(slices.Clone(march)...))
	// A whole month comes late, before the one that is there.
	january := newMonth(1, 101, time.January)
	all := append(append([]*posts.Post{}, march...), january...)
	l = follow(t, l, newCatalogue(all...))
	// One is deleted and returns: to its own place, although a later one came.
	without := append(append([]*posts.Post{}, march...), january[1:]...)
	late := dated(500, time.Date(2026, 1, 1, 0, 30, 0, 0, zone))
	without = append(without, late)
	l = follow(t, l, newCatalogue(slices.Clone(without)...))
	c := newCatalogue(append(without, january[0])...)
	docs := archives(t, follow(t, l, c), c, nil)
	for path, want := range map[string]int{"archive/2026-01-1.xml": 100, "archive/2026-01-2.xml": 2, "archive/2026-03-1.xml": 2} {
		if got := docs[path].Entries; got != want {
			t.Errorf("%s has %d entries, want %d", path, got, want)
		}
	}
	if got := ids(t, docs["archive/2026-01-2.xml"]); got[1] != late.ID {
		t.Errorf("the late post is not in the last part: %v", got)
	}
}

func TestPostThatChangesItsDateMovesToAnotherMonth(t *testing.T) {
	list := newMonth(1, 3, time.January)
	l := follow(t, nil, newCatalogue(slices.Clone(list)...))
	moved := dated(2, time.Date(2026, 2, 1, 0, 0, 0, 0, zone))
	c := newCatalogue(list[0], moved, list[2])
	docs := archives(t, follow(t, l, c), c, nil)
	if docs["archive/2026-01-1.xml"].Entries != 2 || docs["archive/2026-02-1.xml"].Entries != 1 {
		t.Errorf("2 and 1 entries expected, got %v", docs)
	}
	checkDocuments(t, docs)
}

func TestMonthsAreThoseOfTheSite(t *testing.T) {
	c := newCatalogue(dated(1, time.Date(2026, 1, 31, 23, 59, 59, 0, zone)), dated(2, time.Date(2026, 2, 1, 0, 0, 0, 0, zone)))
	docs := archives(t, follow(t, nil, c), c, nil)
	for _, path := range []string{"archive/2026-01-1.xml", "archive/2026-02-1.xml"} {
		if docs[path].Entries != 1 {
			t.Errorf("%s has %d entries, want 1", path, docs[path].Entries)
		}
	}
}

func TestEmptiedArchiveStays(t *testing.T) {
	list := append(newMonth(1, 2, time.January, "tag:茶"), newMonth(5, 1, time.March)...)
	l := follow(t, nil, newCatalogue(slices.Clone(list)...))
	c := newCatalogue(list[2])
	docs := archives(t, follow(t, l, c), c, nil)
	for _, path := range []string{"archive/2026-01-1.xml", "tag/茶/archive/2026-01-1.rss.xml"} {
		if doc, ok := docs[path]; !ok || doc.Entries != 0 {
			t.Errorf("%s: %d entries, there %t, want an empty one", path, doc.Entries, ok)
		}
	}
	checkDocuments(t, docs)
}

// FuzzLayoutFile reads whatever has the right hash at its end.
func FuzzLayoutFile(f *testing.F) {
	dir := f.TempDir()
	p := newPublisher(f, dir)
	file := filepath.Join(savedLayout(f, p, dir, newMonth(1, 3, time.January, "tag:茶")), "2026-01")
	whole, err := os.ReadFile(file)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(whole[:len(whole)-16])
	f.Add([]byte("enshi archives 1\n2026-01\x01*\x02\x64\xff\xff\x03"))
	f.Fuzz(func(t *testing.T, body []byte) {
		sum := sha256.Sum256(body)
		if err := os.WriteFile(file, append(bytes.Clone(body), sum[:16]...), 0o666); err != nil {
			t.Fatal(err)
		}
		l, err := p.ReadLayout()
		if err != nil {
			return
		}
		c := newCatalogue(newMonth(1, 3, time.January, "tag:茶")...)
		if docs := archives(t, follow(t, l, c), c, nil); len(docs) == 0 {
			t.Error("no archives of three posts")
		}
	})
}

// manyPosts are n posts over several years, four topics each.
func manyPosts(n int) []*posts.Post {
	list := make([]*posts.Post, n)
	for i := range list {
		date := time.Date(2015, 1, 1, 0, 0, 0, 0, zone).Add(time.Duration(i) * 50 * time.Minute)
		list[i] = dated(i, date, fmt.Sprintf("category:版面%d", i%12), fmt.Sprintf("tag:人物%d", i%997), fmt.Sprintf("tag:地方%d", i%83), "tag:恩施日报新闻")
	}
	return list
}

// BenchmarkLayout: what it costs to lay 100,000 posts out, to read that again,
// and to follow and save a new post.
func BenchmarkLayout(b *testing.B) {
	c := newCatalogue(manyPosts(100_000)...)
	b.Run("fresh", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			(*feeds.Layout)(nil).Follow(c)
		}
	})
	p := newPublisher(b, b.TempDir())
	laid, _ := (*feeds.Layout)(nil).Follow(c)
	if err := p.SaveLayout(laid); err != nil {
		b.Fatal(err)
	}
	b.Run("read", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			read, err := p.ReadLayout()
			if err != nil {
				b.Fatal(err)
			}
			if _, changed := read.Follow(c); changed {
				b.Fatal("what was read is not what was saved")
			}
		}
	})
	b.Run("one more", func(b *testing.B) {
		b.ReportAllocs()
		newest := c.Posts(posts.Everything)[0].Date
		for i := 0; b.Loop(); i++ {
			b.StopTimer()
			c = c.With(posts.Delta{Added: []*posts.Post{dated(200_000+i, newest.Add(time.Duration(i)*time.Minute), "category:版面1", "tag:人物1", "tag:地方1", "tag:恩施日报新闻")}})
			b.StartTimer()
			laid, _ = laid.Follow(c)
			if err := p.SaveLayout(laid); err != nil {
				b.Fatal(err)
			}
		}
	})
}
