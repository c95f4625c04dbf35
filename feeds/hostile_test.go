package feeds_test

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/mmcdole/gofeed"
	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"github.com/enshi-daily/enshi/feeds"
	"github.com/enshi-daily/enshi/posts"
)

// written is a site of files, read as the program reads one.
type written struct {
	posts    []*posts.Post
	bodies   *posts.Bodies
	site     posts.Site
	problems []posts.Diagnostic
}

const siteConfig = "title: 山城日报\nurl: https://news.example\nbaseurl: /ens\ntimezone: Asia/Shanghai\n"

// readSite reads posts by file name.
func readSite(tb testing.TB, files map[string]string) *written {
	tb.Helper()
	root := fstest.MapFS{"_config.yml": {Data: []byte(siteConfig)}}
	for name, source := range files {
		root["_posts/"+name] = &fstest.MapFile{Data: []byte(source)}
	}
	site, _, err := posts.ReadConfig(root)
	if err != nil {
		tb.Fatal(err)
	}
	scan, err := posts.NewReader(posts.Options{FS: root, Site: site, House: posts.DefaultHouse()}).Scan(context.Background(), nil)
	if err != nil {
		tb.Fatal(err)
	}
	known, err := posts.Identify(nil, scan.Posts, time.Date(2026, 1, 6, 0, 0, 0, 0, zone))
	if err != nil {
		tb.Fatal(err)
	}
	bodies := posts.NewBodies(posts.BodiesOptions{FS: root, Site: site, House: posts.DefaultHouse()})
	return &written{known.Posts, bodies, site, slices.Concat(scan.Diagnostics, known.Diagnostics)}
}

// documents builds and checks the documents of a site, in full or as excerpts.
// What is odd about a post is among the site's problems afterwards.
func (w *written) documents(tb testing.TB, change func(*feeds.Options)) map[string]feeds.Document {
	tb.Helper()
	b := newBuilder(tb, func(o *feeds.Options) {
		o.Content = w.bodies.Content
		o.Report = func(d posts.Diagnostic) { w.problems = append(w.problems, d) }
		if change != nil {
			change(o)
		}
	})
	docs := build(tb, b, posts.NewCatalogue(w.site, w.posts))
	checkDocuments(tb, docs)
	return docs
}

// shown is the text that a reader shows of HTML, its blocks parted by spaces.
func shown(tb testing.TB, source string) string {
	tb.Helper()
	root := &html.Node{Type: html.ElementNode, Data: "div", DataAtom: atom.Div}
	nodes, err := html.ParseFragment(strings.NewReader(source), root)
	if err != nil {
		tb.Fatal(err)
	}
	var b strings.Builder
	var walk func(*html.Node)
	walk = func(n *html.Node) {
		apart := ""
		switch n.DataAtom {
		case atom.P, atom.Div, atom.Li, atom.Td, atom.Th, atom.Br, atom.Pre, atom.H1, atom.H2, atom.Blockquote, atom.Dt, atom.Dd, atom.Figcaption, atom.Hr:
			apart = " "
		}
		b.WriteString(apart)
		if n.Type == html.TextNode {
			b.WriteString(n.Data)
		}
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			walk(c)
		}
		b.WriteString(apart)
	}
	for _, n := range nodes {
		walk(n)
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

// hostile is one post that should never have been written. Fields left empty
// are not looked at, but for text.
type hostile struct {
	name, file  string
	front, body string
	title       string
	text        string   // that readers show
	html        []string // parts of the content
	says        []string // parts of diagnostics, in order
}

func (h hostile) fileName() string {
	if h.file == "" {
		return "2026-01-05-a.md"
	}
	return h.file
}

func (h hostile) files() map[string]string {
	front := h.front
	if front == "" {
		front = "title: 一"
	}
	return map[string]string{h.fileName(): "---\n" + front + "\n---\n" + h.body}
}

func (h hostile) test(t *testing.T) {
	w := readSite(t, h.files())
	if len(w.posts) != 1 {
		t.Fatalf("the post is not published: %v", w.problems)
	}
	docs := w.documents(t, nil)
	if h.says == nil && len(w.problems) > 0 {
		t.Errorf("unexpected: %v", w.problems)
	}
	said := ""
	for _, d := range w.problems {
		said += d.String() + "\n"
	}
	rest := said
	for _, part := range h.says {
		_, after, ok := strings.Cut(rest, part)
		if rest = after; !ok {
			t.Errorf("%q is not said, or not in order:\n%s", part, said)
		}
	}
	for _, f := range feeds.Formats {
		item := itemOf(t, docs[natural().Path(posts.Everything, f)])
		if want := saidAs(h.title, f); want != "" && item.Title != want {
			t.Errorf("%s: title %q, want %q", f, item.Title, want)
		}
		if diff := cmp.Diff(h.text, shown(t, item.Content)); diff != "" {
			t.Errorf("%s: readers show (-want +got):\n%s", f, diff)
		}
		for _, part := range h.html {
			if !strings.Contains(item.Content, part) {
				t.Errorf("%s: content lacks %s:\n%.2000s", f, part, item.Content)
			}
		}
	}
	w.documents(t, func(o *feeds.Options) { o.Excerpt = true })
}

// itemOf reads the only entry of a document with another program's parser.
func itemOf(tb testing.TB, doc feeds.Document) *gofeed.Item {
	tb.Helper()
	parsed, err := gofeed.NewParser().Parse(bytes.NewReader(doc.Body))
	if err != nil || len(parsed.Items) != 1 {
		tb.Fatalf("%s: %v\n%.2000s", doc.Path, err, doc.Body)
	}
	return parsed.Items[0]
}

func TestHostileFrontMatter(t *testing.T) {
	for _, tt := range hostileFronts() {
		t.Run(tt.name, func(t *testing.T) {
			if tt.body = "正文。"; tt.text == "" {
				tt.text = "正文。"
			} else {
				tt.text = strings.TrimSuffix(tt.text, " a b <script> ]]>") + " 正文。"
			}
			tt.test(t)
		})
	}
}

// hostileFronts lie about themselves; the body is the same.
func hostileFronts() []hostile {
	return []hostile{
		{name: "markup in a title", front: `title: "<b>粗</b> &amp; R&D &lt;i&gt; a<b <script>e()</script>完"`, title: "粗 & R&D <i> a<b 完"},
		{name: "the end of CDATA in a title", front: `title: "a]]>b &#93;&#93;&gt; c"`, title: "a]]>b ]]> c"},
		{name: "the end of an element in a title", front: `title: "&lt;/title>&lt;/item> x"`, title: "</title></item> x"},
		{name: "nothing but markup in a title", front: `title: "<b></b>"`, title: "A"},
		{name: "controls in a title", front: `title: "a\0b\a\x1b\x7f\x85c\td\ne"`, title: "a b    c d e"},
		{name: "what is no character in a title", front: `title: "a\uFFFE\uFFFF\uFFFDb\uFDD0\U0001FFFE"`, title: "ab"},
		{name: "directions in a title", front: `title: "左\u202E右\u2066x\u2069\u200F"`, title: "左\u202e右\u2066x\u2069\u200f"},
		{name: "zero width in a title", front: `title: "\uFEFF零\u200B宽\u200D"`, title: "\ufeff零\u200b宽\u200d"},
		{name: "separators in a title", front: `title: "a\Lb\Pc"`, title: "a b c"},
		{name: "Liquid in a title", front: `title: "{{ x }} {% y %}"`, title: "{{ x }} {% y %}"},
		{name: "markup in names", front: `{title: 一, author: "王 <w@example.com>", tags: ["<b>&", "a]]>", "../x", "c\0d"], categories: ["&lt;"], source_name: "<i>报&amp;", source_url: "http://a.example/?x=<&y=[1]"}`, title: "一"},
		{name: "markup in an excerpt", front: `{title: 一, excerpt: "<p onclick=e()>a <b>b</b> &lt;script&gt; ]]>", correction: "</p><script>e()</script>c &amp; d"}`, title: "一", text: "更正：c & d a b <script> ]]>"},
		{name: "images and addresses", front: `{title: 一, image: "javascript:e()", source_url: "javascript:e()"}`, title: "一"},
		{name: "an image with a Chinese name", front: `{title: 一, image: "图 片/[1].jpg"}`, title: "一"},
		{name: "an entity for an address", front: `{title: 一, source_url: "java&#x0A;script:e()", image: "//img.example/一.png"}`, title: "一"},
		{name: "a short number for a guid", front: `{title: 一, guid: 12}`, title: "一", says: []string{"_posts/2026-01-05-a.md:2: warning: guid"}},
		{name: "a permalink full of marks", front: `{title: 一, permalink: "/a b/<c>\"&'[d]?e#f/%zz/"}`, title: "一"},
	}
}

func TestUnreadableFilesAreSkippedAndNamed(t *testing.T) {
	w := readSite(t, map[string]string{
		"2026-01-01-good.md":      "---\ntitle: 好\n---\n正文。\n",
		"2026-01-02-bytes.md":     "---\ntitle: \xff\xfe\n---\n正文。\n",
		"2026-01-03-gbk.md":       "---\ntitle: 一\n---\n\xd5\xfd\xce\xc4\n",
		"2026-01-04-surrogate.md": "---\ntitle: 一\n---\n\xed\xa0\x80\xed\xb0\x80\n",
		"2026-01-05-overlong.md":  "---\ntitle: 一\n---\n\xc0\xaf\n",
		"2026-01-06-nul.md":       "---\ntitle: a\x00b\n---\n正文。\n",
		"2026-01-07-c1.md":        "---\ntitle: a\x07b\n---\n正文。\n",
		"2026-01-08-yaml.md":      "---\ntitle: [\n---\n正文。\n",
		"2026-01-09-cut.md":       "---\ntitle: 一\n",
		"2026-01-10-utf16.md":     "\xff\xfe-\x00-\x00-\x00",
	})
	var skipped []string
	for _, d := range w.problems {
		if d.Severity == posts.Error && d.Line > 0 {
			skipped = append(skipped, strings.TrimSuffix(strings.TrimPrefix(d.Path, "_posts/2026-01-"), ".md"))
		}
	}
	slices.Sort(skipped)
	want := []string{"02-bytes", "03-gbk", "04-surrogate", "05-overlong", "06-nul", "07-c1", "08-yaml", "09-cut", "10-utf16"}
	if diff := cmp.Diff(want, skipped); diff != "" {
		t.Errorf("named with a line (-want +got):\n%s\n%v", diff, w.problems)
	}
	docs := w.documents(t, nil)
	for _, f := range feeds.Formats {
		if item := itemOf(t, docs[natural().Path(posts.Everything, f)]); item.Title != "好" {
			t.Errorf("%s: title %q", f, item.Title)
		}
	}
}
