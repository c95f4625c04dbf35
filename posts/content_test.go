package posts_test

import (
	"encoding/xml"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"unicode"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"github.com/enshi-daily/enshi/posts"
)

var updateContent = flag.Bool("update-content", false, "rewrite the golden files of testdata/content")

var newsSite = posts.Site{URL: "http://news.example.com", BaseURL: "/n"}

// contentOf renders a file of the given name with the given source.
func contentOf(t testing.TB, name, source string, change ...func(*posts.Post)) posts.Content {
	t.Helper()
	p := postOf(name, source)
	for _, f := range change {
		f(p)
	}
	b := posts.NewBodies(posts.BodiesOptions{FS: fstest.MapFS{name: {Data: []byte(source)}}, Site: newsSite, House: posts.DefaultHouse()})
	c, err := b.Content(p)
	if err != nil {
		t.Fatalf("Content: %v", err)
	}
	return c
}

func postOf(name, source string) *posts.Post {
	return &posts.Post{Path: name, URL: "/2024/03/12/tea.html", Hash: posts.Fingerprint([]byte(source))}
}

const head = "---\ntitle: 茶\n---\n"

func TestContentGolden(t *testing.T) {
	files, err := filepath.Glob("testdata/content/*.in.*")
	if err != nil || len(files) == 0 {
		t.Fatalf("testdata/content has no *.in.* files (%v)", err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			source, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			c := contentOf(t, filepath.Base(file), string(source))
			var got strings.Builder
			got.WriteString("summary: " + c.Summary + "\nimage: " + c.Image + "\n")
			for _, d := range c.Diagnostics {
				got.WriteString(d.String() + "\n")
			}
			got.WriteString("\n" + c.HTML + "\n")
			golden := strings.Replace(file, ".in.", ".", 1) + ".golden"
			if *updateContent {
				if err := os.WriteFile(golden, []byte(got.String()), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatalf("%v: run go test -run TestContentGolden -update-content", err)
			}
			if diff := cmp.Diff(string(want), got.String()); diff != "" {
				t.Errorf("content (-want +got):\n%s", diff)
			}
			checkHTML(t, c.HTML)
		})
	}
}

func TestContentHTML(t *testing.T) {
	for _, tt := range []struct{ name, file, body, want string }{
		{"class, id, style and handlers go", "a.md", `<p class="x" id="y" style="color:red" onclick="e()">茶</p>`, `<p>茶</p>`},
		{"script goes with its text", "a.md", `<p>茶<script>alert(1)</script></p><style>p{}</style>`, `<p>茶</p>`},
		{"script in a title attribute stays text", "a.html", `<p><a href="/x" title='"><script>'>茶</a></p>`, `<p><a href="http://news.example.com/x" title="&#34;&gt;&lt;script&gt;">茶</a></p>`},
		{"iframe and svg go", "a.html", `<p>甲<iframe src="//v.cn"></iframe><svg><a href="x">乙</a></svg></p>`, `<p>甲</p>`},
		{"unknown elements leave their text", "a.html", `<p><font color=red>甲<o:p>乙</o:p></font></p>`, `<p>甲乙</p>`},
		{"page elements become blocks", "a.html", `<center>甲</center><section>乙</section>`, `<div>甲</div><div>乙</div>`},
		{"comments go", "a.md", "<!-- 注 -->\n\n甲", "<p>甲</p>"},
		{"empty paragraphs go", "a.html", "<p>&nbsp;</p><p></p><p>甲</p>", "<p>甲</p>"},
		{"broken nesting is repaired", "a.html", `<p><b>甲<p>乙</b></div>`, `<p><b>甲</b></p><p><b>乙</b></p>`},
		{"heading in a paragraph", "a.html", `<p>甲<h2>乙</h2>`, `<p>甲</p><h2>乙</h2>`},
		{"button hides no paragraph", "a.html", `<p>甲<button><p>乙</p></button>丙</p>`, `<p>甲丙</p>`},
		{"nested links", "a.html", `<a href="/1">甲<table><tr><td><a href="/2">乙</a></td></tr></table></a>`,
			`<a href="http://news.example.com/1">甲<table><tbody><tr><td>乙</td></tr></tbody></table></a>`},
		{"bare ampersand and quotes", "a.html", `<p>C&A "甲" <乙></p>`, `<p>C&amp;A &#34;甲&#34; &lt;乙&gt;</p>`},
		{"forbidden characters go", "a.html", "<p>甲\x01\x0b&#x1;&#x80;&#x85;\u0085\ufffd&#xFFFE;乙\x7f</p>", "<p>甲 €…乙</p>"},
		{"ruby stays", "a.html", `<p><ruby>恩<rp>(</rp><rt>ēn</rt><rp>)</rp></ruby></p>`, `<p><ruby>恩<rp>(</rp><rt>ēn</rt><rp>)</rp></ruby></p>`},
		{"pre keeps the line behind what goes", "a.html", "<pre>\x01\n甲</pre><pre><!-- --><script></script>\n乙</pre>", "<pre>\n\n甲</pre><pre>\n\n乙</pre>"},
		{"pre keeps its lines", "a.html", "<pre>\n\n甲\n 乙</pre>", "<pre>\n\n甲\n 乙</pre>"},
		{"autolink in raw HTML stays text", "a.md", `<p>见 <http://a.cn/x></p>`, `<p>见 &lt;http://a.cn/x&gt;</p>`},
		{"autolink in Markdown", "a.md", "见 <http://a.cn/x>", `<p>见 <a href="http://a.cn/x">http://a.cn/x</a></p>`},
		{"bare address in Markdown is no link", "a.md", "见 http://a.cn/x 。", `<p>见 http://a.cn/x 。</p>`},
		{"several blocks on one line", "a.md", `<p>甲</p><p>乙</p>`, `<p>甲</p><p>乙</p>`},
		{"Markdown behind an element", "a.md", "<p>甲</p>乙 *丙*\n\n<p>丁\n\n*戊*</p>\n己", "<p>甲</p>\n<p>乙 <em>丙</em></p>\n<p>丁\n*戊*</p>\n<p>己</p>"},
		{"an unclosed paragraph ends at the blank line", "a.md", "<p>甲\n\n*乙*\n", "<p>甲\n</p><p><em>乙</em></p>"},
		{"markdown=1", "a.md", "<div markdown=\"1\">\n*甲*\n</div>", "<div>\n<p><em>甲</em></p>\n</div>"},
		{"attribute lists", "a.md", "甲 *乙*{: .c} 丙\n{: .p #q}\n\n# 丁 {#h}\n", "<p>甲 <em>乙</em> 丙</p>\n<h1>丁</h1>"},
		{"attribute lists in code stay", "a.md", "`{: .c}` ``a`{: .d}`` *乙*{: .e} `丙`{: .f} `丁 *戊*{: .g}", "<p><code>{: .c}</code> <code>a`{: .d}</code> <em>乙</em> <code>丙</code> `丁 <em>戊</em></p>"},
		{"braces in code stay", "a.md", "```\n{: .c}\n```\n", "<pre><code>{: .c}\n</code></pre>"},
		{"emphasis next to Chinese marks", "a.md", "**“两会”**特刊、*《茶》*文", "<p><strong>“两会”</strong>特刊、<em>《茶》</em>文</p>"},
		{"smart quotes", "a.md", "他说\"好\"，'行'。It's \"ok\" -- yes...", "<p>他说“好”，‘行’。It’s “ok” – yes…</p>"},
		{"GFM table and strikethrough", "a.md", "| 甲 | 乙 |\n|---|---|\n| ~~1~~ | 2 |\n",
			"<table>\n<thead>\n<tr>\n<th>甲</th>\n<th>乙</th>\n</tr>\n</thead>\n<tbody>\n<tr>\n<td><del>1</del></td>\n<td>2</td>\n</tr>\n</tbody>\n</table>"},
		{"one tilde is a range", "a.md", "每斤3~5元，重2~4斤，~不删~，~~删~~。", "<p>每斤3~5元，重2~4斤，~不删~，<del>删</del>。</p>"},
		{"spaces in addresses", "a.md", "![图](/i/茶 园 (1).png) [甲](/a b.html \"题\")、[乙]( /c ) `[丙](d e)` [丁](f g\n\n    [戊](h i)\n",
			"<p><img src=\"http://news.example.com/i/%E8%8C%B6%20%E5%9B%AD%20(1).png\" alt=\"图\"> <a href=\"http://news.example.com/a%20b.html\" title=\"题\">甲</a>、" +
				"<a href=\"http://news.example.com/c\">乙</a> <code>[丙](d e)</code> [丁](f g</p>\n<pre><code>[戊](h i)\n</code></pre>"},
		{"Markdown is not read in .html", "a.html", "[甲](x) *乙*", "[甲](x) *乙*"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := contentOf(t, tt.file, head+tt.body).HTML
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("HTML (-want +got):\n%s", diff)
			}
			checkHTML(t, got)
		})
	}
}

func TestContentOfACorrectedPost(t *testing.T) {
	c := contentOf(t, "a.md", head+"<p>正文到此为止。</p>", func(p *posts.Post) { p.Correction = "产量应为 <3> 吨" })
	if want := "<p>正文到此为止。</p>"; c.HTML != want {
		t.Errorf("HTML = %q, want %q: the note is for whoever shows the post", c.HTML, want)
	}
	if c.Summary != "正文到此为止。" {
		t.Errorf("Summary = %q, want the article's own words", c.Summary)
	}
}

func TestContentOfAWithdrawnPostIsEmpty(t *testing.T) {
	c := contentOf(t, "a.md", head+"<p>正文。</p>", func(p *posts.Post) { p.Withdrawn, p.Summary = true, "摘要" })
	if diff := cmp.Diff(posts.Content{}, c); diff != "" {
		t.Errorf("Content (-want +got):\n%s", diff)
	}
}

func TestContentOfAChangedFile(t *testing.T) {
	fsys := fstest.MapFS{"a.md": {Data: []byte(head + "新")}}
	b := posts.NewBodies(posts.BodiesOptions{FS: fsys, Site: newsSite})
	if _, err := b.Content(postOf("a.md", head+"旧")); !errors.Is(err, posts.ErrChanged) {
		t.Errorf("Content of a changed file: %v, want ErrChanged", err)
	}
	if _, err := b.Content(postOf("b.md", "")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("Content of a missing file: %v, want ErrNotExist", err)
	}
}

func TestContentNestedTooDeeplyGoesOutAsText(t *testing.T) {
	c := contentOf(t, "a.html", head+strings.Repeat("<div>", 600)+`甲 &amp; <a href="x" onclick="e()">乙</a><script>1</script>`)
	if c.HTML != "甲 &amp; 乙" || len(c.Diagnostics) != 1 {
		t.Errorf("HTML = %q with %v, want the text and a warning", c.HTML, c.Diagnostics)
	}
}

func TestContentImage(t *testing.T) {
	const body = head + `<p><img src="data:image/gif;base64,R0" data-src="/a b.jpg"></p><p><img src="/c.jpg"></p>`
	if got, want := contentOf(t, "a.md", body).Image, "http://news.example.com/a%20b.jpg"; got != want {
		t.Errorf("Image = %q, want the first in the body, %q", got, want)
	}
	got := contentOf(t, "a.md", body, func(p *posts.Post) { p.Image = "../封面.jpg" }).Image
	if want := "http://news.example.com/n/2024/03/%E5%B0%81%E9%9D%A2.jpg"; got != want {
		t.Errorf("Image = %q, want front matter's, %q", got, want)
	}
}

// checkHTML holds what every body that goes out must be.
func checkHTML(t testing.TB, out string) {
	t.Helper()
	if strings.Contains(out, "{%") || strings.Contains(out, "{{") {
		t.Errorf("Liquid in %q", out)
	}
	for _, r := range out {
		if r == unicode.ReplacementChar || r < 0x20 && r != '\n' && r != '\t' || r >= 0x7f && r <= 0x9f {
			t.Errorf("forbidden character %U in %q", r, out)
		}
	}
	document := "<x><![CDATA[" + strings.ReplaceAll(out, "]]>", "]]]]><![CDATA[>") + "]]></x>"
	var x struct {
		Text string `xml:",chardata"`
	}
	if err := xml.Unmarshal([]byte(document), &x); err != nil || x.Text != out {
		t.Errorf("as CDATA: %v", err)
	}
	checkTags(t, out)
	// Nothing is left for a parser to repair: what it reads is what is written.
	if again := reparse(t, out); again != normal(out) {
		t.Errorf("parsed again it changes:\n was %q\n now %q", out, again)
	}
}

// checkTags reads the tags one by one: balanced, harmless, addresses absolute.
func checkTags(t testing.TB, out string) {
	t.Helper()
	var open []string
	for z := html.NewTokenizer(strings.NewReader(out)); z.Next() != html.ErrorToken; {
		token := z.Token()
		switch token.Type {
		case html.EndTagToken:
			if len(open) == 0 || open[len(open)-1] != token.Data {
				t.Fatalf("</%s> closes nothing in %q", token.Data, out)
			}
			open = open[:len(open)-1]
		case html.StartTagToken:
			switch token.Data {
			case "script", "style", "iframe", "object", "embed", "svg", "math", "form", "input", "link", "meta", "base":
				t.Errorf("<%s> in %q", token.Data, out)
			case "br", "hr", "img", "source", "col", "wbr":
			default:
				open = append(open, token.Data)
			}
			checkAttributes(t, token)
		case html.SelfClosingTagToken, html.CommentToken, html.DoctypeToken:
			t.Errorf("%v in %q", token, out)
		}
	}
	if len(open) > 0 {
		t.Errorf("%v left open in %q", open, out)
	}
}

func checkAttributes(t testing.TB, token html.Token) {
	t.Helper()
	for _, a := range token.Attr {
		switch a.Key {
		case "href", "src", "poster", "cite":
			ok := strings.HasPrefix(a.Val, "http://") || strings.HasPrefix(a.Val, "https://") ||
				a.Key == "href" && (strings.HasPrefix(a.Val, "mailto:") || strings.HasPrefix(a.Val, "tel:"))
			if !ok || strings.IndexFunc(a.Val, func(r rune) bool { return r <= ' ' || r >= 0x7f || strings.ContainsRune(`"<>\^{|}`+"`", r) }) >= 0 {
				t.Errorf("%s=%q is no absolute URI", a.Key, a.Val)
			}
		case "srcset":
			for candidate := range strings.SplitSeq(a.Val, ", ") {
				if !strings.HasPrefix(candidate, "http") {
					t.Errorf("srcset %q holds a relative address", a.Val)
				}
			}
		case "style", "class", "id":
			t.Errorf("attribute %s in %v", a.Key, token)
		default:
			if strings.HasPrefix(a.Key, "on") {
				t.Errorf("attribute %s in %v", a.Key, token)
			}
		}
	}
}

func reparse(t testing.TB, out string) string {
	t.Helper()
	root := &html.Node{Type: html.ElementNode, Data: "div", DataAtom: atom.Div}
	nodes, err := html.ParseFragment(strings.NewReader(out), root)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for _, n := range nodes {
		if err := html.Render(&b, n); err != nil {
			t.Fatal(err)
		}
	}
	return normal(b.String())
}

// normal writes tokens in one way, so that only their order counts.
func normal(s string) string {
	var b strings.Builder
	for z := html.NewTokenizer(strings.NewReader(s)); z.Next() != html.ErrorToken; {
		token := z.Token()
		if token.Type == html.SelfClosingTagToken {
			token.Type = html.StartTagToken
		}
		b.WriteString(token.String())
	}
	return b.String()
}
