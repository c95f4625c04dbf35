package posts_test

import (
	"testing"
	"testing/fstest"

	"github.com/enshi-daily/enshi/posts"
)

// TestEntryIDsFollowTheGem: readers have the ids that jekyll-feed gave, in the
// spelling of the addressable gem that the site is built with.
func TestEntryIDsFollowTheGem(t *testing.T) {
	const (
		nfkc = "http://news.example.com/2024/03/11/ABC:%E3%80%8212%E5%8F%B7"
		nfc  = "http://news.example.com/2024/03/11/%EF%BC%A1%EF%BC%A2%EF%BC%A3%EF%BC%9A%E3%80%82%EF%BC%91%EF%BC%92%E5%8F%B7"
	)
	for _, tt := range []struct{ name, lock, want string }{
		{"no Gemfile.lock", "", nfkc},
		{"a Gemfile.lock without it", "GEM\n  specs:\n    jekyll (4.3.4)\n      addressable (~> 2.9)\n", nfkc},
		{"2.8.1", "    addressable (2.8.1)\n", nfkc},
		{"2.8.2", "GEM\n  specs:\n    addressable (2.8.2)\n", nfc},
		{"2.8.10", "    addressable (2.8.10)\n", nfc},
		{"2.7.0", "    addressable (2.7.0)\n", nfkc},
		{"2.9.0, Windows", "    addressable (2.9.0)\r\n", nfc},
		{"3.0.0", "    addressable (3.0.0)\n", nfc},
		{"1.9.9", "    addressable (1.9.9)\n", nfkc},
		{"a whole file", "GEM\n  specs:\n    addressable (2.8.7)\n      public_suffix (>= 2.0.2)\n    jekyll (4.3.4)\n      addressable (~> 2.4)\n", nfc},
	} {
		t.Run(tt.name, func(t *testing.T) {
			files := fstest.MapFS{
				"_config.yml": {Data: []byte("url: http://news.example.com\n")},
				"_posts/2024-03-11-ＡＢＣ：。１２号.md": {Data: []byte("---\n---\n正文。\n")},
			}
			if tt.lock != "" {
				files["Gemfile.lock"] = &fstest.MapFile{Data: []byte(tt.lock)}
			}
			p := scanFiles(t, files).Posts[0]
			if p.JekyllID != tt.want {
				t.Errorf("JekyllID = %s, want %s", p.JekyllID, tt.want)
			}
			const link = "/2024/03/11/%EF%BC%A1%EF%BC%A2%EF%BC%A3-%EF%BC%91%EF%BC%92%E5%8F%B7.html"
			if p.URL != link {
				t.Errorf("URL = %s, want %s: a link leads to the file that is there", p.URL, link)
			}
		})
	}
}

func TestFeedIDOfABaseURL(t *testing.T) {
	ids, _ := posts.FeedIDs(nil, []posts.Topic{posts.Everything, posts.Tag("..")}, posts.Site{URL: "http://News.example.com", BaseURL: "/新闻"})
	if got, want := ids[posts.Everything], posts.ID("http://news.example.com/%E6%96%B0%E9%97%BB/feed.xml"); got != want {
		t.Errorf("id = %s, want %s, as jekyll-feed has it", got, want)
	}
	if got, want := ids[posts.Tag("..")], posts.ID("http://news.example.com/%E6%96%B0%E9%97%BB/tag/%2E%2E/atom.xml"); got != want {
		t.Errorf("id = %s, want %s", got, want)
	}
}
