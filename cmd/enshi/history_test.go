package main

import (
	"net/http"
	"net/url"
	"path"
	"strings"
	"testing"
)

// TestServeMakesTheArchivesThatBuildWrites compares them byte by byte, and then
// lets a post come late.
func TestServeMakesTheArchivesThatBuildWrites(t *testing.T) {
	p := newPlace(t, "sqlite", "outbox")
	p.write("enshi.yaml", "public_url: http://127.0.0.2/\nrescan: 1m\n")
	p.post("2026-01-02-jiuwen.md", "旧闻一则", "2026-01-02 08:00:00 +0800", "tags: 茶叶")
	p.post("2026-02-03-bieshi.md", "别的新闻", "2026-02-03 08:00:00 +0800", "tags: [茶叶, 交通]")
	p.enshi("build", "--archives", "--out", p.dir+"/public")
	base, stop := p.serve()
	compared := 0
	for name, want := range outputOf(t, p.dir+"/public") {
		if path.Base(path.Dir(name)) != "archive" || path.Ext(name) != ".xml" {
			continue
		}
		compared++
		address := base + (&url.URL{Path: "/" + name}).EscapedPath()
		if status, got := get(t, address); status != http.StatusOK || got != want {
			t.Errorf("GET %s = %d, %d bytes, want the %d that build writes", address, status, len(got), len(want))
		}
	}
	if compared != 2*(2+2+2+1) {
		t.Errorf("%d archives compared", compared)
	}
	if _, feed := get(t, base+"/feed.xml"); !strings.Contains(feed, `href="http://127.0.0.2/archive/2026-02-1.xml"`) {
		t.Errorf("the live feed does not lead to its archive:\n%.2000s", feed)
	}
	union := "/combine?topic=tag:%E4%BA%A4%E9%80%9A&topic=tag:%E8%8C%B6%E5%8F%B6"
	if status, got := get(t, base+union); status != http.StatusOK || strings.Count(got, "<entry>") != 2 {
		t.Errorf("GET %s = %d\n%.2000s", union, status, got)
	}

	p.post("2026-01-05-wandao.md", "晚到的", "2026-01-05 08:00:00 +0800", "tags: 交通")
	p.await("the late post in its archive", func() bool {
		_, got := get(t, base+"/archive/2026-01-1.xml")
		return strings.Contains(got, "晚到的") && strings.Contains(got, "旧闻一则")
	})
	if _, got := get(t, base+union); strings.Count(got, "<entry>") != 3 {
		t.Errorf("the union lacks the late post:\n%.2000s", got)
	}
	if code := stop(); code != exitDone {
		t.Errorf("serve ended with %d: %s", code, p.log.String())
	}
}
