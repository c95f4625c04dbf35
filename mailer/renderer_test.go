package mailer_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/enshi-daily/enshi/digest"
	"github.com/enshi-daily/enshi/mailer"
	"github.com/enshi-daily/enshi/posts"
	"github.com/enshi-daily/enshi/subscribers"
	"github.com/enshi-daily/enshi/templates"
)

func TestLettersLookAsTheyDid(t *testing.T) {
	r := newRenderer(t)
	for _, language := range []subscribers.Language{subscribers.Chinese, subscribers.English} {
		t.Run(string(language), func(t *testing.T) {
			p, err := r.Preview(newLetter(language))
			if err != nil {
				t.Fatal(err)
			}
			golden(t, "digest."+string(language)+".html", []byte(p.HTML))
			golden(t, "digest."+string(language)+".txt", []byte("Subject: "+p.Subject+"\n\n"+p.Text))
		})
	}
}

func TestSameLetterGivesTheSameBytes(t *testing.T) {
	l := newLetter(subscribers.Chinese)
	first, err := newRenderer(t).Render(l)
	if err != nil {
		t.Fatal(err)
	}
	second, err := newRenderer(t).Render(l)
	if err != nil || !bytes.Equal(first, second) {
		t.Errorf("Render gave different bytes the second time (error %v)", err)
	}
}

func TestSubjectNamesRhythmCountAndHeadline(t *testing.T) {
	for _, tt := range []struct {
		cadence  subscribers.Cadence
		language subscribers.Language
		posts    int
		want     string
	}{
		{subscribers.Daily, subscribers.Chinese, 5, "清江早报 · 今日 5 篇：清江两岸春茶开采，首批鲜叶上市"},
		{subscribers.Weekly, subscribers.Chinese, 5, "清江早报 · 本周 5 篇：清江两岸春茶开采，首批鲜叶上市"},
		{subscribers.Instant, subscribers.Chinese, 2, "清江早报 · 新到 2 篇：清江两岸春茶开采，首批鲜叶上市"},
		{subscribers.Instant, subscribers.Chinese, 1, "清江早报：清江两岸春茶开采，首批鲜叶上市"},
		{subscribers.Daily, subscribers.English, 5, "清江早报 · 5 today: 清江两岸春茶开采，首批鲜叶上市"},
		{subscribers.Instant, subscribers.English, 1, "清江早报: 清江两岸春茶开采，首批鲜叶上市"},
	} {
		l := newLetter(tt.language)
		l.Cadence, l.Entries = tt.cadence, l.Entries[:tt.posts]
		p, err := newRenderer(t).Preview(l)
		if err != nil || p.Subject != tt.want {
			t.Errorf("subject of %d posts, %s, %s = %q, %v; want %q", tt.posts, tt.cadence, tt.language, p.Subject, err, tt.want)
		}
	}
	r := newRenderer(t, func(o *mailer.RendererOptions) { o.SubjectPrefix = "广告" })
	if p, err := r.Preview(newLetter(subscribers.Chinese)); err != nil || !strings.HasPrefix(p.Subject, "广告 清江早报") {
		t.Errorf("subject with a prefix = %q, %v", p.Subject, err)
	}
}

// bigLetter is a letter of n posts with long texts.
func bigLetter(n, title, summary int) digest.Letter {
	l := newLetter(subscribers.Chinese)
	for len(l.Entries) < n {
		e := l.Entries[0]
		e.Number = int64(len(l.Entries)) + 1
		e.Link = fmt.Sprintf("https://qingjiang.example.org/%d.html", e.Number)
		e.Title = strings.Repeat("长", title)
		e.Summary = strings.Repeat("文", summary)
		l.Entries = append(l.Entries, e)
	}
	return l
}

func TestLettersStayBelowTheClippingSize(t *testing.T) {
	c := newComposer(t)
	for _, tt := range []struct{ posts, title, summary, full int }{
		{30, 30, 120, 30}, {31, 30, 120, 30}, {200, 120, 240, 30}, {30, 3000, 9000, 30},
	} {
		t.Run(fmt.Sprint(tt), func(t *testing.T) {
			l := bigLetter(tt.posts, tt.title, tt.summary)
			for range 40 {
				l.Corrections = append(l.Corrections, l.Corrections[0])
			}
			raw, err := newRenderer(t).Render(l)
			if err != nil {
				t.Fatal(err)
			}
			eml, err := c.Compose(messageWith(t, raw, "reader@example.net"))
			if err != nil {
				t.Fatal(err)
			}
			if len(eml) >= mailer.MaxBytes {
				t.Errorf("the mail has %d bytes, want less than %d", len(eml), mailer.MaxBytes)
			}
			html := parse(t, eml).html
			shown := strings.Count(html, "<h2 class=\"headline")
			if shown > digest.MaxFull || shown < 8 {
				t.Errorf("%d posts are shown in full", shown)
			}
			if rest := tt.posts - shown; rest > 0 && !strings.Contains(html, fmt.Sprintf("还有 %d 篇", rest)) {
				t.Errorf("the mail shows %d of %d posts and does not say how many more", shown, tt.posts)
			}
			t.Logf("%d bytes, %d shown", len(eml), shown)
		})
	}
}

func TestOrdinaryLettersKeepTheirSummaries(t *testing.T) {
	p, err := newRenderer(t).Preview(bigLetter(20, 24, 120))
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(p.HTML, strings.Repeat("文", 120)); n != 15 {
		t.Errorf("%d of 15 summaries are left in a mail of %d bytes", n, p.Bytes)
	}
}

func TestNothingInAPostBecomesMarkup(t *testing.T) {
	l := newLetter(subscribers.Chinese)
	e := &l.Entries[0]
	e.Title = "<script>alert(1)</script>\r\nBcc: x@example.com\r\n\r\n<b>"
	e.Summary = `</p><img src=x onerror=alert(1)> "quoted" & {{.Unsubscribe}}`
	e.Authors = []string{"<i>\n甲</i>"}
	e.SourceName = "--=_boundary\r\n"
	e.Link = "javascript:alert(1)"
	e.Topics = []posts.Topic{posts.Category("<u>")}
	r := newRenderer(t, func(o *mailer.RendererOptions) { o.TopicTitle = nil; o.Title = "站<b>\r\nX-Bad: 1" })
	raw, err := r.Render(l)
	if err != nil {
		t.Fatal(err)
	}
	eml, err := newComposer(t).Compose(messageWith(t, raw, "reader@example.net"))
	if err != nil {
		t.Fatal(err)
	}
	m := parse(t, eml)
	for _, bad := range []string{"<script", "<img", "<i>", "<b>", "<u>", "javascript:"} {
		if strings.Contains(m.html, bad) {
			t.Errorf("the html part holds %q", bad)
		}
	}
	for _, name := range []string{"Bcc", "X-Bad"} {
		if m.header.Has(name) {
			t.Errorf("the header %s got in", name)
		}
	}
	if strings.Contains(m.text, "\n\n<b>") || !strings.Contains(m.text, "<script>alert(1)</script> Bcc: x@example.com <b>") {
		t.Errorf("the title is not one line of the text part:\n%s", m.text)
	}
}

func TestLettersWithoutPostsAreRefused(t *testing.T) {
	l := newLetter(subscribers.Chinese)
	l.Entries = nil
	if _, err := newRenderer(t).Render(l); err == nil || !strings.Contains(err.Error(), "no posts") {
		t.Errorf("Render = %v, want an error about no posts", err)
	}
	l = newLetter("tlh")
	if _, err := newRenderer(t).Render(l); !errors.Is(err, templates.ErrNoTemplate) {
		t.Errorf("Render in an unknown language = %v, want ErrNoTemplate", err)
	}
}

func TestRendererOptionsAreChecked(t *testing.T) {
	for _, address := range []string{"", "ftp://x", "https://x/", "https://x/?a", `https://x/"`, "https:///p", "https://x/ y"} {
		if _, err := mailer.NewRenderer(mailer.RendererOptions{Title: "x", Public: address}); err == nil || !strings.Contains(err.Error(), "public address") {
			t.Errorf("NewRenderer with public address %q = %v, want an error about it", address, err)
		}
	}
}
