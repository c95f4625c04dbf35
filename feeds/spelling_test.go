package feeds_test

import (
	"strings"
	"testing"
	"time"

	"github.com/enshi-daily/enshi/feeds"
	"github.com/enshi-daily/enshi/posts"
)

// TestValidatorsSpelling holds values to the spelling that the W3C validator
// takes; checkDocuments looks for what it would say.
func TestValidatorsSpelling(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(*posts.Post)
		want   string // in the document
		format feeds.Format
	}{
		{"brackets in a source's address", func(p *posts.Post) { p.SourceURL = "http://[::1]/?a[]=1#[b]" }, `<source url="http://[::1]/?a%5B%5D=1#%5Bb%5D">`, feeds.RSS},
		{"brackets in a post's address", func(p *posts.Post) { p.URL = "/2026/[一].html" }, "/2026/%5B%E4%B8%80%5D.html", feeds.Atom},
		{"a user in an address", func(p *posts.Post) { p.SourceURL = "http://w:x@paper.example/" }, `href="http://w:x@paper.example/"`, feeds.Atom},
		{"a source that looks like HTML", func(p *posts.Post) { p.SourceURL, p.SourceName = "http://paper.example/", "A&lt;B</b>" }, `<link rel="via" href="http://paper.example/"></link>`, feeds.Atom},
		{"a zone of odd minutes", func(p *posts.Post) {
			p.Date = time.Date(2026, 1, 5, 7, 30, 0, 0, time.FixedZone("", 5*3600+45*60))
		}, "<pubDate>Mon, 05 Jan 2026 01:45:00 +0000<", feeds.RSS},
		{"a zone of half hours", func(p *posts.Post) {
			p.Date = time.Date(2026, 1, 5, 7, 30, 0, 0, time.FixedZone("", -3*3600-1800))
		}, "<pubDate>Mon, 05 Jan 2026 07:30:00 -0330<", feeds.RSS},
		{"a tag: URI", func(p *posts.Post) { p.ID = "tag:news.example,2026-01:/%E4%B8%80;2" }, "<id>tag:news.example,2026-01:/%E4%B8%80;2<", feeds.Atom},
		{"a URN", func(p *posts.Post) { p.ID = "urn:isbn:9787101003048" }, "<id>urn:isbn:9787101003048<", feeds.Atom},
		{"another scheme", func(p *posts.Post) { p.ID = "enshi:12345678" }, "<id>urn:uuid:", feeds.Atom},
		{"a tag: URI in Chinese", func(p *posts.Post) { p.ID = "tag:news.example,2026:茶" }, "<id>urn:uuid:", feeds.Atom},
		{"a UUID that is none", func(p *posts.Post) { p.ID = "urn:uuid:1234" }, "<id>urn:uuid:", feeds.Atom},
		{"an address in Chinese", func(p *posts.Post) { p.ID = "https://news.example/茶" }, "<id>urn:uuid:", feeds.Atom},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := newPost(1)
			tt.change(p)
			p.Updated = p.Date
			docs := build(t, newBuilder(t, nil), newCatalogue(p))
			checkDocuments(t, docs)
			if body := string(docs[natural().Path(posts.Everything, tt.format)].Body); !strings.Contains(body, tt.want) {
				t.Errorf("lacks %q:\n%s", tt.want, body)
			}
		})
	}
}
