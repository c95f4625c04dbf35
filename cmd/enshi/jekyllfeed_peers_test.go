//go:build peers

package main

import (
	"encoding/xml"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// archiveOf is a newspaper's site with whatever names and front matter such a
// site has. Drafts, hidden and future posts are in no feed.
var archiveOf = map[string]string{
	"_posts/2026-01-02-清江两岸春茶开园.md":            "title: 清江两岸春茶开园\ncategories: yaowen\ntags: [茶叶, 乡村]",
	"_posts/2026-01-03-“两会”特刊：代表说.md":          "title: 代表说\ncategories: [yaowen, 乡村]\ntags: 两会",
	"_posts/2026-01-04-夜市开张.md":                "title: 夜市开张\ncategory: 文化 旅游\ntags: 夜市 美食",
	"_posts/2026-01-05-ＡＢＣ：第１２届运动会（上）.md":      "title: 运动会\ncategories: 体育",
	"_posts/2026-01-06-①号公路㎡数〇误差.md":           "title: 一号公路\ncategories: [交通, Yaowen]",
	"_posts/2026-01-07-permalink.md":           "title: 自己的地址\npermalink: /special/:title/\ncategories: yaowen",
	"_posts/2026-01-08-slug.md":                "title: 自己的短名\nslug: 别名 B\ncategories: yaowen",
	"_posts/2026-01-09-late.md":                "title: 深夜\ndate: 2026-01-09 18:30:00 +0000\ncategories: 乡村",
	"_posts/2026-01-10-a b+c%20d=e.md":         "title: 怪名字\ncategories: yaowen",
	"_posts/2026-01-11-cafe\u0301.md":          "title: 咖啡\ncategories: yaowen",
	"_posts/2026-01-12-UPPER.Case.markdown":    "title: 大写\ncategories: [a/b, 乡村]",
	"_posts/2026-01-13-notitle-here.md":        "categories: yaowen",
	"_posts/2026-01-14-网页.html":                "title: 网页\ncategories: yaowen",
	"_posts/2026/2026-01-15-below.md":          "title: 子文件夹\ntags: 茶叶",
	"xiangcun/_posts/2026-01-16-folder.md":     "title: 文件夹的类\ncategories: 乡村",
	"_posts/2026-01-17-🍵新茶🈲.md":                "title: 表情\nlayout: null\ncategories: yaowen",
	"_posts/2026-01-18-ﾊﾞｽ．路．md.md":            "title: 半角\ncategories: [交通]",
	"_posts/26-1-19-short.md":                  "title: 短年份\ncategories: yaowen",
	"_posts/2026-01-20-修改.md":                  "title: 修改过\nlast_modified_at: 2026-01-21 08:00:00 +0800\ncategories: yaowen",
	"_drafts/草稿.md":                            "title: 草稿\ncategories: yaowen",
	"_posts/2099-01-01-future.md":              "title: 将来\ncategories: yaowen",
	"_posts/2026-01-21-hidden.md":              "title: 没有发布\npublished: false\ncategories: yaowen",
	"_posts/2026-01-22-tag：全角／斜杠？问号＃井号％百分号.md": "title: 全角符号\ncategories: yaowen",
}

// TestIDsOfJekyllFeed builds sites with the real jekyll-feed and then with
// enshi: whoever reads a feed sees no entry of it twice.
func TestIDsOfJekyllFeed(t *testing.T) {
	for name, config := range map[string]string{
		"its defaults":        "url: http://news.example.com\n",
		"pretty":              "url: https://news.example.com\npermalink: pretty\n",
		"a template":          "url: http://news.example.com\npermalink: /:categories/:year-:month-:day/:title.html\n",
		"a Chinese template":  "url: http://news.example.com\npermalink: /文章/:year/:slug/\n",
		"none, and a base":    "url: http://News.Example.com:80\nbaseurl: /paper\npermalink: none\n",
		"a Chinese base":      "url: http://news.example.com\nbaseurl: 新闻\npermalink: ordinal\n",
		"another zone":        "url: http://news.example.com\ntimezone: America/New_York\n",
		"only the file names": "url: http://news.example.com\npermalink: /:path:output_ext\n",
	} {
		t.Run(name, func(t *testing.T) {
			p := newPlace(t, "sqlite", "outbox")
			if !strings.Contains(config, "timezone") {
				config += "timezone: Asia/Shanghai\n"
			}
			p.write("site/_config.yml", "title: 云台日报\nplugins: [jekyll-feed]\nfeed: {posts_limit: 50, categories: [yaowen, 乡村, 文化 旅游, 交通, 还没有]}\n"+config)
			for file, front := range archiveOf {
				p.write("site/"+file, "---\n"+front+"\n---\n<p>正文："+front[strings.LastIndex(front, " ")+1:]+"。</p>\n")
			}
			theirs, ours := p.jekyll(), filepath.Join(p.dir, "ours")
			p.enshi("build", "--out", ours)
			feeds, entries := 0, 0
			for path, body := range outputOf(t, theirs) {
				if filepath.Ext(path) != ".xml" {
					continue
				}
				feeds++
				want := entriesOf(t, body)
				entries += len(want)
				got, err := os.ReadFile(filepath.Join(ours, filepath.FromSlash(path)))
				if err != nil {
					t.Errorf("build has nothing at %s: %v", path, err)
					continue
				}
				if diff := cmp.Diff(want, entriesOf(t, string(got))); diff != "" {
					t.Errorf("%s: ids (-jekyll-feed +enshi):\n%s", path, diff)
				}
			}
			if feeds != 6 || entries < 20+8 {
				t.Errorf("%d feeds of jekyll-feed with %d entries, want six with those of the site among them", feeds, entries)
			}
		})
	}
}

// jekyll builds the site with the real Jekyll.
func (p *place) jekyll() (out string) {
	p.t.Helper()
	out = filepath.Join(p.dir, "theirs")
	cmd := exec.Command("jekyll", "build", "--disable-disk-cache", "--source", filepath.Join(p.dir, "site"), "--destination", out)
	cmd.Env = append(os.Environ(), "LANG=C.UTF-8")
	if text, err := cmd.CombinedOutput(); err != nil {
		p.t.Fatalf("jekyll build: %v\n%s", err, text)
	}
	return out
}

// entriesOf reads an Atom document: the ids by title.
func entriesOf(t *testing.T, text string) map[string]string {
	t.Helper()
	var feed struct {
		Entry []struct {
			ID    string `xml:"id"`
			Title string `xml:"title"`
		} `xml:"entry"`
	}
	if err := xml.Unmarshal([]byte(text), &feed); err != nil {
		t.Fatal(err)
	}
	ids := make(map[string]string)
	for _, e := range feed.Entry {
		ids[e.Title] = e.ID
	}
	if len(ids) != len(feed.Entry) {
		t.Errorf("%d titles of %d entries", len(ids), len(feed.Entry))
	}
	return ids
}
