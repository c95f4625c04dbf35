package feeds_test

import (
	"html"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/enshi-daily/enshi/feeds"
	"github.com/enshi-daily/enshi/posts"
)

// FuzzDocuments lets every text of a post be anything at all: the documents
// must still be well-formed and without a single warning.
func FuzzDocuments(f *testing.F) {
	f.Add("标题", "摘要", "恩施", "王林", "/2026/a.html", "http://paper.example/1", int64(0))
	f.Add("</title>]]>&amp;<b>", "&lt; < &", "a/b", "<&>", "//x/%zz%", "http://x y/?恩#%", int64(1))
	f.Add("\x00\x0b\ufffd", "\xff\xfe", "..", "\u0085", "", "javascript:alert(1)", int64(1<<40))
	f.Add(" \u2028 ", "\t\n", " ", "\u200b", "\r\n", "https://[::1/", int64(-1<<40))
	f.Add("cafÃ© </b>", "Â x", "Q&A", "王 <w@a.example>", "/[1]/../x", "urn:isbn:a/b", int64(3))
	f.Add("</x1>", "<?import x>", "</i>", "</b>", "/%41", "http://[::1]/?src=x y", int64(-1e9))
	f.Add("</A0>", "<0>", "</A>", ">", "/000", "http://]", int64(-1e9))
	f.Add("&#x0;", "&nosuch;", "~01234567", "a\r\nb", "/a b\"<>`{}|^\\", "HTTP://例子.测试:80/图", int64(7))
	f.Fuzz(func(t *testing.T, title, summary, name, author, path, address string, seconds int64) {
		p := newPost(1)
		p.Title, p.SourceName, p.Correction = title, author, summary
		name1, name2 := posts.PersonName(author), posts.PersonName(title) // as a scan gives them
		p.Authors = []string{name1, name2, name1}
		p.URL, p.SourceURL = path, address
		p.ID = posts.ID("tag:news.example,2026:" + canonicalPart(address) + "x")
		p.Categories, p.Tags = names(name), names(name, title)
		p.Updated = p.Date.Add(time.Duration(seconds%1e9) * time.Second)
		second := newPost(2)
		second.Categories, second.Date, second.Updated = p.Categories, p.Date, p.Updated
		second.ID = posts.ID(address) // front matter's guid may be anything
		b := newBuilder(t, func(o *feeds.Options) {
			o.Title, o.Description, o.Author = title, summary, author
			o.Titles = map[posts.Topic]string{posts.Everything: author}
			o.Report = func(d posts.Diagnostic) {
				if !strings.Contains(d.Message, "it has no id") {
					t.Error(d)
				}
			}
			o.Content = func(*posts.Post) (posts.Content, error) {
				return posts.Content{HTML: "<p>" + html.EscapeString(summary) + "</p>", Summary: summary, Image: address}, nil
			}
		})
		docs := build(t, b, newCatalogue(p, second))
		for path, doc := range docs {
			if !utf8.Valid(doc.Body) {
				t.Errorf("%s is not UTF-8", path)
			}
		}
		checkDocuments(t, docs)
	})
}

// names are names as a scan gives them: NFC, none blank.
func names(list ...string) []string {
	var clean []string
	for _, name := range list {
		if name = strings.TrimSpace(posts.Tag(name).Name()); name != "" {
			clean = append(clean, name)
		}
	}
	return clean
}

// canonicalPart keeps of a text what may stand in a canonical id.
func canonicalPart(s string) string {
	return strings.Map(func(r rune) rune {
		if 'a' <= r && r <= 'z' || r == '/' {
			return r
		}
		return -1
	}, s)
}
