package feeds_test

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/enshi-daily/enshi/feeds"
	"github.com/enshi-daily/enshi/posts"
)

// archive makes n posts over ten categories and two hundred tags, with bodies
// of about 6 kB that compress as prose does.
func archive(n int) (*posts.Catalogue, func(*posts.Post) (posts.Content, error)) {
	list := make([]*posts.Post, n)
	for i := range list {
		list[i] = newPost(i/4, fmt.Sprintf("category:版块%d", i%10), fmt.Sprintf("tag:标签%d", i*7%97), fmt.Sprintf("tag:标签%d", i*13%200))
		list[i].ID += posts.ID(fmt.Sprintf("-%d", i))
		list[i].Slug = fmt.Sprintf("p%d", i)
	}
	return newCatalogue(list...), prose
}

// prose gives a post a body of its own that is the same at every call.
func prose(p *posts.Post) (posts.Content, error) {
	const runes = 2000
	var b strings.Builder
	b.Grow(runes*3 + 1024)
	state := uint32(2166136261)
	for _, c := range []byte(p.ID) {
		state = (state ^ uint32(c)) * 16777619
	}
	b.WriteString("<p>")
	for i := range runes {
		state = state*1664525 + 1013904223
		// Common characters are common: the square of a uniform number.
		x := state >> 16
		b.WriteRune(rune(0x4e00 + x*x>>22))
		if i%80 == 79 {
			b.WriteString("。</p>\n<p>")
		}
	}
	b.WriteString("</p>\n")
	return posts.Content{HTML: b.String(), Summary: "摘要：" + p.Title, Image: "https://news.example/a.jpg"}, nil
}

func BenchmarkDocuments(b *testing.B) {
	for _, n := range []int{1000, 100_000} {
		b.Run(fmt.Sprintf("posts=%d", n), func(b *testing.B) {
			c, body := archive(n)
			builder := newBuilder(b, func(o *feeds.Options) { o.Content = body })
			b.ReportAllocs()
			var documents, size, entries int
			start := time.Now()
			for b.Loop() {
				documents, size, entries = 0, 0, 0
				for doc, err := range builder.Documents(context.Background(), c) {
					if err != nil {
						b.Fatal(err)
					}
					documents++
					size += len(doc.Body)
					entries += doc.Entries
				}
			}
			b.ReportMetric(float64(documents), "documents")
			b.ReportMetric(float64(size)/1e6, "MB")
			b.ReportMetric(float64(time.Since(start).Milliseconds())/float64(b.N), "ms/run")
		})
	}
}

// BenchmarkFragmentsAreShared puts the same posts into more and more feeds: each
// is rendered and marshalled once, and another feed that carries it allocates
// nothing for it.
func BenchmarkFragmentsAreShared(b *testing.B) {
	const n = 50 // as many as a feed holds
	for _, tags := range []int{1, 10, 100} {
		b.Run(fmt.Sprintf("feeds=%d", 1+tags), func(b *testing.B) {
			list := make([]*posts.Post, n)
			for i := range list {
				list[i] = newPost(i)
				for t := range tags {
					list[i].Tags = append(list[i].Tags, fmt.Sprintf("标签%d", t))
				}
			}
			c := newCatalogue(list...)
			var rendered, entries, runs atomic.Int64
			builder := newBuilder(b, func(o *feeds.Options) {
				o.Content = func(p *posts.Post) (posts.Content, error) {
					rendered.Add(1)
					return prose(p)
				}
			})
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			for b.Loop() {
				runs.Add(1)
				for doc, err := range builder.Documents(context.Background(), c) {
					if err != nil {
						b.Fatal(err)
					}
					entries.Add(int64(doc.Entries))
				}
			}
			runtime.ReadMemStats(&after)
			posts := float64(runs.Load() * n)
			b.ReportMetric(float64(rendered.Load())/posts, "renderings/post")
			b.ReportMetric(float64(entries.Load())/posts, "entries/post")
			b.ReportMetric(float64(after.Mallocs-before.Mallocs)/posts, "allocs/post")
			b.ReportMetric(float64(after.Mallocs-before.Mallocs)/float64(entries.Load()), "allocs/entry")
		})
	}
}
