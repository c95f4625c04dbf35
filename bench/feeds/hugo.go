package main

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// hugoConfig is a site of Hugo's that has feeds in RSS alone: of the start page,
// every category and every tag, 50 items each. Hugo makes a page of every post, too.
const hugoConfig = `
baseURL = "https://news.example/"
title = "山城新闻"
languageCode = "zh-Hans"
timeZone = "Asia/Shanghai"
disableKinds = ["section", "sitemap", "robotsTXT", "404", "taxonomy"]

[outputs]
home = ["rss"]
term = ["rss"]

[services.rss]
limit = 50

[frontmatter]
date = ["date"]
lastmod = ["date"]
publishDate = ["date"]

[markup.goldmark.renderer]
unsafe = true

[[module.mounts]]
source = "../site/_posts"
target = "content/posts"

[[module.mounts]]
source = "layouts"
target = "layouts"
`

// hugoLinks is what keeps Hugo from making pages.
const hugoLinks = `
[[cascade]]
[cascade.build]
render = "link"
[cascade.target]
kind = "page"
`

// hugoTemplate is a feed with full content, as ours are.
const hugoTemplate = `{{ "<?xml version=\"1.0\" encoding=\"utf-8\"?>" | safeHTML }}
<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/">
<channel>
<title>{{ .Title }}</title>
<link>{{ .Permalink }}</link>
{{- range first 50 .RegularPages.ByDate.Reverse }}
<item>
<title>{{ .Title }}</title>
<link>{{ .Permalink }}</link>
<guid>{{ .Permalink }}</guid>
<pubDate>{{ .Date.Format "Mon, 02 Jan 2006 15:04:05 -0700" | safeHTML }}</pubDate>
<description>{{ .Summary | transform.XMLEscape | safeHTML }}</description>
<content:encoded>{{ .Content | transform.XMLEscape | safeHTML }}</content:encoded>
</item>
{{- end }}
</channel>
</rss>
`

// hugoPage is the barest page of a post.
const hugoPage = `<!doctype html><title>{{ .Title }}</title>{{ .Content }}
`

// hugoHome lists all posts, which on a start page are not its own.
func hugoHome() string {
	return strings.Replace(hugoTemplate, ".RegularPages", ".Site.RegularPages", 1)
}

// hugoBuild measures Hugo on the same posts, as it comes and with nothing but
// feeds to make, once each: it takes long enough.
func (b *bench) hugoBuild(ctx context.Context) error {
	if b.hugo == "" || b.hugo == "none" {
		return nil
	}
	say("building Hugo %s", b.hugo)
	install := exec.CommandContext(ctx, "go", "install", "github.com/gohugoio/hugo@"+b.hugo)
	install.Env = append(os.Environ(), "GOBIN="+b.path("bin"))
	install.Dir = b.dir // not our module
	if out, err := install.CombinedOutput(); err != nil {
		return fmt.Errorf("go install hugo@%s: %w: %s", b.hugo, err, last(out, 2000))
	}
	const least = 7
	hugo, what, err := b.hugoRun(ctx, hugoConfig)
	if err != nil {
		return err
	}
	ratio := times(hugo.cpu, b.build.cpu)
	b.table.add(row{fmt.Sprintf("Hugo %s, RSS alone: %s", b.hugo, what), hugo.String(),
		fmt.Sprintf("%.1f × enshi build, %.1f × limit", ratio, times(hugo.cpu, b.limit.cpu)), fmt.Sprintf("at least %d × enshi build", least), verdict(ratio >= least)})
	if hugo, _, err = b.hugoRun(ctx, hugoConfig+hugoLinks); err != nil {
		return err
	}
	b.table.add(row{what: "Hugo, the same feeds and no pages", measured: hugo.String(),
		ratio: fmt.Sprintf("%.1f × enshi build, %.1f × limit", times(hugo.cpu, b.build.cpu), times(hugo.cpu, b.limit.cpu))})
	return nil
}

// hugoRun is one build of Hugo's, and what came of it.
func (b *bench) hugoRun(ctx context.Context, config string) (hugo usage, what string, err error) {
	if err := b.clear("hugo")(); err != nil {
		return usage{}, "", err
	}
	for name, text := range map[string]string{
		"hugo.toml": config, "layouts/home.rss.xml": hugoHome(), "layouts/term.rss.xml": hugoTemplate, "layouts/single.html": hugoPage,
	} {
		name = b.path("hugo", name)
		if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
			return usage{}, "", err
		}
		if err := os.WriteFile(name, []byte(text), 0o666); err != nil {
			return usage{}, "", err
		}
	}
	say("Hugo, RSS alone")
	if hugo, err = b.measure(ctx, "hugo", "--source", "hugo", "--quiet", "--cacheDir", b.path("hugo", "cache")); err != nil {
		return usage{}, "", err
	}
	feeds, items, pages, err := b.countItems(b.path("hugo", "public"))
	return hugo, fmt.Sprintf("%d feeds, %d items, %d pages", feeds, items, pages), err
}

// countItems makes sure that Hugo wrote what it was to write.
func (b *bench) countItems(dir string) (feeds, items, pages int, err error) {
	err = filepath.WalkDir(dir, func(name string, e fs.DirEntry, err error) error {
		if filepath.Ext(name) == ".html" {
			pages++
		}
		if err != nil || e.IsDir() || filepath.Ext(name) != ".xml" {
			return err
		}
		text, err := os.ReadFile(name)
		feeds++
		items += strings.Count(string(text), "<item>")
		return err
	})
	if err == nil && (feeds < 12 || items < min(b.posts, 50)) {
		err = fmt.Errorf("hugo wrote %d feeds with %d items: it was not set up as it should be", feeds, items)
	}
	return feeds, items, pages, err
}
