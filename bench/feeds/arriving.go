package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

const (
	settle   = time.Second // what serve waits for a file to be left alone
	newPosts = 7
)

// arriving measures what a running enshi takes from a new post to its feeds: from
// before the file is written until the log says that the feeds are published,
// which is after their files and the gzip twins are in place.
func (b *bench) arriving(ctx context.Context, s *service) error {
	say("%d new posts, one after the other", newPosts)
	var costs []time.Duration
	for i := range newPosts {
		if err := quiet(ctx, s.pids...); err != nil {
			return err
		}
		before, err := processorTime(s.pids...)
		if err != nil {
			return err
		}
		name, text := newPost(i, time.Now())
		if err := os.WriteFile(b.path("site", "_posts", name), []byte(text), 0o666); err != nil {
			return err
		}
		if err := b.published(ctx, s, i+2); err != nil {
			return err
		}
		after, err := processorTime(s.pids...)
		if err != nil {
			return err
		}
		costs = append(costs, after-before)
		if err := b.checkPublished(text); err != nil {
			return err
		}
	}
	const most = 100 * time.Millisecond
	first, got := costs[0], median(costs)
	b.table.add(row{what: "a new post, until its feeds are on disk", measured: fmt.Sprintf("%s, the middle one of %d; %s the first", seconds(got), newPosts, seconds(first)),
		must: "below " + most.String(), verdict: verdict(got < most)})
	return nil
}

// published waits until the log says for the nth time that feeds are.
func (b *bench) published(ctx context.Context, s *service, n int) error {
	const patience = 10 * time.Minute
	for deadline := time.Now().Add(patience); ; time.Sleep(5 * time.Millisecond) {
		text, err := os.ReadFile(b.path(s.name + ".log"))
		switch {
		case err != nil:
			return err
		case strings.Count(string(text), `msg="feeds published"`) >= n:
			return nil
		case ctx.Err() != nil:
			return ctx.Err()
		case s.hasEnded() || time.Now().After(deadline):
			return fmt.Errorf("feeds not published: %s", last(text, 2000))
		}
	}
}

// checkPublished makes sure that a new post is in its feeds, and that those are
// packed.
func (b *bench) checkPublished(text string) error {
	_, title, _ := strings.Cut(text, "title: ")
	title, _, _ = strings.Cut(title, "\n")
	for _, name := range []string{"feed.xml", "rss.xml", "feed.json", "category/shanchengribao/atom.xml", "tag/山城要闻/rss.xml", "tag/新近/feed.json"} {
		name = b.path("serving", "public", filepath.FromSlash(name))
		data, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		plain, err := os.Stat(name)
		if err != nil {
			return err
		}
		packed, err := os.Stat(name + ".gz")
		if err != nil {
			return err
		}
		if !strings.Contains(string(data), title) || !packed.ModTime().Equal(plain.ModTime()) {
			return fmt.Errorf("%s does not have the new post %q, or is not packed yet", name, title)
		}
	}
	return nil
}

// newPost is the latest news: one category and three tags, so that it belongs in
// five feeds of three formats.
func newPost(i int, now time.Time) (name, text string) {
	now = now.In(time.FixedZone("", 8*60*60)).Add(-time.Minute)
	var body strings.Builder
	for p := range 20 {
		fmt.Fprintf(&body, "<p>这是第%d篇新文章的第%d段。", i+1, p+1)
		body.WriteString(strings.Repeat("渡口的灯亮着，船上的人说着今年的茶。", 3))
		body.WriteString("</p>\n")
	}
	return fmt.Sprintf("%s-new-%d.md", now.Format("2006-01-02"), i),
		fmt.Sprintf("---\nlayout: post\ntitle: 新文章之%d\ndate: %s\ncategories: shanchengribao\ntags: [山城要闻, 江口要闻, 新近]\n---\n%s",
			i+1, now.Format("2006-01-02 15:04:05 -0700"), body.String())
}
