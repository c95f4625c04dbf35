package web_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/enshi-daily/enshi/posts"
	"github.com/enshi-daily/enshi/templates"
	"github.com/enshi-daily/enshi/web"
)

// BenchmarkStatic makes the pages of 200 topics with 50 posts each, and finds
// them unchanged.
func BenchmarkStatic(b *testing.B) {
	var list []*posts.Post
	for i := range 10000 {
		date := time.Date(2026, 1, 5, 7, 30, i, 0, zone())
		list = append(list, &posts.Post{
			ID: posts.ID(fmt.Sprintf("https://news.example/p%d", i)), Path: fmt.Sprintf("_posts/p%d.md", i), Title: fmt.Sprintf("第%d篇：清江两岸", i),
			URL: fmt.Sprintf("/2026/p%d.html", i), Date: date, Updated: date, Tags: []string{fmt.Sprintf("标签%d", i%200)}, SourceName: "山城日报",
			Summary: "摘要摘要摘要摘要摘要摘要摘要摘要摘要摘要摘要摘要摘要摘要摘要摘要摘要摘要摘要摘要摘要摘要摘要摘要摘要摘要摘要摘要。",
		})
	}
	c := newCatalogue(list)
	set, err := templates.New(nil)
	if err != nil {
		b.Fatal(err)
	}
	for name, have := range map[string]bool{"made": false, "unchanged": true} {
		s, err := web.NewStatic(web.StaticOptions{
			Look: web.Look{Templates: set, Files: templates.WebFiles(nil), Title: "山城日报", SiteURL: "https://news.example"},
			Zone: zone(), Public: public, Have: func(string, string) bool { return have },
		})
		if err != nil {
			b.Fatal(err)
		}
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				for _, err := range s.Documents(b.Context(), c) {
					if err != nil {
						b.Fatal(err)
					}
				}
			}
		})
	}
}
