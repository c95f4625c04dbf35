package posts_test

import (
	"bytes"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/enshi-daily/enshi/posts"
)

// wholePost is a body in the shape that the archive's converter leaves: blocks
// on one line, a space before most paragraphs, no final newline.
const wholePost = `<p>全媒体记者田梦溪</p>
 <p>清江边的老茶厂重新开了门。</p>
 <p>“今年的订单排到了秋天。”厂长说。</p><p class="em_media">（文章来源：恩施日报）</p>

<http://paper.example.cn/html_News/NewsShare.html?infoCode=NW202403120000000001>

[返回恩施日报新闻](//news.example.com/category/enshiribao.html)｜[返回首页](//news.example.com/)`

const wholeText = ` <p>清江边的老茶厂重新开了门。</p>
 <p>“今年的订单排到了秋天。”厂长说。</p>`

func TestHouseReadsAWholePost(t *testing.T) {
	want := posts.Furniture{
		Authors:    []string{"田梦溪"},
		SourceName: "恩施日报",
		SourceURL:  "http://paper.example.cn/html_News/NewsShare.html?infoCode=NW202403120000000001",
		Text:       []byte(wholeText),
	}
	for name, body := range map[string]string{
		"newlines":         wholePost,
		"trailing newline": wholePost + "\n\n",
	} {
		t.Run(name, func(t *testing.T) {
			got := posts.DefaultHouse().Read([]byte(body))
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("Read (-want +got):\n%s", diff)
			}
		})
	}
	t.Run("CRLF", func(t *testing.T) {
		got := posts.DefaultHouse().Read(bytes.ReplaceAll([]byte(wholePost), []byte("\n"), []byte("\r\n")))
		want.Text = bytes.ReplaceAll(want.Text, []byte("\n"), []byte("\r\n"))
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("Read (-want +got):\n%s", diff)
		}
	})
}

func TestHouseRuleSwitchedOffLeavesItsPiece(t *testing.T) {
	const body = wholePost
	for _, tt := range []struct {
		rule string
		off  func(*posts.House)
		kept string
	}{
		{"source link", func(h *posts.House) { h.SourceLink = false }, "infoCode="},
		{"source name", func(h *posts.House) { h.SourceName = false }, "em_media"},
		{"navigation", func(h *posts.House) { h.Navigation = false }, "返回首页"},
		{"byline", func(h *posts.House) { h.Byline = false }, "全媒体记者"},
	} {
		t.Run(tt.rule, func(t *testing.T) {
			house := posts.DefaultHouse()
			tt.off(&house)
			text := house.Read([]byte(body)).Text
			for _, mark := range []string{"infoCode=", "em_media", "返回首页", "全媒体记者"} {
				if got, want := bytes.Contains(text, []byte(mark)), mark == tt.kept; got != want {
					t.Errorf("with the %s rule off, text contains %q = %t, want %t:\n%s", tt.rule, mark, got, want, text)
				}
			}
		})
	}
	if got := (posts.House{}).Read([]byte(body)); string(got.Text) != body || got.Authors != nil || got.SourceURL != "" {
		t.Errorf("no rule at all: Read = %+v, want the body untouched", got)
	}
}

func TestHouseByline(t *testing.T) {
	for _, tt := range []struct {
		paragraph string
		want      []string // nil: not a byline
	}{
		{"全媒体记者彭绪艳", []string{"彭绪艳"}},
		{"记者 王小川", []string{"王小川"}},
		{"本报记者李想", []string{"李想"}},
		{"通讯员 向清、田野", []string{"向清", "田野"}},
		{"全媒体记者 覃艳 通讯员 周倩 冉华", []string{"覃艳", "周倩", "冉华"}},
		{"全媒体记者覃艳通讯员周倩", []string{"覃艳", "周倩"}},
		{"恩施日报全媒体记者：刘畅", []string{"刘畅"}},
		{"见习记者 欧阳清风、阿依古丽·买买提", []string{"欧阳清风", "阿依古丽·买买提"}},
		{"记者 张　强", []string{"张强"}},
		{"记者 甲、乙", []string{"甲", "乙"}},
		{"（记者 王小川 通讯员 李想）", []string{"王小川", "李想"}},
		{"<strong>记者&nbsp;王小川</strong>", []string{"王小川"}},
		{"本报记者 王小川 文/图", []string{"王小川"}},
		{"本报记者 王小川 摄影报道", []string{"王小川"}},
		{"记者 王小川 记者 王小川", []string{"王小川"}},
		{"记者 王小川 摄", nil},
		{"记者从州气象局获悉，今晚有雨。", nil},
		{"记者走访", nil},
		{"记者手记", nil},
		{"本报记者走基层", nil},
		{"记者在现场看到", nil},
		{"记者", nil},
		{"小记者王小川", nil},
		{"王小川", nil},
		{"记者 王小川来到沐抚街道采访", nil},
	} {
		t.Run(tt.paragraph, func(t *testing.T) {
			rest := " <p>正文。</p>"
			body := "<p>" + tt.paragraph + "</p>\n" + rest
			got := posts.DefaultHouse().Read([]byte(body))
			if diff := cmp.Diff(tt.want, got.Authors); diff != "" {
				t.Errorf("authors (-want +got):\n%s", diff)
			}
			if tt.want == nil {
				rest = body
			}
			if string(got.Text) != rest {
				t.Errorf("text = %q, want %q", got.Text, rest)
			}
		})
	}
}

func TestHouseWhereFurnitureMayStand(t *testing.T) {
	for _, tt := range []struct {
		name, body, text string
		authors          []string
		source           string
	}{
		{"Markdown byline", "记者 王小川\n\n正文。\n\n## 小标题\n", "正文。\n\n## 小标题\n", []string{"王小川"}, ""},
		{"byline is no part of a longer block", "记者 王小川\n正文。\n", "记者 王小川\n正文。\n", nil, ""},
		{"two bylines", "<p>记者 王小川</p>\n<p>通讯员 李想</p>\n<p>文。</p>", "<p>文。</p>", []string{"王小川", "李想"}, ""},
		{"image before the byline stays", "<p><img src=\"a.jpg\"></p>\n<p>记者 王小川</p>\n<p>文。</p>", "<p><img src=\"a.jpg\"></p>\n<p>文。</p>", []string{"王小川"}, ""},
		{"note before the byline stays", "<p>编者按：开栏。</p>\n<p>记者 王小川</p>\n<p>文。</p>", "<p>编者按：开栏。</p>\n<p>文。</p>", []string{"王小川"}, ""},
		{"byline in the middle stays", "<p>文。</p>\n<p>记者 王小川</p>\n<p>文。</p>", "<p>文。</p>\n<p>记者 王小川</p>\n<p>文。</p>", nil, ""},
		{"byline at the end in parentheses", "<p>文。</p>\n<p>（通讯员 李想）</p>", "<p>文。</p>", []string{"李想"}, ""},
		{"source without class", "<p>文。</p>\n\n（来源:湖北日报）\n", "<p>文。</p>", nil, "湖北日报"},
		{"pieces in another order", "<p>文。</p>\n\n[返回首页](/)\n\n<http://a.cn/?infoCode=1>\n<p class='em_media'>（文章来源：湖北日报）</p>", "<p>文。</p>", nil, "湖北日报"},
		{"navigation as HTML", "<p>文。</p><p><a href=\"/c\">返回恩施日报</a>｜<a href=\"/\">返回首页</a></p>", "<p>文。</p>", nil, ""},
		{"links that do not lead back stay", "文。\n\n[返回首页](/)｜[更多](/m)", "文。\n\n[返回首页](/)｜[更多](/m)", nil, ""},
		{"quoted navigation stays", "文。\n\n[返回首页](/)\n\n完。", "文。\n\n[返回首页](/)\n\n完。", nil, ""},
		{"link without infoCode stays", "文。\n\n<http://a.cn/x>", "文。\n\n<http://a.cn/x>", nil, ""},
		{"source named in a sentence stays", "<p>文章来源：据新华社电，会议闭幕。</p>", "<p>文章来源：据新华社电，会议闭幕。</p>", nil, ""},
		{"nothing but furniture", "<p>记者 王小川</p><p class=\"em_media\">（文章来源：恩施日报）</p>", "", []string{"王小川"}, "恩施日报"},
		{"empty", "", "", nil, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := posts.DefaultHouse().Read([]byte(tt.body))
			if string(got.Text) != tt.text || got.SourceName != tt.source {
				t.Errorf("Read = %q source %q, want %q source %q", got.Text, got.SourceName, tt.text, tt.source)
			}
			if diff := cmp.Diff(tt.authors, got.Authors); diff != "" {
				t.Errorf("authors (-want +got):\n%s", diff)
			}
		})
	}
}

func FuzzHouseRead(f *testing.F) {
	f.Add([]byte(wholePost), uint8(31))
	f.Add([]byte("记者 张三\n[返回首页](x)"), uint8(31))
	f.Add([]byte("<p>记者张三</p>[返回首页](x)"), uint8(30))
	f.Add([]byte("（来源：a）\r\n\r\n<http://infoCode=>"), uint8(9))
	f.Fuzz(func(t *testing.T, body []byte, rules uint8) {
		house := posts.House{SourceLink: rules&1 > 0, SourceName: rules&2 > 0, Navigation: rules&4 > 0, Byline: rules&8 > 0}
		before := bytes.Clone(body)
		first := house.Read(body)
		if !bytes.Equal(body, before) {
			t.Fatalf("Read changed the body it was given: %q", body)
		}
		again := house.Read(first.Text)
		if !bytes.Equal(again.Text, first.Text) || again.Authors != nil || again.SourceName != "" || again.SourceURL != "" {
			t.Errorf("Read(%q).Text = %q, read again = %+v", body, first.Text, again)
		}
	})
}

func BenchmarkHouseRead(b *testing.B) {
	body := []byte(wholePost)
	house := posts.DefaultHouse()
	b.ReportAllocs()
	for b.Loop() {
		house.Read(body)
	}
}
