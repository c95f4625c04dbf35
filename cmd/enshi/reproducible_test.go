package main

import (
	"bytes"
	"encoding/json"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/enshi-daily/enshi/feeds/lint"
)

// newVariedPlace has a post of every kind, and more of them than a live feed
// takes.
func newVariedPlace(t *testing.T) *place {
	t.Helper()
	p := newPlace(t, "sqlite", "outbox")
	p.write("enshi.yaml", "feeds: {limit: 4, archives: true, hubs: ['https://hub.example.com/'], rights: © 云台日报}\ntopics: {'tag:茶叶': {slug: tea, excerpt: true}}\n")
	p.write("site/_config.yml", lastingConfig+"feed: {categories: [yaowen], tags: true}\n")
	for name, post := range map[string]string{
		"2026-01-01-a.md": "title: 春茶\ncategories: yaowen\ntags: [茶叶, 旧闻]",
		"2026-01-02-b.md": "title: \"<b>桥</b> & R&D ]]>\"\ncategories: [yaowen, 'a/b']\ntags: ['c++ & <d>', 茶叶]\nauthor: [王小满, 李四]\nsource_name: 云台晚报\nsource_url: http://paper.example.com/?a=[1]",
		"2026-01-03-c.md": "title: 改正\ntags: 交通\ncorrection: {text: 三亩应为三公顷, date: 2026-01-05}",
		"2026-01-04-d.md": "title: 撤回\ntags: 交通\nwithdrawn: true",
		"2026-02-01-e.md": "title: 图\ntags: [AI, ai]\nimage: 图 片.jpg",
		"2026-02-02-f.md": "title: 同秒一\ndate: 2026-02-02 08:00:00 +0800\ncategories: shizheng",
		"2026-02-02-g.md": "title: 同秒二\ndate: 2026-02-02 08:00:00 +0800\ncategories: shizheng",
	} {
		p.write("site/_posts/"+name, "---\n"+post+"\n---\n<p>记者 王小满</p>\n<p>茶农说收成好。<img src=\"/图/一 二.jpg\"> <script>e()</script>{{ x }}</p>\n\n[链接](//h.example.com/路)\n")
	}
	return p
}

// setting is when and how a site is built.
type setting struct {
	name  string
	procs int
	now   time.Time
	dir   string // of the site
}

// builtAt builds a site into a new directory, with a store of its own.
func (p *place) builtAt(m setting) (out string) {
	p.t.Helper()
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(m.procs))
	out = filepath.Join(p.t.TempDir(), "out")
	var errs bytes.Buffer
	code := run(p.t.Context(), streams{in: strings.NewReader(""), out: io.Discard, err: &errs, now: func() time.Time { return m.now }},
		[]string{"enshi", "build", "--config", filepath.Join(p.dir, "enshi.yaml"), "--site", m.dir, "--data", p.t.TempDir(), "--out", out})
	if code != exitDone {
		p.t.Fatalf("build: exit %d\n%s", code, errs.String())
	}
	return out
}

// TestBuildsAreReproducible builds a site on other processors, at other times,
// and from a copy whose files have other times and came in another order: every
// byte, ETag, Last-Modified and file time is the same.
func TestBuildsAreReproducible(t *testing.T) {
	p := newVariedPlace(t)
	site := filepath.Join(p.dir, "site")
	clone := filepath.Join(t.TempDir(), "elsewhere")
	copyBackwards(t, site, clone)
	day := time.Date(2026, 3, 1, 3, 4, 5, 6, time.UTC)
	first := p.builtAt(setting{"", 1, day, site})
	files := outputOf(t, first)
	if len(files) < 60 {
		t.Fatalf("build wrote %d files: %v", len(files), files)
	}
	for _, m := range []setting{
		{"the same again", 1, day, site},
		{"other processors", 4, day, site},
		{"another time of day", 2, day.Add(11*time.Hour + 7*time.Nanosecond), site},
		{"another year, another zone", 1, day.AddDate(2, 3, 4).In(time.FixedZone("", -9*3600)), site},
		{"a fresh clone", 3, day.AddDate(0, 0, 1), clone},
	} {
		t.Run(m.name, func(t *testing.T) {
			second := p.builtAt(m)
			if diff := cmp.Diff(files, outputOf(t, second)); diff != "" {
				t.Errorf("bytes (-first +second):\n%.3000s", diff)
			}
			if diff := cmp.Diff(factsOf(t, first), factsOf(t, second)); diff != "" {
				t.Errorf("what readers are told (-first +second):\n%.3000s", diff)
			}
		})
	}
}

// copyBackwards copies a tree in an order of its own; each file's time is now or
// long ago.
func copyBackwards(t *testing.T, from, to string) {
	t.Helper()
	files := outputOf(t, from)
	var names []string
	for name := range files {
		names = append(names, name)
	}
	slices.Sort(names)
	slices.Reverse(names)
	for i, name := range names {
		path := filepath.Join(to, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(files[name]), 0o600); err != nil {
			t.Fatal(err)
		}
		at := time.Date(1999+i, 1, 1, 0, 0, i, 0, time.UTC)
		if err := os.Chtimes(path, at, at); err != nil {
			t.Fatal(err)
		}
	}
}

// factsOf are the ETag and Last-Modified of each document, and the time of each
// file.
func factsOf(t *testing.T, out string) map[string]string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(out, ".enshi", "manifest.json"))
	if err != nil {
		t.Fatal(err)
	}
	var manifest struct {
		Documents map[string]struct{ ETag, Modified string }
	}
	if err := json.Unmarshal(data, &manifest); err != nil || len(manifest.Documents) < 30 {
		t.Fatalf("%d documents in the manifest, %v", len(manifest.Documents), err)
	}
	facts := map[string]string{}
	for path, d := range manifest.Documents {
		if d.ETag == "" || d.Modified == "" {
			t.Errorf("%s: %+v", path, d)
		}
		facts["document "+path] = d.ETag + " " + d.Modified
	}
	for name := range outputOf(t, out) {
		info, err := os.Stat(filepath.Join(out, name))
		if err != nil {
			t.Fatal(err)
		}
		facts["file "+name] = info.ModTime().UTC().String()
	}
	return facts
}

// stamps tell each file of a directory from one that was written in its place.
func stamps(t *testing.T, out string) map[string][2]int64 {
	t.Helper()
	list := map[string][2]int64{}
	for name := range outputOf(t, out) {
		info, err := os.Stat(filepath.Join(out, name))
		if err != nil {
			t.Fatal(err)
		}
		list[name] = [2]int64{info.ModTime().UnixNano(), int64(info.Sys().(*syscall.Stat_t).Ino)}
	}
	return list
}

// TestOneChangedPostRewritesWhatHoldsIt changes one post after another: the
// documents and pages that hold it are written anew, and no others are touched.
func TestOneChangedPostRewritesWhatHoldsIt(t *testing.T) {
	p := newVariedPlace(t)
	out := filepath.Join(p.dir, "out")
	p.enshi("build", "--out", out)
	for _, tt := range []struct{ name, before, after string }{
		{"2026-02-02-f.md", "title: 同秒一", "title: 同秒三"},
		{"2026-01-01-a.md", "茶农说", "村民说"},
		{"2026-01-02-b.md", "王小满, 李四", "王小满, 赵六"},
	} {
		path := filepath.Join(p.dir, "site", "_posts", tt.name)
		source, err := os.ReadFile(path)
		if err != nil || !strings.Contains(string(source), tt.before) {
			t.Fatalf("%s has no %q, %v", tt.name, tt.before, err)
		}
		id := "http://news.example.com/" + map[string]string{"2026-02-02-f.md": "shizheng/", "2026-01-01-a.md": "yaowen/", "2026-01-02-b.md": "yaowen/a/b/"}[tt.name] +
			strings.ReplaceAll(tt.name[:10], "-", "/") + "/" + tt.name[11:12]
		files, before := outputOf(t, out), stamps(t, out)
		p.write("site/_posts/"+tt.name, strings.ReplaceAll(string(source), tt.before, tt.after))
		p.enshi("build", "--out", out)
		after := stamps(t, out)
		touched := 0
		for name := range before {
			holds := strings.Contains(files[strings.TrimSuffix(name, ".gz")], id)
			switch changed := before[name] != after[name]; {
			case changed && !holds:
				t.Errorf("%s: %s was written again and does not hold it", tt.name, name)
			case !changed && holds && strings.Contains(files[strings.TrimSuffix(name, ".gz")], tt.before) && !strings.HasSuffix(name, ".gz"):
				t.Errorf("%s: %s holds it as it was", tt.name, name)
			case changed:
				touched++
			}
		}
		if touched < 10 || len(after) != len(before) {
			t.Errorf("%s: %d files touched, %d files then %d", tt.name, touched, len(before), len(after))
		}
	}
}

// TestEveryFileOfABuildIsClean lints all that build writes: live feeds, archives,
// the list, topics of excerpts, empty topics, and the copies under old
// addresses, which name the address they are copies of.
func TestEveryFileOfABuildIsClean(t *testing.T) {
	p := newVariedPlace(t)
	out := filepath.Join(p.dir, "out")
	p.enshi("build", "--out", out)
	p.write("site/_posts/2026-01-01-a.md", "---\ntitle: 春茶\ncategories: yaowen\ntags: 茶叶\n---\n正文。\n") // 旧闻 is empty now
	p.enshi("build", "--out", out)
	files := outputOf(t, out)
	linted, copies := 0, 0
	for name, body := range files {
		mediaType := map[string]string{".json": "application/feed+json; charset=utf-8", ".opml": "text/x-opml; charset=utf-8"}[filepath.Ext(name)]
		switch {
		case filepath.Ext(name) == ".xml" && strings.Contains(body, "<rss "):
			mediaType = "application/rss+xml; charset=utf-8"
		case filepath.Ext(name) == ".xml":
			mediaType = "application/atom+xml; charset=utf-8"
		case mediaType == "":
			continue
		}
		self := "http://news.example.com/" + escaped(name)
		if own := selfAddress(body); own != "" && own != self {
			original, err := url.PathUnescape(strings.TrimPrefix(own, "http://news.example.com/"))
			if err != nil || files[original] != body {
				t.Errorf("%s says that it is %s", name, own)
			}
			self, copies = own, copies+1
		}
		for _, problem := range lint.Lint([]byte(body), mediaType, self) {
			t.Errorf("%s: %v", name, problem)
		}
		linted++
	}
	if linted < 50 || copies < 5 || !strings.Contains(files["tag/旧闻/atom.xml"], "</feed>") || strings.Contains(files["tag/旧闻/atom.xml"], "<entry>") {
		t.Errorf("%d documents linted, %d copies among them, tag/旧闻: %s", linted, copies, files["tag/旧闻/atom.xml"])
	}
	t.Logf("%d documents linted, %d of them copies", linted, copies)
}

// escaped is a path as its address spells it.
func escaped(name string) string {
	parts := strings.Split(name, "/")
	for i := range parts {
		parts[i] = strings.ReplaceAll(url.QueryEscape(parts[i]), "+", "%20")
	}
	return strings.Join(parts, "/")
}

var selfLink = regexp.MustCompile(`rel="self"[^>]*href="([^"]*)"|"feed_url":"([^"]*)"`)

func selfAddress(body string) string {
	match := selfLink.FindStringSubmatch(body)
	if match == nil {
		return ""
	}
	return strings.ReplaceAll(match[1]+match[2], "&amp;", "&")
}
