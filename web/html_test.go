package web_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/fstest"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"github.com/enshi-daily/enshi/feeds"
	"github.com/enshi-daily/enshi/posts"
	"github.com/enshi-daily/enshi/templates"
	"github.com/enshi-daily/enshi/web"
)

// everyPage visits each page, form and result in a language.
func (s *site) everyPage(lang string) map[string]reply {
	s.t.Helper()
	in := "?lang=" + lang
	person := url.Values{"language": {lang}}
	waiting, confirm := s.pending(lang+"-a@example.org", person)
	active := s.enrol(lang+"-b@example.org", person)
	left := s.enrol(lang+"-c@example.org", person)
	s.post(local(s.addresses.Unsubscribe(left.ID)), nil)
	left = s.record(lang + "-c@example.org")
	s.arrive(1)
	preferences := local(s.addresses.Preferences(active.ID, active.Generation))
	pages := map[string]reply{
		"home":              s.get("/" + in),
		"topic":             s.get(paths().PagePath(posts.Tag("茶")) + in),
		"topic with markup": s.get(paths().PagePath(posts.Tag(`GDP<b>"`)) + in),
		"subscribe":         s.get("/subscribe" + in),
		"mended":            s.post("/subscribe"+in, url.Values{"address": {`"><script>`}, "scope": {"some"}, "cadence": {"x"}}),
		"check mail":        s.post("/subscribe"+in, url.Values{"address": {"d@example.org"}}),
		"confirm":           s.get(confirm),
		"confirmed":         s.post(confirm, nil),
		"unsubscribe":       s.get(local(s.addresses.Unsubscribe(waiting.ID))),
		"unsubscribed":      s.get(local(s.addresses.Unsubscribe(left.ID))),
		"undo":              s.get(local(s.addresses.Undo(left.ID, left.Generation, s.now))),
		"undone":            s.post(local(s.addresses.Undo(left.ID, left.Generation, s.now)), nil),
		"preferences":       s.get(preferences),
		"saved":             s.post(preferences, person),
		"editions":          s.get("/editions/" + in),
		"privacy":           s.get("/privacy" + in),
		"status":            s.get("/status" + in),
		"not found":         s.get("/nowhere" + in),
		"method":            s.do(http.MethodPut, "/"+in, ""),
	}
	return pages
}

func TestPagesAreSound(t *testing.T) {
	s := newSite(t, nil)
	s.arrive(1)
	s.issue(0, posts.Everything)
	other := map[string]string{"zh-Hans": "Subscribe by mail", "en": "邮件订阅"}
	for _, lang := range []string{"zh-Hans", "en"} {
		for name, r := range s.everyPage(lang) {
			t.Run(lang+" "+name, func(t *testing.T) {
				if !strings.Contains(r.body, `<html lang="`+lang+`">`) {
					t.Fatalf("status %d, not in %s:\n%.300s", r.status, lang, r.body)
				}
				if strings.Contains(r.body, other[lang]) || strings.Contains(r.body, "{n}") {
					t.Error("a sentence is of the other language or not filled in")
				}
				checkHead(t, r)
				checkMarkup(t, r.body)
			})
		}
	}
}

func checkHead(t *testing.T, r reply) {
	t.Helper()
	policy := r.header.Get("Content-Security-Policy")
	if !strings.Contains(policy, "default-src 'none'") || strings.Contains(policy, "unsafe") {
		t.Errorf("Content-Security-Policy = %q", policy)
	}
	for field, want := range map[string]string{"X-Content-Type-Options": "nosniff", "Content-Type": "text/html; charset=utf-8", "Set-Cookie": ""} {
		if got := r.header.Get(field); got != want {
			t.Errorf("%s = %q, want %q", field, got, want)
		}
	}
}

// checkMarkup holds a page to what a parser and a screen reader need: elements
// that close in order, ids that are unique, one h1, a label for every field
// that is seen, nothing inline and nothing from elsewhere.
func checkMarkup(t *testing.T, body string) {
	t.Helper()
	checkNesting(t, body)
	root, err := html.Parse(strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	ids, labels := map[string]int{}, map[string]bool{}
	var fields []*html.Node
	headings := 0
	for n := range root.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		if id := attr(n, "id"); id != "" {
			ids[id]++
		}
		switch n.DataAtom {
		case atom.H1:
			headings++
		case atom.Label:
			labels[attr(n, "for")] = true
		case atom.Input:
			fields = append(fields, n)
		case atom.Style, atom.Iframe, atom.Object:
			t.Errorf("<%s> on the page", n.Data)
		}
		checkAttributes(t, n)
	}
	if headings != 1 {
		t.Errorf("%d h1, want 1", headings)
	}
	for id, n := range ids {
		if n > 1 {
			t.Errorf("id %q is there %d times", id, n)
		}
	}
	for _, field := range fields {
		if !labels[attr(field, "id")] {
			t.Errorf("field %q has no label", attr(field, "name"))
		}
	}
}

func checkAttributes(t *testing.T, n *html.Node) {
	t.Helper()
	for _, a := range n.Attr {
		switch {
		case strings.HasPrefix(a.Key, "on"), a.Key == "style":
			t.Errorf("inline %s on <%s>", a.Key, n.Data)
		case a.Key == "src", a.Key == "href" && n.DataAtom == atom.Link && attr(n, "rel") != "alternate":
			if !strings.HasPrefix(a.Val, "/assets/") {
				t.Errorf("<%s> loads %s", n.Data, a.Val)
			}
		case a.Key == "href" && strings.Contains(a.Val, "ZgotmplZ"):
			t.Errorf("<%s> has a broken address", n.Data)
		}
	}
	if n.DataAtom == atom.Script && (attr(n, "src") == "" || n.FirstChild != nil) {
		t.Error("inline script on the page")
	}
}

// checkNesting finds what html.Parse mends in silence.
func checkNesting(t *testing.T, body string) {
	t.Helper()
	void := map[string]bool{"meta": true, "link": true, "input": true, "br": true, "img": true}
	var open []string
	for z := html.NewTokenizer(strings.NewReader(body)); ; {
		switch z.Next() {
		case html.ErrorToken:
			if len(open) > 0 {
				t.Errorf("not closed: %v", open)
			}
			return
		case html.StartTagToken:
			if name, _ := z.TagName(); !void[string(name)] {
				open = append(open, string(name))
			}
		case html.EndTagToken:
			name, _ := z.TagName()
			if len(open) == 0 || open[len(open)-1] != string(name) {
				t.Fatalf("</%s> closes %v", name, open)
			}
			open = open[:len(open)-1]
		}
	}
}

func attr(n *html.Node, key string) string {
	for _, a := range n.Attr {
		if a.Key == key {
			return a.Val
		}
	}
	return ""
}

func TestStartPageOffersEveryFeed(t *testing.T) {
	s := newSite(t, nil)
	body := s.get("/").body
	for _, topic := range append([]posts.Topic{posts.Everything}, newCatalogue(newPosts()).Topics()...) {
		for _, f := range feeds.Formats {
			if address := public + paths().URLPath(topic, f); !strings.Contains(body, `"`+address+`"`) {
				t.Errorf("the start page lacks %s", address)
			}
		}
		if topic != posts.Everything && !strings.Contains(body, `href="`+paths().PagePath(topic)+`"`) {
			t.Errorf("the start page lacks the page of %s", topic)
		}
	}
	page := html.UnescapeString(s.get(paths().PagePath(posts.Tag("茶"))).body)
	for _, f := range feeds.Formats {
		mediaType, _, _ := strings.Cut(f.MediaType(), ";")
		if !strings.Contains(page, `<link rel="alternate" type="`+mediaType+`"`) {
			t.Errorf("the topic's page does not let readers find its %s feed", f)
		}
	}
}

func TestAssets(t *testing.T) {
	s := newSite(t, nil)
	body := s.get("/").body
	for _, name := range []string{"enshi.css", "enshi.js", "enshi.svg"} {
		_, rest, ok := strings.Cut(body, `"/assets/`+name)
		query, _, _ := strings.Cut(rest, `"`)
		if !ok {
			t.Fatalf("the page does not load %s", name)
		}
		r := s.get("/assets/"+name+query, "Accept-Encoding", "gzip")
		if r.status != http.StatusOK || !strings.Contains(r.header.Get("Cache-Control"), "immutable") || r.header.Get("Content-Encoding") != "gzip" {
			t.Errorf("GET %s = %d, %v", name, r.status, r.header)
		}
		if again := s.get("/assets/"+name, "If-None-Match", r.header.Get("ETag")); again.status != http.StatusNotModified {
			t.Errorf("GET %s again = %d, want 304", name, again.status)
		}
	}
}

func TestMessagesAreComplete(t *testing.T) {
	messages, err := templates.ReadMessages(templates.WebFiles(nil))
	if err != nil {
		t.Fatal(err)
	}
	if len(messages) != 2 || len(messages["zh-Hans"]) != len(messages["en"]) {
		t.Errorf("languages and sentences: %d, %d, %d", len(messages), len(messages["zh-Hans"]), len(messages["en"]))
	}
}

func TestSentencesThatAreNotReplacedAreOurs(t *testing.T) {
	over := fstest.MapFS{templates.MessagesFile: {Data: []byte(`{"form_button_sign": {"zh-Hans": "我要订", "en": "I want it"}}`)}}
	s := newSite(t, func(o *web.Options) { o.Files = templates.WebFiles(over) })
	if r := s.get("/"); r.status != http.StatusOK || !strings.Contains(r.body, "我要订") || !strings.Contains(r.body, "频率") {
		t.Errorf("GET / = %d\n%.500s", r.status, r.body)
	}
}
