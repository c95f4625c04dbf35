package mailer

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/enshi-daily/enshi/delivery"
	"github.com/enshi-daily/enshi/digest"
	"github.com/enshi-daily/enshi/posts"
	"github.com/enshi-daily/enshi/subscribers"
	"github.com/enshi-daily/enshi/templates"
)

// RendererOptions are what a Renderer works with. Templates, Title and Public
// are needed.
type RendererOptions struct {
	Templates     *templates.Set
	Title         string // of the site
	SiteLanguage  string // of its articles, zh-Hans if ""
	SiteLink      string // where the articles are; Public if ""
	Public        string // address of our pages, without a trailing slash
	SubjectPrefix string // before every digest's subject, such as the law wants for advertisements
	Zone          *time.Location
	// TopicTitle names a category as readers know it; nil for its own name.
	TopicTitle func(posts.Topic) string
}

// Renderer turns letters into mail, once a letter. It is safe for concurrent
// use.
type Renderer struct {
	o      RendererOptions
	styles *inliner
}

var _ delivery.Renderer = (*Renderer)(nil)

// NewRenderer checks the options and returns a renderer.
func NewRenderer(o RendererOptions) (*Renderer, error) {
	var errs []error
	if o.Templates == nil {
		errs = append(errs, errors.New("renderer: templates are missing"))
	}
	if o.Title = clean(o.Title); o.Title == "" {
		errs = append(errs, errors.New("renderer: the site has no title: set one"))
	}
	errs = append(errs, checkPublic(o.Public))
	if o.SiteLink == "" {
		o.SiteLink = o.Public
	}
	if o.SiteLanguage == "" {
		o.SiteLanguage = string(subscribers.Chinese)
	}
	if o.Zone == nil {
		o.Zone = time.UTC
	}
	if o.TopicTitle == nil {
		o.TopicTitle = posts.Topic.Name
	}
	r := &Renderer{o, newInliner()}
	if err := errors.Join(errs...); err != nil {
		return r, err
	}
	return r, r.try()
}

// try renders a letter in each language: one that a replaced template spoils is
// better found now than when an edition is to be sent.
func (r *Renderer) try() error {
	var errs []error
	for _, language := range []subscribers.Language{subscribers.Chinese, subscribers.English} {
		sample := digest.Letter{
			ID: "sample", Edition: "daily", Cadence: subscribers.Daily, Language: language, Entries: []digest.Entry{{Title: "Title", Link: r.o.Public}},
		}
		if _, _, err := r.fit(sample); err != nil {
			errs = append(errs, fmt.Errorf("digest in %s: %w", language, err))
		}
	}
	return errors.Join(errs...)
}

// checkPublic holds the public address to characters that mean nothing in a
// header, in HTML or in text: it stands in all of them as it is.
func checkPublic(public string) error {
	u, err := url.Parse(public)
	odd := func(r rune) bool {
		return r <= ' ' || r > '~' || strings.ContainsRune(`"'<>&\,;?#`, r)
	}
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" ||
		strings.HasSuffix(public, "/") || strings.ContainsFunc(public, odd) || len(public) > 200 {
		return fmt.Errorf("public address %q: expected https://host or https://host/path, without a trailing slash", public)
	}
	return nil
}

// MaxBytes is what a mail stays below as it goes over the wire, headers
// included: at a little more, Gmail hides the rest of a letter.
const MaxBytes = 100_000

// headerRoom is how much of MaxBytes is left to the headers that a Composer
// writes.
const headerRoom = 3_000

// Preview is a letter as its templates made it, with addresses that work for
// nobody where personal ones go.
type Preview struct {
	Subject string
	HTML    string // style rules moved into the elements
	Text    string
	Bytes   int // of the mail without the headers of a recipient
}

// Render implements delivery.Renderer.
func (r *Renderer) Render(l digest.Letter) ([]byte, error) {
	_, mail, err := r.fit(l)
	if err != nil {
		return nil, fmt.Errorf("letter %s of %s: %w", l.ID, l.Edition, err)
	}
	return mail.encode(), nil
}

// Preview renders a letter for people to look at.
func (r *Renderer) Preview(l digest.Letter) (Preview, error) {
	made, mail, err := r.fit(l)
	if err != nil {
		return Preview{}, fmt.Errorf("letter %s of %s: %w", l.ID, l.Edition, err)
	}
	html, err := r.styles.inline(made.HTML)
	if err != nil {
		return Preview{}, err
	}
	at, err := letterMarks(l)
	if err != nil {
		return Preview{}, err
	}
	fill := strings.NewReplacer(
		at.unsubscribe, r.o.Public+"/unsubscribe/preview", at.preferences, r.o.Public+"/preferences/preview")
	return Preview{made.Subject, fill.Replace(html), fill.Replace(made.Text), r.size(mail)}, nil
}

// fit renders a letter as fully as MaxBytes allows: without summaries, then
// with ever fewer posts in full lines.
func (r *Renderer) fit(l digest.Letter) (templates.Mail, *rendered, error) {
	if len(l.Entries) == 0 {
		return templates.Mail{}, nil, errors.New("it has no posts")
	}
	at, err := letterMarks(l)
	if err != nil {
		return templates.Mail{}, nil, err
	}
	c := cut{posts: digest.MaxFull, corrections: digest.MaxCorrections, summaries: true}
	for {
		made, err := r.o.Templates.Mail("digest", string(l.Language), r.view(l, at, c))
		if err != nil {
			return made, nil, err
		}
		mail, err := r.assemble(made, at)
		if err != nil {
			return made, nil, err
		}
		if r.size(mail) <= MaxBytes-headerRoom {
			return made, mail, complete(mail, unsubscribeBare, unsubscribeHref)
		}
		if !c.less() {
			return made, nil, fmt.Errorf("%d bytes with a single post: above the limit of %d", r.size(mail), MaxBytes)
		}
	}
}

func letterMarks(l digest.Letter) (marks, error) {
	content, err := json.Marshal(l)
	return newMarks(content), err
}

// complete holds a mail to having gaps of these kinds: a replaced template must
// not lose the way out.
func complete(mail *rendered, need ...gap) error {
	for _, g := range need {
		found := false
		for _, s := range mail.body {
			found = found || s.gap == g
		}
		if !found {
			if g.href() {
				return fmt.Errorf(`its html template leaves out {{%s}}: a mail must have it, as the href="…" of a link`, g.field())
			}
			return fmt.Errorf("its text template leaves out {{%s}}: a mail must have it", g.field())
		}
	}
	return nil
}

// size is how long a mail's body will be for whoever gets it.
func (r *Renderer) size(mail *rendered) int {
	link := len(r.o.Public) + len("/preferences/") + tokenChars + len(`href=""`)
	lines := (link + lineBytes - 1) / lineBytes
	n := len(mail.head)
	for _, s := range mail.body {
		switch s.gap {
		case fixed:
			n += len(s.bytes)
		case plainText:
			n += base64.StdEncoding.EncodedLen(len(s.bytes)) + (len(s.bytes)+lineBytes-1)/lineBytes*len("\r\n")
		default:
			n += lines * (lineChars + 2)
		}
	}
	return n
}

// tokenChars is at least the length of a signed link's token.
const tokenChars = 64

// notice renders one of the mails that are no letter.
func (r *Renderer) notice(n subscribers.Notice, language subscribers.Language) (*rendered, error) {
	at := newMarks([]byte(n))
	frame := r.frame(language)
	var view any = templates.AlreadyView{MailFrame: frame, Preferences: at.preferences, Unsubscribe: at.unsubscribe}
	need := []gap{preferencesBare, preferencesHref}
	if n == subscribers.NoticeConfirm {
		view = templates.ConfirmView{MailFrame: frame, Confirm: at.confirm, Days: int(subscribers.ConfirmFor.Hours() / 24)}
		need = []gap{confirmBare, confirmHref}
	}
	made, err := r.o.Templates.Mail(string(n), string(language), view)
	if err != nil {
		return nil, err
	}
	mail, err := r.assemble(made, at)
	if err != nil {
		return nil, err
	}
	return mail, complete(mail, need...)
}
