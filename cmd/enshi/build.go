package main

import (
	"errors"
	"fmt"

	"github.com/urfave/cli/v2"

	"github.com/enshi-daily/enshi/feeds"
	"github.com/enshi-daily/enshi/posts"
)

func buildCommand() *cli.Command {
	return &cli.Command{
		Name:  "build",
		Usage: "write all feeds and their pages as files",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "out", Value: "public", Usage: "write below `DIR`"},
			&cli.BoolFlag{Name: "ping", Usage: "tell feeds.hubs of the feeds that changed, and wait: for a web server that serves DIR itself"},
		},
		Action: withParts(build),
	}
}

func build(c *cli.Context, p *parts) error {
	ctx := c.Context
	archive, err := p.openArchive(ctx)
	if err != nil {
		return err
	}
	defer archive.watch.release(ctx)
	address := p.buildAddress(archive.site)
	if c.Bool("ping") {
		if err := p.openHerald(address); err != nil {
			return err
		}
	}
	r, err := archive.scan(ctx, scanOptions{record: true})
	if err != nil {
		return err
	}
	publisher, err := feeds.NewPublisher(c.String("out"))
	if err != nil {
		return err
	}
	press := p.press(archive, publisher, address)
	if press.pages, err = p.newPages(archive.site, publisher); err != nil {
		return err
	}
	report, left, err := press.run(ctx, r)
	bad := printDiagnostics(p.err, append(r.diagnostics, left...))
	if err != nil {
		return err
	}
	p.result("%d posts, %d topics: %d documents written, %d unchanged, %d removed, below %s", len(r.catalogue.Posts(posts.Everything)),
		len(r.catalogue.Topics()), report.Written, report.Unchanged, len(report.Removed), c.String("out"))
	if p.herald != nil {
		archive.watch.release(ctx) // hubs may take longer than it lasts
		err = p.waitForHubs(ctx, p.herald.topics(publisher, report.Changed))
	}
	if bad > 0 {
		p.say("%d posts are not published, named above", bad)
		return errors.Join(err, fmt.Errorf("%d posts: %w", bad, errPart))
	}
	return err
}
