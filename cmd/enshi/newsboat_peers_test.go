//go:build peers

package main

import (
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/mmcdole/gofeed"
)

// readerAddresses are feeds of newVariedPlace that people would subscribe to:
// live ones in Chinese, with a slug, of excerpts; an archive; unions.
func readerAddresses(t *testing.T, base string) []string {
	t.Helper()
	tag := "/tag/" + url.PathEscape("交通")
	list := []string{
		"/feed.xml", "/rss.xml", tag + "/atom.xml", tag + "/rss.xml", "/tag/tea/atom.xml", "/tag/tea/rss.xml", "/category/shizheng/rss.xml",
		"/combine?topic=category:yaowen&topic=tag:" + url.QueryEscape("交通"), "/combine?topic=category:shizheng&topic=tag:AI&format=rss",
	}
	for _, live := range []string{"/feed.xml", "/rss.xml", tag + "/atom.xml"} {
		_, body := get(t, base+live)
		match := regexp.MustCompile(`rel="prev-archive"[^>]* href="` + base + `([^"]*)"`).FindStringSubmatch(body)
		if match == nil {
			t.Fatalf("%s leads to no archive:\n%s", live, body)
		}
		list = append(list, match[1])
	}
	return list
}

// newsboatItem is what newsboat keeps of an entry.
type newsboatItem struct {
	GUID, Title, URL, Content string
	Published                 int64
}

// TestNewsboat subscribes newsboat to feeds of a running server, each in a home
// of its own because it shows an id in one feed alone, and reads what it keeps.
func TestNewsboat(t *testing.T) {
	p := newVariedPlace(t)
	base, _ := p.serve()
	p.await("the feeds", func() bool {
		_, body := get(t, base+"/feed.xml")
		return strings.Contains(body, "prev-archive") && strings.Contains(body, "同秒二")
	})
	for _, path := range readerAddresses(t, base) {
		t.Run(path, func(t *testing.T) {
			_, body := get(t, base+path)
			feed, err := gofeed.NewParser().ParseString(body)
			if err != nil || len(feed.Items) == 0 {
				t.Fatalf("%v\n%s", err, body)
			}
			want := map[string]newsboatItem{}
			for _, item := range feed.Items {
				content := item.Content
				if content == "" {
					content = item.Description
				}
				want[item.GUID] = newsboatItem{item.GUID, item.Title, item.Link, content, item.PublishedParsed.Unix()}
			}
			title, items := newsboat(t, base+path)
			if title != feed.Title {
				t.Errorf("newsboat's title %q, want %q", title, feed.Title)
			}
			got := map[string]newsboatItem{}
			for _, item := range items {
				got[item.GUID] = item
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("newsboat has (-want +got):\n%s", diff)
			}
		})
	}
}

// newsboat reloads a feed twice, as a subscriber does who comes back, and returns
// what is in its cache.
func newsboat(t *testing.T, address string) (title string, items []newsboatItem) {
	t.Helper()
	home := t.TempDir()
	urls, config, cache := filepath.Join(home, "urls"), filepath.Join(home, "config"), filepath.Join(home, "cache.db")
	for name, text := range map[string]string{urls: address + "\n", config: ""} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 {
		command := exec.Command("newsboat", "-u", urls, "-C", config, "-c", cache, "-x", "reload")
		command.Env = append(os.Environ(), "HOME="+home, "LANG=C.UTF-8")
		if said, err := command.CombinedOutput(); err != nil || len(said) > 0 {
			t.Fatalf("newsboat: %v\n%s", err, said)
		}
	}
	said, err := exec.Command("/usr/bin/python3", "-c", cacheScript, cache).Output()
	if err != nil {
		t.Fatal(err)
	}
	var kept struct {
		Title string
		Items []newsboatItem
	}
	if err := json.Unmarshal(said, &kept); err != nil {
		t.Fatal(fmt.Errorf("%w: %s", err, said))
	}
	return kept.Title, kept.Items
}

const cacheScript = `
import json, sqlite3, sys
db = sqlite3.connect(sys.argv[1])
[title] = [row[0] for row in db.execute("SELECT title FROM rss_feed")]
rows = db.execute("SELECT guid, title, url, content, pubDate FROM rss_item WHERE deleted = 0")
print(json.dumps({"Title": title, "Items": [dict(zip(["GUID", "Title", "URL", "Content", "Published"], row)) for row in rows]}))
`

// TestFeedparserReadsWhatIsServed fetches the same feeds over HTTP.
func TestFeedparserReadsWhatIsServed(t *testing.T) {
	p := newVariedPlace(t)
	base, _ := p.serve()
	p.await("the feeds", func() bool {
		_, body := get(t, base+"/feed.xml")
		return strings.Contains(body, "prev-archive") && strings.Contains(body, "同秒二")
	})
	addresses := readerAddresses(t, base)
	arguments := []string{"-c", servedScript}
	want := ""
	for _, path := range addresses {
		_, body := get(t, base+path)
		feed, err := gofeed.NewParser().ParseString(body)
		if err != nil {
			t.Fatal(err)
		}
		arguments = append(arguments, base+path)
		for _, item := range feed.Items {
			want += item.GUID + " " + item.Title + " " + item.Link + " " + item.PublishedParsed.UTC().Format("2006-01-02 15:04:05") + "\n"
		}
	}
	said, err := exec.Command("/usr/bin/python3", arguments...).CombinedOutput()
	if err != nil {
		t.Fatalf("feedparser: %v\n%s", err, said)
	}
	if diff := cmp.Diff(want, string(said)); diff != "" {
		t.Errorf("feedparser has (-want +got):\n%s", diff)
	}
}

const servedScript = `
import sys, time, feedparser
for at in sys.argv[1:]:
    f = feedparser.parse(at)
    if f.status != 200 or f.bozo or not f.feed.title or not f.feed.get("language"):
        print(at, f.status, f.get("bozo_exception"))
    if feedparser.parse(at, etag=f.etag, modified=f.modified).status != 304:
        print(at, "is sent again although nothing changed")
    for e in f.entries:
        print(e.id, e.title, e.link, time.strftime("%Y-%m-%d %H:%M:%S", e.published_parsed))
`
