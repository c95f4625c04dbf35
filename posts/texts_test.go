package posts_test

import (
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/enshi-daily/enshi/posts"
)

// read is the post that front matter makes, with its diagnostics.
func read(t *testing.T, front string) (*posts.Post, []posts.Diagnostic) {
	t.Helper()
	scan := scanFiles(t, fstest.MapFS{"_posts/2022-05-23-a.md": {Data: []byte("---\n" + front + "\n---\n<p>记者 王小明</p>\n<p>正文。</p>\n")}})
	if len(scan.Posts) != 1 {
		t.Fatalf("front matter %q: %v", front, scan.Diagnostics)
	}
	return scan.Posts[0], scan.Diagnostics
}

func TestAuthors(t *testing.T) {
	tests := []struct {
		front string
		want  []string
	}{
		{"author: 李雷", []string{"李雷"}},
		{"author: [李雷, 韩梅梅, 李雷]", []string{"李雷", "韩梅梅"}},
		{"author: {name: 李雷, email: l@example.cn}", []string{"李雷"}},
		{"authors: [{name: 李雷}, 韩梅梅]", []string{"李雷", "韩梅梅"}},
		{"author: 李雷\nauthors: [韩梅梅]", []string{"李雷"}},
		{"author: 李雷 <l@example.cn>", []string{"李雷"}},
		{"author: [<l@example.cn>, {name: '韩梅梅<h@example.cn> '}]", []string{"l@example.cn", "韩梅梅"}},
		{"author:", []string{"王小明"}}, // the byline's
		{"title: 无", []string{"王小明"}},
	}
	for _, tt := range tests {
		if p, _ := read(t, tt.front); !cmp.Equal(p.Authors, tt.want) {
			t.Errorf("%s: %v, want %v", tt.front, p.Authors, tt.want)
		}
	}
}

func TestPlainTexts(t *testing.T) {
	p, diags := read(t, `title: "  A < B &amp; <em>C</em><!-- D -->　E &lt;i>  "
excerpt: "<p>一 <b>二</b></p>\n<script>x</script> 三 &amp; 1<2 <!-- 四 -->"
description: 不用
image: {path: /i.png}
guid: " tag:example.cn,2022:1 "
source_name: 湖北日报
source_url: https://paper.example.cn/1`)
	got := []string{p.Title, p.Summary, p.Image, p.GUID, p.SourceName, p.SourceURL}
	want := []string{"A < B & C　E <i>", "一 二 三 & 1<2", "/i.png", "tag:example.cn,2022:1", "湖北日报", "https://paper.example.cn/1"}
	if d := cmp.Diff(want, got); d != "" || len(diags) != 0 {
		t.Errorf("%s\n%v", d, diags)
	}
	if p, _ := read(t, "description: 只有说明\nimage: a.png"); p.Summary != "只有说明" || p.Image != "a.png" {
		t.Errorf("summary %q, image %q", p.Summary, p.Image)
	}
}

func TestUpdated(t *testing.T) {
	at := func(s string) time.Time {
		when, err := time.Parse(time.RFC3339, s)
		if err != nil {
			t.Fatal(err)
		}
		return when
	}
	tests := []struct {
		front, correction string
		want              time.Time
		warnings          int
	}{
		{"title: x", "", at("2022-05-23T00:00:00+08:00"), 0},
		{"last_modified_at: 2022-06-01 08:00:00 +0800", "", at("2022-06-01T08:00:00+08:00"), 0},
		{"correction: 名字 <b>有误</b>", "名字 有误", at("2022-05-23T00:00:00+08:00"), 0},
		{"correction: {text: 有误, date: 2022-06-02}", "有误", at("2022-06-02T00:00:00+08:00"), 0},
		{"correction:\n  - {text: 一, date: 2022-06-03}\n  - {text: 二, date: 2022-06-02}", "一\n二", at("2022-06-03T00:00:00+08:00"), 0},
		{"correction: {text: 有误, date: 2022-06-02}\nlast_modified_at: 2022-07-01", "有误", at("2022-07-01T00:00:00+08:00"), 0},
		{"last_modified_at: 昨天", "", at("2022-05-23T00:00:00+08:00"), 1},
		{"correction: {text: 有误, date: 昨天}", "有误", at("2022-05-23T00:00:00+08:00"), 1},
		{"last_modified_at: 9999-12-31 23:59:59 -0800", "", at("2022-05-23T00:00:00+08:00"), 1},
		{"correction: {text: 有误, date: 2999-01-01}", "有误", at("2022-05-23T00:00:00+08:00"), 1},
		{"correction: no", "", at("2022-05-23T00:00:00+08:00"), 0},
	}
	for _, tt := range tests {
		p, diags := read(t, tt.front)
		if !p.Updated.Equal(tt.want) || p.Correction != tt.correction || len(diags) != tt.warnings {
			t.Errorf("%s: updated %v, correction %q, %v", tt.front, p.Updated, p.Correction, diags)
		}
	}
}

func TestWithdrawnAndWarnings(t *testing.T) {
	tests := []struct {
		front     string
		withdrawn bool
		warning   string
	}{
		{"withdrawn: true", true, ""},
		{"withdrawn: yes", true, ""},
		{"withdrawn: no", false, ""},
		{"withdrawn:", false, ""},
		{"withdrawn: 撤", true, "expected true or false"},
		{"guid: a b", false, "expected no white space"},
		{"title: [a]", false, "expected a text"},
		{"date: 2022-05-24 01：00", false, "not understood"},
	}
	for _, tt := range tests {
		p, diags := read(t, tt.front)
		warned := len(diags) == 1 && diags[0].Severity == posts.Warning && diags[0].Line == 2 && strings.Contains(diags[0].Message, tt.warning)
		if p.Withdrawn != tt.withdrawn || warned != (tt.warning != "") {
			t.Errorf("%s: withdrawn %v, %v", tt.front, p.Withdrawn, diags)
		}
	}
}

func TestIgnoredFilesAreNamed(t *testing.T) {
	scan := scanFiles(t, fstest.MapFS{
		"_posts/readme.md":           {Data: []byte("x")},
		"_posts/2022-05-23-data.yml": {Data: []byte("a: b")},
		"_posts/.hidden.md":          {Data: []byte("x")},
		"_posts/2022-05-23-empty.md": {},
	})
	want := []string{
		`_posts/2022-05-23-data.yml: warning: is a data file and no post: expected Markdown or HTML`,
		`_posts/2022-05-23-empty.md: warning: has no text`,
		`_posts/readme.md: warning: is no post by its name and is ignored: expected YYYY-MM-DD-title.ext`,
	}
	var got []string
	for _, d := range scan.Diagnostics {
		got = append(got, d.String())
	}
	if d := cmp.Diff(want, got); d != "" || len(scan.Posts) != 1 {
		t.Errorf("%s\n%d posts", d, len(scan.Posts))
	}
}

func TestIdentityOfBytes(t *testing.T) {
	scan := scanFiles(t, fstest.MapFS{
		"_posts/2022-05-23-a.md": {Data: []byte("---\ntitle: 甲\n---\n<p>记者 王小明</p>\n<p>正文。</p>\n")},
		"_posts/2022-05-23-b.md": {Data: []byte("---\ntitle: 乙\n---\n\n<p>正文。</p>\n\n\n")},
	})
	a, b := scan.Posts[0], scan.Posts[1]
	if a.Body != b.Body || a.Hash == b.Hash {
		t.Errorf("the same text has bodies %x %x, other files have hashes %x %x", a.Body, b.Body, a.Hash, b.Hash)
	}
	if a.Body != posts.Fingerprint([]byte("<p>正文。</p>")) {
		t.Errorf("Body is not the fingerprint of the text")
	}
}
