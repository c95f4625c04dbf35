package main

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/urfave/cli/v2"

	"github.com/enshi-daily/enshi/feeds"
	"github.com/enshi-daily/enshi/posts"
)

func checkCommand() *cli.Command {
	return &cli.Command{Name: "check", Usage: "list what is wrong with the site's posts", Action: withParts(check)}
}

// check needs no store: it reads, and renders every post once, so that what a
// feed would meet later is named now.
func check(c *cli.Context, p *parts) error {
	site, scan, err := p.readPosts(c.Context)
	if err != nil {
		return err
	}
	all := append(site.diagnostics, scan.Diagnostics...)
	for _, post := range scan.Posts {
		content, err := site.bodies.Content(post)
		all = append(all, content.Diagnostics...)
		if err != nil {
			all = append(all, posts.Diagnostic{Path: post.Path, Severity: posts.Error, Message: err.Error()})
		}
	}
	if p.json {
		if err := json.NewEncoder(p.out).Encode(map[string]any{"posts": len(scan.Posts), "diagnostics": all}); err != nil {
			return err
		}
	}
	bad := 0
	for _, d := range all {
		if !p.json {
			fmt.Fprintln(p.out, d)
		}
		if d.Severity == posts.Error {
			bad++
		}
	}
	if bad > 0 {
		p.result("%d posts published, %d not", len(scan.Posts), bad)
		return fmt.Errorf("%d posts: %w", bad, errPart)
	}
	p.result("%d posts published, nothing wrong", len(scan.Posts))
	return nil
}

// readPosts reads the site's posts without the store.
func (p *parts) readPosts(ctx context.Context) (*site, *posts.Scan, error) {
	s, err := p.readSite()
	if err != nil {
		return nil, nil, err
	}
	scan, err := s.reader.Scan(ctx, nil)
	if err != nil {
		return nil, nil, fmt.Errorf("site %s: %w", p.cfg.Site.Dir, err)
	}
	return s, scan, nil
}

func feedsCommand() *cli.Command {
	return &cli.Command{Name: "feeds", Usage: "list every feed with its address, entries and date", Action: withParts(listFeeds)}
}

func listFeeds(c *cli.Context, p *parts) error {
	site, scan, err := p.readPosts(c.Context)
	if err != nil {
		return err
	}
	type line struct {
		Topic   posts.Topic `json:"topic"`
		Address string      `json:"address"`
		Entries int         `json:"entries"`
		Updated string      `json:"updated"`
	}
	var lines []line
	for _, s := range feeds.List(posts.NewCatalogue(site.settings, scan.Posts)) {
		if site.addresses.Retired(s.Topic) {
			continue
		}
		for _, f := range feeds.Formats {
			lines = append(lines, line{s.Topic, p.publicURL() + site.addresses.URLPath(s.Topic, f), s.Entries, s.Updated.Format("2006-01-02")})
		}
	}
	if p.json {
		return json.NewEncoder(p.out).Encode(lines)
	}
	for _, l := range lines {
		fmt.Fprintf(p.out, "%-28s %6d  %s  %s\n", l.Topic, l.Entries, l.Updated, l.Address)
	}
	return nil
}
