package posts_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"syscall"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/enshi-daily/enshi/posts"
)

// desk is a site whose files and clock a test moves.
type desk struct {
	files  fstest.MapFS
	now    time.Time
	reader *posts.Reader
}

func newDesk(t *testing.T, o posts.Options, config string) *desk {
	t.Helper()
	d := &desk{files: fstest.MapFS{"_config.yml": {Data: []byte(config)}}, now: oracleNow}
	var err error
	if o.Site, _, err = posts.ReadConfig(d.files); err != nil {
		t.Fatal(err)
	}
	o.FS, o.House, o.Now = d.files, posts.DefaultHouse(), func() time.Time { return d.now }
	d.reader = posts.NewReader(o)
	return d
}

// write puts a post there, its file as old as age.
func (d *desk) write(name, text string, age time.Duration) {
	d.files["_posts/"+name] = &fstest.MapFile{Data: []byte(text), ModTime: d.now.Add(-age)}
}

func (d *desk) scan(t *testing.T, prev *posts.Scan) *posts.Scan {
	t.Helper()
	scan, err := d.reader.Scan(t.Context(), prev)
	if err != nil {
		t.Fatal(err)
	}
	return scan
}

func titles(scan *posts.Scan) string {
	var list []string
	for _, p := range scan.Posts {
		list = append(list, p.Title)
	}
	return strings.Join(list, " ")
}

func titled(title string) string { return "---\ntitle: " + title + "\n---\n正文\n" }

func TestScanRereadsWhatChanged(t *testing.T) {
	d := newDesk(t, posts.Options{}, "")
	d.write("2022-05-01-a.md", titled("甲"), time.Hour)
	d.write("2022-05-02-b.md", titled("乙"), time.Hour)
	d.write("2022-05-03-bad.md", "---\ndate: gestern\n---\n", time.Hour)
	first := d.scan(t, nil)
	if titles(first) != "乙 甲" || first.Reread != 3 || len(first.Diagnostics) != 2 {
		t.Fatalf("first scan: %s, %d read, %v", titles(first), first.Reread, first.Diagnostics)
	}
	second := d.scan(t, first)
	if second.Reread != 0 || !cmp.Equal(first.Posts, second.Posts) || !cmp.Equal(first.Diagnostics, second.Diagnostics) {
		t.Errorf("nothing changed: %s, %d read, %v", titles(second), second.Reread, second.Diagnostics)
	}
	d.write("2022-05-01-a.md", titled("甲甲"), time.Minute)
	delete(d.files, "_posts/2022-05-03-bad.md")
	third := d.scan(t, second)
	if titles(third) != "乙 甲甲" || third.Reread != 1 || len(third.Diagnostics) != 0 {
		t.Errorf("one changed, one vanished: %s, %d read, %v", titles(third), third.Reread, third.Diagnostics)
	}
	if titles(second) != "乙 甲" {
		t.Errorf("an earlier scan changed: %s", titles(second))
	}
}

func TestScanWaitsForFilesToSettle(t *testing.T) {
	d := newDesk(t, posts.Options{Settle: 2 * time.Minute}, "")
	d.write("2022-05-01-old.md", titled("旧"), time.Hour)
	d.write("2022-05-02-fresh.md", titled("新"), time.Second)
	first := d.scan(t, nil)
	if titles(first) != "新 旧" || len(first.Unsettled) != 0 {
		t.Fatalf("the first scan takes every file: %s, unsettled %v", titles(first), first.Unsettled)
	}
	if first.Posts[0].Settled || !first.Posts[1].Settled {
		t.Errorf("settled: %v %v, want false true", first.Posts[0].Settled, first.Posts[1].Settled)
	}

	d.write("2022-05-01-old.md", titled("旧改"), time.Second)
	d.write("2022-05-03-more.md", titled("添"), time.Second)
	second := d.scan(t, first)
	if want := []string{"_posts/2022-05-01-old.md", "_posts/2022-05-03-more.md"}; titles(second) != "新 旧" || !cmp.Equal(second.Unsettled, want) {
		t.Errorf("changed and new ones wait: %s, unsettled %v", titles(second), second.Unsettled)
	}

	d.now = d.now.Add(time.Minute)
	third := d.scan(t, second)
	if titles(third) != "新 旧" || len(third.Unsettled) != 2 || third.Reread != 0 {
		t.Errorf("a minute is too short: %s, unsettled %v", titles(third), third.Unsettled)
	}
	d.now = d.now.Add(2 * time.Minute)
	fourth := d.scan(t, third)
	if titles(fourth) != "添 新 旧改" || len(fourth.Unsettled) != 0 || fourth.Reread != 2 {
		t.Errorf("settled: %s, unsettled %v, %d read", titles(fourth), fourth.Unsettled, fourth.Reread)
	}
	for _, p := range fourth.Posts {
		if !p.Settled {
			t.Errorf("%s is not settled", p.Title)
		}
	}
	if first.Posts[0].Settled {
		t.Error("a post of an earlier scan was changed")
	}
}

func TestScanSettlesFilesDatedInTheFuture(t *testing.T) {
	d := newDesk(t, posts.Options{Settle: 2 * time.Minute}, "")
	first := d.scan(t, nil)
	d.write("2022-05-01-ahead.md", titled("未来"), -48*time.Hour)
	second := d.scan(t, first)
	if len(second.Posts) != 0 || len(second.Unsettled) != 1 {
		t.Fatalf("new: %s, unsettled %v", titles(second), second.Unsettled)
	}
	d.now = d.now.Add(2 * time.Minute)
	third := d.scan(t, second)
	if titles(third) != "未来" || !third.Posts[0].Settled {
		t.Errorf("unchanged for the settle time: %q", titles(third))
	}
}

func TestScanWakesForFuturePosts(t *testing.T) {
	d := newDesk(t, posts.Options{}, "")
	soon, later := d.now.Add(time.Hour), d.now.Add(48*time.Hour)
	d.write("2022-05-01-now.md", titled("今"), time.Hour)
	d.write("2022-05-02-later.md", "---\ntitle: 后\ndate: "+later.Format("2006-01-02 15:04:05 -0700")+"\n---\nx\n", time.Hour)
	d.write("2022-05-02-soon.md", "---\ntitle: 早\ndate: "+soon.Format("2006-01-02 15:04:05 -0700")+"\n---\nx\n", time.Hour)
	d.write("2022-05-02-never.md", "---\npublished: false\ndate: "+soon.Add(-time.Minute).Format("2006-01-02 15:04:05 -0700")+"\n---\nx\n", time.Hour)
	first := d.scan(t, nil)
	if titles(first) != "今" || !first.Wake.Equal(soon) {
		t.Fatalf("now: %s, wake %v, want %v", titles(first), first.Wake, soon)
	}
	d.now = first.Wake
	second := d.scan(t, first)
	if titles(second) != "早 今" || !second.Wake.Equal(later) || second.Reread != 0 {
		t.Errorf("at the wake: %s, wake %v, %d read", titles(second), second.Wake, second.Reread)
	}
	d.now = second.Wake
	if third := d.scan(t, second); titles(third) != "后 早 今" || !third.Wake.IsZero() {
		t.Errorf("at the last wake: %s, wake %v", titles(third), third.Wake)
	}
}

func TestScanReadsAgainWhenAChangeIsDue(t *testing.T) {
	d := newDesk(t, posts.Options{Settle: time.Minute}, "")
	due := d.now.Add(time.Hour)
	write := func(text string, age time.Duration) {
		d.write("2022-05-01-changed.md", "---\nlast_modified_at: "+due.Format("2006-01-02 15:04:05 -0700")+"\n---\n"+text, age)
	}
	write("茶", time.Hour)
	d.write("2022-05-01-other.md", titled("别的"), time.Hour)
	for _, again := range []func(*testing.T, *posts.Scan) *posts.Scan{d.scan, func(t *testing.T, s *posts.Scan) *posts.Scan { return d.look(t, s) }} {
		d.now = due.Add(-time.Hour)
		first := d.scan(t, nil)
		if !first.Wake.Equal(due) || first.Posts[1].Updated.Equal(due) || len(first.Diagnostics) != 1 {
			t.Fatalf("before: updated %v, wake %v, %v, want to wake at %v", first.Posts[1].Updated, first.Wake, first.Diagnostics, due)
		}
		d.now = due
		second := again(t, first)
		if !second.Wake.IsZero() || !second.Posts[1].Updated.Equal(due) || second.Reread != 1 || len(second.Diagnostics) != 0 {
			t.Errorf("at the date: updated %v, wake %v, %d read, %v", second.Posts[1].Updated, second.Wake, second.Reread, second.Diagnostics)
		}
	}
	d.now = due.Add(-time.Hour)
	first := d.scan(t, nil)
	d.now = due
	write("新茶", 0)
	if second := d.look(t, first, "_posts/2022-05-01-changed.md"); !second.Wake.IsZero() || len(second.Unsettled) != 1 {
		t.Errorf("at the date of a file that changes: wake %v, %v unsettled, want it to wait for that", second.Wake, second.Unsettled)
	}
}

func TestScanTellsOfRepeatedKeys(t *testing.T) {
	d := newDesk(t, posts.Options{}, "")
	d.write("2022-05-01-twice.md", "---\ntitle: 先\ntags: [甲]\ntitle: 后\n---\n一段。\n", time.Hour)
	scan := d.scan(t, nil)
	if got := scan.Diagnostics; len(got) != 1 || got[0].Line != 4 || got[0].Severity != posts.Warning || !strings.Contains(got[0].Message, `"title" is on line 2 already`) {
		t.Errorf("diagnostics %v, want a warning on line 4", got)
	}
	if titles(scan) != "后" {
		t.Errorf("title %q, want the last one", titles(scan))
	}
	site, diags, err := posts.ReadConfig(fstest.MapFS{"_config.yml": {Data: []byte("url: https://a.example\nurl: https://b.example\n")}})
	if err != nil || site.URL != "https://b.example" || len(diags) != 1 || diags[0].Line != 2 {
		t.Errorf("_config.yml: url %q, %v, %v, want the last one and a warning", site.URL, diags, err)
	}
}

func TestScanLimitKeepsTheNewest(t *testing.T) {
	d := newDesk(t, posts.Options{}, "limit_posts: 2\n")
	for i := range 5 {
		d.write(fmt.Sprintf("2022-05-0%d-p.md", i+1), titled(fmt.Sprint("第", i+1)), time.Hour)
	}
	if scan := d.scan(t, nil); titles(scan) != "第5 第4" {
		t.Errorf("limit_posts: %s", titles(scan))
	}
}

func TestScanRefusesBigFiles(t *testing.T) {
	d := newDesk(t, posts.Options{MaxSize: 100}, "")
	d.write("2022-05-01-fits.md", titled("容"+strings.Repeat("x", 60)), time.Hour)
	d.write("2022-05-02-big.md", titled(strings.Repeat("y", 100)), time.Hour)
	scan := d.scan(t, nil)
	if len(scan.Posts) != 1 || len(scan.Diagnostics) != 1 || scan.Diagnostics[0].Severity != posts.Error {
		t.Errorf("scan: %s, %v", titles(scan), scan.Diagnostics)
	}
}

// lying tells of a small file and gives a big one, as one that grows does.
type lying struct{ fstest.MapFS }

func (l lying) Open(name string) (fs.File, error) {
	if strings.HasSuffix(name, "grown.md") {
		grown := fstest.MapFS{name: {Data: bytes.Repeat([]byte("长"), 1000)}}
		return grown.Open(name)
	}
	return l.MapFS.Open(name)
}

func TestScanRefusesFilesThatGrow(t *testing.T) {
	files := fstest.MapFS{"_posts/2022-05-01-grown.md": {Data: []byte("短")}}
	r := posts.NewReader(posts.Options{FS: lying{files}, Now: func() time.Time { return oracleNow }, MaxSize: 100})
	scan, err := r.Scan(t.Context(), nil)
	if err != nil || len(scan.Posts) != 0 || len(scan.Diagnostics) != 1 {
		t.Errorf("scan: %+v, %v", scan, err)
	}
}

// closed fails to open some names.
type closed struct {
	fstest.MapFS
	name string
	err  error
}

func (c closed) Open(name string) (fs.File, error) {
	if name == c.name {
		return nil, &fs.PathError{Op: "open", Path: name, Err: c.err}
	}
	return c.MapFS.Open(name)
}

func (c closed) ReadDir(name string) ([]fs.DirEntry, error) {
	if name == c.name {
		return nil, &fs.PathError{Op: "open", Path: name, Err: c.err}
	}
	return c.MapFS.ReadDir(name)
}

func TestScanUnreadable(t *testing.T) {
	files := fstest.MapFS{
		"_posts/2022-05-01-a.md":      {Data: []byte(titled("甲"))},
		"_posts/2022-05-02-b.md":      {Data: []byte(titled("乙"))},
		"lost/_posts/2022-05-03-c.md": {Data: []byte(titled("丙"))},
	}
	tests := []struct {
		name   string
		err    error
		titles string
		diags  int
		fails  bool
	}{
		{"_posts/2022-05-02-b.md", fs.ErrPermission, "丙 甲", 1, false},
		{"_posts/2022-05-02-b.md", fs.ErrNotExist, "丙 甲", 0, false}, // vanished meanwhile
		{"lost", fs.ErrPermission, "乙 甲", 1, false},
		{"lost", syscall.EIO, "", 0, true},
		{"lost/_posts", fs.ErrPermission, "", 0, true},
		{"_posts", syscall.EIO, "", 0, true},
		{".", fs.ErrNotExist, "", 0, true},
	}
	for _, tt := range tests {
		t.Run(fmt.Sprint(tt.name, " ", tt.err), func(t *testing.T) {
			r := posts.NewReader(posts.Options{FS: closed{files, tt.name, tt.err}, Now: func() time.Time { return oracleNow }})
			scan, err := r.Scan(t.Context(), nil)
			if tt.fails {
				if !errors.Is(err, tt.err) {
					t.Fatalf("err %v, want %v", err, tt.err)
				}
				return
			}
			if err != nil || titles(scan) != tt.titles || len(scan.Diagnostics) != tt.diags {
				t.Errorf("scan: %s, %v, %v", titles(scan), scan.Diagnostics, err)
			}
		})
	}
}

func TestScanTriesUnreadableFilesAgain(t *testing.T) {
	files := fstest.MapFS{"_posts/2022-05-01-a.md": {Data: []byte(titled("甲"))}}
	fsys := &closed{files, "_posts/2022-05-01-a.md", fs.ErrPermission}
	r := posts.NewReader(posts.Options{FS: fsys, Now: func() time.Time { return oracleNow }, Settle: time.Minute})
	first, err := r.Scan(t.Context(), nil)
	if err != nil || len(first.Posts) != 0 {
		t.Fatalf("scan: %s, %v", titles(first), err)
	}
	fsys.name = ""
	if second, err := r.Scan(t.Context(), first); err != nil || titles(second) != "甲" || len(second.Diagnostics) != 0 {
		t.Errorf("readable now: %s, %v, %v", titles(second), second.Diagnostics, err)
	}
}

func TestScanStopsWhenCancelled(t *testing.T) {
	d := newDesk(t, posts.Options{}, "")
	d.write("2022-05-01-a.md", titled("甲"), time.Hour)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := d.reader.Scan(ctx, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("err %v, want %v", err, context.Canceled)
	}
}

func TestScanByAnotherReader(t *testing.T) {
	d := newDesk(t, posts.Options{Settle: time.Hour}, "")
	d.write("2022-05-01-a.md", "---\ntitle: 甲\ncategories: x\n---\n正文\n", time.Minute)
	first := d.scan(t, nil)
	files := d.files
	d = newDesk(t, posts.Options{Settle: time.Hour}, "permalink: pretty\n")
	for name, f := range files {
		d.files[name] = f
	}
	second := d.scan(t, first)
	if len(second.Posts) != 1 || second.Posts[0].URL != "/x/2022/05/01/a/" {
		t.Errorf("another site's scan was reused: %v", second.Posts)
	}
}
