//go:build peers

package example_test

import (
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestJekyllPublishesTheSamePages builds the site with Jekyll and looks for the
// page of every post at the address that enshi gives it.
func TestJekyllPublishesTheSamePages(t *testing.T) {
	out := filepath.Join(t.TempDir(), "site")
	cmd := exec.Command("jekyll", "build", "--disable-disk-cache", "--source", ".", "--destination", out)
	cmd.Env = append(os.Environ(), "LANG=C.UTF-8")
	if text, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("jekyll build: %v\n%s", err, text)
	}
	site, found := scan(t)
	for _, p := range found.Posts {
		path, err := url.PathUnescape(p.URL)
		if err != nil {
			t.Fatal(err)
		}
		page, err := os.ReadFile(filepath.Join(out, filepath.FromSlash(path)))
		if err != nil {
			t.Errorf("%s: %v", p.Path, err)
		} else if !strings.Contains(string(page), p.Title) {
			t.Errorf("%s: Jekyll's page at %s is another one", p.Path, p.URL)
		}
	}
	feed, err := os.ReadFile(filepath.Join(out, site.FeedPath))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(feed), "<id>"+found.Posts[0].JekyllID+"</id>") {
		t.Errorf("jekyll-feed does not give the newest post the id %s", found.Posts[0].JekyllID)
	}
}
