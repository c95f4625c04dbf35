package posts_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"unicode/utf8"

	"github.com/rivo/uniseg"

	"github.com/enshi-daily/enshi/posts"
)

func FuzzContent(f *testing.F) {
	files, err := filepath.Glob("testdata/content/*.in.*")
	if err != nil || len(files) == 0 {
		f.Fatalf("no seeds: %v", err)
	}
	for _, file := range files {
		source, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(source), "封面.jpg", strings.HasSuffix(file, ".md"))
	}
	f.Add("<p><a><table><a>x<svg><p></svg><li><pre>\n\n", "//", false)
	f.Add("<button><p><marquee><a><p><dd><li><ruby><rt><p>", "#", false)
	f.Add("*a **b_ \"'{:}\n\n    <p>\n> <div>\n\n<http://a>{% raw %}{%", "", true)
	f.Fuzz(func(t *testing.T, source, image string, markdown bool) {
		name := "a.html"
		if markdown {
			name = "a.md"
		}
		b := posts.NewBodies(posts.BodiesOptions{FS: fstest.MapFS{name: {Data: []byte(source)}}, Site: newsSite, House: posts.DefaultHouse()})
		p := postOf(name, source)
		p.Image = image
		c, err := b.Content(p)
		if err != nil {
			t.Fatalf("Content of %q: %v", source, err)
		}
		checkHTML(t, c.HTML)
		if n := uniseg.GraphemeClusterCount(c.Summary); n > 120 || !utf8.ValidString(c.Summary) {
			t.Errorf("Summary %q has %d characters or bad UTF-8", c.Summary, n)
		}
		if c.Image != "" && !strings.HasPrefix(c.Image, "http://") && !strings.HasPrefix(c.Image, "https://") {
			t.Errorf("Image %q is not absolute", c.Image)
		}
		if again, _ := b.Content(p); again.HTML != c.HTML || again.Summary != c.Summary {
			t.Errorf("twice is not the same: %q, %q", c.HTML, again.HTML)
		}
	})
}

// FuzzPlain: what bluemonday is not asked about, it would not change.
func FuzzPlain(f *testing.F) {
	for _, seed := range []string{
		"<p>清江</p>\n<h2>一</h2><ul><li><b>茶</b></li></ul>", "<p>a</p", "</p><p></div>", "<P>a</P>", "<p >a</p>", "< p>", "</ p>", "<p/>", "<//p>", "<p<b>>",
		"a &amp; b", "1 > 0", "\"a\"", "it's", "a\r\nb", "\x00", "<br>", "<a href=x>", "<!-- -->", "<script>p</script>", "<title><p>a</p></title>",
		"\ufffd\xff<p>",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, source string) {
		if out, spared := posts.Sanitised(source); spared && out != source {
			t.Errorf("%q is spared, but bluemonday makes %q of it", source, out)
		}
	})
}

func TestPlainArticlesAreSparedBluemonday(t *testing.T) {
	for source, want := range map[string]bool{
		"<p>“清江两岸”，茶园3.5万亩。</p>\n<h2>一</h2><p><strong>茶</strong></p>": true,
		"<p onclick=\"a()\">清江</p>": false, "<script>": false, "<p>a<br>b</p>": false, "<p>a &lt; b</p>": false, "<p": false,
	} {
		if _, spared := posts.Sanitised(source); spared != want {
			t.Errorf("%q: spared %v, want %v", source, spared, want)
		}
	}
}

// BenchmarkContent renders a post of the archive's usual size.
func BenchmarkContent(b *testing.B) {
	paragraphs := strings.Repeat(" <p>“茶园今年又多了三十亩。”3月11日，村党支部书记向前进说，鲜叶收购价每斤涨了两元，同比增长12.5%，带动周边三个村的农户增收，大家商量着办，事情就好办。</p>\n", 22)
	for _, bench := range []struct{ name, source string }{
		{"archive", head + strings.Replace(wholePost, " <p>清江", paragraphs+" <p>清江", 1)},
		{"markdown", head + strings.NewReplacer("<p>", "", "</p>\n", "\n\n", "</p>", "\n\n").Replace(paragraphs)},
	} {
		b.Run(bench.name, func(b *testing.B) {
			bodies := posts.NewBodies(posts.BodiesOptions{FS: fstest.MapFS{"a.md": {Data: []byte(bench.source)}}, Site: newsSite, House: posts.DefaultHouse()})
			p := postOf("a.md", bench.source)
			b.SetBytes(int64(len(bench.source)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := bodies.Content(p); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
