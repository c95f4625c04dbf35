package main

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const lastingConfig = "title: 云台日报\nurl: http://news.example.com\ntimezone: Asia/Shanghai\n"

// newLastingPlace is a site of nine posts, each with a text of its own.
func newLastingPlace(t *testing.T, store string) *place {
	t.Helper()
	p := newPlace(t, store, "outbox")
	for i := range 9 {
		p.lasting(i, fmt.Sprintf("title: 春茶%d\ncategories: yaowen\ntags: 茶叶", i), "")
	}
	p.write("site/_posts/2026-01-10-ＡＢＣ１２.md", "---\ncategories: yaowen\ntags: 茶叶\n---\n第9号：全角的文件名。\n")
	return p
}

func lastingName(i int) string { return fmt.Sprintf("site/_posts/2026-01-%02d-chuncha.md", i+1) }

func (p *place) lasting(i int, front, more string) {
	p.write(lastingName(i), fmt.Sprintf("---\n%s\n---\n第%d号：茶园很忙。%s\n", front, i, more))
}

func (p *place) move(from, to string) {
	p.t.Helper()
	to = filepath.Join(p.dir, to)
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		p.t.Fatal(err)
	}
	if err := os.Rename(filepath.Join(p.dir, from), to); err != nil {
		p.t.Fatal(err)
	}
}

func (p *place) rewrite(front, more string) {
	for i := range 9 {
		p.lasting(i, front, more)
	}
}

// idsOf reads which post goes out under which id in every format of the site's
// feeds, and the ids of the feeds themselves.
func (p *place) idsOf(out string) map[string]string {
	p.t.Helper()
	var atom struct {
		ID    string `xml:"id"`
		Entry []struct {
			ID      string `xml:"id"`
			Content string `xml:"content"`
		} `xml:"entry"`
	}
	var rss struct {
		Item []struct {
			GUID    string `xml:"guid"`
			Content string `xml:"http://purl.org/rss/1.0/modules/content/ encoded"`
		} `xml:"channel>item"`
	}
	var feed struct {
		Items []struct{ ID, ContentHTML string } `json:"items"`
	}
	read := func(name string, parse func([]byte) error) {
		data, err := os.ReadFile(filepath.Join(p.dir, out, name))
		if err == nil {
			err = parse(data)
		}
		if err != nil {
			p.t.Fatal(err)
		}
	}
	ids := map[string]string{}
	number := regexp.MustCompile(`第\d号`)
	add := func(format, content, id string) { ids[format+" "+number.FindString(content)] = id }
	read("feed.xml", func(b []byte) error { return xml.Unmarshal(b, &atom) })
	for _, e := range atom.Entry {
		add("atom", e.Content, e.ID)
	}
	ids["feed"] = atom.ID
	read("rss.xml", func(b []byte) error { return xml.Unmarshal(b, &rss) })
	for _, e := range rss.Item {
		add("rss", e.Content, e.GUID)
	}
	read("feed.json", func(b []byte) error {
		return json.Unmarshal([]byte(strings.ReplaceAll(string(b), `"content_html"`, `"ContentHTML"`)), &feed)
	})
	for _, e := range feed.Items {
		add("json", e.ContentHTML, e.ID)
	}
	if len(ids) != 3*10+1 {
		p.t.Fatalf("%d ids in the feeds, want ten in each of three formats and the feed's own: %v", len(ids), ids)
	}
	return ids
}

// lastingChanges are what may happen to a site without any reader noticing.
var lastingChanges = []struct {
	name   string
	change func(p *place)
}{
	{"nothing", func(*place) {}},
	{"a file renamed", func(p *place) { p.move(lastingName(0), "site/_posts/2026-01-01-neu.md") }},
	{"a file of another date", func(p *place) { p.move(lastingName(1), "site/_posts/2026-02-01-chuncha.md") }},
	{"a file in another folder", func(p *place) { p.move(lastingName(2), "site/shizheng/_posts/2026-01-03-chuncha.md") }},
	{"all files renamed", func(p *place) {
		for i := range 6 {
			p.move(lastingName(i+3), fmt.Sprintf("site/_posts/2026/2026-01-%02d-ganz-neu-%d.md", i+4, i))
		}
		p.move("site/_posts/2026-01-10-ＡＢＣ１２.md", "site/_posts/2026-01-10-ABC12.md")
	}},
	{"titles", func(p *place) { p.rewrite("title: 另一个题目\ncategories: yaowen\ntags: 茶叶", "") }},
	{"categories", func(p *place) { p.rewrite("title: 春茶\ncategories: [shizheng, xiangcun]\ntags: 茶叶", "") }},
	{"tags", func(p *place) { p.rewrite("title: 春茶\ncategories: yaowen\ntags: [农业, 春天]", "") }},
	{"dates", func(p *place) { p.rewrite("title: 春茶\ndate: 2026-03-01 09:00:00 +0800\ntags: 茶叶", "") }},
	{"slugs", func(p *place) { p.rewrite("title: 春茶\nslug: neu\ntags: 茶叶", "") }},
	{"permalinks of their own", func(p *place) { p.rewrite("title: 春茶\npermalink: /a/:year/:day/\ntags: 茶叶", "") }},
	{"texts", func(p *place) { p.rewrite("title: 春茶\ntags: 茶叶", "订单排到下个月。") }},
	{"permalink style pretty", func(p *place) { p.write("site/_config.yml", lastingConfig+"permalink: pretty\n") }},
	{"a permalink template", func(p *place) { p.write("site/_config.yml", lastingConfig+"permalink: /:categories/:title/\n") }},
	{"the domain", func(p *place) {
		p.write("site/_config.yml", strings.Replace(lastingConfig, "news.example.com", "paper.example.org", 1))
	}},
	{"the scheme", func(p *place) { p.write("site/_config.yml", strings.Replace(lastingConfig, "http:", "https:", 1)) }},
	{"the base URL", func(p *place) { p.write("site/_config.yml", lastingConfig+"baseurl: /paper\n") }},
	{"the zone", func(p *place) {
		p.write("site/_config.yml", strings.Replace(lastingConfig, "Asia/Shanghai", "America/New_York", 1))
	}},
	{"the site's title", func(p *place) {
		p.write("site/_config.yml", strings.Replace(lastingConfig, "云台日报", "云台晚报", 1))
	}},
	{"no address at all", func(p *place) { p.write("site/_config.yml", "title: 云台日报\n") }},
	{"our own addresses", func(p *place) {
		p.write("enshi.yaml", "public_url: https://feeds.example.net\nsite: {url: 'https://elsewhere.example.org', title: 别处}\n")
	}},
	{"a newer addressable", func(p *place) { p.write("site/Gemfile.lock", "GEM\n  specs:\n    addressable (2.9.0)\n") }},
}

// TestIDsOutlastEverything builds a site, changes something, and builds it again.
func TestIDsOutlastEverything(t *testing.T) {
	for _, tt := range lastingChanges {
		t.Run(tt.name, func(t *testing.T) {
			p := newLastingPlace(t, "sqlite")
			p.enshi("build", "--out", filepath.Join(p.dir, "out"))
			before := p.idsOf("out")
			tt.change(p)
			p.enshi("build", "--out", filepath.Join(p.dir, "out"))
			if diff := cmp.Diff(before, p.idsOf("out")); diff != "" {
				t.Errorf("ids (-before +after):\n%s", diff)
			}
		})
	}
}

// TestIDsOutlastEverythingInTurn makes one change after another to a site whose
// identities are in Redis, but for those that rename what was renamed.
func TestIDsOutlastEverythingInTurn(t *testing.T) {
	p := newLastingPlace(t, "redis")
	p.enshi("build", "--out", filepath.Join(p.dir, "out"))
	before := p.idsOf("out")
	for _, tt := range append(lastingChanges[5:len(lastingChanges):len(lastingChanges)], lastingChanges[1:5]...) {
		tt.change(p)
		p.enshi("build", "--out", filepath.Join(p.dir, "out"))
		if diff := cmp.Diff(before, p.idsOf("out")); diff != "" {
			t.Fatalf("after %s: ids (-before +after):\n%s", tt.name, diff)
		}
	}
}

// TestLostStore loses the store and keeps the output: the ids stay, although the
// site has moved meanwhile.
func TestLostStore(t *testing.T) {
	p := newLastingPlace(t, "sqlite")
	out, kept := filepath.Join(p.dir, "out"), filepath.Join(p.dir, "kept.json")
	identities := filepath.Join(out, ".enshi", "identities.json")
	p.enshi("build", "--out", out)
	before := p.idsOf("out")
	lose := func() {
		if err := os.RemoveAll(filepath.Join(p.dir, "data")); err != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile(identities)
	if err != nil {
		t.Fatal(err)
	}
	p.write("kept.json", string(text))
	p.write("site/_config.yml", "title: 云台日报\nurl: https://paper.example.org\npermalink: pretty\n")

	lose()
	p.enshi("build", "--out", out)
	if diff := cmp.Diff(before, p.idsOf("out")); diff != "" {
		t.Errorf("seeded by the output: ids (-before +after):\n%s", diff)
	}
	if again, err := os.ReadFile(identities); err != nil || string(again) != string(text) {
		t.Errorf("the file of identities is another now (%v):\n%s", err, cmp.Diff(string(text), string(again)))
	}

	lose()
	if err := os.Remove(identities); err != nil {
		t.Fatal(err)
	}
	code, _, said := p.try("build", "--out", out)
	if code != exitRefused || !strings.Contains(said, "--identities FILE") || !strings.Contains(said, "--accept-changes") {
		t.Errorf("without it: exit %d, want %d and what to do:\n%s", code, exitRefused, said)
	}
	if code, _, said := p.try("build", "--out", out, "--identities", "nowhere.json"); code != exitUsage || !strings.Contains(said, "nowhere.json") {
		t.Errorf("a file that is not there: exit %d, want %d:\n%s", code, exitUsage, said)
	}
	p.enshi("build", "--out", out, "--identities", kept)
	if diff := cmp.Diff(before, p.idsOf("out")); diff != "" {
		t.Errorf("seeded by a copy: ids (-before +after):\n%s", diff)
	}
	if code, _, said := p.try("build", "--out", out, "--identities", kept); code != exitDone || !strings.Contains(said, "has identities of its own") {
		t.Errorf("a store that has some: exit %d, want it to say that the file is not read:\n%s", code, said)
	}

	lose()
	if err := os.Remove(identities); err != nil {
		t.Fatal(err)
	}
	p.enshi("build", "--out", out, "--accept-changes")
	if after := p.idsOf("out"); !strings.HasPrefix(after["atom 第1号"], "https://paper.example.org/") {
		t.Errorf("accepted: id %s, want a new one", after["atom 第1号"])
	}
}

// TestSeededPostsAreNotMailed begins a store with the identities of another one:
// what they know is never mailed, what came later is.
func TestSeededPostsAreNotMailed(t *testing.T) {
	p := newLastingPlace(t, "sqlite")
	out := filepath.Join(p.dir, "out")
	p.enshi("build", "--out", out)
	if err := os.RemoveAll(filepath.Join(p.dir, "data")); err != nil {
		t.Fatal(err)
	}
	p.enshi("subscribers", "add", "reader@example.com", "--cadence", "daily", "--consent", "test")
	p.today("xincha", "新茶上市")
	p.enshi("send-digest", "--identities", filepath.Join(out, ".enshi", "identities.json"), "--cadence", "daily", "--settle", "0")
	if mails := p.mails(); len(mails) != 1 || !strings.Contains(mails[0].text, "新茶上市") || strings.Contains(mails[0].text, "春茶") {
		t.Errorf("%d mails: %v, want one with the new post alone", len(mails), mails)
	}
}
