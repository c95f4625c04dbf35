package feeds_test

import (
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"

	"github.com/enshi-daily/enshi/feeds"
	"github.com/enshi-daily/enshi/posts"
)

// natural are the addresses that nobody configured.
func natural() feeds.Addresses { return feeds.Addresses{} }

// slugOf is the natural slug of a name.
func slugOf(name string) string { return natural().Slug(posts.Tag(name)) }

func TestPaths(t *testing.T) {
	tests := []struct {
		topic     posts.Topic
		format    feeds.Format
		path, url string
		page      string
	}{
		{posts.Everything, feeds.Atom, "feed.xml", "/feed.xml", "/"},
		{posts.Everything, feeds.RSS, "rss.xml", "/rss.xml", "/"},
		{posts.Everything, feeds.JSON, "feed.json", "/feed.json", "/"},
		{posts.Category("enshiribao"), feeds.Atom, "category/enshiribao/atom.xml", "/category/enshiribao/atom.xml", "/category/enshiribao/"},
		{posts.Tag("恩施日报新闻"), feeds.RSS, "tag/恩施日报新闻/rss.xml", "/tag/%E6%81%A9%E6%96%BD%E6%97%A5%E6%8A%A5%E6%96%B0%E9%97%BB/rss.xml", "/tag/%E6%81%A9%E6%96%BD%E6%97%A5%E6%8A%A5%E6%96%B0%E9%97%BB/"},
		{posts.Tag("c++ & 100%?"), feeds.JSON, "tag/c++ & 100%?/feed.json", "/tag/c%2B%2B%20%26%20100%25%3F/feed.json", "/tag/c%2B%2B%20%26%20100%25%3F/"},
		{posts.Tag("cafe\u0301"), feeds.RSS, "tag/café/rss.xml", "/tag/caf%C3%A9/rss.xml", "/tag/caf%C3%A9/"},
	}
	for _, tt := range tests {
		t.Run(string(tt.topic), func(t *testing.T) {
			if got := natural().Path(tt.topic, tt.format); got != tt.path {
				t.Errorf("Path = %q, want %q", got, tt.path)
			}
			if got := natural().URLPath(tt.topic, tt.format); got != tt.url {
				t.Errorf("URLPath = %q, want %q", got, tt.url)
			}
			if got := natural().PagePath(tt.topic); got != tt.page {
				t.Errorf("PagePath = %q, want %q", got, tt.page)
			}
		})
	}
}

func TestSlugKeepsSafeNamesAndMarksOthers(t *testing.T) {
	kept := []string{"恩施", "要闻 头版", "5g", "c++", "a.b", "a~b", "é", strings.Repeat("恩", 85)}
	for _, name := range kept {
		if got := slugOf(name); got != name {
			t.Errorf("Slug(%q) = %q, want the name", name, got)
		}
	}
	marked := []string{
		"", ".", "..", ". .", "a/b", "/", "../../etc", `a\b`, ".hidden", "a.", " a", "a ", "a\x00b", "a\nb", "a\u202eb", "a\u200bb",
		"AI", "ａＩ", "Straße", "straße", "\xff", "x~0123abcd", strings.Repeat("恩", 86), strings.Repeat("a", 256),
	}
	for _, name := range marked {
		if got := slugOf(name); got == name || !strings.Contains(got, "~") {
			t.Errorf("Slug(%q) = %q, want it marked", name, got)
		}
	}
}

// checkSlug holds what every slug must be.
func checkSlug(t *testing.T, name string) {
	t.Helper()
	slug := slugOf(name)
	if slug == "" || len(slug) > 255 || !utf8.ValidString(slug) || !norm.NFC.IsNormalString(slug) || slug[0] == '.' {
		t.Errorf("Slug(%q) = %q: empty, long, not NFC or hidden", name, slug)
	}
	if strings.ContainsAny(slug, "/\\") || strings.ContainsFunc(slug, unicode.IsControl) || !filepath.IsLocal(slug) {
		t.Errorf("Slug(%q) = %q: no safe name of one directory", name, slug)
	}
	path := natural().URLPath(posts.Tag(name), feeds.RSS)
	if decoded, err := url.PathUnescape(path); err != nil || decoded != "/tag/"+slug+"/rss.xml" {
		t.Errorf("URLPath(%q) = %q, which decodes to %q, %v", name, path, decoded, err)
	}
}

func TestSlugsOfDifferentNamesNeverMeet(t *testing.T) {
	names := []string{
		"", ".", "..", "a/b", "a-b", `a\b`, "ai", "AI", "Ai", "aI", "ß", "ss", "SS", "ſ", "s", "k", "K", "K", "a\x00b", "a\x01b",
		strings.Repeat("恩", 86), strings.Repeat("恩", 87), slugOf("AI"), slugOf(slugOf("AI")),
	}
	seen := map[string]string{}
	for _, name := range names {
		checkSlug(t, name)
		name = norm.NFC.String(name)
		key := norm.NFC.String(cases.Fold().String(slugOf(name))) // as a case-insensitive file system sees it
		if other, ok := seen[key]; ok && other != name {
			t.Errorf("%q and %q share the slug %q", name, other, key)
		}
		seen[key] = name
	}
}

func FuzzSlug(f *testing.F) {
	for _, s := range []string{"恩施", "../x", "AI", "a\x00", "\xff\xfe", ". .", "e\u0301", strings.Repeat("é/", 200)} {
		f.Add(s, s+"x")
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		checkSlug(t, a)
		a, b = norm.NFC.String(a), norm.NFC.String(b)
		fold := func(s string) string { return norm.NFC.String(cases.Fold().String(s)) }
		if a != b && fold(slugOf(a)) == fold(slugOf(b)) {
			t.Errorf("%q and %q share a slug", a, b)
		}
	})
}
