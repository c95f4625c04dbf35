package mailer_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/enshi-daily/enshi/delivery"
	"github.com/enshi-daily/enshi/mailer"
	"github.com/enshi-daily/enshi/subscribers"
)

func compose(tb testing.TB, c *mailer.Composer, m delivery.Message) []byte {
	tb.Helper()
	eml, err := c.Compose(m)
	if err != nil {
		tb.Fatal(err)
	}
	return eml
}

func TestLetterHasTheHeadersOfAList(t *testing.T) {
	m := parse(t, compose(t, newComposer(t), newMessage(t)))
	token := newComposer(t).Tokens().Token(newMessage(t).Delivery.Subscriber)
	leave := subscribers.Addresses{Public: public, Keys: newKeys(t)}.Unsubscribe(newMessage(t).Delivery.Subscriber)
	want := map[string]string{
		"From":                  "清江早报 <news@example.org>",
		"Reply-To":              "编辑部 <editor@example.org>",
		"To":                    "<reader@example.net>",
		"Subject":               "清江早报 · 今日 5 篇：清江两岸春茶开采，首批鲜叶上市",
		"Date":                  "Mon, 09 Mar 2026 23:30:00 +0000",
		"Message-Id":            "<daily-20260310-57." + token + "@example.org>",
		"Mime-Version":          "1.0",
		"Auto-Submitted":        "auto-generated",
		"Precedence":            "bulk",
		"List-Id":               "<digest.example.org>",
		"List-Archive":          "<" + public + "/editions/>",
		"List-Unsubscribe":      "<" + leave + ">, <mailto:leave@example.org?subject=unsubscribe-" + token + ">",
		"List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
		"Feedback-Id":           "daily-20260310-57:daily:digest:example-org",
	}
	got := make(map[string]string)
	for f := m.header.Fields(); f.Next(); {
		value, err := f.Text()
		if err != nil {
			t.Errorf("header %s: %v", f.Key(), err)
		}
		if f.Key() != "Content-Type" {
			got[f.Key()] = value
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("headers differ (-want +got):\n%s", diff)
	}
}

func TestLinksOfALetterArePersonalAndWork(t *testing.T) {
	c, keys := newComposer(t), newKeys(t)
	m := newMessage(t)
	id := m.Delivery.Subscriber
	got := parse(t, compose(t, c, m))
	for part, content := range map[string]string{"text": got.text, "html": got.html} {
		for what, purpose := range map[string]subscribers.Purpose{
			"/unsubscribe/": subscribers.PurposeUnsubscribe, "/preferences/": subscribers.PurposePreferences,
		} {
			_, rest, ok := strings.Cut(content, public+what)
			token := rest[:min(48, len(rest))]
			link, err := keys.Verify(token, purpose, time.Now())
			if !ok || err != nil || link.Subscriber != id {
				t.Errorf("the %s part's link %s… verifies as %v, %v; want subscriber %s", part, what, link, err, id)
			}
		}
		if strings.Contains(content, "gap.invalid") {
			t.Errorf("the %s part has an unfilled gap", part)
		}
		if !strings.Contains(content, public+"/editions/daily-20260310-57/Zm9vYmFyYmF6cXV4") {
			t.Errorf("the %s part does not link to the letter's page", part)
		}
	}
	if n := strings.Count(got.html, `href="`+public+"/unsubscribe/"); n != 2 {
		t.Errorf("the html part links %d times to unsubscribing, want 2: at its head and at its foot", n)
	}
	if strings.Contains(got.html+got.text, "reader@example.net") {
		t.Error("the body names the address")
	}
}

func TestSameDeliveryGivesTheSameBytes(t *testing.T) {
	first := compose(t, newComposer(t), newMessage(t))
	second := compose(t, newComposer(t), newMessage(t))
	if !bytes.Equal(first, second) {
		t.Errorf("the second copy differs:\n%s", cmp.Diff(string(first), string(second)))
	}
}

func TestOnlyLinksAndHeadersDifferBetweenPeople(t *testing.T) {
	c, m := newComposer(t), newMessage(t)
	first := bytes.Split(compose(t, c, m), []byte("\r\n"))
	second := bytes.Split(compose(t, c, messageWith(t, m.Rendered, "other@example.com")), []byte("\r\n"))
	if len(first) != len(second) {
		t.Fatalf("%d lines for one reader and %d for another", len(first), len(second))
	}
	differ := 0
	for i := range first {
		if !bytes.Equal(first[i], second[i]) {
			differ++
		}
	}
	// To, Message-ID, List-Unsubscribe, and two base64 lines a gap at most.
	if differ > 3+7*2 {
		t.Errorf("%d of %d lines differ", differ, len(first))
	}
}

func TestConfirmationAsksAndNothingElse(t *testing.T) {
	keys := newKeys(t)
	for _, language := range []subscribers.Language{subscribers.Chinese, subscribers.English} {
		t.Run(string(language), func(t *testing.T) {
			m := newNotice(t, delivery.EditionConfirm, language)
			got := parse(t, compose(t, newComposer(t), m))
			for _, name := range []string{"List-Unsubscribe", "List-Unsubscribe-Post", "List-Id", "Precedence"} {
				if got.header.Has(name) {
					t.Errorf("it has the header %s: nobody is on the list yet", name)
				}
			}
			if v := got.header.Get("Auto-Submitted"); v != "auto-generated" {
				t.Errorf("Auto-Submitted is %q", v)
			}
			_, rest, _ := strings.Cut(got.text, public+"/confirm/")
			link, err := keys.Verify(rest[:48], subscribers.PurposeConfirm, m.Dated)
			if err != nil || link.Generation != 1 || !link.Expires.Equal(m.Dated.Add(subscribers.ConfirmFor)) {
				t.Errorf("its link verifies as %+v, %v", link, err)
			}
			if n := strings.Count(got.html, "/confirm/"); n != 1 {
				t.Errorf("the html part has %d links to confirm, want 1", n)
			}
			golden(t, "confirm."+string(language)+".eml", compose(t, newComposer(t), m))
		})
	}
}

func TestAlreadySubscribedTellsTheWayOut(t *testing.T) {
	for _, language := range []subscribers.Language{subscribers.Chinese, subscribers.English} {
		got := parse(t, compose(t, newComposer(t), newNotice(t, delivery.EditionAlready, language)))
		if !got.header.Has("List-Unsubscribe") || got.header.Has("Precedence") {
			t.Errorf("%s: headers of the list are wrong: %v", language, got.header.Header)
		}
		for _, where := range []string{"/preferences/", "/unsubscribe/"} {
			if !strings.Contains(got.text, public+where) || !strings.Contains(got.html, public+where) {
				t.Errorf("%s: a part does not link to %s", language, where)
			}
		}
	}
}

func TestOneClickNeedsHTTPSOrThisMachine(t *testing.T) {
	for address, want := range map[string]bool{
		"https://news.example.org": true, "http://news.example.org": false, "http://127.0.0.1:8080": true, "http://localhost": true,
	} {
		c := newComposer(t, func(o *mailer.ComposerOptions) {
			o.Renderer = newRenderer(t, func(r *mailer.RendererOptions) { r.Public = address })
			o.MailtoLeave, o.BounceDomain = "", ""
		})
		got := parse(t, compose(t, c, newMessage(t)))
		if got.header.Has("List-Unsubscribe-Post") != want || !strings.HasPrefix(got.header.Get("List-Unsubscribe"), "<"+address+"/unsubscribe/") {
			t.Errorf("%s: List-Unsubscribe-Post %t, want %t; List-Unsubscribe %s", address, !want, want, got.header.Get("List-Unsubscribe"))
		}
	}
}

func TestAddressForUnsubscribingByMailIsEncoded(t *testing.T) {
	c := newComposer(t, func(o *mailer.ComposerOptions) { o.MailtoLeave = "a+b&c=d%f@example.org" })
	got := parse(t, compose(t, c, newMessage(t))).header.Get("List-Unsubscribe")
	if want := "<mailto:a+b%26c%3Dd%25f@example.org?subject=unsubscribe-"; !strings.Contains(got, want) {
		t.Errorf("List-Unsubscribe: %s, want %s in it", got, want)
	}
}

func TestComposeRefusesWhatWouldBreakAMessage(t *testing.T) {
	c := newComposer(t)
	for _, address := range []subscribers.Address{
		"", "reader", "a@b>\r\nRCPT TO:<x@y", "a@b\r\nBcc: x@y", "a b@example.net", "a@b@example.net", "<a@example.net>", "读者@example.net",
	} {
		_, err := c.Compose(messageWith(t, newMessage(t).Rendered, address))
		if !errors.Is(err, subscribers.ErrAddress) || address != "" && strings.Contains(err.Error(), string(address)) {
			t.Errorf("Compose to %q = %v, want ErrAddress that does not quote it", address, err)
		}
	}
	m := newMessage(t)
	m.Delivery.Edition = "daily\r\nBcc: x@y"
	if _, err := c.Compose(m); err == nil {
		t.Error("Compose took an edition with a line break")
	}
	for name, raw := range map[string][]byte{
		"nothing": nil, "another version": []byte("enshi-mail-2\n..."), "half": newMessage(t).Rendered[:40],
		"an unknown gap": append(bytes.Clone(newMessage(t).Rendered), 99, 0),
	} {
		if _, err := c.Compose(messageWith(t, raw, "reader@example.net")); !errors.Is(err, mailer.ErrRendered) {
			t.Errorf("Compose of %s = %v, want ErrRendered", name, err)
		}
	}
}

func TestComposerOptionsAreChecked(t *testing.T) {
	for want, change := range map[string]func(*mailer.ComposerOptions){
		"From":        func(o *mailer.ComposerOptions) { o.From.Address = "x\r\n@y" },
		"Reply-To":    func(o *mailer.ComposerOptions) { o.ReplyTo.Address = "no address" },
		"by mail":     func(o *mailer.ComposerOptions) { o.MailtoLeave = "a@b>, <http://x" },
		"return path": func(o *mailer.ComposerOptions) { o.BounceDomain = "x>\r\n" },
		"too long": func(o *mailer.ComposerOptions) {
			o.BounceDomain, o.BouncePrefix = "b.example.org", strings.Repeat("b", 40)
		},
		"list id":  func(o *mailer.ComposerOptions) { o.ListID = "恩施.example.org" },
		"feedback": func(o *mailer.ComposerOptions) { o.FeedbackSender = "a:b:c" },
	} {
		o := mailer.ComposerOptions{Renderer: newRenderer(t), Keys: newKeys(t), From: mailer.Mailbox{Address: "news@example.org"}}
		change(&o)
		if _, err := mailer.NewComposer(o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("NewComposer = %v, want an error about %s", err, want)
		}
	}
}

func TestTokensNameTheSubscriberToUsAlone(t *testing.T) {
	tokens := newComposer(t).Tokens()
	m := newMessage(t)
	id := m.Delivery.Subscriber
	path := tokens.ReturnPath(id)
	if local, _, _ := strings.Cut(path, "@"); len(local) > 64 || strings.ToLower(path) != path {
		t.Errorf("return path %q: want a lower-case local part of at most 64 bytes", path)
	}
	for _, back := range []string{path, strings.ToUpper(path), "<" + path + ">"} {
		if got, ok := tokens.Returned(back); !ok || got != id {
			t.Errorf("Returned(%q) = %q, %v; want %q", back, got, ok, id)
		}
	}
	forged := []byte(path)
	forged[3] ^= 1
	for _, bad := range []string{string(forged), "b+x@bounce.example.org", "news@example.org", strings.Replace(path, "bounce", "other", 1), ""} {
		if got, ok := tokens.Returned(bad); ok {
			t.Errorf("Returned(%q) = %q, want no subscriber", bad, got)
		}
	}
	header := parse(t, compose(t, newComposer(t), m)).header.Get("Message-Id")
	if o, ok := tokens.Origin(header); !ok || o.Edition != m.Delivery.Edition || o.Subscriber != id {
		t.Errorf("Origin(%q) = %+v, %v", header, o, ok)
	}
	notice := newNotice(t, delivery.EditionConfirm, subscribers.Chinese)
	header = parse(t, compose(t, newComposer(t), notice)).header.Get("Message-Id")
	if o, ok := tokens.Origin(header); !ok || !o.Created.Equal(notice.Delivery.Created) {
		t.Errorf("Origin(%q) = %+v, %v", header, o, ok)
	}
	for _, bad := range []string{"", "<x@y>", "<daily-20260310-57.aaaaaaaaaaaaaaaaaaaaaaaa@example.org>", "a.b.c.d.e"} {
		if o, ok := tokens.Origin(bad); ok {
			t.Errorf("Origin(%q) = %+v, want none", bad, o)
		}
	}
}

func TestMailboxesAreParsed(t *testing.T) {
	for in, want := range map[string]mailer.Mailbox{
		"news@example.org":             {Address: "news@example.org"},
		"清江早报 <news@Example.org>":      {Name: "清江早报", Address: "news@example.org"},
		`"A, B" <news@例子.测试>`:          {Name: "A, B", Address: "news@xn--fsqu00a.xn--0zwm56d"},
		"enshi@localhost":              {Address: "enshi@localhost"},
		"x":                            {},
		"a@example.org, b@example.org": {},
	} {
		got, err := mailer.ParseMailbox(in)
		if got != want || (err == nil) != (want.Address != "") {
			t.Errorf("ParseMailbox(%q) = %v, %v; want %v", in, got, err, want)
		}
	}
}

func TestReadyLettersMakeTheSameMail(t *testing.T) {
	c := newComposer(t)
	kept, err := newRenderer(t).Render(newLetter(subscribers.Chinese))
	if err != nil {
		t.Fatal(err)
	}
	ready, err := mailer.Ready(kept)
	if err != nil {
		t.Fatal(err)
	}
	want, got := compose(t, c, messageWith(t, kept, "reader@example.net")), compose(t, c, messageWith(t, ready, "reader@example.net"))
	if !bytes.Equal(got, want) {
		t.Errorf("the mail of a letter that was made ready:\n%s\nwant\n%s", got, want)
	}
	if bytes.Equal(ready, kept) {
		t.Error("a letter that was made ready is still to be encoded")
	}
	if _, err := mailer.Ready(kept[:len(kept)/2]); !errors.Is(err, mailer.ErrRendered) {
		t.Errorf("Ready of half a letter = %v, want ErrRendered", err)
	}
}
