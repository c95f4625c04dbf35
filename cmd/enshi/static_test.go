package main

import (
	"bytes"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// movedConfig is a site that took over from jekyll-feed and has settings of its
// own for some topics.
const movedConfig = `
public_url: https://feeds.example.com/paper
feeds: {rights: © 云台日报, icon: "https://news.example.com/icon.png"}
topics:
  "tag:茶叶": {title: 云台茶事, slug: tea, excerpt: true}
  "category:yaowen": {slug: news}
  "tag:旧闻": {retired: true}
`

func newMovedPlace(t *testing.T) *place {
	t.Helper()
	p := newPlace(t, "sqlite", "outbox")
	p.write("enshi.yaml", movedConfig)
	p.write("site/_config.yml", "title: 云台日报\nurl: http://news.example.com\ntimezone: Asia/Shanghai\n"+
		"feed: {path: atom.xml, categories: [yaowen], tags: true}\n")
	p.post("2026-01-02-a.md", "新茶 <上市>", "2026-01-02 08:00:00 +0800", "tags: [茶叶, AI, Tea_2]")
	p.post("2026-01-03-b.md", "修路", "2026-01-03 08:00:00 +0800", "tags: [交通, 旧闻, 'C/D', '100%?']")
	return p
}

// TestStaticOutputIsASiteOfItsOwn serves what build wrote with the plainest of
// servers, follows every link of every page, and asks for every address that
// topics had before.
func TestStaticOutputIsASiteOfItsOwn(t *testing.T) {
	p := newMovedPlace(t)
	out := filepath.Join(p.dir, "public")
	p.enshi("build", "--out", out)
	server := httptest.NewServer(http.StripPrefix("/paper", http.FileServer(http.Dir(out))))
	t.Cleanup(server.Close)
	seen := crawl(t, server.URL, "/paper/")
	for _, path := range []string{
		"/paper/tag/tea/", "/paper/tag/tea/atom.xml", "/paper/category/news/feed.json", "/paper/feed.xml", "/paper/feeds.opml",
		"/paper/tag/%E4%BA%A4%E9%80%9A/rss.xml", "/paper/tag/100%25%3F/atom.xml", "/paper/assets/enshi.css", "/paper/assets/enshi.js",
	} {
		if _, ok := seen[path]; !ok {
			t.Errorf("no page leads to %s", path)
		}
	}
	if page := seen["/paper/tag/tea/"]; !strings.Contains(page, "<h1>云台茶事</h1>") || !strings.Contains(page, "新茶 &lt;上市&gt;") || !strings.Contains(page, "茶农说今年的收成好") {
		t.Errorf("the topic's page:\n%s", page)
	}
	for old, now := range map[string]string{
		"/atom.xml": "/feed.xml", "/feed/yaowen.xml": "/category/news/atom.xml", "/feed/by_tag/Tea_2.xml": "",
		"/feed/by_tag/AI.xml": "", "/tag/%E8%8C%B6%E5%8F%B6/atom.xml": "/tag/tea/atom.xml", "/tag/%E8%8C%B6%E5%8F%B6/rss.xml": "/tag/tea/rss.xml",
		"/tag/%E8%8C%B6%E5%8F%B6/feed.json": "/tag/tea/feed.json", "/tag/%E8%8C%B6%E5%8F%B6/": "/tag/tea/", "/category/yaowen/": "/category/news/",
	} {
		status, body := get(t, server.URL+"/paper"+old)
		if status != http.StatusOK || now != "" && body != seen["/paper"+now] {
			t.Errorf("GET %s = %d, want 200 and what is at %s", old, status, now)
		}
		if self := "https://feeds.example.com/paper" + now; now != "" && !strings.HasSuffix(now, "/") && !strings.Contains(body, self) {
			t.Errorf("%s does not name %s as its own address", old, self)
		}
	}
	for _, gone := range []string{"/tag/%E6%97%A7%E9%97%BB/", "/tag/%E6%97%A7%E9%97%BB/atom.xml", "/feed/by_tag/%E4%BA%A4%E9%80%9A.xml"} {
		if status, _ := get(t, server.URL+"/paper"+gone); status != http.StatusNotFound {
			t.Errorf("GET %s = %d, want 404", gone, status)
		}
	}
	if !strings.Contains(seen["/paper/feed.xml"], "<rights>") || strings.Contains(seen["/paper/tag/tea/atom.xml"], "<content") {
		t.Error("rights are missing, or the topic's feed holds more than excerpts")
	}
}

// crawl follows the links of a page to pages, feeds and assets below base, and
// returns what is there by path. Signing up needs a server, so those links are
// only counted.
func crawl(t *testing.T, server, start string) map[string]string {
	t.Helper()
	const public = "https://feeds.example.com"
	link := regexp.MustCompile(`(?:href|src|value)="([^"]+)"`)
	seen, next := map[string]string{}, []string{start}
	signUps := 0
	for len(next) > 0 {
		path := next[0]
		next = next[1:]
		if _, ok := seen[path]; ok {
			continue
		}
		status, body := get(t, server+path)
		if status != http.StatusOK {
			t.Errorf("GET %s = %d", path, status)
		}
		seen[path] = body
		if !strings.HasSuffix(path, "/") {
			continue
		}
		for _, m := range link.FindAllStringSubmatch(body, -1) {
			to := strings.NewReplacer("&amp;", "&", "&#43;", "+", "&#34;", `"`).Replace(m[1])
			if to = strings.TrimPrefix(to, public); strings.HasPrefix(to, "/paper/subscribe") {
				signUps++
				continue
			}
			u, err := url.Parse(to)
			service := strings.HasPrefix(to, "/paper/privacy") || strings.HasPrefix(to, "/paper/status") || strings.HasPrefix(to, "/paper/editions/")
			if err == nil && u.Host == "" && strings.HasPrefix(u.Path, "/paper/") && !service {
				next = append(next, u.EscapedPath())
			}
		}
	}
	if signUps < 3 {
		t.Errorf("%d links to the sign-up page", signUps)
	}
	return seen
}

// outputOf reads the files of an output directory, but for enshi's own.
func outputOf(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.Contains(name, ".enshi") {
			return err
		}
		data, err := os.ReadFile(name)
		rel, _ := filepath.Rel(dir, name)
		files[filepath.ToSlash(rel)] = string(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func TestStaticOutputIsTheSameEveryTime(t *testing.T) {
	p := newMovedPlace(t)
	first, second := filepath.Join(p.dir, "first"), filepath.Join(p.dir, "second")
	p.enshi("build", "--out", first)
	if again := p.enshi("build", "--out", first); !strings.Contains(again, ": 0 documents written") {
		t.Errorf("built again: %s, want nothing written", again)
	}
	p.enshi("build", "--out", second)
	if diff := cmp.Diff(outputOf(t, first), outputOf(t, second)); diff != "" {
		t.Errorf("built elsewhere (-first +second):\n%.2000s", diff)
	}
	p.write("site/_config.yml", "title: 云台晚报\nurl: http://news.example.com\ntimezone: Asia/Shanghai\nfeed: {path: atom.xml, categories: [yaowen], tags: true}\n")
	if renamed := p.enshi("build", "--out", first); strings.Contains(renamed, ": 0 documents written") || !strings.Contains(outputOf(t, first)["atom.xml"], "云台晚报") {
		t.Errorf("built after the site got another name: %s", renamed)
	}
	// A new post changes its topics' pages, the start page, and no other.
	before := outputOf(t, first)
	p.post("2026-01-04-c.md", "通车", "2026-01-04 08:00:00 +0800", "tags: [交通]")
	p.enshi("build", "--out", first)
	for path, body := range outputOf(t, first) {
		changed := body != before[path]
		if want := path == "index.html" || path == "tag/交通/index.html" || strings.HasPrefix(path, "category/"); strings.HasSuffix(path, ".html") && changed != want {
			t.Errorf("%s changed: %v, want %v", path, changed, want)
		}
	}
}

func TestBuildGivesWayAndClearsAway(t *testing.T) {
	p := newMovedPlace(t)
	out := filepath.Join(p.dir, "public")
	for _, path := range []string{"index.html", "tag/tea/index.html", "feed/yaowen.xml"} {
		p.write("public/"+path, "theirs")
	}
	var said bytes.Buffer
	build := func() string {
		t.Helper()
		said.Reset()
		var result bytes.Buffer
		code := run(t.Context(), streams{in: strings.NewReader(""), out: &result, err: &said}, append(append([]string{"enshi"}, p.flags...), "build", "--out", out))
		if code != exitDone {
			t.Fatalf("enshi build: exit %d\n%s", code, said.String())
		}
		return result.String()
	}
	for range 2 {
		build()
		files := outputOf(t, out)
		for _, path := range []string{"index.html", "tag/tea/index.html", "feed/yaowen.xml"} {
			if files[path] != "theirs" || files[path+".gz"] != "" || !strings.Contains(said.String(), path+": warning: not written: a file is there") {
				t.Errorf("%s was written over, or nothing said:\n%s", path, said.String())
			}
		}
	}
	// Now the topic is given up.
	p.write("enshi.yaml", strings.ReplaceAll(movedConfig, "slug: tea, excerpt", "retired: true, excerpt"))
	if result := build(); strings.Contains(result, " 0 removed") {
		t.Errorf("build says %s", result)
	}
	files := outputOf(t, out)
	for path := range files {
		if strings.HasPrefix(path, "tag/茶叶/") || strings.HasPrefix(path, "tag/tea/") && path != "tag/tea/index.html" {
			t.Errorf("%s of a retired topic is left", path)
		}
	}
	if files["tag/tea/index.html"] != "theirs" || strings.Contains(files["feeds.opml"], "茶") {
		t.Error("their page is gone, or the list still names the topic")
	}
}

func TestServeHonoursTheTopics(t *testing.T) {
	p := newMovedPlace(t)
	p.write("enshi.yaml", "digest: {quiet: 1s}\n")
	base, stop := p.serve()
	p.await("the topic's feed", func() bool {
		status, _ := get(t, base+"/tag/%E6%97%A7%E9%97%BB/atom.xml")
		return status == http.StatusOK
	})
	stop()
	p.write("enshi.yaml", strings.Replace(movedConfig, "public_url: https://feeds.example.com/paper\n", "", 1))
	base, _ = p.serve()
	p.await("what moved to be cleared away", func() bool {
		_, err := os.Stat(filepath.Join(p.dir, "data", "public", "tag", "茶叶"))
		return os.IsNotExist(err)
	})
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	for path, want := range map[string]string{
		"/tag/%E8%8C%B6%E5%8F%B6/rss.xml": "/tag/tea/rss.xml", "/atom.xml": "/feed.xml", "/feed/yaowen.xml": "/category/news/atom.xml",
		"/tag/%e6%97%a7%e9%97%bb/atom.xml": "", "/feed/by_tag/%E6%97%A7%E9%97%BB.xml": "",
	} {
		r, err := client.Get(base + path)
		status, _ := answer(t, r, err)
		if want == "" && status != http.StatusGone || want != "" && (status != http.StatusMovedPermanently || r.Header.Get("Location") != base+want) {
			t.Errorf("GET %s = %d to %q, want %q or 410", path, status, r.Header.Get("Location"), want)
		}
	}
	if _, err := os.Stat(filepath.Join(p.dir, "data", "public", "tag", "旧闻")); !os.IsNotExist(err) {
		t.Error("the feeds of a retired topic are still on disk")
	}
	if _, page := get(t, base+"/tag/tea/"); !strings.Contains(page, "<h1>云台茶事</h1>") || !strings.Contains(page, "茶农说今年的收成好") {
		t.Errorf("the topic's page:\n%s", page)
	}
}
