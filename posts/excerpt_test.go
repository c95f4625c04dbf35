package posts_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/rivo/uniseg"

	"github.com/enshi-daily/enshi/posts"
)

func TestContentSummary(t *testing.T) {
	long := strings.Repeat("春天的茶园里人来人往", 4) // 40 characters, no stop
	for _, tt := range []struct{ name, body, want string }{
		{"short text whole", "<p>短讯一则。</p>", "短讯一则。"},
		{"paragraphs are joined", "<p>第一段在这里。</p>\n<p>第二段在这里。</p>", "第一段在这里。第二段在这里。"},
		{"words keep their distance", "<p>It rained.</p><p>Then it stopped.</p>", "It rained. Then it stopped."},
		{"byline is no text", "<p>记者 王小川</p><p>正文在这里。</p>", "正文在这里。"},
		{"editor's note is no text", "<p>【编者按】开栏的话。</p><p>正文在这里。</p>", "正文在这里。"},
		{"headings are no text", "<h2>政策落地</h2><p>便民利企</p><p>正文在这里。</p>", "正文在这里。"},
		{"but if there is nothing else", "<p>便民利企</p>", "便民利企"},
		{"tables, captions and code are no text", "<table><tr><td>表。</td></tr></table><figure><figcaption>图。</figcaption></figure><pre>码。</pre><p>正文在这里。</p>", "正文在这里。"},
		{"no text at all", `<p><img src="a.jpg"></p>`, ""},
		{"entities and tags", "<p>A&amp;B<b>茶</b>&nbsp;好。<br>\n又一行。</p>", "A&B茶 好。又一行。"},
		{"lines of Chinese join", "<p>春天\n来了，Go\n语言。</p>", "春天来了，Go 语言。"},
		{"readings are no text", "<p><ruby>恩<rp>(</rp><rt>ēn</rt><rp>)</rp></ruby>施。</p>", "恩施。"},
		{"behind a sentence", "<p>" + long + "。" + long + "！" + long + long + "。</p>", long + "。" + long + "！"},
		{"with the closing quote", "<p>“" + long + "。”" + long + long + long + "。</p>", "“" + long + "。”"},
		{"not inside a quotation", "<p>" + long + "。“" + long + "。" + long + long + "”</p>", long + "。"},
		{"before a comma", "<p>" + long + "，" + long + "，" + long + long + "。</p>", long + "，" + long + "…"},
		{"a greeting is not enough", "<p>好！" + long + "，" + long + long + "。</p>", "好！" + long + "…"},
		{"in the middle of nothing", "<p>" + strings.Repeat("茶", 200) + "</p>", strings.Repeat("茶", 119) + "…"},
		{"never inside a cluster", "<p>" + strings.Repeat("👩‍👩‍👧", 200) + "</p>", strings.Repeat("👩‍👩‍👧", 119) + "…"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := contentOf(t, "a.md", head+tt.body).Summary
			if got != tt.want {
				t.Errorf("Summary = %q, want %q", got, tt.want)
			}
			if n := uniseg.GraphemeClusterCount(got); n > 120 {
				t.Errorf("Summary has %d characters, want at most 120", n)
			}
		})
	}
}

func TestContentSummaryOfFrontMatterStays(t *testing.T) {
	want := strings.Repeat("写好的摘要，", 40)
	got := contentOf(t, "a.md", head+"<p>正文。</p>", func(p *posts.Post) { p.Summary = want }).Summary
	if got != want {
		t.Errorf("Summary = %q, want front matter's", got)
	}
}

func TestContentSummaryFollowsTheHouse(t *testing.T) {
	const source = head + "<p>编者按：这一句是按语。</p><p>正文在这里。</p>"
	b := posts.NewBodies(posts.BodiesOptions{FS: fstest.MapFS{"a.md": {Data: []byte(source)}}, Site: newsSite, Summary: 15})
	c, err := b.Content(postOf("a.md", source))
	if err != nil {
		t.Fatal(err)
	}
	if want := "编者按：这一句是按语。"; c.Summary != want {
		t.Errorf("Summary with every rule off and 15 characters = %q, want %q", c.Summary, want)
	}
}
