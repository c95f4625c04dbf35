package feeds_test

import (
	"context"
	"os"
	"testing"

	"github.com/enshi-daily/enshi/feeds"
	"github.com/enshi-daily/enshi/posts"
)

// TestExampleSiteIsCleanAsPostsRendersIt holds what posts renders, not only
// what this package adds, to the validator's rules.
func TestExampleSiteIsCleanAsPostsRendersIt(t *testing.T) {
	root := os.DirFS("../example")
	site, _, err := posts.ReadConfig(root)
	if err != nil {
		t.Fatal(err)
	}
	reader := posts.NewReader(posts.Options{FS: root, Site: site, House: posts.DefaultHouse()})
	scan, err := reader.Scan(context.Background(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(scan.Posts) == 0 {
		t.Fatal("the example site has no posts")
	}
	for _, p := range scan.Posts {
		p.ID = posts.ID(p.JekyllID)
	}
	bodies := posts.NewBodies(posts.BodiesOptions{FS: root, Site: site, House: posts.DefaultHouse()})
	b := newBuilder(t, func(o *feeds.Options) {
		o.Title, o.Description, o.Author, o.Language = site.Title, site.Description, site.Author, site.Lang
		o.SiteURL = site.URL + site.BaseURL
		o.Content = bodies.Content
		o.Report = func(d posts.Diagnostic) {
			if d.Severity == posts.Error {
				t.Error(d)
			}
		}
	})
	checkDocuments(t, build(t, b, posts.NewCatalogue(site, scan.Posts)))
}
