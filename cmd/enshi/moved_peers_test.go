//go:build peers

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestJekyllFeedsAddressesStayAlive builds sites with real jekyll-feed, and holds
// build to a file at each address where that put a feed, with the same entries.
func TestJekyllFeedsAddressesStayAlive(t *testing.T) {
	for name, feed := range map[string]string{
		"its defaults":   "{}",
		"another path":   "{path: /news/atom.xml}",
		"categories":     "{categories: [yaowen, 'a b']}",
		"all tags":       "{tags: true}",
		"tags elsewhere": "{tags: {path: tags/by-, except: [AI]}}",
		"only some":      "{tags: {only: [AI, Tea_2]}}",
		"as posts":       "{collections: {posts: {path: /changelog.xml, categories: [yaowen]}}}",
	} {
		t.Run(name, func(t *testing.T) {
			p := newPlace(t, "sqlite", "outbox")
			p.write("site/_config.yml", "title: 云台日报\nurl: http://news.example.com\ntimezone: Asia/Shanghai\nplugins: [jekyll-feed]\nfeed: "+feed+"\n")
			p.post("2026-01-02-a.md", "新茶", "2026-01-02 08:00:00 +0800", "tags: [茶叶, AI, Tea_2, a-b]")
			p.post("2026-01-03-b.md", "修路", "2026-01-03 08:00:00 +0800", "tags: [交通, ai]\ncategory: a b")
			theirs, ours := filepath.Join(p.dir, "theirs"), filepath.Join(p.dir, "ours")
			cmd := exec.Command("jekyll", "build", "--disable-disk-cache", "--source", filepath.Join(p.dir, "site"), "--destination", theirs)
			cmd.Env = append(os.Environ(), "LANG=C.UTF-8")
			if text, err := cmd.CombinedOutput(); err != nil {
				t.Fatalf("jekyll build: %v\n%s", err, text)
			}
			p.enshi("build", "--out", ours)
			files, found := outputOf(t, ours), 0
			for path, body := range outputOf(t, theirs) {
				if filepath.Ext(path) != ".xml" {
					continue
				}
				found++
				for id := range strings.SplitSeq(body, "<id>") {
					if id, rest, _ := strings.Cut(id, "</id>"); strings.Contains(rest, "<content") && !strings.Contains(files[path], "<id>"+id+"</id>") {
						t.Errorf("%s lacks the entry %s", path, id)
					}
				}
				if files[path] == "" {
					t.Errorf("build has nothing at %s", path)
				}
			}
			if found == 0 {
				t.Error("jekyll-feed wrote no feed")
			}
			for path := range files {
				if old := strings.HasPrefix(path, "feed/") || strings.HasPrefix(path, "tags/"); old && filepath.Ext(path) == ".xml" {
					if _, err := os.Stat(filepath.Join(theirs, filepath.FromSlash(path))); err != nil {
						t.Errorf("build wrote %s, where jekyll-feed has none", path)
					}
				}
			}
		})
	}
}
