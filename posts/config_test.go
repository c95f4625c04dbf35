package posts_test

import (
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/enshi-daily/enshi/posts"
)

var byZoneName = cmp.Transformer("zone", func(z *time.Location) string { return z.String() })

func configFS(text string) fstest.MapFS { return fstest.MapFS{"_config.yml": {Data: []byte(text)}} }

func TestReadConfigDefaults(t *testing.T) {
	got, diags, err := posts.ReadConfig(fstest.MapFS{})
	if err != nil || len(diags) != 0 {
		t.Fatalf("%v, %v", diags, err)
	}
	shanghai, err := time.LoadLocation("Asia/Shanghai")
	if err != nil {
		t.Fatal(err)
	}
	want := posts.Site{
		Lang: "zh-CN", Zone: shanghai, Permalink: "date", ExcerptSeparator: "\n\n",
		MarkdownExt: []string{"markdown", "mkdown", "mkdn", "mkd", "md"}, Include: []string{".htaccess"},
		Exclude: []string{".sass-cache", ".jekyll-cache", "gemfiles", "Gemfile", "Gemfile.lock",
			"node_modules", "vendor/bundle/", "vendor/cache/", "vendor/gems/", "vendor/ruby/"},
		Destination: "_site", CompatibleIDs: true, FeedPath: "feed.xml", FeedTagsPath: "feed/by_tag/",
	}
	if d := cmp.Diff(want, got, byZoneName); d != "" {
		t.Error(d)
	}
}

const fullConfig = "\ufeff" + `name: 恩施日报
description: "新闻 与 副刊"
url: https://news.example.cn/
baseurl: daily/
author: {name: 编辑部, email: desk@example.cn}
lang: zh-Hans
timezone: Europe/Berlin
permalink: pretty
future: yes
unpublished: on
show_drafts: true
limit_posts: 7
excerpt_separator: ""
markdown_ext: "md,TXT"
include: [_more]
exclude: [private, _more]
destination: ./public/
collections_dir: news
defaults:
  - scope: {path: a, type: post}
    values: {tags: [x, 1], date: 2022-05-23 10:39:11 +0800, published: no, image: {path: i.png}, note: ~, big: "2"}
  - scope: {path: b}
feed:
  path: /atom.xml
  categories: [enshiribao]
  tags: {only: [a, b], except: [b], path: /t/}
`

func TestReadConfig(t *testing.T) {
	got, diags, err := posts.ReadConfig(configFS(fullConfig))
	if err != nil || len(diags) != 0 {
		t.Fatalf("%v, %v", diags, err)
	}
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	want := posts.Site{
		Title: "恩施日报", Description: "新闻 与 副刊", URL: "https://news.example.cn", URLEnd: "/", BaseURL: "/daily", Author: "编辑部",
		Lang: "zh-Hans", Zone: berlin, Permalink: "pretty", Future: true, Unpublished: true, ShowDrafts: true, Limit: 7,
		MarkdownExt: []string{"md", "txt"}, Include: []string{"_more"}, Exclude: got.Exclude,
		Destination: "public", CollectionsDir: "news",
		Defaults: []posts.Default{{Path: "a", Type: "posts", Values: map[string]any{
			"tags": []any{"x", 1}, "date": time.Date(2022, 5, 23, 2, 39, 11, 0, time.UTC), "published": false,
			"image": map[string]any{"path": "i.png"}, "note": nil, "big": "2",
		}}},
		CompatibleIDs: true, FeedPath: "atom.xml", FeedCategories: []string{"enshiribao"}, FeedTags: []string{"a"}, FeedTagsExcept: []string{"b"}, FeedTagsPath: "t/",
	}
	if d := cmp.Diff(want, got, byZoneName); d != "" {
		t.Error(d)
	}
	if !slices.Contains(got.Exclude, "private") || slices.Contains(got.Exclude, "_more") || !slices.Contains(got.Exclude, "node_modules") {
		t.Errorf("exclude %v", got.Exclude)
	}
	if got, want := got.Absolute("x"), "https://news.example.cn/daily/x"; got != want {
		t.Errorf("Absolute = %q, want %q", got, want)
	}
	if !got.IsMarkdown("a/b.TXT") || got.IsMarkdown("a/b.html") {
		t.Error("IsMarkdown does not go by markdown_ext")
	}
}

func TestReadConfigLaterFileWins(t *testing.T) {
	fsys := fstest.MapFS{
		"a.yml": {Data: []byte("title: 甲\nurl: http://a\nfeed: {path: x.xml, categories: [k]}\nlimit_posts: 3\n")},
		"b.yml": {Data: []byte("title: 乙\nurl:\nfeed: {path: y.xml}\n")},
	}
	got, _, err := posts.ReadConfig(fsys, "a.yml", "b.yml")
	if err != nil {
		t.Fatal(err)
	}
	if got.Title != "乙" || got.URL != "http://a" || got.FeedPath != "y.xml" || !cmp.Equal(got.FeedCategories, []string{"k"}) || got.Limit != 3 {
		t.Errorf("got %+v", got)
	}
}

func TestReadConfigFeedTags(t *testing.T) {
	tests := []struct {
		config string
		all    bool
		tags   []string
	}{
		{"feed: {tags: true}", true, nil},
		{"feed: {tags: false}", false, nil},
		{"feed: {tags: {except: [x]}}", true, nil},
		{"feed: {tags: {only: [恩施]}}", false, []string{"恩施"}},
		{"feed: {}", false, nil},
	}
	for _, tt := range tests {
		got, _, err := posts.ReadConfig(configFS(tt.config))
		if err != nil || got.FeedTagsAll != tt.all || !cmp.Equal(got.FeedTags, tt.tags) {
			t.Errorf("%s: all %v, tags %v, %v", tt.config, got.FeedTagsAll, got.FeedTags, err)
		}
	}
}

func TestReadConfigWarnsOfWrongKinds(t *testing.T) {
	got, diags, err := posts.ReadConfig(configFS("title: [a]\nlimit_posts: many\nexclude: x\nfuture: maybe\nencoding: gbk\nurl: http://a\nlang: cn\n"))
	if err != nil {
		t.Fatal(err)
	}
	var lines []int
	for _, d := range diags {
		if d.Path != "_config.yml" || d.Severity != posts.Warning || !strings.Contains(d.Message, "expected") {
			t.Errorf("diagnostic %v", d)
		}
		lines = append(lines, d.Line)
	}
	if !cmp.Equal(lines, []int{1, 2, 3, 4, 5, 7}) || got.URL != "http://a" || got.Lang != "zh-CN" {
		t.Errorf("lines %v, site %+v", lines, got)
	}
}

func TestReadConfigErrors(t *testing.T) {
	tests := []struct{ name, config, want string }{
		{"broken YAML", "a: b\nc: d: e\n", "_config.yml:2: "},
		{"no mapping", "- a\n", "_config.yml:1: expected lines of the form"},
		{"unknown zone", "a: b\ntimezone: Enshi\n", `line 2: timezone "Enshi": expected a name like Asia/Shanghai`},
		{"unknown permalink key", "permalink: /:yaer/:title\n", "line 1: permalink key :yaer does not exist"},
		{"unknown key of the collection", "collections: {posts: {permalink: /:x/}}\n", "_config.yml: permalink key :x does not exist"},
		{"negative limit", "limit_posts: -1\n", "line 1: limit_posts: expected 0 or more"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, _, err := posts.ReadConfig(configFS(tt.config))
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("err = %v, want …%s…", err, tt.want)
			}
		})
	}
	if _, _, err := posts.ReadConfig(fstest.MapFS{}, "other.yml"); err == nil {
		t.Error("a named file that is missing is no error")
	}
}

func TestReadConfigDestination(t *testing.T) {
	for written, want := range map[string]string{"./public/": "public", "../out": "", "/srv/www": "", "a/b": "a/b", ".": ""} {
		site, _, err := posts.ReadConfig(configFS("destination: " + written + "\n"))
		if err != nil || site.Destination != want {
			t.Errorf("destination %s: %q, %v, want %q", written, site.Destination, err, want)
		}
	}
}

func TestReadConfigZones(t *testing.T) {
	at := time.Date(2022, 5, 23, 0, 0, 0, 0, time.UTC)
	for zone, want := range map[string]string{"CST-8": "+08:00", "<+0530>-5:30": "+05:30", "EST5": "-05:00", "UTC": "Z", "Etc/GMT-8": "+08:00"} {
		site, _, err := posts.ReadConfig(configFS("timezone: '" + zone + "'\n"))
		if err != nil {
			t.Errorf("%s: %v", zone, err)
			continue
		}
		if got := at.In(site.Zone).Format("Z07:00"); got != want {
			t.Errorf("%s is %s, want %s", zone, got, want)
		}
	}
}
