package feeds_test

import (
	"strings"
	"testing"

	"github.com/enshi-daily/enshi/feeds"
	"github.com/enshi-daily/enshi/posts"
)

const markupFile = "2026-01-05-a.html"

func TestHostileMarkup(t *testing.T) {
	for _, tt := range hostileMarkup() {
		t.Run(tt.name, func(t *testing.T) { tt.test(t) })
	}
}

// hostileMarkup is what no browser should be given.
func hostileMarkup() []hostile {
	return []hostile{
		{name: "script", body: "<p>甲<script>e('乙')</script>丙</p>\n<SCRIPT SRC=//x.example/e.js></SCRIPT>\n", text: "甲丙"},
		{name: "script that is never closed", body: "<p>甲</p>\n<script>e()\n<p>乙</p>", text: "甲"},
		{name: "script in pieces", file: markupFile, body: "<p>甲<scr<script>ipt>e()</scr</script>ipt>乙</p>", text: "甲ipt>e()ipt>乙"},
		{name: "style", body: "<style>p{display:none}</style>\n<p style=\"display:none;background:url(//x.example)\">甲</p>", text: "甲", html: []string{"<p>甲</p>"}},
		{name: "handlers", body: `<p onclick="e()" ONMOUSEOVER=e() on-x=1><img src="/a.png" onerror=e() alt=图>甲</p>`, text: "甲", html: []string{`<p><img src="https://news.example/a.png" alt="图">甲</p>`}},
		{name: "javascript:", body: `<p><a href="javascript:e()">甲</a><a href=" JaVaScRiPt:e()">乙</a><a href="vbscript:e()">丙</a><a href="data:text/html,<script>e()</script>">丁</a></p>`, text: "甲乙丙丁", html: []string{"<p>甲乙丙丁</p>"}},
		{name: "javascript: in disguise", body: "<p><a href=\"java&#x0A;script:e()\">甲</a><a href=\"java&Tab;script:e()\">乙</a><a href=\"&#1;javascript:e()\">丙</a><a href=\"java\tscript&colon;e()\">丁</a><a href=\"javascript&#58;e()\">戊</a></p>", text: "甲乙丙丁戊", html: []string{"<p>甲乙丙丁戊</p>"}},
		{name: "javascript: in Markdown", body: "[甲](javascript:e()) [乙](<java\u200bscript:e()>) ![丙](data:image/svg+xml;base64,AA) <javascript:e()>", text: "甲 乙 javascript:e()"},
		{name: "images that carry themselves", body: `<p>甲<img src="data:image/png;base64,` + strings.Repeat("A", 5<<20) + `">乙</p>`, text: "甲乙"},
		{name: "frames and plug-ins", body: "<iframe src=\"//v.example\">甲</iframe>\n<object data=x><param name=y></object><embed src=z><applet>丙</applet>\n<p>乙</p>", text: "乙"},
		{name: "svg and math", body: "<p>甲<svg onload=e()><script>e()</script><a xlink:href=\"javascript:e()\">乙</a></svg><math><mtext><img src=x onerror=e()></mtext></math>丙</p>", text: "甲丙"},
		{name: "forms", body: "<form action=//x.example><input name=a><textarea>b</textarea><select><option>c</select><button>d</button><label>甲</label></form>", text: "甲"},
		{name: "head elements", file: markupFile, body: "<!DOCTYPE html><html><head><title>题</title><base href=//x.example><meta http-equiv=refresh content=0><link rel=stylesheet href=x></head><body onload=e()>甲</body></html>", text: "甲"},
		{name: "unclosed elements", file: markupFile, body: "<div><p><b>甲<i>乙</b>丙<p>丁<table><tr><td>戊<ul><li>己<a href=x>庚", text: "甲乙丙 丁 戊 己庚"},
		{name: "closed elements that were never open", file: markupFile, body: "</div></td></p></b>甲</html></body>乙</table>", text: "甲乙"},
		{name: "an end that never comes", file: markupFile, body: `<p>甲</p><p title="乙`, text: "甲"},
		{name: "a comment that is never closed", file: markupFile, body: "<p>甲</p><!-- <p>乙</p>", text: "甲"},
		{name: "comments", body: "<!-- 注 -->\n甲<!-- 注 -->乙\n\n<!--[if IE]><p>丙</p><![endif]-->\n", text: "甲乙"},
		{name: "CDATA and instructions", file: markupFile, body: "<p>甲<![CDATA[乙]]>丙</p><?php e() ?><?import ns?>", text: "甲丙"},
		{name: "the end of CDATA", body: "甲]]>乙 ]]&gt; `]]>`\n\n<p>]]></p><!-- ]]> -->", text: "甲]]>乙 ]]> ]]> ]]>"},
		{name: "Word's leftovers", file: markupFile, body: "<o:p>甲</o:p><st1:place>乙</st1:place><w:WordDocument>丙</w:WordDocument><font face=宋体>丁</font>", text: "甲乙丙丁"},
		{name: "text as elements", body: "<p>1<2 且 a<b，<恩施日报>，<=、<3</p>", text: "1<2 且 a，<=、<3"},
		{name: "deep nesting", file: markupFile, body: strings.Repeat("<blockquote>", 400) + "甲", text: "甲"},
		{name: "nesting beyond the parser", file: markupFile, body: strings.Repeat("<div><b>", 3000) + "甲", text: "甲", says: []string{"warning: ", "without its markup"}},
		{name: "nested links and forms", file: markupFile, body: "<a href=/1>甲<a href=/2>乙</a></a><form><form>丙</form></form>", text: "甲乙 丙"},
		{name: "duplicate attributes", file: markupFile, body: `<a href="/1" href="javascript:e()" HREF="/2">甲</a>`, text: "甲", html: []string{`<a href="https://news.example/1">甲</a>`}},
	}
}

func TestHostileText(t *testing.T) {
	for _, tt := range hostileText() {
		t.Run(tt.name, func(t *testing.T) {
			tt.test(t)
			docs := readSite(t, tt.files()).documents(t, nil)
			if content := itemOf(t, docs["feed.xml"]).Content; strings.Contains(content, "{%") || strings.Contains(content, "{{") {
				t.Errorf("Liquid is left for the next Jekyll: %s", content)
			}
		})
	}
}

// hostileText is what no parser should be given.
func hostileText() []hostile {
	return []hostile{
		{name: "controls", body: "甲\x01\x02\x08\x0b\x0c\x0e\x1f\x7f乙\u0080\u0085\u009f丙\r丁", text: "甲 乙丙 丁"},
		{name: "controls as references", file: markupFile, body: "<p>甲&#1;&#x0B;&#x7F;&#x80;&#xFFFE;&#xFFFF;&#xD800;&#0;&#x110000;&#xFDD0;乙</p>", text: "甲 €乙"},
		{name: "NUL", body: "甲\x00乙 <b\x00>丙</b> <a href=\"/\x00x\">丁</a>", text: "甲乙 <b>丙 丁"},
		{name: "what is no character", body: "甲\ufffe\uffff\ufdd0\U0001fffe\U0010ffff\ufffd乙", text: "甲乙"},
		{name: "directions and zero width", body: "左\u202e右\u2066x\u2069 零\u200b宽\u200d\u2060", text: "左\u202e右\u2066x\u2069 零\u200b宽\u200d\u2060"},
		{name: "a byte order mark in the middle", body: "甲\ufeff乙", text: "甲乙"},
		{name: "beyond the basic plane", body: "𠮷野家 😀 🇨🇳", text: "𠮷野家 😀 🇨🇳"},
		{name: "separators", body: "甲\u2028乙\u2029丙\u0085丁", text: "甲 乙 丙丁"},
		{name: "bare marks", body: "C&A R&D &copy &nosuch; &lt;b&gt; a < b > c \"q\" 'a'", text: "C&A R&D &copy &nosuch; <b> a < b > c “q” ‘a’"},
		{name: "Liquid", front: "title: 一\ntags: x", body: "甲{{ page.x }}乙\n\n{% include v.html id=\"1\" %}\n\n{% raw %}{{ 丙 }}{% endraw %}\n\n{%- comment -%}丁{%- endcomment -%}\n戊 {{ 'a' | upcase }} {{ site.url }}{{ site.baseurl }}", text: "甲乙 {{ 丙 }} 戊 https://news.example/ens",
			says: []string{"a.md:5: warning: Liquid expression {{ page.x }}", "a.md:7: warning: Liquid tag {% include", "a.md:12: warning: Liquid expression {{ 'a'"}},
		{name: "Liquid that is never closed", body: "甲 {{ 乙\n\n丙 {% if x %}丁", text: "甲 乙 丙 丁", says: []string{"a.md:4: warning: the Liquid tag", "a.md:6: warning: Liquid tag {% if"}},
		{name: "Liquid that nobody closes", body: "甲 {% raw %}{{ 乙 }}", text: "甲 {{ 乙 }}", says: []string{"warning: no {% endraw %}"}},
		{name: "Liquid put together by markup", file: markupFile, body: "<p>{<b></b>{ 甲 }} {<!-- -->% x %} &#123;{ 乙 }}</p>", text: "{{ 甲 }} {% x %} {{ 乙 }}"},
		{name: "Liquid that is switched off", front: "title: 一\nrender_with_liquid: false", body: "甲 {{ x }} {% y %}", text: "甲 {{ x }} {% y %}"},
	}
}

func TestHostileMarkdown(t *testing.T) {
	for _, tt := range hostileMarkdown() {
		t.Run(tt.name, func(t *testing.T) { tt.test(t) })
	}
}

// hostileMarkdown is what Markdown has between the lines.
func hostileMarkdown() []hostile {
	return []hostile{
		{name: "attribute lists", body: "# 甲 {#h .c}\n\n乙\n{: .cls onclick=\"e()\"}\n\n*丙*{: .x} 丁 `{: .code}`\n\n- 戊\n{: .list}\n", text: "甲 乙 丙 丁 {: .code} 戊"},
		{name: "footnotes", body: "甲[^1]乙。\n\n[^1]: 注 <script>e()</script>。\n", text: "甲1乙。 注 。 ↩︎"},
		{name: "tables", body: "| 甲 | 乙 |\n|:--|--:|\n| a\\|b | <b>c</b> |\n", text: "甲 乙 a|b c"},
		{name: "code with HTML inside", body: "```html\n<script>e()</script> &amp; ]]>\n{: .x}\n```\n\n`<b onclick=e()>`\n\n    <p>四格</p>\n", text: "<script>e()</script> &amp; ]]> {: .x} <b onclick=e()> <p>四格</p>"},
		{name: "a fence that is never closed", body: "甲\n\n```\n<p>乙</p>\n", text: "甲 <p>乙</p>"},
		{name: "more", body: "甲\n\n<!--more-->\n\n乙 <!-- more -->丙\n", text: "甲 乙 丙"},
		{name: "links", body: "[甲](//h.example/路径?问=答#段) [乙](../x%20y.html) [丙](#脚) [丁](?q=1) [戊](mailto:a@b.example) <a href=\"//[::1]:8080/[x]\">己</a> <a>庚</a> <a href>辛</a>", text: "甲 乙 丙 丁 戊 己 庚 辛",
			html: []string{`href="https://h.example/%E8%B7%AF%E5%BE%84?%E9%97%AE=%E7%AD%94#%E6%AE%B5"`, `href="https://news.example/ens/2026/01/x%20y.html"`, `href="https://news.example/ens/2026/01/05/a.html#%E8%84%9A"`, `href="https://news.example/ens/2026/01/05/a.html?q=1"`, `href="mailto:a@b.example"`, `href="https://[::1]:8080/%5Bx%5D"`, " 庚"}},
		{name: "broken links", body: "[甲](http://) [乙](http://h:port/) [丙](http://%zz/) [丁](//) [戊](file:///etc/passwd) [己](http:/x)", text: "甲 乙 丙 丁 戊 己"},
		{name: "images", body: "![图 一](/图 片/a b.jpg) ![二](<图 片/甲 乙.jpg> \"题 \\\" <b>\")\n\n<img src=\" /c d.jpg\t\" alt='<\"&>' width=\"100%\" height=9>",
			html: []string{`<img src="https://news.example/%E5%9B%BE%20%E7%89%87/a%20b.jpg" alt="图 一">`, `src="https://news.example/ens/2026/01/05/%E5%9B%BE%20%E7%89%87/%E7%94%B2%20%E4%B9%99.jpg"`, `title="题 &#34; &lt;b&gt;"`, `<img src="https://news.example/c%20d.jpg" alt="&lt;&#34;&amp;&gt;" height="9">`}},
		{name: "srcset", body: `<p>甲<img src="a.jpg" srcset="a.jpg 1x, //h.example/b,c.jpg 2x, javascript:e() 3x, data:image/png;base64,AA 4x, d.jpg 100w e" sizes="50vw"></p>`, text: "甲",
			html: []string{`srcset="https://news.example/ens/2026/01/05/a.jpg 1x, https://h.example/b,c.jpg 2x"`}},
		{name: "an image that speaks of sources", body: `<p>甲<img src="a.jpg" src="b.jpg" alt="src=x y" srcset="b.jpg?src=c 2x"></p>`, text: "甲",
			html: []string{`alt="src=x y" srcset="https://news.example/ens/2026/01/05/b.jpg?src=c 2x" src="https://news.example/ens/2026/01/05/a.jpg">`}},
		{name: "UTF-8 read as Latin-1", body: "cafÃ© Â x " + strings.Repeat("y", 9000), text: "cafÃ© Â x " + strings.Repeat("y", 9000), html: []string{"caf&#xC3;© Â x"}},
		{name: "lazy images", body: `<p>甲<img data-src="//h.example/懒.jpg" src="data:image/gif;base64,R0"><img data-original="javascript:e()" src="b.jpg"></p>`, text: "甲",
			html: []string{`src="https://h.example/%E6%87%92.jpg"`, `src="https://news.example/ens/2026/01/05/b.jpg"`}},
		{name: "film and sound", body: "<video src=\"/v.mp4\" poster=\"javascript:e()\" autoplay onplay=e() controls><source src=\"v.webm\" type=\"video/webm\"><track src=x>不能播放</video>\n\n<audio src=\"//h.example/a.mp3\" autoplay></audio>", text: "不能播放",
			html: []string{`<video src="https://news.example/v.mp4"><source src="https://news.example/ens/2026/01/05/v.webm" type="video/webm">不能播放</video>`, `<audio src="https://h.example/a.mp3"></audio>`}},
		{name: "a byline, then one in the text", body: "<p>记者 王小满</p>\n\n<p>据记者 李四 报道，甲。</p>\n\n<p>（记者 张三 通讯员 赵六）</p>\n", text: "据记者 李四 报道，甲。"},
		{name: "a byline in the middle", body: "甲。\n\n记者 王小满\n\n乙。\n", text: "甲。 记者 王小满 乙。"},
		{name: "a byline with markup", body: "<p><strong>本报记者<script>e()</script> 王小满</strong></p>\n<p>甲。</p>\n", text: "本报记者 王小满 甲。"},
		{name: "reference definitions", body: "[甲][x] [乙]\n\n[x]: javascript:e()\n[乙]: //h.example \"题\"\n", text: "甲 乙", html: []string{`<a href="https://h.example" title="题">乙</a>`}},
	}
}

// TestHugePosts: what is too long is given as an excerpt and keeps nobody else
// out; that it was long tells no reader anything.
func TestHugePosts(t *testing.T) {
	for _, tt := range []struct{ name, body string }{
		{"one line", strings.Repeat("清江两岸的茶园今年又多了三十亩。", 5<<20/48)},
		{"many paragraphs", strings.Repeat("<p>清江两岸的茶园。</p>\n", 5<<20/34)},
		{"many short paragraphs of Markdown", strings.Repeat("*a* [b](c)\n\n", 1<<20/12)},
		{"one word", strings.Repeat("a", 5<<20)},
		{"opening brackets", strings.Repeat("[", 200_000)},
		{"opening tags", strings.Repeat("<p><b><a href=x>", 50_000)},
		{"attribute lists that are never closed", strings.Repeat("){:", 400_000)},
		{"backticks", "*a*{: .x} " + strings.Repeat("` `` ``` {: ", 100_000)},
		{"ampersands", strings.Repeat("&", 1<<20)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := readSite(t, map[string]string{"2026-01-05-a.md": "---\ntitle: 长\n---\n" + tt.body, "2026-01-04-b.md": "---\ntitle: 短\n---\n正文。\n"})
			docs := w.documents(t, nil)
			for _, f := range feeds.Formats {
				doc := docs[natural().Path(posts.Everything, f)]
				if doc.Entries != 2 || len(doc.Body) > feeds.DefaultMaxBytes || !strings.Contains(string(doc.Body), "正文。") {
					t.Errorf("%s: %d entries in %d bytes, want both in less than %d: %v", f, doc.Entries, len(doc.Body), feeds.DefaultMaxBytes, w.problems)
				}
			}
		})
	}
}
