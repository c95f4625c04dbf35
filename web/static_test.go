package web_test

import (
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/enshi-daily/enshi/feeds"
	"github.com/enshi-daily/enshi/posts"
	"github.com/enshi-daily/enshi/templates"
	"github.com/enshi-daily/enshi/web"
)

func staticOptions(t *testing.T) web.StaticOptions {
	t.Helper()
	set, err := templates.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return web.StaticOptions{
		Look: web.Look{
			Templates: set, Files: templates.WebFiles(nil), Title: "山城日报", SiteURL: "https://news.example",
			Summary: func(p *posts.Post) string { return "摘自正文 " + p.Slug },
		},
		Zone: zone(), Public: public + "/paper",
	}
}

// pages builds the files of a catalogue by path.
func pages(t *testing.T, o web.StaticOptions, c *posts.Catalogue, known ...posts.Topic) map[string]feeds.Document {
	t.Helper()
	s, err := web.NewStatic(o)
	if err != nil {
		t.Fatal(err)
	}
	docs := map[string]feeds.Document{}
	for doc, err := range s.Documents(t.Context(), c, known...) {
		if err != nil {
			t.Fatal(err)
		}
		docs[doc.Path] = doc
	}
	return docs
}

func TestStaticPages(t *testing.T) {
	docs := pages(t, staticOptions(t), newCatalogue(newPosts()), "tag:从前")
	if len(docs) != 3+1+len(newCatalogue(newPosts()).Topics())+1 {
		t.Errorf("%d documents", len(docs))
	}
	for path, doc := range docs {
		if !doc.Yields || doc.Format != "" || doc.Updated.IsZero() || strings.HasSuffix(path, ".html") != (doc.Topic != "") {
			t.Errorf("%s: %+v", path, doc)
		}
		if !strings.HasSuffix(path, ".html") {
			continue
		}
		body := string(doc.Body)
		checkNesting(t, body)
		for _, f := range feeds.Formats {
			if address := public + "/paper" + paths().URLPath(doc.Topic, f); strings.Count(body, `"`+address+`"`) < 2 {
				t.Errorf("%s does not offer %s to readers and to people", path, address)
			}
		}
		for _, no := range []string{"<form", "/subscribe", "/editions/", "/privacy", "<script>", " onclick", `content="noindex"`} {
			if strings.Contains(body, no) {
				t.Errorf("%s has %s", path, no)
			}
		}
	}
	home := string(docs["index.html"].Body)
	for _, want := range []string{`href="/paper/assets/enshi.css?v=`, `href="/paper/tag/%E8%8C%B6/"`, "摘自正文 p1", `data-copy="feed-rss"`} {
		if !strings.Contains(home, want) {
			t.Errorf("the start page lacks %s", want)
		}
	}
}

func TestStaticPagesLeadToTheServer(t *testing.T) {
	o := staticOptions(t)
	o.Service = "https://service.example"
	docs := pages(t, o, newCatalogue(newPosts()))
	for path, want := range map[string]string{
		"index.html":       `href="https://service.example/subscribe"`,
		"tag/茶/index.html": `href="https://service.example/subscribe?topic=tag%3A%E8%8C%B6"`,
	} {
		if body := string(docs[path].Body); !strings.Contains(body, want) {
			t.Errorf("%s lacks %s:\n%s", path, want, body)
		}
	}
}

func TestStaticPagesAreTheSameEveryTime(t *testing.T) {
	first := pages(t, staticOptions(t), newCatalogue(newPosts()))
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	list := newPosts()
	slices.Reverse(list)
	if diff := cmp.Diff(first, pages(t, staticOptions(t), newCatalogue(list))); diff != "" {
		t.Errorf("made again (-first +second):\n%s", diff)
	}
}

func TestStaticPageIsMadeWhenItWouldDiffer(t *testing.T) {
	o := staticOptions(t)
	o.Revision = "1"
	first := pages(t, o, newCatalogue(newPosts()))
	o.Have = func(path, recipe string) bool { return first[path].Recipe == recipe && recipe != "" }
	for name, tt := range map[string]struct {
		change func(o *web.StaticOptions, list []*posts.Post)
		made   []string
	}{
		"nothing":        {func(*web.StaticOptions, []*posts.Post) {}, nil},
		"a title":        {func(_ *web.StaticOptions, l []*posts.Post) { l[0].Title = "别的" }, []string{"category/要闻/index.html", "index.html", "tag/茶/index.html"}},
		"a body":         {func(_ *web.StaticOptions, l []*posts.Post) { l[2].Hash[0] = 1 }, []string{"category/café/index.html", "index.html", "tag/" + paths().Slug(posts.Tag(`GDP<b>"`)) + "/index.html"}},
		"a withdrawal":   {func(_ *web.StaticOptions, l []*posts.Post) { l[0].Withdrawn = true }, []string{"category/要闻/index.html", "index.html", "tag/茶/index.html"}},
		"the program":    {func(o *web.StaticOptions, _ []*posts.Post) { o.Revision = "2" }, []string{"*"}},
		"the site":       {func(o *web.StaticOptions, _ []*posts.Post) { o.Title = "别的" }, []string{"*"}},
		"the server":     {func(o *web.StaticOptions, _ []*posts.Post) { o.Service = "https://service.example" }, []string{"*"}},
		"a topic's name": {func(o *web.StaticOptions, _ []*posts.Post) { o.Titles = map[posts.Topic]string{"tag:茶": "茶事"} }, []string{"index.html", "tag/茶/index.html"}},
	} {
		t.Run(name, func(t *testing.T) {
			o, list := o, newPosts()
			tt.change(&o, list)
			var made []string
			all := 0
			for path, doc := range pages(t, o, newCatalogue(list)) {
				if doc.Topic == "" {
					continue
				}
				all++
				if doc.Same != (doc.Body == nil) {
					t.Errorf("%s: same %v with %d bytes", path, doc.Same, len(doc.Body))
				}
				if !doc.Same {
					made = append(made, path)
				}
			}
			slices.Sort(made)
			if len(tt.made) == 1 && tt.made[0] == "*" {
				if len(made) != all {
					t.Errorf("made %q, want all %d", made, all)
				}
				return
			}
			if diff := cmp.Diff(tt.made, made); diff != "" {
				t.Errorf("pages made (-want +got):\n%s", diff)
			}
		})
	}
}

func TestStaticNamesWhatIsMissing(t *testing.T) {
	_, err := web.NewStatic(web.StaticOptions{})
	for _, want := range []string{"Templates", "Files", "Title", "Zone"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("NewStatic = %v, want it to name %s", err, want)
		}
	}
	o := staticOptions(t)
	o.Public = "feeds.example"
	if _, err := web.NewStatic(o); err == nil {
		t.Error("NewStatic took a public address without a scheme")
	}
}
