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
		{"brackets in a source's address", func(p *posts.Post) { p.SourceURL = "http://a.example/?a[]=1#[b]" }, `<source url="http://a.example/?a%5B%5D=1#%5Bb%5D">`, feeds.RSS},
		{"a source without a name", func(p *posts.Post) { p.SourceURL = "http://[::1]/" }, "</pubDate>\n      <title>第1篇：清江两岸</title>\n      <description>摘要 p1</description>\n      <content", feeds.RSS},
		{"an end tag in a title", func(p *posts.Post) { p.Title = "</b>与</x1>" }, "<title>&#x3C;/b &#x3E;与&#x3C;/x1 &#x3E;</title>", feeds.Atom},
		{"UTF-8 read as Latin-1 in a title", func(p *posts.Post) { p.Title = "cafÃ© & thÃ©" }, "<title>café &#x26; thé</title>", feeds.RSS},
		{"what looks like it in another text", func(p *posts.Post) { p.Title = "SÃO «é» 茶" }, "<title>SÃO «é» 茶</title>", feeds.RSS},
		{"a note in Latin-1", func(p *posts.Post) { p.Correction = "cafÃ©" }, "<p><strong>更正：caf&#xC3;©</strong>", feeds.Atom},
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
		{"a URN with a path", func(p *posts.Post) { p.ID = "urn:isbn:a/b" }, "<id>urn:uuid:", feeds.Atom},
		{"an address with a port that goes without saying", func(p *posts.Post) { p.ID = "https://news.example:443/" }, "<id>urn:uuid:", feeds.Atom},
		{"an address with an empty user", func(p *posts.Post) { p.ID = "https://@news.example/" }, "<id>urn:uuid:", feeds.Atom},
		{"an address without a path", func(p *posts.Post) { p.ID = "https://news.example" }, "<id>urn:uuid:", feeds.Atom},
		{"an address not in NFC", func(p *posts.Post) { p.ID = "https://news.example/e%CC%81" }, "<id>urn:uuid:", feeds.Atom},
		{"an address in GBK", func(p *posts.Post) { p.ID = "https://news.example/%B6%F7" }, "<id>urn:uuid:", feeds.Atom},
		{"an address that goes up", func(p *posts.Post) { p.ID = "https://news.example/a/../b" }, "<id>urn:uuid:", feeds.Atom},
		{"an address with a query", func(p *posts.Post) { p.ID = "https://w@news.example:8080/~w/?p=1&q=%2F#a" }, "<id>https://w@news.example:8080/~w/?p=1&amp;q=%2F#a</id>", feeds.Atom},
		{"a short number", func(p *posts.Post) { p.ID = "２０26" }, `<guid isPermaLink="false">urn:uuid:`, feeds.RSS},
		{"a date before the Web, in RSS", func(p *posts.Post) { p.Date = time.Date(1958, 3, 1, 8, 0, 0, 0, zone) }, "</guid>\n      <title>", feeds.RSS},
		{"a date before the Web, in Atom", func(p *posts.Post) { p.Date = time.Date(1958, 3, 1, 8, 0, 0, 0, zone) }, "<updated>1990-01-02T00:00:00.", feeds.Atom},
		{"a date before the Web, in JSON", func(p *posts.Post) { p.Date = time.Date(1958, 3, 1, 8, 0, 0, 0, zone) }, `"date_published":"1958-03-01T08:00:00+08:00"`, feeds.JSON},
		{"the year 0", func(p *posts.Post) { p.Date = time.Date(1, 1, 1, 0, 0, 0, 0, zone) }, "<updated>1990-01-02T00:00:00.", feeds.Atom},
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
