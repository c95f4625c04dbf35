package feeds_test

import (
	"bytes"
	"context"
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/enshi-daily/enshi/feeds"
	"github.com/enshi-daily/enshi/feeds/lint"
	"github.com/enshi-daily/enshi/posts"
)

var zone = time.FixedZone("CST", 8*3600)

// site is the address that fixtures use.
const (
	siteURL   = "https://news.example/ens"
	publicURL = "https://feeds.example"
)

// newPost makes a post whose every field follows from n.
func newPost(n int, topics ...string) *posts.Post {
	date := time.Date(2026, 1, 5, 7, 30, 0, 0, zone).Add(time.Duration(n) * time.Hour)
	p := &posts.Post{
		ID:      posts.ID(fmt.Sprintf("https://news.example/ens/2026/p%d", n)),
		Path:    fmt.Sprintf("_posts/%s-p%d.md", date.Format("2006-01-02"), n),
		Title:   fmt.Sprintf("第%d篇：清江两岸", n),
		URL:     fmt.Sprintf("/%s/p%d.html", date.Format("2006/01/02"), n),
		Slug:    fmt.Sprintf("p%d", n),
		Date:    date,
		Updated: date,
	}
	for _, topic := range topics {
		t, err := posts.ParseTopic(topic)
		switch {
		case err != nil:
			panic(err)
		case t.Kind() == posts.KindCategory:
			p.Categories = append(p.Categories, t.Name())
		case t.Kind() == posts.KindTag:
			p.Tags = append(p.Tags, t.Name())
		}
	}
	return p
}

func content(p *posts.Post) (posts.Content, error) {
	return posts.Content{
		HTML:    "<p>正文 " + p.Slug + "</p>\n",
		Summary: "摘要 " + p.Slug,
	}, nil
}

func newBuilder(tb testing.TB, change func(*feeds.Options)) *feeds.Builder {
	tb.Helper()
	o := feeds.Options{
		Title:     "山城日报",
		Language:  "zh-CN",
		SiteURL:   siteURL,
		PublicURL: publicURL,
		Content:   content,
		Report:    func(d posts.Diagnostic) { tb.Errorf("unexpected diagnostic: %v", d) },
	}
	if change != nil {
		change(&o)
	}
	b, err := feeds.NewBuilder(o)
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

func newCatalogue(list ...*posts.Post) *posts.Catalogue {
	return posts.NewCatalogue(posts.Site{Title: "山城日报", URL: "https://news.example", BaseURL: "/ens", Zone: zone}, list)
}

// build collects a run's documents by path.
func build(tb testing.TB, b *feeds.Builder, c *posts.Catalogue, known ...posts.Topic) map[string]feeds.Document {
	tb.Helper()
	docs := map[string]feeds.Document{}
	for doc, err := range b.Documents(context.Background(), c, known...) {
		if err != nil {
			tb.Fatalf("%s: %v", doc.Path, err)
		}
		if _, twice := docs[doc.Path]; twice {
			tb.Errorf("%s was built twice", doc.Path)
		}
		docs[doc.Path] = doc
		lintDocument(tb, doc)
	}
	return docs
}

var ownAddress = regexp.MustCompile(`rel="self"[^>]*href="([^"]*)"|"feed_url":"([^"]*)"`)

// lintDocument holds a document to the validator's rules. That it names its own
// address, which depends on where it is served, is left to checkDocuments.
func lintDocument(tb testing.TB, doc feeds.Document) {
	tb.Helper()
	if !bytes.HasPrefix(doc.Body, []byte("<?xml")) && !bytes.HasPrefix(doc.Body, []byte(`{"version"`)) {
		return // of a test that needs any bytes
	}
	self := ""
	if match := ownAddress.FindSubmatch(doc.Body); match != nil {
		self = strings.ReplaceAll(string(match[1])+string(match[2]), "&amp;", "&")
	}
	for _, p := range lint.Lint(doc.Body, doc.MediaType, self) {
		if p.Code != "InvalidUriChar" || !strings.Contains(p.Message, `"http://[`) { // RSS cannot name such a host
			tb.Errorf("%s: %v\n%.3000s", doc.Path, p, doc.Body)
		}
	}
}

// selfOf is the address at which a document is served.
func selfOf(doc feeds.Document) string {
	parts := strings.Split(doc.Path, "/")
	for i := range parts {
		parts[i] = strings.ReplaceAll(url.QueryEscape(parts[i]), "+", "%20")
	}
	return publicURL + "/" + strings.Join(parts, "/")
}
