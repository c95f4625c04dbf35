package posts_test

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/enshi-daily/enshi/posts"
)

// oracleNow is the time: of every trap site's _config.yml.
var oracleNow = time.Date(2025, 1, 1, 0, 0, 0, 0, time.FixedZone("", 8*3600))

// jekyllPost is a post as testdata/oracle/plugin/dump.rb writes it.
type jekyllPost struct {
	Path, URL, Date, Title, ID string
	Categories, Tags           []any
}

func TestJekyllAgrees(t *testing.T) {
	goldens, err := filepath.Glob("testdata/oracle/*.golden.json")
	if err != nil || len(goldens) == 0 {
		t.Fatalf("golden files: %v, %v", goldens, err)
	}
	compared, different := 0, 0
	used := make(map[string]bool)
	for _, golden := range goldens {
		name := strings.TrimSuffix(filepath.Base(golden), ".golden.json")
		want := readGolden(t, golden)
		got := byPath(scanOracle(t, name).Posts)
		for _, w := range want {
			compared++
			g := got[w.Path]
			delete(got, w.Path)
			for field, diff := range differences(w, g) {
				different++
				explain(t, used, name+" "+w.Path+" "+field, diff)
			}
		}
		for p := range got {
			different++
			explain(t, used, name+" "+p+" published", "Jekyll does not publish it")
		}
	}
	for key := range deviations {
		if !used[key] {
			t.Errorf("deviation %q does not occur", key)
		}
	}
	fmt.Printf("oracle: %d posts compared, %d differences\n", compared, different)
}

// explain fails unless a difference is listed with its reason, for the post or
// for everything.
func explain(t *testing.T, used map[string]bool, key, diff string) {
	t.Helper()
	// Variants share their posts: permalinks.pretty is permalinks.
	site, rest, _ := strings.Cut(key, " ")
	base, _, _ := strings.Cut(site, ".")
	for _, k := range []string{key, base + " " + rest, key[strings.LastIndexByte(key, ' ')+1:]} {
		if deviations[k] != "" {
			used[k] = true
			return
		}
	}
	t.Errorf("%s: %s", key, diff)
}

func readGolden(t *testing.T, file string) []jekyllPost {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var list []jekyllPost
	if err := json.Unmarshal(data, &list); err != nil || len(list) == 0 {
		t.Fatalf("%s: %d posts, %v", file, len(list), err)
	}
	return list
}

func scanOracle(t *testing.T, name string) *posts.Scan {
	t.Helper()
	dir, variant, hasVariant := strings.Cut(name, ".")
	configs := []string{"_config.yml"}
	if hasVariant {
		configs = append(configs, "_config."+variant+".yml")
	}
	fsys := os.DirFS(filepath.Join("testdata/oracle", dir))
	if dir == "publish" {
		fsys = withDates(t, fsys)
	}
	site, _, err := posts.ReadConfig(fsys, configs...)
	if err != nil {
		t.Fatal(err)
	}
	r := posts.NewReader(posts.Options{FS: fsys, Site: site, House: posts.DefaultHouse(), Now: func() time.Time { return oracleNow }})
	scan, err := r.Scan(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	return scan
}

// withDates copies a tree, all files dated as regenerate.sh dates drafts.
func withDates(t *testing.T, fsys fs.FS) fs.FS {
	t.Helper()
	files := fstest.MapFS{}
	err := fs.WalkDir(fsys, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := fs.ReadFile(fsys, path)
		files[path] = &fstest.MapFile{Data: data, ModTime: time.Unix(1600000000, 0)}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func byPath(list []*posts.Post) map[string]*posts.Post {
	m := make(map[string]*posts.Post, len(list))
	for _, p := range list {
		m[p.Path] = p
	}
	return m
}

// differences names the fields in which a post is not what Jekyll makes of it.
func differences(w jekyllPost, g *posts.Post) map[string]string {
	if g == nil {
		return map[string]string{"published": "only Jekyll publishes it"}
	}
	diffs := make(map[string]string)
	compare := func(field string, got, want any) {
		if d := cmp.Diff(want, got); d != "" {
			diffs[field] = fmt.Sprintf("%v, Jekyll has %v", got, want)
		}
	}
	compare(urlField(g.URL, w.URL), g.URL, w.URL)
	compare("date", g.Date.Format("2006-01-02T15:04:05Z07:00"), strings.Replace(w.Date, "+00:00", "Z", 1))
	compare("title", g.Title, w.Title)
	compare("id", g.JekyllID, w.ID)
	compare("categories", strings.Join(g.Categories, "|"), tidy(w.Categories))
	compare("tags", strings.Join(g.Tags, "|"), tidy(w.Tags))
	return diffs
}

// tidy does to Jekyll's names what we do on purpose: strings, trimmed, none
// empty, none twice. (Jekyll keeps all of that, and jekyll-feed then fails.)
func tidy(names []any) string {
	var kept []string
	seen := make(map[string]bool)
	for _, n := range names {
		s := ""
		if n != nil {
			s = strings.TrimSpace(fmt.Sprint(n))
		}
		if s != "" && !seen[s] {
			kept = append(kept, s)
			seen[s] = true
		}
	}
	return strings.Join(kept, "|")
}

// urlField tells the same address in another spelling from another address.
func urlField(got, want string) string {
	plain, err := url.PathUnescape(got)
	wanted, err2 := url.PathUnescape(want)
	if err == nil && err2 == nil && plain == wanted {
		return "url-spelling"
	}
	return "url"
}

// deviations are the places where we are not as Jekyll 4.3.1 on purpose. The
// keys are site, path and field, or a field alone.
var deviations = map[string]string{
	"url-spelling": "Jekyll leaves a permalink's own text raw; the address is the same",

	"dates _posts/2020-01-02-d48.md date":  "local mean time has seconds in its offset, which Jekyll loses twice",
	"names _posts/122-05-24-three.md date": "the same",

	"folders newsroom/_posts/2022-03-17-n.md url":        "a folder that only begins like collections_dir: Jekyll takes the machine's path for categories",
	"folders newsroom/_posts/2022-03-17-n.md id":         "the same",
	"folders newsroom/_posts/2022-03-17-n.md categories": "the same",
	"folders public/_posts/2022-03-13-out.md published":  "the configured output folder is not read; regenerate.sh has Jekyll write elsewhere",

	"frontmatter _posts/2022-04-06-vt.md url":          "Jekyll gives the delimiter's vertical tab to its YAML parser and loses the front matter",
	"frontmatter _posts/2022-04-06-vt.md id":           "the same",
	"frontmatter _posts/2022-04-06-vt.md date":         "the same",
	"frontmatter _posts/2022-04-06-vt.md title":        "the same",
	"frontmatter _posts/2022-04-19-esc.md title":       "a title is one line: control characters become spaces",
	"frontmatter _posts/2022-04-17-multi.md title":     "a title is one line: a line break at its end goes",
	"frontmatter _posts/2022-04-25-htmltitle.md title": "a title is text: markup in it goes, as in jekyll-feed's entries",
	"names _posts/2022-05-24-.md title":                "a title is never empty",
	"names _posts/2022-05-24--lead.md title":           "white space around a title goes",

	"publish _posts/2023-01-01-f0.md url":  "Jekyll takes the file name's date if front matter's is the very second of the build",
	"publish _posts/2023-01-01-f0.md id":   "the same",
	"publish _posts/2023-01-01-f0.md date": "the same",
}

// TestJekyllFails holds posts that Jekyll cannot take, alone.golden.txt has what
// it does with each, to a diagnostic of ours or, under good, to being read.
func TestJekyllFails(t *testing.T) {
	outcomes, err := os.ReadFile("testdata/oracle/alone.golden.txt")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(outcomes)) {
		file, outcome, ok := strings.Cut(strings.TrimSpace(line), "\t")
		if !ok {
			t.Fatalf("alone.golden.txt: %q", line)
		}
		t.Run(file, func(t *testing.T) {
			data, err := os.ReadFile(filepath.Join("testdata/oracle", file))
			if err != nil {
				t.Fatal(err)
			}
			path := "_posts/" + filepath.Base(file)
			scan := scanFiles(t, fstest.MapFS{path: {Data: data}})
			bad := strings.HasPrefix(file, "bad/")
			if got := len(scan.Posts); got == 1 == bad {
				t.Errorf("%d posts published, Jekyll: %s", got, outcome)
			}
			if bad != (len(scan.Diagnostics) == 1 && scan.Diagnostics[0].Severity == posts.Error) {
				t.Errorf("diagnostics %v", scan.Diagnostics)
			}
		})
	}
}

// scanFiles scans a tree of its own, with its _config.yml if it has one.
func scanFiles(t *testing.T, files fstest.MapFS) *posts.Scan {
	t.Helper()
	site, _, err := posts.ReadConfig(files)
	if err != nil {
		t.Fatal(err)
	}
	r := posts.NewReader(posts.Options{FS: files, Site: site, House: posts.DefaultHouse(), Now: func() time.Time { return oracleNow }})
	scan, err := r.Scan(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	return scan
}
