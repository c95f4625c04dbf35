package feeds_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"

	"github.com/enshi-daily/enshi/feeds"
	"github.com/enshi-daily/enshi/posts"
)

// FuzzPost lets a post's file be anything at all. It is skipped with a reason,
// or withheld as its front matter asks, or its documents are well-formed and
// without a warning in every format, and readers of each are shown the same.
func FuzzPost(f *testing.F) {
	seeds := 0
	for _, root := range []string{"../example/_posts", "../posts/testdata"} {
		err := filepath.WalkDir(root, func(file string, d fs.DirEntry, err error) error {
			ext := filepath.Ext(file)
			if err != nil || d.IsDir() || ext != ".md" && ext != ".html" && ext != ".markdown" {
				return err
			}
			source, err := os.ReadFile(file)
			f.Add(source, ext != ".html")
			seeds++
			return err
		})
		if err != nil {
			f.Fatal(err)
		}
	}
	if seeds < 50 {
		f.Fatalf("%d seeds, want at least fifty", seeds)
	}
	for _, h := range slices.Concat(hostileFronts(), hostileMarkup(), hostileText(), hostileMarkdown()) {
		if len(h.body) < 10_000 {
			f.Add([]byte(h.files()[h.fileName()]), h.fileName() != markupFile)
		}
	}
	f.Fuzz(func(t *testing.T, source []byte, markdown bool) {
		name := markupFile
		if markdown {
			name = "2026-01-05-a.md"
		}
		w := readSite(t, map[string]string{name: string(source)})
		if len(w.posts) == 0 {
			if len(w.problems) == 0 && !strings.Contains(string(source), "published") && !strings.Contains(string(source), "date") {
				t.Error("the post is missing, and nothing says why")
			}
			return
		}
		docs := w.documents(t, nil)
		first := itemOf(t, docs[natural().Path(posts.Everything, feeds.Atom)])
		text := shown(t, first.Content)
		for _, format := range feeds.Formats[1:] {
			item := itemOf(t, docs[natural().Path(posts.Everything, format)])
			if saidAs(item.Title, feeds.Atom) != first.Title || shown(t, item.Content) != text {
				t.Errorf("%s says %q, %q; atom %q, %q", format, item.Title, shown(t, item.Content), first.Title, text)
			}
		}
		if content, err := w.bodies.Content(w.posts[0]); err != nil || strings.Contains(content.HTML, "{%") || strings.Contains(content.HTML, "{{") {
			t.Errorf("Liquid in %s, %v", content.HTML, err)
		}
		if len(docs) < 30 {
			w.documents(t, func(o *feeds.Options) { o.Excerpt = true })
		}
	})
}

// saidAs is a plain text as a document of a format has it: in XML validators
// take end tags for HTML, and UTF-8 that was read as Latin-1 for damage.
func saidAs(text string, f feeds.Format) string {
	if f == feeds.JSON {
		return text
	}
	latin, err := charmap.ISO8859_1.NewEncoder().String(text)
	if err == nil && utf8.ValidString(latin) && feeds.Clean(latin) == latin {
		text = latin
	}
	return regexp.MustCompile(`(</[A-Za-z][A-Za-z0-9]*)>`).ReplaceAllString(text, "$1 >")
}
