package posts_test

import (
	"html"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/enshi-daily/enshi/posts"
)

func TestContentLinks(t *testing.T) {
	const article = "http://news.example.com/n/2024/03/12/tea.html"
	for _, tt := range []struct{ href, want string }{ // want "": no link is left
		{"x.html", "http://news.example.com/n/2024/03/12/x.html"},
		{"../x.html", "http://news.example.com/n/2024/03/x.html"},
		{"/x", "http://news.example.com/x"},
		{"//a.cn/x", "http://a.cn/x"},
		{"https://a.cn", "https://a.cn"},
		{"HTTPS://A.cn/X", "https://a.cn/X"},
		{"?p=2", article + "?p=2"},
		{"#图", article + "#%E5%9B%BE"},
		{"", article},
		{" /a b ", "http://news.example.com/a%20b"},
		{"/a\n b", "http://news.example.com/a%20b"},
		{"/茶/%e8%8c%b6?q=茶#茶", "http://news.example.com/%E8%8C%B6/%E8%8C%B6?q=%E8%8C%B6#%E8%8C%B6"},
		{"/100%", "http://news.example.com/100%25"},
		{`/a"<b>|{c}^` + "`", "http://news.example.com/a%22%3Cb%3E%7C%7Bc%7D%5E%60"},
		{`\\a.cn\b`, "http://a.cn/b"},
		{"/a[1].html#x#y", "http://news.example.com/a%5B1%5D.html#x%23y"},
		{"http://[2001:db8::1]:8080/x", "http://[2001:db8::1]:8080/x"},
		{"http://恩施.cn:81/茶", "http://xn--sbuo2j.cn:81/%E8%8C%B6"},
		{"mailto:ed@a.cn?subject=茶", "mailto:ed@a.cn?subject=%E8%8C%B6"},
		{"tel:+86718", "tel:+86718"},
		{"javascript:alert(1)", ""},
		{"JaVa\tScript:alert(1)", ""},
		{"data:text/html,x", ""},
		{"vbscript:x", ""},
		{"file:///etc/passwd", ""},
		{"http:", ""},
		{"http:///x", ""},
		{"http:x", ""},
		{"mailto:", ""},
		{"http://a.cn:x/", ""},
	} {
		t.Run(tt.href, func(t *testing.T) {
			got := contentOf(t, "a.html", head+`<a href="`+html.EscapeString(tt.href)+`">茶</a>`).HTML
			want := "茶"
			if tt.want != "" {
				want = `<a href="` + html.EscapeString(tt.want) + `">茶</a>`
			}
			if got != want {
				t.Errorf("HTML = %q, want %q", got, want)
			}
		})
	}
}

func TestContentImageSets(t *testing.T) {
	for _, tt := range []struct{ set, want string }{
		{"a.jpg", "http://news.example.com/n/2024/03/12/a.jpg"},
		{"/a.jpg 1x, //b.cn/茶.jpg 2.5x", "http://news.example.com/a.jpg 1x, http://b.cn/%E8%8C%B6.jpg 2.5x"},
		{"/a.jpg 320w,/b.jpg 640w", "http://news.example.com/a.jpg 320w, http://news.example.com/b.jpg 640w"},
		{"/a,b.jpg 1x,", "http://news.example.com/a,b.jpg 1x"},
		{"/a.jpg, /b.jpg 2x", "http://news.example.com/a.jpg, http://news.example.com/b.jpg 2x"},
		{"data:image/png;base64,AA 1x, /b.jpg 2x", "http://news.example.com/b.jpg 2x"},
		{"/a.jpg wide", ""},
		{" , ", ""},
	} {
		t.Run(tt.set, func(t *testing.T) {
			got := contentOf(t, "a.html", head+`<img src="/s" srcset="`+tt.set+`" alt="">`).HTML
			want := `<img src="http://news.example.com/s" srcset="` + tt.want + `" alt="">`
			if tt.want == "" {
				want = `<img src="http://news.example.com/s" alt="">`
			}
			if got != want {
				t.Errorf("HTML = %q, want %q", got, want)
			}
		})
	}
}

func TestContentOfASiteWithoutAddress(t *testing.T) {
	const source = head + `<p><a href="/x">甲</a><a href="#y">乙</a><a href="">丙</a><img src="z.png"><a href="//a.cn/">丁</a></p>`
	b := posts.NewBodies(posts.BodiesOptions{FS: fstest.MapFS{"a.html": {Data: []byte(source)}}})
	c, err := b.Content(postOf("a.html", source))
	if err != nil {
		t.Fatal(err)
	}
	if want := `<p>甲乙丙<a href="https://a.cn/">丁</a></p>`; c.HTML != want || c.Image != "" {
		t.Errorf("HTML = %q, image %q, want %q: nothing relative may go out", c.HTML, c.Image, want)
	}
}

func TestContentLiquid(t *testing.T) {
	for _, tt := range []struct {
		name, body, want string
		warnings         int
	}{
		{"raw is honoured", "甲{% raw %}{{ x }}{% if %}{% endraw %}乙", "<p>甲&#123;&#123; x }}&#123;% if %}乙</p>", 0},
		{"comments go", "甲{% comment %}{{ x }}{% endcomment %}乙", "<p>甲乙</p>", 0},
		{"unknown tags go", "甲{% include a.html %}{{ page.x }}乙", "<p>甲乙</p>", 2},
		{"blocks leave what is in them", "甲{% if a %}乙{% endif %}", "<p>甲乙</p>", 2},
		{"dashes take white space", "甲 {{- x -}}\n 乙", "<p>甲乙</p>", 1},
		{"never closed", "甲{{ 乙", "<p>甲 乙</p>", 1},
		{"raw never closed", "甲{% raw %}{{", "<p>甲&#123;&#123;</p>", 1},
		{"addresses are known", `[甲]({{ site.baseurl }}/a) [乙]({{ "b" | relative_url }}) [丙]({{ '/c' | absolute_url }}) [丁]({{ "/d" | prepend: site.baseurl }}) {{ site.url }}`,
			`<p><a href="http://news.example.com/n/a">甲</a> <a href="http://news.example.com/n/b">乙</a> <a href="http://news.example.com/n/c">丙</a> <a href="http://news.example.com/n/d">丁</a> http://news.example.com</p>`, 0},
		{"unknown filters are not", `甲{{ "x" | upcase }}`, "<p>甲</p>", 1},
		{"braces made of references", "{&#37; x &#37;} &#123;{ y", "<p>&#123;% x %} &#123;&#123; y</p>", 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := contentOf(t, "a.md", head+tt.body)
			if c.HTML != tt.want || len(c.Diagnostics) != tt.warnings {
				t.Errorf("HTML = %q with %v, want %q with %d warnings", c.HTML, c.Diagnostics, tt.want, tt.warnings)
			}
		})
	}
	t.Run("switched off", func(t *testing.T) {
		c := contentOf(t, "a.md", "---\nrender_with_liquid: false\n---\n{{ x }}")
		if c.HTML != "<p>&#123;&#123; x }}</p>" || len(c.Diagnostics) != 0 {
			t.Errorf("HTML = %q with %v, want the braces as they are", c.HTML, c.Diagnostics)
		}
	})
	t.Run("lines are the file's", func(t *testing.T) {
		c := contentOf(t, "a.md", head+"\n\n甲\n\n乙 {{ x }}\n")
		if len(c.Diagnostics) != 1 || c.Diagnostics[0].Line != 8 || !strings.Contains(c.Diagnostics[0].Message, "{{ x }}") {
			t.Errorf("diagnostics = %v, want one at line 8", c.Diagnostics)
		}
	})
}
