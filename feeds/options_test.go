package feeds_test

import (
	"strings"
	"testing"

	"github.com/enshi-daily/enshi/feeds"
	"github.com/enshi-daily/enshi/posts"
)

func TestNewBuilderNormalisesAddresses(t *testing.T) {
	tests := []struct{ in, want string }{
		{"https://news.example", "https://news.example"},
		{"HTTPS://News.Example:443/", "https://news.example"},
		{"http://news.example:8080/ens/", "http://news.example:8080/ens"},
		{"http://恩施.example/报", "http://xn--sbuo2j.example/%E6%8A%A5"},
		{" http://127.0.0.1:8080 ", "http://127.0.0.1:8080"},
		{"http://[::1]:80/", "http://[::1]"},
	}
	for _, tt := range tests {
		t.Run(tt.in, func(t *testing.T) {
			b := newBuilder(t, func(o *feeds.Options) { o.SiteURL, o.PublicURL = tt.in, tt.in })
			docs := build(t, b, newCatalogue(newPost(1)))
			for _, want := range []string{`rel="self" type="application/atom+xml" href="` + tt.want + `/feed.xml"`, `href="` + tt.want + "/2026/"} {
				if !strings.Contains(string(docs["feed.xml"].Body), want) {
					t.Errorf("feed.xml lacks %q:\n%s", want, docs["feed.xml"].Body)
				}
			}
		})
	}
}

func TestAuthorsKeepTheirAddress(t *testing.T) {
	for in, want := range map[string]string{"王林 <w@news.example>": "王林", "<w@news.example>": "w@news.example"} {
		doc := build(t, newBuilder(t, func(o *feeds.Options) { o.Title = in }), newCatalogue(newPost(1)))["feed.xml"]
		if !strings.Contains(string(doc.Body), "<name>"+want+"</name>") {
			t.Errorf("%s: feed.xml lacks %s:\n%s", in, want, doc.Body)
		}
	}
}

func TestChineseLanguagesAreChinese(t *testing.T) {
	for in, want := range map[string]string{"yue_HK": "zh-yue-HK", "nan": "zh-nan", "zh-TW": "zh-TW", "en": "en"} {
		b := newBuilder(t, func(o *feeds.Options) { o.Language = in })
		doc := build(t, b, newCatalogue(newPost(1)))["feed.xml"]
		if !strings.Contains(string(doc.Body), ` xml:lang="`+want+`"`) {
			t.Errorf("%s: feed.xml lacks %s:\n%s", in, want, doc.Body)
		}
	}
}

func TestNewBuilderRefusesWhatNoFeedCanSay(t *testing.T) {
	tests := []struct {
		name, want string
		change     func(*feeds.Options)
	}{
		{"no address", "site address", func(o *feeds.Options) { o.SiteURL, o.PublicURL = "", "" }},
		{"relative address", "site address", func(o *feeds.Options) { o.SiteURL = "/ens" }},
		{"address without host", "site address", func(o *feeds.Options) { o.SiteURL = "https:///ens" }},
		{"other scheme", "public address", func(o *feeds.Options) { o.PublicURL = "ftp://feeds.example" }},
		{"query", "public address", func(o *feeds.Options) { o.PublicURL = "https://feeds.example/?a" }},
		{"hub", "hub", func(o *feeds.Options) { o.Hubs = []string{"hub"} }},
		{"language", "language", func(o *feeds.Options) { o.Language = "中文" }},
		{"country for a language", "language", func(o *feeds.Options) { o.Language = "cn" }},
		{"no content", "Content", func(o *feeds.Options) { o.Content = nil }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			o := feeds.Options{SiteURL: siteURL, PublicURL: publicURL, Content: content}
			tt.change(&o)
			if _, err := feeds.NewBuilder(o); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("NewBuilder = %v, want an error about the %s", err, tt.want)
			}
		})
	}
}

func TestDefaultsMakeValidFeeds(t *testing.T) {
	b, err := feeds.NewBuilder(feeds.Options{PublicURL: publicURL, Language: "en_GB", Content: content})
	if err != nil {
		t.Fatal(err)
	}
	docs := build(t, b, newCatalogue(newPost(1, "tag:头条")))
	checkDocuments(t, docs)
	for _, want := range []string{"<title>feeds.example</title>", `xml:lang="en-GB"`, "<subtitle>All articles of feeds.example</subtitle>"} {
		if !strings.Contains(string(docs["feed.xml"].Body), want) {
			t.Errorf("feed.xml lacks %q:\n%s", want, docs["feed.xml"].Body)
		}
	}
}

func TestFeedIDsAreKeptOrMadeOfSiteAndTopic(t *testing.T) {
	c := newCatalogue(newPost(1, "tag:头条", "tag:要闻"))
	b := newBuilder(t, func(o *feeds.Options) {
		o.IDs = map[posts.Topic]posts.ID{posts.Tag("头条"): "tag:news.example,2020:top"}
		o.Titles = map[posts.Topic]string{posts.Tag("头条"): "Top <1>"}
	})
	moved := newBuilder(t, func(o *feeds.Options) { o.PublicURL = "https://elsewhere.example/feeds" })
	first, second := build(t, b, c), build(t, moved, c)
	id := func(doc feeds.Document) string {
		_, rest, _ := strings.Cut(string(doc.Body), "<id>")
		id, _, _ := strings.Cut(rest, "</id>")
		return id
	}
	if got := id(first["tag/头条/atom.xml"]); got != "tag:news.example,2020:top" {
		t.Errorf("id of the feed = %q, want the one minted", got)
	}
	if !strings.Contains(string(first["tag/头条/atom.xml"].Body), "<title>Top &#x3C;1&#x3E; - 山城日报</title>") {
		t.Errorf("the configured title is missing:\n%s", first["tag/头条/atom.xml"].Body)
	}
	made := id(first["tag/要闻/atom.xml"])
	if made != id(second["tag/要闻/atom.xml"]) || made == id(first["feed.xml"]) || !strings.HasPrefix(made, "urn:uuid:") {
		t.Errorf("made id = %q, with another public address %q, of the site %q", made, id(second["tag/要闻/atom.xml"]), id(first["feed.xml"]))
	}
}

func TestCleanDropsWhatXMLForbids(t *testing.T) {
	tests := []struct{ in, want string }{
		{"恩施\t一\n二", "恩施\t一\n二"},
		{"a\x00b\x0bc\x7fd\x1b", "abcd"},
		{"a\u0085b\u009fc\u00a0", "abc\u00a0"},
		{"a\ufffdb\ufffec\uffffd\U0001fffee\ufdd0", "abcde"},
		{"a\xffb\xe6\x81", "ab"},
		{"\xed\xa0\x80", ""},
		{"a\r\nb\rc", "a\nb\nc"},
		{"", ""},
		{"𠮷", "𠮷"},
	}
	for _, tt := range tests {
		if got := feeds.Clean(tt.in); got != tt.want {
			t.Errorf("Clean(%q) = %q, want %q", tt.in, got, tt.want)
		}
	}
}
