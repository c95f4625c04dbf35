package feeds_test

import (
	"context"
	"iter"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/enshi-daily/enshi/feeds"
	"github.com/enshi-daily/enshi/posts"
)

// oldSite had feeds by jekyll-feed: of the site under another name, of one
// category, of every tag but one.
func oldSite() posts.Site {
	return posts.Site{
		FeedPath: "atom.xml", FeedCategories: []string{"要闻", "a/b", "../x"}, FeedTagsPath: "feed/by_tag/",
		FeedTagsAll: true, FeedTagsExcept: []string{"secret"},
	}
}

func newAddresses(tb testing.TB, o feeds.AddressOptions) feeds.Addresses {
	tb.Helper()
	a, err := feeds.NewAddresses(o)
	if err != nil {
		tb.Fatal(err)
	}
	return a
}

func configured(tb testing.TB) feeds.Addresses {
	tb.Helper()
	return newAddresses(tb, feeds.AddressOptions{
		Slugs:   map[posts.Topic]string{"tag:恩施日报新闻": "enshi", "category:要闻": "top", "tag:A/B": "ab", "category:enshi": "enshi"},
		Retired: []posts.Topic{"tag:往事", "tag:X/Y"},
		Before:  oldSite(),
	})
}

func TestConfiguredSlugsMoveATopic(t *testing.T) {
	a := configured(t)
	for _, tt := range []struct {
		topic           posts.Topic
		path, url, page string
	}{
		{"tag:恩施日报新闻", "tag/enshi/rss.xml", "/tag/enshi/rss.xml", "/tag/enshi/"},
		{"category:要闻", "category/top/rss.xml", "/category/top/rss.xml", "/category/top/"},
		{"category:enshi", "category/enshi/rss.xml", "/category/enshi/rss.xml", "/category/enshi/"},
		{"tag:要闻", "tag/要闻/rss.xml", "/tag/%E8%A6%81%E9%97%BB/rss.xml", "/tag/%E8%A6%81%E9%97%BB/"},
		{"*", "rss.xml", "/rss.xml", "/"},
	} {
		if got := a.Path(tt.topic, feeds.RSS); got != tt.path {
			t.Errorf("Path(%s) = %q, want %q", tt.topic, got, tt.path)
		}
		if got := a.URLPath(tt.topic, feeds.RSS); got != tt.url {
			t.Errorf("URLPath(%s) = %q, want %q", tt.topic, got, tt.url)
		}
		if got := a.PagePath(tt.topic); got != tt.page {
			t.Errorf("PagePath(%s) = %q, want %q", tt.topic, got, tt.page)
		}
	}
}

func TestTopicNamedLikeASlugGivesWay(t *testing.T) {
	a := configured(t)
	slug := a.Slug("tag:enshi")
	if slug == "enshi" || !strings.HasPrefix(slug, "enshi~") {
		t.Errorf("Slug(tag:enshi) = %q, want one that no other topic has", slug)
	}
	got := a.Displaced([]posts.Topic{"category:enshi", "tag:enshi", "tag:other", "tag:恩施日报新闻"})
	if diff := cmp.Diff(map[posts.Topic]posts.Topic{"tag:enshi": "tag:恩施日报新闻"}, got); diff != "" {
		t.Errorf("Displaced (-want +got):\n%s", diff)
	}
	if p, ok := a.Knowing("tag:enshi").Find([]string{"tag", slug, "atom.xml"}, all); !ok || p.Topic != "tag:enshi" {
		t.Errorf("Find(%s) = %+v, %v", slug, p, ok)
	}
}

func all(posts.Topic) bool { return true }

func TestNewAddressesNamesEveryProblem(t *testing.T) {
	_, err := feeds.NewAddresses(feeds.AddressOptions{Slugs: map[posts.Topic]string{
		"*": "all", "tag:a": "A", "tag:b": "中", "tag:c": "x", "tag:d": "x", "tag:e": "f", "tag:f": "g", "category:c": "x",
	}})
	for _, want := range []string{"of *", `"A" of tag:a`, `"中" of tag:b`, `"x" of tag:d: tag:c has it`, `"f" of tag:e: it is another topic's name`} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("NewAddresses = %v, want it to name %s", err, want)
		}
	}
	if err != nil && strings.Count(err.Error(), "\n") != 4 {
		t.Errorf("NewAddresses = %v, want five problems", err)
	}
}

func TestFindReadsEveryPath(t *testing.T) {
	a := configured(t).Knowing("tag:AI", "category:C D")
	for _, tt := range []struct{ path, topic, want string }{
		{"/", "*", "/"},
		{"/index.html", "*", "/"},
		{"/feed.xml", "*", "/feed.xml"},
		{"/rss.xml", "*", "/rss.xml"},
		{"/archive/2026-01-1.xml", "*", "/archive/2026-01-1.xml"},
		{"/atom.xml", "*", "/feed.xml"},
		{"/tag/enshi/atom.xml", "tag:恩施日报新闻", "/tag/enshi/atom.xml"},
		{"/tag/enshi", "tag:恩施日报新闻", "/tag/enshi/"},
		{"/tag/enshi/index.html", "tag:恩施日报新闻", "/tag/enshi/"},
		{"/tag/恩施日报新闻/", "tag:恩施日报新闻", "/tag/enshi/"},
		{"/tag/恩施日报新闻/feed.json", "tag:恩施日报新闻", "/tag/enshi/feed.json"},
		{"/tag/恩施日报新闻/archive/2026-01-1.rss.xml", "tag:恩施日报新闻", "/tag/enshi/archive/2026-01-1.rss.xml"},
		{"/category/要闻/rss.xml", "category:要闻", "/category/top/rss.xml"},
		{"/tag/A%2FB/rss.xml", "tag:A/B", "/tag/ab/rss.xml"},
		{"/tag/" + feeds.Addresses{}.Slug("tag:A/B") + "/rss.xml", "tag:A/B", "/tag/ab/rss.xml"},
		{"/tag/AI/rss.xml", "tag:AI", "/tag/AI~11fb682b/rss.xml"},
		{"/tag/AI~11fb682b/rss.xml", "tag:AI", "/tag/AI~11fb682b/rss.xml"},
		{"/category/C%20D", "category:C D", "/category/C%20D~" + suffix("C D") + "/"},
		{"/tag/cafe\u0301/", "tag:café", "/tag/caf%C3%A9/"},
		{"/tag/往事/archive/2026-01-1.xml", "tag:往事", "/tag/%E5%BE%80%E4%BA%8B/archive/2026-01-1.xml"},
		{"/feed/by_tag/恩施日报新闻.xml", "tag:恩施日报新闻", "/tag/enshi/atom.xml"},
		{"/feed/by_tag/AI.xml", "tag:AI", "/tag/AI~11fb682b/atom.xml"},
		{"/feed/要闻.xml", "category:要闻", "/category/top/atom.xml"},
		{"/feed/cafe\u0301.xml", "category:café", "/category/caf%C3%A9/atom.xml"},
		{"/feed/x%2Fy.xml", "category:x/y", "/category/x-y~" + suffix("x/y") + "/atom.xml"},
		{"/feeds.opml", "", ""}, {"/nowhere", "", ""}, {"/tag/", "", ""}, {"/tag/x/y", "", ""}, {"/tag/x/archive/", "", ""},
		{"/tag/x/archive/a/b", "", ""}, {"/month/x/atom.xml", "", ""}, {"//", "", ""}, {"/feed/.xml", "", ""}, {"/feed/by_tag/.txt", "", ""},
		{"/tag/ /atom.xml", "", ""}, {"", "*", "/"},
	} {
		t.Run(tt.path, func(t *testing.T) {
			p, ok := a.Find(segments(t, tt.path), all)
			if !ok {
				p = feeds.Place{}
			}
			if got := p.URLPath(); ok && got != tt.want || string(p.Topic) != tt.topic {
				t.Errorf("Find = %s, %q, %v, want %s, %q", p.Topic, got, ok, tt.topic, tt.want)
			}
		})
	}
}

// suffix is what marks the slug of an unsafe name.
func suffix(name string) string {
	slug := feeds.Addresses{}.Slug(posts.Tag(name))
	return slug[strings.LastIndexByte(slug, '~')+1:]
}

func segments(tb testing.TB, path string) []string {
	tb.Helper()
	parts := strings.Split(strings.TrimPrefix(path, "/"), "/")
	for i := range parts {
		var err error
		if parts[i], err = url.PathUnescape(parts[i]); err != nil {
			tb.Fatal(err)
		}
	}
	return parts
}

func TestFindTakesATopicThatExists(t *testing.T) {
	a := newAddresses(t, feeds.AddressOptions{Before: posts.Site{FeedPath: "feed.xml", FeedTagsPath: "feed/"}, Retired: []posts.Topic{"tag:旧"}})
	only := func(topic posts.Topic) func(posts.Topic) bool { return func(t posts.Topic) bool { return t == topic } }
	for _, topic := range []posts.Topic{"tag:x", "category:x"} {
		if p, ok := a.Find([]string{"feed", "x.xml"}, only(topic)); !ok || p.Topic != topic {
			t.Errorf("Find = %+v, %v, want %s", p, ok, topic)
		}
	}
	if p, ok := a.Find([]string{"feed", "x.xml"}, only("tag:y")); ok {
		t.Errorf("Find = %+v, want nothing", p)
	}
	if p, ok := a.Find([]string{"feed", "旧.xml"}, only("")); !ok || !a.Retired(p.Topic) {
		t.Errorf("Find = %+v, %v, want the retired topic", p, ok)
	}
	if p, ok := (feeds.Addresses{}).Find([]string{"feed", "x.xml"}, all); ok {
		t.Errorf("without a site before, Find = %+v, want nothing", p)
	}
}

func TestFindIsTheReverseOfPath(t *testing.T) {
	topics := []posts.Topic{"*", "tag:恩施日报新闻", "tag:AI", "tag:ai", "tag:/", "tag:.", "tag:..", "tag:a\x01b", "category:a\\b", "tag:enshi", "category:" + posts.Topic(strings.Repeat("恩", 90))}
	a := configured(t).Knowing(topics...)
	for _, topic := range topics {
		for _, f := range append([]feeds.Format{""}, feeds.Formats[:]...) {
			p, ok := a.Find(strings.Split(a.Path(topic, f), "/"), all)
			if !ok || p.Topic != topic || p.Format != f || f != "" && p.Path != a.Path(topic, f) || f == "" && p.URLPath() != a.PagePath(topic) {
				t.Errorf("Find(%s) = %+v, %v", a.Path(topic, f), p, ok)
			}
		}
	}
}

func TestCopiesStandWhereOldAddressesWere(t *testing.T) {
	a := configured(t)
	for _, tt := range []struct {
		topic  posts.Topic
		format feeds.Format
		want   []string
	}{
		{"*", feeds.Atom, []string{"atom.xml"}},
		{"*", feeds.RSS, nil},
		{"*", "", nil},
		{"tag:恩施日报新闻", feeds.RSS, []string{"tag/恩施日报新闻/rss.xml"}},
		{"tag:恩施日报新闻", "", []string{"tag/恩施日报新闻/index.html"}},
		{"category:要闻", feeds.Atom, []string{"category/要闻/atom.xml", "feed/要闻.xml"}},
		{"category:enshi", feeds.Atom, nil},
		{"category:a/b", feeds.Atom, []string{"feed/a/b.xml"}},
		{"category:../x", feeds.Atom, nil},
		{"category:other", feeds.Atom, nil},
		{"tag:AI_2", feeds.Atom, []string{"feed/by_tag/AI_2.xml"}},
		{"tag:AI-2", feeds.Atom, nil},
		{"tag:secret", feeds.Atom, nil},
		{"tag:往事", feeds.Atom, nil},
	} {
		if diff := cmp.Diff(tt.want, a.Copies(tt.topic, tt.format)); diff != "" {
			t.Errorf("Copies(%s, %s) (-want +got):\n%s", tt.topic, tt.format, diff)
		}
		for _, path := range tt.want {
			if p, ok := a.Find(strings.Split(path, "/"), all); !ok || p.Topic != tt.topic || p.Format != tt.format {
				t.Errorf("Find(%s) = %+v, %v, want what it is a copy of", path, p, ok)
			}
			if !a.Has(path, tt.topic, "") {
				t.Errorf("Has(%s) = false", path)
			}
		}
	}
}

func TestCopiesAreNeverPathsOfOurs(t *testing.T) {
	for _, path := range []string{"feed.xml", "rss.xml", "feed.json", "feeds.opml", "index.html", "tag/x/atom.xml", "", ".", "..", "/etc/x", "a//b.xml", "feed/", ".enshi/manifest.json", "a\x00b", "../x.xml", strings.Repeat("a", 256)} {
		a := newAddresses(t, feeds.AddressOptions{Before: posts.Site{FeedPath: path}})
		if got := a.Copies("*", feeds.Atom); got != nil {
			t.Errorf("with feed.path %q, Copies = %q, want none", path, got)
		}
	}
	a := newAddresses(t, feeds.AddressOptions{Before: posts.Site{FeedPath: "feed.xml", FeedTagsAll: true, FeedTagsPath: "tag/"}})
	if got := a.Copies("tag:ai", feeds.Atom); !slices.Equal(got, []string{"tag/ai.xml"}) {
		t.Errorf("Copies = %q, want the tag's feed beside the directories", got)
	}
}

func TestRetiredTopicsHaveNoDocuments(t *testing.T) {
	b := newBuilder(t, func(o *feeds.Options) { o.Addresses = configured(t) })
	docs := build(t, b, newCatalogue(newPost(1, "tag:往事", "tag:清江"), newPost(2, "tag:往事")), "tag:X/Y", "tag:曾经")
	checkDocuments(t, docs)
	for path, doc := range docs {
		if doc.Topic == "tag:往事" || doc.Topic == "tag:X/Y" {
			t.Errorf("%s was built", path)
		}
	}
	if opml := string(docs[feeds.OPMLPath].Body); strings.Contains(opml, "往事") || !strings.Contains(opml, "清江") || !strings.Contains(opml, "曾经") {
		t.Errorf("the list of feeds:\n%s", opml)
	}
}

func TestRightsAndIconStandInEveryFeed(t *testing.T) {
	for icon, inRSS := range map[string]bool{
		"https://news.example/山.png": true, "https://news.example/i.jpeg": true, "https://news.example/I.PNG": true, "https://news.example/i.png?v=1": true,
		"https://news.example/i.webp": false, "https://news.example/i.png?v=1.2": false, "https://news.example/i?v=1": false,
	} {
		b := newBuilder(t, func(o *feeds.Options) {
			o.Title, o.Rights, o.Icon = "山城 & <日报>", "© 山城日报 & 作者 <2026>", icon
		})
		docs := build(t, b, newCatalogue(newPost(1, "tag:清江")))
		checkDocuments(t, docs)
		address := strings.ReplaceAll(icon, "山", "%E5%B1%B1")
		for path, want := range map[string][]string{
			"feed.xml":         {"<rights>© 山城日报 &#x26; 作者 &#x3C;2026&#x3E;</rights>", "<icon>" + address + "</icon>", "<logo>" + address + "</logo>"},
			"tag/清江/feed.json": {`"icon":"` + address + `"`, `"favicon":"` + address + `"`},
			"rss.xml":          {"<copyright>© 山城日报 &#x26; 作者 &#x3C;2026&#x3E;</copyright>"},
		} {
			for _, w := range want {
				if !strings.Contains(string(docs[path].Body), w) {
					t.Errorf("%s lacks %s:\n%s", path, w, docs[path].Body)
				}
			}
		}
		if got := strings.Contains(string(docs["rss.xml"].Body), "<url>"+address+"</url>"); got != inRSS {
			t.Errorf("image %s in RSS: %v, want %v", icon, got, inRSS)
		}
	}
	if _, err := feeds.NewBuilder(feeds.Options{SiteURL: siteURL, Content: content, Icon: "icon.png"}); err == nil {
		t.Error("NewBuilder took an icon without a host")
	}
}

// copied are the documents of a site with their copies.
func copied(b *feeds.Builder, a feeds.Addresses, c *posts.Catalogue, known ...posts.Topic) iter.Seq2[feeds.Document, error] {
	return a.WithCopies(b.Documents(context.Background(), c, known...))
}

func TestCopiesAreThePublishedDocuments(t *testing.T) {
	dir, a := t.TempDir(), configured(t)
	b := newBuilder(t, func(o *feeds.Options) { o.Addresses = a })
	c := newCatalogue(newPost(1, "tag:恩施日报新闻", "category:要闻", "tag:AI"))
	p := newPublisher(t, dir)
	publish(t, p, copied(b, a, c))
	files := tree(t, dir)
	for path, of := range map[string]string{
		"atom.xml": "feed.xml", "tag/恩施日报新闻/atom.xml": "tag/enshi/atom.xml", "tag/恩施日报新闻/feed.json": "tag/enshi/feed.json",
		"category/要闻/rss.xml": "category/top/rss.xml", "feed/要闻.xml": "category/top/atom.xml", "feed/by_tag/AI.xml": "tag/AI~11fb682b/atom.xml",
	} {
		if files[path] == "" || files[path] != files[of] || files[path+".gz"] != files[of+".gz"] {
			t.Errorf("%s is not what %s is", path, of)
		}
		if f, ok := p.Lookup(path); !ok || f.Format != "" || f.Topic == "" {
			t.Errorf("Lookup(%s) = %+v, %v", path, f, ok)
		}
	}
	again := publish(t, p, copied(b, a, c))
	if again.Written != 0 || again.Unchanged != len(files)/2 {
		t.Errorf("published again: %+v, want nothing written", again)
	}
	if gone, err := p.Prune(a); err != nil || gone != nil {
		t.Errorf("Prune = %q, %v, want nothing", gone, err)
	}
}

func TestYieldingDocumentsLeaveOthersFilesAlone(t *testing.T) {
	dir := t.TempDir()
	p := newPublisher(t, dir)
	page := func(path, body string) iter.Seq2[feeds.Document, error] {
		return func(yield func(feeds.Document, error) bool) {
			yield(feeds.Document{Path: path, Topic: posts.Everything, Body: []byte(body), Updated: time.Unix(1e9, 0), Yields: true}, nil)
		}
	}
	write := func(path, body string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, path), []byte(body), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	write("index.html", "theirs")
	write("dir", "a file")
	for _, path := range []string{"index.html", "dir/index.html"} {
		if r := publish(t, p, page(path, "ours")); !slices.Equal(r.Yielded, []string{path}) || r.Written+r.Unchanged != 0 {
			t.Errorf("Publish %s = %+v, want it to yield", path, r)
		}
	}
	if _, ok := p.Lookup("index.html"); ok || tree(t, dir)["index.html"] != "theirs" {
		t.Error("their page was touched")
	}
	// The same bytes are taken for ours; then somebody writes over it.
	write("index.html", "ours")
	if r := publish(t, p, page("index.html", "ours")); r.Written != 1 || r.Replaced != nil || r.Yielded != nil {
		t.Errorf("Publish over the same bytes = %+v", r)
	}
	write("index.html", "theirs again")
	if r := publish(t, newPublisher(t, dir), page("index.html", "new")); !slices.Equal(r.Yielded, []string{"index.html"}) {
		t.Errorf("Publish = %+v, want it to yield", r)
	}
	files := tree(t, dir)
	if files["index.html"] != "theirs again" || files["index.html.gz"] != "" {
		t.Errorf("beside their page: %q", slices.Sorted(maps.Keys(files)))
	}
	if _, ok := newPublisher(t, dir).Lookup("index.html"); ok {
		t.Error("the manifest still has the page that yielded")
	}
}

func TestPruneRemovesWhatMovedOrRetired(t *testing.T) {
	dir := t.TempDir()
	c := newCatalogue(newPost(1, "tag:恩施", "tag:往事", "tag:清江"))
	plain := newBuilder(t, nil)
	p := newPublisher(t, dir)
	publish(t, p, plain.Documents(context.Background(), c))
	if _, err := p.Brotli(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "tag/往事/rss.xml"), []byte("theirs"), 0o666); err != nil {
		t.Fatal(err)
	}
	a := newAddresses(t, feeds.AddressOptions{Slugs: map[posts.Topic]string{"tag:恩施": "enshi"}, Retired: []posts.Topic{"tag:往事"}})
	b := newBuilder(t, func(o *feeds.Options) { o.Addresses = a })
	publish(t, p, b.Documents(context.Background(), c, p.Topics()...))
	gone, err := p.Prune(a)
	want := []string{"tag/往事/atom.xml", "tag/往事/feed.json", "tag/往事/rss.xml", "tag/恩施/atom.xml", "tag/恩施/feed.json", "tag/恩施/rss.xml"}
	slices.Sort(want)
	if diff := cmp.Diff(want, gone); diff != "" || err != nil {
		t.Errorf("Prune: %v (-want +got):\n%s", err, diff)
	}
	for path, body := range tree(t, dir) {
		if strings.HasPrefix(path, "tag/恩施/") || strings.HasPrefix(path, "tag/往事/") && body != "theirs" {
			t.Errorf("%s is still there", path)
		}
	}
	if tree(t, dir)["tag/往事/rss.xml"] != "theirs" {
		t.Error("somebody else's file is gone")
	}
	if _, err := os.Stat(filepath.Join(dir, "tag/恩施")); err == nil {
		t.Error("an empty directory was left")
	}
	if topics := newPublisher(t, dir).Topics(); slices.Contains(topics, "tag:往事") || !slices.Contains(topics, "tag:恩施") {
		t.Errorf("Topics = %q", topics)
	}
}
