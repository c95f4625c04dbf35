package feeds_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/mmcdole/gofeed"

	"github.com/enshi-daily/enshi/feeds"
	"github.com/enshi-daily/enshi/posts"
)

// randomSite makes posts with any topics, dates that meet, corrections,
// withdrawals old and new, and texts of all lengths.
func randomSite(r *rand.Rand, topics []string) (list []*posts.Post, body func(*posts.Post) (posts.Content, error)) {
	sizes := map[*posts.Post]int{}
	for n := range r.IntN(150) {
		var chosen []string
		for _, topic := range topics {
			if r.IntN(4) == 0 {
				chosen = append(chosen, topic)
			}
		}
		p := newPost(n, chosen...)
		p.Date = time.Date(2026, 1, 1+r.IntN(90), r.IntN(3), 0, 0, 0, zone)
		p.Updated = p.Date
		switch r.IntN(6) {
		case 0:
			p.Withdrawn, p.Updated = true, p.Date.AddDate(0, 0, r.IntN(40))
		case 1:
			p.Correction, p.Updated = fmt.Sprint("改", n), p.Date.Add(time.Duration(r.IntN(1e6))*time.Second)
		}
		sizes[p] = r.IntN(1 << r.IntN(13))
		list = append(list, p)
	}
	r.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
	return list, func(p *posts.Post) (posts.Content, error) {
		return posts.Content{HTML: "<p>正文 " + p.Slug + strings.Repeat("长", sizes[p]) + "</p>", Summary: "摘要 " + p.Slug}, nil
	}
}

// filter is what a live feed is to hold, in the plainest words: the topic's
// posts, newest first, without those withdrawn thirty days before the newest
// post of all.
func filter(list []*posts.Post, topic posts.Topic, limit int) []*posts.Post {
	newest := time.Time{}
	for _, p := range list {
		if p.Date.After(newest) {
			newest = p.Date
		}
	}
	var chosen []*posts.Post
	for _, p := range list {
		old := p.Withdrawn && newest.Sub(p.Updated) > 30*24*time.Hour
		if !old && (topic == posts.Everything || slices.Contains(p.Topics(), topic)) {
			chosen = append(chosen, p)
		}
	}
	slices.SortFunc(chosen, func(a, b *posts.Post) int {
		if c := b.Date.Compare(a.Date); c != 0 {
			return c
		}
		return strings.Compare(b.Path, a.Path)
	})
	return chosen[:min(len(chosen), limit)]
}

// TestDocumentsAreWhatAFilterGives compares every document with the filter, and
// each of its entries with its post.
func TestDocumentsAreWhatAFilterGives(t *testing.T) {
	topics := []string{"category:恩施", "category:利川", "tag:头条", "tag:AI", "tag:ai", "tag:恩施", "tag:a/b"}
	for seed := range uint64(12) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			r := rand.New(rand.NewPCG(seed, 7))
			list, body := randomSite(r, topics)
			c := newCatalogue(slices.Clone(list)...)
			limit, most := 1+r.IntN(80), 60_000+r.IntN(300_000)
			with := func(limit, most int) map[string]feeds.Document {
				return build(t, newBuilder(t, func(o *feeds.Options) { o.Limit, o.MaxBytes, o.Content = limit, most, body }), c)
			}
			docs, boundless := with(limit, most), with(limit, 1<<30)
			checkDocuments(t, docs)
			want := map[string]bool{feeds.OPMLPath: true}
			for _, name := range append(topics, "*") {
				topic, _ := posts.ParseTopic(name)
				chosen := filter(list, topic, limit)
				if _, known := docs[natural().Path(topic, feeds.Atom)]; !known && len(chosen) == 0 {
					continue
				}
				for _, f := range feeds.Formats {
					path := natural().Path(topic, f)
					want[path] = true
					if checkEntries(t, boundless[path], chosen); docs[path].Entries < len(chosen) {
						checkCut(t, docs[path], len(boundless[path].Body), most)
					}
					checkEntries(t, docs[path], chosen[:min(len(chosen), docs[path].Entries)])
				}
			}
			for path := range docs {
				if !want[path] {
					t.Errorf("%s is of no topic", path)
				}
			}
		})
	}
}

// TestDocumentsNeedNoMoreThanTheNewest: a build forgets the other posts before it
// makes anything.
func TestDocumentsNeedNoMoreThanTheNewest(t *testing.T) {
	for seed := range uint64(12) {
		r := rand.New(rand.NewPCG(seed, 9))
		list, body := randomSite(r, []string{"category:恩施", "tag:头条", "tag:AI"})
		c, limit := newCatalogue(list...), 1+r.IntN(40)
		b := newBuilder(t, func(o *feeds.Options) { o.Limit, o.Content = limit, body })
		few := c.Newest(limit)
		if diff := cmp.Diff(build(t, b, c), build(t, b, few)); diff != "" {
			t.Errorf("seed %d, %d entries a feed (-all +newest):\n%s", seed, limit, diff)
		}
		if all := len(few.Posts(posts.Everything)); all > limit+len(list)/3 || all < min(limit, len(list)) {
			t.Errorf("seed %d: %d of %d posts are kept for %d entries", seed, all, len(list), limit)
		}
	}
}

// checkCut: a document is cut short only because one more entry would not fit.
func checkCut(t *testing.T, doc feeds.Document, whole, most int) {
	t.Helper()
	const largest = 3*1<<12 + 2000 // an entry's
	if whole <= most-200 || len(doc.Body) > most || len(doc.Body) < most-largest-200 {
		t.Errorf("%s: cut to %d entries and %d bytes; all are %d, %d may be", doc.Path, doc.Entries, len(doc.Body), whole, most)
	}
}

func checkEntries(t *testing.T, doc feeds.Document, want []*posts.Post) {
	t.Helper()
	parsed, err := gofeed.NewParser().Parse(bytes.NewReader(doc.Body))
	if err != nil {
		t.Fatalf("%s: %v", doc.Path, err)
	}
	var got, expected []string
	updated := time.Time{}
	for _, item := range parsed.Items {
		got = append(got, fmt.Sprint(item.GUID, " ", item.Title, " ", item.PublishedParsed.Unix(), " ", item.Link, " ", item.Categories, " ", strings.Contains(item.Content, "正文")))
	}
	for _, p := range want {
		title := p.Title
		if p.Withdrawn {
			title = "已撤回"
		}
		names := append([]string{}, p.Categories...)
		for _, tag := range p.Tags {
			if !slices.Contains(names, tag) {
				names = append(names, tag)
			}
		}
		expected = append(expected, fmt.Sprint(p.ID, " ", title, " ", p.Date.Unix(), " ", siteURL+p.URL, " ", names, " ", !p.Withdrawn))
		if p.Updated.After(updated) {
			updated = p.Updated
		}
	}
	if diff := cmp.Diff(expected, got); diff != "" {
		t.Errorf("%s differs from the filter (-want +got):\n%s", doc.Path, diff)
	}
	if len(want) > 0 && !doc.Updated.Truncate(time.Second).Equal(updated) {
		t.Errorf("%s: Updated = %v, want %v", doc.Path, doc.Updated, updated)
	}
}
