package mailer

import (
	"net/url"
	"strings"
	"time"

	"github.com/enshi-daily/enshi/digest"
	"github.com/enshi-daily/enshi/posts"
	"github.com/enshi-daily/enshi/subscribers"
	"github.com/enshi-daily/enshi/templates"
)

// What a letter shows of one post at most, in characters.
const (
	maxTitle   = 120
	maxSummary = 240
	maxName    = 40
	maxAuthors = 6

	maxCorrection = 400
	maxLink       = 1800
)

// cut is how much of a letter is shown.
type cut struct {
	posts       int
	corrections int
	summaries   bool
}

// less shows less; false if there is nothing left to leave out.
func (c *cut) less() bool {
	switch {
	case c.summaries:
		c.summaries = false
	case c.posts > 1:
		c.posts = c.posts * 3 / 4
		c.corrections = min(c.corrections, max(1, c.posts))
	default:
		return false
	}
	return true
}

func (r *Renderer) frame(language subscribers.Language) templates.MailFrame {
	return templates.MailFrame{
		Language: string(language), Site: r.o.Title, SiteLanguage: r.o.SiteLanguage, SiteLink: r.o.SiteLink, Public: r.o.Public,
	}
}

// view is a letter as its templates see it.
func (r *Renderer) view(l digest.Letter, at marks, c cut) templates.DigestView {
	v := templates.DigestView{
		MailFrame:   r.frame(l.Language),
		Prefix:      r.o.SubjectPrefix,
		Cadence:     string(l.Cadence),
		Date:        r.day(l),
		Total:       len(l.Entries),
		Page:        r.o.Public + "/editions/" + url.PathEscape(l.Edition) + "/" + url.PathEscape(l.ID),
		Feed:        r.o.Public + "/feed.xml",
		Preferences: at.preferences,
		Unsubscribe: at.unsubscribe,
	}
	for _, e := range l.Entries[:min(len(l.Entries), c.posts)] {
		v.Posts = append(v.Posts, r.post(e, c.summaries))
	}
	v.More = v.Total - len(v.Posts)
	for _, e := range l.Corrections[:min(len(l.Corrections), c.corrections)] {
		v.Corrections = append(v.Corrections, templates.CorrectionView{
			Title: templates.Clip(maxTitle, clean(e.Title)), Link: link(e.Link),
			Date: e.Date.In(r.o.Zone), Text: correction(e),
		})
	}
	return v
}

func (r *Renderer) post(e digest.Entry, summary bool) templates.PostView {
	p := templates.PostView{
		Title: templates.Clip(maxTitle, clean(e.Title)),
		Link:  link(e.Link),
		Date:  e.Date.In(r.o.Zone),
	}
	p.Correction = correction(e)
	for _, t := range e.Topics {
		if t.Kind() == posts.KindCategory {
			p.Category = templates.Clip(maxName, clean(r.o.TopicTitle(t)))
			break
		}
	}
	for _, name := range e.Authors[:min(len(e.Authors), maxAuthors)] {
		if name = clean(name); name != "" {
			p.Authors = append(p.Authors, templates.Clip(maxName, name))
		}
	}
	// The letter's head names the paper already.
	if source := clean(e.SourceName); source != r.o.Title {
		p.Source = templates.Clip(maxName, source)
	}
	if summary {
		p.Summary = templates.Clip(maxSummary, clean(e.Summary))
	}
	return p
}

// correction is what a mail says of a correction, without the word that stands
// before it in any case.
func correction(e digest.Entry) string {
	text := clean(e.Correction)
	for _, word := range []string{"更正：", "更正:", "Correction:"} {
		text = strings.TrimPrefix(text, word)
	}
	return templates.Clip(maxCorrection, strings.TrimSpace(text))
}

// link is an address as it may stand in a text part: without what would end
// it. One that is longer than any server takes is left out.
func link(s string) string {
	s = strings.Map(func(r rune) rune {
		if r <= ' ' || r == 0x7f {
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, ""))
	if len(s) > maxLink {
		return ""
	}
	return s
}

// day is the day of a letter's edition, which its ID names (delivery.EditionID);
// without one, that of its newest post.
func (r *Renderer) day(l digest.Letter) time.Time {
	for part := range strings.SplitSeq(l.Edition, "-") {
		if day, err := time.ParseInLocation("20060102", part, r.o.Zone); err == nil {
			return day
		}
	}
	return l.Entries[0].Date.In(r.o.Zone)
}
