package posts_test

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/enshi-daily/enshi/posts"
)

// archive is a site of n posts of about 4 KB, as the archive's are.
func archive(tb testing.TB, n int) string {
	tb.Helper()
	dir := tb.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "_posts"), 0o755); err != nil {
		tb.Fatal(err)
	}
	body := strings.Repeat(" <p>春茶开采，山路上的车多了起来，合作社的灯亮到半夜。</p>\n", 50)
	for i := range n {
		day := time.Date(2015, 1, 1, 8, i%60, 0, 0, time.UTC).AddDate(0, 0, i%3000)
		text := fmt.Sprintf("---\nlayout: post\ntitle: \"第%d篇：茶“香”\"\ndate: %s\ncategories: c%d\ntags: 标签%d\n---\n<p>记者王小明</p>\n%s<http://paper.example.cn/s?infoCode=NW%d>\n",
			i, day.Format("2006-01-02 15:04:05 +0800"), i%12, i%200, body, i)
		name := fmt.Sprintf("%s-nw%d.md", day.Format("2006-01-02"), i)
		if err := os.WriteFile(filepath.Join(dir, "_posts", name), []byte(text), 0o644); err != nil {
			tb.Fatal(err)
		}
	}
	return dir
}

// BenchmarkScan reports the cost of a first scan and of one that finds nothing
// new, beside that of reading every file, and the memory that a scan keeps.
// ENSHI_SITE names another site than the built-in one.
func BenchmarkScan(b *testing.B) {
	dir := os.Getenv("ENSHI_SITE")
	if dir == "" {
		dir = archive(b, 2000)
	}
	fsys := posts.Dir(dir)
	site, _, err := posts.ReadConfig(fsys)
	if err != nil {
		b.Fatal(err)
	}
	r := posts.NewReader(posts.Options{FS: fsys, Site: site, House: posts.DefaultHouse(), Settle: 2 * time.Minute})
	b.Run("read", func(b *testing.B) {
		for b.Loop() {
			entries, err := os.ReadDir(filepath.Join(dir, "_posts"))
			if err != nil {
				b.Fatal(err)
			}
			for _, e := range entries {
				if _, err := os.ReadFile(filepath.Join(dir, "_posts", e.Name())); err != nil {
					b.Fatal(err)
				}
			}
		}
	})
	b.Run("first", func(b *testing.B) {
		before := heap()
		var scan *posts.Scan
		for b.Loop() {
			if scan, err = r.Scan(b.Context(), nil); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(heap()-before)/float64(len(scan.Posts)), "kept-B/post")
		runtime.KeepAlive(scan)
	})
	b.Run("again", func(b *testing.B) {
		scan, err := r.Scan(b.Context(), nil)
		if err != nil {
			b.Fatal(err)
		}
		for b.Loop() {
			if scan, err = r.Scan(b.Context(), scan); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func heap() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
