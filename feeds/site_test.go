package feeds_test

import (
	"bytes"
	"context"
	"html"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/mmcdole/gofeed"

	"github.com/enshi-daily/enshi/feeds"
	"github.com/enshi-daily/enshi/posts"
)

// TestExampleSiteReadsAsItIsWritten reads every document of the example site with
// another program's parser and compares each entry with its post, as posts
// reads and renders it. Every document is held to the validator's rules.
func TestExampleSiteReadsAsItIsWritten(t *testing.T) {
	root := os.DirFS("../example")
	site, _, err := posts.ReadConfig(root)
	if err != nil {
		t.Fatal(err)
	}
	reader := posts.NewReader(posts.Options{FS: root, Site: site, House: posts.DefaultHouse()})
	scan, err := reader.Scan(context.Background(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(scan.Posts) == 0 {
		t.Fatal("the example site has no posts")
	}
	for _, p := range scan.Posts {
		p.ID = posts.ID(p.JekyllID)
	}
	bodies := posts.NewBodies(posts.BodiesOptions{FS: root, Site: site, House: posts.DefaultHouse()})
	b := newBuilder(t, func(o *feeds.Options) {
		o.Title, o.Description, o.Author, o.Language = site.Title, site.Description, site.Author, site.Lang
		o.SiteURL = site.URL + site.BaseURL
		o.Content = bodies.Content
		o.Report = func(d posts.Diagnostic) {
			if d.Severity == posts.Error {
				t.Error(d)
			}
		}
	})
	c := posts.NewCatalogue(site, scan.Posts)
	docs := build(t, b, c)
	checkDocuments(t, docs)
	for path, doc := range docs {
		if doc.Format == "" {
			continue
		}
		parsed, err := gofeed.NewParser().Parse(bytes.NewReader(doc.Body))
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		var want, got []said
		for _, p := range c.Posts(doc.Topic) {
			content, err := bodies.Content(p)
			if err != nil {
				t.Fatal(err)
			}
			want = append(want, saidBy(site, p, content, doc.Format))
		}
		for _, item := range parsed.Items {
			got = append(got, saidIn(item))
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-post +document):\n%s", path, diff)
		}
	}
}

// said is what an entry says that every reader shows.
type said struct {
	ID, Title, Link, Published string
	Authors, Names             string
	Summary, Content, Image    string
}

// saidBy is what a document of a format has to say of a post.
func saidBy(site posts.Site, p *posts.Post, content posts.Content, f feeds.Format) said {
	s := said{
		ID: string(p.ID), Title: p.Title, Link: site.Absolute(p.URL), Published: p.Date.UTC().Format(time.DateTime),
		Authors: strings.Join(p.Authors, "、"), Summary: content.Summary, Content: content.HTML, Image: content.Image,
	}
	var names []string
	for _, name := range slices.Concat(p.Categories, p.Tags) {
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	s.Names = strings.Join(names, "、")
	if p.Correction != "" {
		note := "更正：" + p.Correction
		s.Summary = note + " " + s.Summary
		s.Content = "<p><strong>" + html.EscapeString(note) + "</strong></p>\n" + s.Content
	}
	if p.Withdrawn {
		s = said{ID: s.ID, Title: "已撤回", Link: s.Link, Published: s.Published, Names: s.Names, Summary: "已撤回", Content: "<p>已撤回</p>"}
	}
	if f == feeds.RSS { // gofeed takes one dc:creator, and a description is HTML
		s.Authors, _, _ = strings.Cut(s.Authors, "、")
		s.Summary = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(s.Summary)
	}
	return s
}

func saidIn(item *gofeed.Item) said {
	s := said{ID: item.GUID, Title: item.Title, Link: item.Link, Published: item.PublishedParsed.UTC().Format(time.DateTime),
		Names: strings.Join(item.Categories, "、"), Summary: item.Description, Content: item.Content}
	var authors []string
	for _, a := range item.Authors {
		authors = append(authors, a.Name)
	}
	s.Authors = strings.Join(authors, "、")
	if item.Image != nil {
		s.Image = item.Image.URL
	}
	for _, thumbnail := range item.Extensions["media"]["thumbnail"] {
		s.Image = thumbnail.Attrs["url"]
	}
	return s
}
