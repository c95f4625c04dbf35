package mailer_test

import (
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/enshi-daily/enshi/delivery"
	"github.com/enshi-daily/enshi/digest"
	"github.com/enshi-daily/enshi/mailer"
	"github.com/enshi-daily/enshi/posts"
	"github.com/enshi-daily/enshi/subscribers"
	"github.com/enshi-daily/enshi/templates"
)

var update = flag.Bool("update", false, "write the golden files anew")

const public = "https://news.example.org/enshi"

// beijing needs no zone database.
func beijing() *time.Location { return time.FixedZone("CST", 8*3600) }

func newTemplates(tb testing.TB) *templates.Set {
	tb.Helper()
	set, err := templates.New(nil)
	if err != nil {
		tb.Fatal(err)
	}
	return set
}

func newRenderer(tb testing.TB, change ...func(*mailer.RendererOptions)) *mailer.Renderer {
	tb.Helper()
	o := mailer.RendererOptions{
		Templates: newTemplates(tb), Title: "清江早报", SiteLink: "https://qingjiang.example.org/", Public: public, Zone: beijing(),
		TopicTitle: func(t posts.Topic) string {
			return map[string]string{"yaowen": "要闻", "minsheng": "民生"}[t.Name()]
		},
	}
	for _, f := range change {
		f(&o)
	}
	r, err := mailer.NewRenderer(o)
	if err != nil {
		tb.Fatal(err)
	}
	return r
}

// newKeys is the same ring every time.
func newKeys(tb testing.TB) *subscribers.Keys {
	tb.Helper()
	const key = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
	keys, err := subscribers.ParseKeys([]byte(`{"identity":"` + key + `","links":[{"id":1,"key":"` + key + `"}]}`))
	if err != nil {
		tb.Fatal(err)
	}
	return keys
}

func newComposer(tb testing.TB, change ...func(*mailer.ComposerOptions)) *mailer.Composer {
	tb.Helper()
	o := mailer.ComposerOptions{
		Keys:    newKeys(tb),
		From:    mailer.Mailbox{Name: "清江早报", Address: "news@example.org"},
		ReplyTo: mailer.Mailbox{Name: "编辑部", Address: "editor@example.org"}, MailtoLeave: "leave@example.org",
		BounceDomain: "bounce.example.org",
	}
	for _, f := range change {
		f(&o)
	}
	if o.Renderer == nil {
		o.Renderer = newRenderer(tb)
	}
	c, err := mailer.NewComposer(o)
	if err != nil {
		tb.Fatal(err)
	}
	return c
}

// newLetter is a daily letter of five posts, one of them corrected, and two
// corrections of older ones.
func newLetter(language subscribers.Language) digest.Letter {
	at := func(day, hour int) time.Time { return time.Date(2026, 3, day, hour, 15, 0, 0, beijing()) }
	entry := func(n int64, topic, title, summary string, names ...string) digest.Entry {
		slug := string(rune('a' + n))
		return digest.Entry{
			Number: n, Post: posts.ID("tag:example.org,2026:" + slug), Title: title, Summary: summary, Authors: names,
			Topics: []posts.Topic{posts.Category(topic), posts.Tag("清江")}, Date: at(9, 18-int(n)),
			Link: "https://qingjiang.example.org/2026/03/09/" + slug + ".html", SourceName: map[bool]string{true: "清江早报", false: "省新闻网"}[n%2 == 0],
		}
	}
	corrected := func(e digest.Entry, text string) digest.Entry {
		e.Correction = text
		return e
	}
	return digest.Letter{
		ID: "Zm9vYmFyYmF6cXV4", Edition: "daily-20260310-57", Cadence: subscribers.Daily, Language: language,
		Entries: []digest.Entry{
			entry(1, "yaowen", "清江两岸春茶开采，首批鲜叶上市", "昨天清晨，河谷里的雾还没有散，采茶的人已经上了山。今年春天来得早，头一批鲜叶比去年提前了九天。", "李四", "王五"),
			entry(2, "minsheng", "老城区三条公交线路四月起延长运营时间", "末班车将推迟到晚上十点半，覆盖医院、车站和两所中学。", "赵六"),
			corrected(entry(3, "minsheng", "图书馆周末开设方言故事会", "孩子们可以听老人讲山里的故事，也可以自己上台讲。"), "更正：故事会在周日，原文误作周六。"),
			entry(4, "yaowen", "Wi-Fi 6 覆盖全部乡镇卫生院，远程会诊更快了", "A new line between 12 clinics and the county hospital carries pictures in seconds.", "Chen Mei"),
			entry(5, "minsheng", "为什么“慢火车”还在开？记者跟车四小时，听乘客讲述他们与这条铁路之间三十年的故事和牵挂", ""),
		},
		Corrections: []digest.Entry{
			{Title: "桥梁维修本周完工", Link: "https://qingjiang.example.org/2026/03/02/q.html", Date: at(2, 9), Correction: "完工日期应为三月十二日，原文误作二十日。"},
			{Title: "春季运动会报名开始", Link: "https://qingjiang.example.org/2026/03/03/r.html", Date: at(3, 9), Correction: "报名电话的末位数字有误，已改正。"},
		},
	}
}

func newMessage(tb testing.TB) delivery.Message {
	tb.Helper()
	raw, err := newRenderer(tb).Render(newLetter(subscribers.Chinese))
	if err != nil {
		tb.Fatal(err)
	}
	return messageWith(tb, raw, "reader@example.net")
}

func messageWith(tb testing.TB, rendered []byte, address subscribers.Address) delivery.Message {
	tb.Helper()
	return delivery.Message{
		Dated: time.Date(2026, 3, 10, 7, 30, 0, 0, beijing()), Rendered: rendered,
		Delivery: delivery.Delivery{
			Edition: "daily-20260310-57", Letter: "Zm9vYmFyYmF6cXV4", Subscriber: newKeys(tb).ID(address), Address: address,
			Group: groupOf(address), Generation: 1, Language: subscribers.Chinese,
		},
	}
}

// groupOf knows one domain of each provider whose answers are special.
func groupOf(a subscribers.Address) delivery.Group {
	groups := map[string]delivery.Group{
		"qq.com": mailer.QQ, "163.com": mailer.NetEase, "gmail.com": mailer.Gmail, "outlook.com": mailer.Outlook, "yahoo.com": mailer.Yahoo,
	}
	if g, ok := groups[a.Domain()]; ok {
		return g
	}
	return delivery.Other
}

func newNotice(tb testing.TB, edition string, language subscribers.Language) delivery.Message {
	tb.Helper()
	m := messageWith(tb, nil, "reader@example.net")
	m.Delivery.Edition, m.Delivery.Letter, m.Delivery.Language = edition, "", language
	m.Delivery.Created = m.Dated
	return m
}

// golden compares got with a file of testdata.
func golden(tb testing.TB, name string, got []byte) {
	tb.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			tb.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		tb.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		tb.Errorf("%s differs (-want +got); if that is meant, run the test with -update:\n%s", path, diff)
	}
}
