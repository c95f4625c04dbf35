// Package example_test reads the example site as enshi does.
package example_test

import (
	"os"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/enshi-daily/enshi/posts"
)

// scan reads the example site with every house rule on.
func scan(t *testing.T) (posts.Site, *posts.Scan) {
	t.Helper()
	site, problems, err := posts.ReadConfig(os.DirFS("."), "_config.yml")
	if err != nil || len(problems) > 0 {
		t.Fatalf("_config.yml: %v %v", problems, err)
	}
	found, err := posts.NewReader(posts.Options{
		FS: os.DirFS("."), Site: site, House: posts.DefaultHouse(),
		Now: func() time.Time { return time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC) },
	}).Scan(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	return site, found
}

func TestEveryPostIsPublishedAndUnderstood(t *testing.T) {
	_, found := scan(t)
	for _, d := range found.Diagnostics {
		t.Error(d)
	}
	files, err := os.ReadDir("_posts")
	if err != nil {
		t.Fatal(err)
	}
	if len(found.Posts) != len(files) || len(files) < 14 {
		t.Errorf("%d posts of %d files", len(found.Posts), len(files))
	}
	for _, p := range found.Posts {
		if len(p.Authors) == 0 || len(p.Categories) == 0 || len(p.Tags) == 0 {
			t.Errorf("%s: authors %q, categories %q, tags %q", p.Path, p.Authors, p.Categories, p.Tags)
		}
		if strings.HasSuffix(p.Path, ".md") && (p.SourceName == "" || !strings.HasPrefix(p.SourceURL, "http://share.example.com/")) {
			t.Errorf("%s: source %q at %q", p.Path, p.SourceName, p.SourceURL)
		}
	}
}

// TestTheSiteShowsEveryKindOfPost keeps the example of use to a newcomer.
func TestTheSiteShowsEveryKindOfPost(t *testing.T) {
	_, found := scan(t)
	has := make(map[string]int)
	for _, p := range found.Posts {
		source, err := os.ReadFile(p.Path)
		if err != nil {
			t.Fatal(err)
		}
		text := string(source)
		count := func(kind string, is bool) {
			if is {
				has[kind]++
			}
		}
		count("two categories", len(p.Categories) == 2)
		count("two authors", len(p.Authors) == 2)
		count("tags as a flow list", strings.Contains(text, "\ntags: ["))
		count("a correction", p.Correction != "" && p.Updated.After(p.Date))
		count("an editor's note", strings.Contains(text, "<p>编者按"))
		count("a table", strings.Contains(text, "| --- |"))
		count("an image", p.Image != "")
		han := strings.IndexFunc(text, func(r rune) bool { return unicode.Is(unicode.Han, r) })
		count("Chinese text", han >= 0)
	}
	for _, kind := range []string{"two categories", "two authors", "tags as a flow list", "a correction", "an editor's note", "a table", "an image", "Chinese text"} {
		if has[kind] == 0 {
			t.Errorf("no post has %s", kind)
		}
	}
}
