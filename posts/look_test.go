package posts_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/enshi-daily/enshi/posts"
)

func (d *desk) look(t *testing.T, prev *posts.Scan, paths ...string) *posts.Scan {
	t.Helper()
	scan, err := d.reader.Look(t.Context(), prev, paths)
	if err != nil {
		t.Fatal(err)
	}
	return scan
}

// found is what of a scan must not depend on how it was made.
type found struct {
	Posts       []*posts.Post
	Diagnostics []posts.Diagnostic
	Wake        time.Time
	Unsettled   []string
}

func foundBy(s *posts.Scan) found { return found{s.Posts, s.Diagnostics, s.Wake, s.Unsettled} }

// TestLookFindsWhatAScanFinds changes a site at random and holds that looking at
// the changed files alone ends where a scan of everything does.
func TestLookFindsWhatAScanFinds(t *testing.T) {
	for seed := range uint64(20) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			r := rand.New(rand.NewPCG(seed, 1))
			d := newDesk(t, posts.Options{Settle: 2 * time.Minute}, "url: https://news.example.com\n")
			for i := range 30 {
				d.write(fmt.Sprintf("2024-03-%02d-%d.md", 1+i%28, i), "---\ntitle: 春茶\ntags: 乡村\n---\n茶园里很忙。\n", time.Hour)
			}
			looked := d.scan(t, nil)
			for range 40 {
				d.now = d.now.Add(time.Duration(r.IntN(200)) * time.Second)
				changed := d.disturb(r)
				full := d.scan(t, looked)
				looked = d.look(t, looked, changed...)
				if diff := cmp.Diff(foundBy(full), foundBy(looked), cmp.Comparer(func(a, b *time.Location) bool { return a.String() == b.String() })); diff != "" {
					t.Fatalf("after a change of %q (-scan +look):\n%s", changed, diff)
				}
			}
		})
	}
}

// disturb writes, rewrites and removes a few files and returns their paths.
func (d *desk) disturb(r *rand.Rand) (paths []string) {
	soon := d.now.Add(time.Duration(r.IntN(900)) * time.Second).UTC().Format("2006-01-02 15:04:05")
	texts := []string{
		"---\ntitle: 后改\nlast_modified_at: " + soon + "\n---\n待会儿再改。\n",
		"---\ntitle: 新芽\ndate: 2024-03-12 09:00:00\ncategories: [乡村, 民生]\n---\n新芽上市。\n",
		"---\ntitle: 没有发布\npublished: false\n---\n还没写完。\n",
		"---\ntitle: [坏\n---\n读不懂。\n",
		"---\ntitle: 明天\ndate: " + soon + "\n---\n明天再说。\n",
	}
	for range 1 + r.IntN(3) {
		name := fmt.Sprintf("2024-03-%02d-%d.md", 1+r.IntN(28), r.IntN(40))
		switch r.IntN(6) {
		case 0:
			delete(d.files, "_posts/"+name)
		case 1:
			name = "notes.txt"
			fallthrough
		default:
			d.write(name, texts[r.IntN(len(texts))]+fmt.Sprint(r.IntN(100)), time.Duration(r.IntN(300))*time.Second)
		}
		paths = append(paths, "_posts/"+name)
	}
	return paths
}

func TestLookAtFoldersIsAScan(t *testing.T) {
	d := newDesk(t, posts.Options{}, "")
	d.write("2024-03-12-a.md", "---\n---\n茶", time.Hour)
	scan := d.scan(t, nil)
	d.write("deep/2024-03-13-b.md", "---\n---\n茶", time.Hour)
	if scan = d.look(t, scan, "_posts/deep"); titles(scan) != "B A" {
		t.Errorf("after a new folder: %q, want both posts", titles(scan))
	}
	delete(d.files, "_posts/deep/2024-03-13-b.md")
	if scan = d.look(t, scan, "_posts/deep"); titles(scan) != "A" {
		t.Errorf("after a folder went: %q, want the other post", titles(scan))
	}
	d.files["news/_posts/2024-03-14-c.md"] = d.files["_posts/2024-03-12-a.md"]
	if scan = d.look(t, scan, "news/_posts/2024-03-14-c.md"); titles(scan) != "C A" {
		t.Errorf("after a file in a folder never seen: %q, want its post too", titles(scan))
	}
	d.files["style.css"] = d.files["_posts/2024-03-12-a.md"]
	if scan = d.look(t, scan, "style.css"); titles(scan) != "C A" || scan.Reread != 0 {
		t.Errorf("after a file that is no post: %q and %d read, want nothing new", titles(scan), scan.Reread)
	}
}
